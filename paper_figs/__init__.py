"""One module per figure: reads finished runs and closed forms, never simulates."""
