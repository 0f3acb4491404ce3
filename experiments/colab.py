# ---
# jupyter:
#   jupytext:
#     formats: ipynb,py:percent
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # collapse_sim on Colab's CPU, GPU or TPU
#
# Runs the linear bound and the language-model experiment and shows their figures. Upload or clone
# the project first; this notebook looks for it in the current folder, its parent, or
# `collapse_sim/`. JAX is the one that the machine already has.

# %%
import importlib.util
import os
import subprocess
import sys
from pathlib import Path

folders = (Path.cwd(), Path.cwd().parent, Path.cwd() / "collapse_sim")
found = [folder for folder in folders if (folder / "experiments/linear_bound.py").is_file()]
assert found, f"no collapse_sim project in {', '.join(map(str, folders))}: clone or upload it first"
PROJECT = found[0]
needed = "tyro", "jaxtyping", "tueplots", "tokenizers", "orbax.checkpoint"


def missing(name: str) -> bool:
    try:
        return importlib.util.find_spec(name) is None
    except ModuleNotFoundError:
        return True


if any(map(missing, needed)):
    subprocess.run([sys.executable, "-m", "pip", "install", "-q", "-e", PROJECT], check=True)

# %%
# In a process of its own, so that the experiments below can have the accelerator.
show = "import jax; print(jax.__version__, jax.devices())"
print(subprocess.run([sys.executable, "-c", show], capture_output=True, text=True).stdout)

# %% [markdown]
# ## Which bounds on token editing are true?
#
# Half a minute with the default preset on two cores; `quick` is smaller.

# %%
LINEAR = os.environ.get("COLLAPSE_SIM_LINEAR", "--preset default").split()
LANGUAGE = os.environ.get("COLLAPSE_SIM_LANGUAGE", "--preset tiny").split()  # gpu: accelerators
RUNS = Path(os.environ.get("COLLAPSE_SIM_RUNS", PROJECT / "runs" / "colab"))


def run(script: str, *flags: str) -> None:
    command = [sys.executable, str(PROJECT / "experiments" / script), *flags]
    done = subprocess.run(command, capture_output=True, text=True, cwd=PROJECT)
    print(done.stdout, done.stderr)
    done.check_returncode()


run("linear_bound.py", *LINEAR, "--out", str(RUNS / "linear"))

# %%
from IPython.display import Image, display  # noqa: E402

display(Image(str(RUNS / "linear" / "figure.png")))

# %% [markdown]
# ## What happens to a language model trained on its own text?

# %%
run("transformer_collapse.py", *LANGUAGE, "--out", str(RUNS / "language"))
display(Image(str(RUNS / "language" / "figure.png")))
