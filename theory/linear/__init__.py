"""Least squares: resampling, mixing, ridge and exact moments."""
