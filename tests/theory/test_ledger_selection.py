"""What the ledger of selection states beside its formulas."""

from theory.claims import ledger


def test_the_constant_of_the_lower_bound_is_at_least_a_quarter_and_holds():
    floor = ledger()["barzilai2025.thm51"].predict({"generation": 2})
    assert floor > 0.25
    for samples in (16, 64, 1024, 10**6):
        exact = ledger()["ref.accumulate_fails"].predict({"samples": samples, "generation": 2})
        assert exact >= floor
