"""Experiments: each program asks one question and is a command of collapse-sim.

`experiments` is collapse_sim's room of programs, installed beside it under its own name.
"""

import os

# Before anything imports JAX, which reads it once. On some processors XLA reports an error, of
# many lines, for every program that it reads from the cache of experiments/compiled.py: it takes
# its own hints on tuning for instructions that are missing. What does go wrong is raised.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

# Before anything imports NumPy. The devices fill every core already: a second thread of LAPACK,
# which JAX calls too, only waits, and burns a core at it.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
