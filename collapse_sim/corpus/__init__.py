"""A user's corpus: its files read, edited or scored document by document, and written back."""
