"""Experiments: each program asks one question and is a command of collapse-sim.

`experiments` is collapse_sim's room of programs, installed beside it under its own name.
"""
