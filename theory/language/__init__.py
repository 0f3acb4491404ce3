"""Language models: the token rule exactly, trends that are only measured, and printed numbers."""
