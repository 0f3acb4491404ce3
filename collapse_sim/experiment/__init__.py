"""Parts of every experiment: processes, claims on them, and a run that decides."""
