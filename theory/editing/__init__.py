"""Token editing in the linear model: the printed theorems, and what holds instead."""
