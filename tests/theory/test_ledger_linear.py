"""What the linear ledger says of its own standing."""

from theory.claims import ledger


def test_what_is_not_verified_says_so():
    for name in ("dohmatob2025.cor3", "dohmatob2024a.powerlaw"):
        assert ledger()[name].expected.startswith("unverified")
    assert "not attributed" in ledger()["dohmatob2025.cor2"].source
