"""The ledger of distributions: complete, callable, and sharp enough to notice 2 %."""

import math

import numpy as np
import pytest

from tests.theory.references_distributions import REFERENCES, count_law, fixation_time
from theory.claims import Claim, ledger
from theory.ledger_distributions import CLAIMS

BY_ID = {claim.id: claim for claim in CLAIMS}

IDS = """
shum2024.var ref.w2 shum2024.w2lead shum2024.thm31 ref.lyapunov ref.gauss_median ref.gauss_growing
shum2024.discrete kazdan2025.gauss_replace kazdan2025.gauss_acc kazdan2025.gauss_acc_limit
ref.gauss_acc_unb ref.gauss_acc_mean ref.gauss_acc_biased alemohammad2024.bias ref.gauss_edit
ref.gauss_edit_mean ref.gauss_edit_fixed ref.gauss_edit_fixed_path ref.gauss_edit_anchored
kazdan2025.discrete ref.two_types suresh2025.poisson suresh2025.bern suresh2025.bern_least
suresh2025.gauss suresh2025.vocab ref.distinct ref.distinct_first seddik2024.synth
seddik2024.absorb seddik2024.absorb_least seddik2024.partial ref.mix_prob ref.bern_acc
ref.unigram_edit ref.unigram_fixed ref.unigram_fixed_path ref.unigram_anchored ref.kde_variance
ref.kde_mean ref.kde_silverman dohmatob2024b.thm21 ref.zipf_error dohmatob2024b.cor22
""".split()


def test_every_row_of_the_table_is_there_once():
    assert [claim.id for claim in CLAIMS] == IDS
    assert all(ledger()[name] is BY_ID[name] for name in IDS)


@pytest.mark.parametrize("claim", CLAIMS, ids=lambda claim: claim.id)
def test_every_claim_is_checked_and_filled_in(claim: Claim):
    assert claim.id in {row[0] for row in REFERENCES}
    assert all([claim.source, claim.statement, claim.stated, claim.needed, claim.expected])


@pytest.mark.parametrize("factor", [1.0, 1.02, 0.98])
@pytest.mark.parametrize(
    ("claim_id", "parameters", "reference", "tolerance"),
    REFERENCES,
    ids=[f"{row[0]}-{i}" for i, row in enumerate(REFERENCES)],
)
def test_formula_meets_its_reference_and_two_percent_is_seen(
    claim_id, parameters, reference, tolerance, factor
):
    assert tolerance <= 0.009
    predicted = factor * np.asarray(BY_ID[claim_id].predict(parameters))
    agrees = np.abs(predicted - reference) <= tolerance * np.abs(reference)
    assert (agrees == (factor == 1.0)).all(), (predicted, reference)


def test_bounds_hold_with_the_margins_that_the_ledger_states():
    at = {"probability": 0.3, "samples": 50, "generation": 60}
    law = count_law(**at)
    alive = 1 - law[0] - law[-1]
    assert alive == pytest.approx(0.3626, abs=5e-5)
    assert BY_ID["seddik2024.absorb_least"].predict(at) < alive
    assert BY_ID["seddik2024.absorb"].predict(at) > 1
    at = {"probability": 0.01, "samples": 100, "generation": 20}
    alive = 1 - count_law(**at)[0]
    assert alive == pytest.approx(0.0909, abs=5e-5)
    assert BY_ID["suresh2025.bern_least"].predict(at) < alive < BY_ID["suresh2025.bern"].predict(at)


def test_the_diffusion_is_three_percent_high_at_fifty():
    exact = fixation_time(0.3, 50)
    ratio = BY_ID["ref.two_types"].predict({"probability": 0.3, "samples": 50}) / exact
    assert ratio == pytest.approx(1.029, abs=5e-4)


def test_the_leading_distance_is_as_high_as_the_ledger_states():
    at = {"samples": 20, "generation": 40}
    ratio = BY_ID["shum2024.w2lead"].predict(at) / BY_ID["ref.w2"].predict(at)
    assert ratio == pytest.approx(1.0645, abs=5e-5)
    at = {"samples": 10**4, "generation": 3}
    ratio = BY_ID["shum2024.w2lead"].predict(at) / BY_ID["ref.w2"].predict(at)
    assert ratio == pytest.approx(1, abs=2e-4)


def test_claims_about_one_estimator_do_not_ask_for_it():
    at = {"samples": 9, "generation": 3}
    assert BY_ID["kazdan2025.gauss_replace"].predict(at) == pytest.approx((8 / 9) ** 3)
    assert BY_ID["shum2024.var"].predict(at) == pytest.approx(4 / 3)
    assert math.isinf(BY_ID["ref.gauss_growing"].predict({"samples": 9, "power": 1.0}))


def test_a_missing_parameter_is_named():
    with pytest.raises(KeyError, match="samples"):
        BY_ID["ref.w2"].predict({"generation": 2})
