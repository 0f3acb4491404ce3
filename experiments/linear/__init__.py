"""Parts of linear_bound.py: flags, processes, closed forms, checks and report."""
