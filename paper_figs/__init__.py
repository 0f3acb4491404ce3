"""Figures, one module each: they are drawn from finished runs and closed forms, without simulation.

`paper_figs` is the room of figures of collapse_sim, installed beside it under its own name.
"""
