"""Simulate learners trained on their own output, and hold the runs against published theory."""

__version__ = "0.1.0"
