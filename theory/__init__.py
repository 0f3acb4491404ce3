"""Closed forms and bounds of model collapse, and the ledger of claims that stands on them.

`theory` is the room of closed forms of collapse_sim, installed under its own name: float64 NumPy,
nothing random, no simulation. A claim of one's own is a decorated formula:

    from theory import claim

    @claim("mine", "me", relation="<=", says="the test error is at most 2 b")
    def my_bound(*, dim, samples): ...
"""

from theory.claims import Claim, claim, ledger

__all__ = ["Claim", "claim", "ledger"]
