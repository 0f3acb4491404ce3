"""What every experiment is made of: processes, what is claimed of them, and a run that decides."""
