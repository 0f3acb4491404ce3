"""The parts of linear_bound.py: its flags, the processes it runs, what theory says, its report."""
