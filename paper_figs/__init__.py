"""One module per figure: reads finished runs and closed forms, never simulates.

`paper_figs` is the room of figures of collapse_sim, installed beside it under its own name.
"""
