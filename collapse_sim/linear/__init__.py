"""Linear regression: designs, data, the learner, its exact law and exact means."""
