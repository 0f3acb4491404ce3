"""Token editing in the linear model: the printed theorems and the corrected ones."""
