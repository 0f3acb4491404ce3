"""Laws fitted to their own draws: Gaussians, counts, kernels, selection and contamination."""
