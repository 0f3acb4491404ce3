"""What the linear ledger says of its own standing."""

from theory.claims import ledger


def test_what_is_not_verified_says_so():
    assert ledger()["dohmatob2024a.powerlaw"].expected.startswith("unverified")
    assert "our reading" in ledger()["dohmatob2025.cor3"].source
    assert "not attributed" in ledger()["dohmatob2025.cor2"].source
