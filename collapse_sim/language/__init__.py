"""Language models as learners: text, tokens, transformers, token-level editing, and an oracle."""
