"""Learners of distributions: Gaussians, categorical laws, mixtures and kernel densities."""
