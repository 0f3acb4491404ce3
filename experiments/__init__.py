"""One question a program: settings, processes, checks and a figure. The commands of collapse-sim.

`experiments` is collapse_sim's room of programs, installed beside it under its own name.
"""
