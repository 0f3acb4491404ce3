"""The columns of a user's table."""
from experiments.recursion.family import Family
FAMILY = Family(lambda settings: iter(()), table=(), verified=False)
