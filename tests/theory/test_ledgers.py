"""Every claim of the ledger: there once, filled in, callable, and sharp enough to notice 2 %."""

import inspect
import math
import re
import sys
import typing

import numpy as np
import pytest

from tests.theory import (
    references_contamination,
    references_corpora,
    references_distributions,
    references_editing,
    references_estimates,
    references_formulas,
    references_linear,
    references_ridge,
    references_selection,
    references_tokens,
)
from theory.claims import Claim, Provenance, Relation, ledger

REFERENCES = [
    *references_linear.REFERENCES,
    *references_editing.REFERENCES,
    *references_tokens.REFERENCES,
    *references_distributions.REFERENCES,
    *references_selection.REFERENCES,
    *references_contamination.REFERENCES,
    *references_corpora.REFERENCES,
    *references_ridge.REFERENCES,
    *references_estimates.REFERENCES,
    ("lm.edit_bounded", {"bounded_slope": 0.03}, 0.03, 1e-12),
    ("zhu2025.coverage", {}, 0.98, 1e-12),
    ("lm.certainty", {"certainty_tolerance": 0.01}, 0.01, 1e-12),
    ("lm.edit_neither", {"loss_tolerance": 0.02}, 0.02, 1e-12),
    ("lm.edit_twice", {}, 2.0, 1e-12),
]

NUMBERS = "lm.edit_bounded", "lm.edit_neither", "lm.certainty", "lm.edit_twice", "zhu2025.coverage"
"""Trends that are held against a number, not against no difference."""

ANSWERS = [
    *references_editing.DECISIONS,
    *references_contamination.ANSWERS,
    ("zhu2025.preserve", {"threshold": 0.99}, 0.0),
    *(
        (record.id, {}, 0.0)
        for record in ledger().values()
        if record.kind == "trend" and record.id not in NUMBERS
    ),
]
"""Decisions, arrays, and zeros, which have no 2 %."""

FORMULAS = [*references_formulas.REFERENCES, *references_ridge.FORMULAS]

LAWS = [
    # 5 % of an F law with 5 and 8 degrees are above 3.6875, of tables; the scale is 3 * 5 / 8
    ("ref.replace_law", {"dim": 5, "samples": 12, "generation": 3}, 3.6875 * 15 / 8, 0.95, 5e-4),
    # chi-square with two degrees over 2 is exponential, and .120 the median after 40 fits
    ("ref.gauss_median", {"samples": 3, "generation": 1}, math.log(2), 0.5, 1e-4),
    ("ref.gauss_median", {"samples": 3, "generation": 1}, 2.0, 1 - math.exp(-2), 1e-4),
    ("ref.gauss_median", {"samples": 20, "generation": 40}, 0.120 ** (1 / 40), 0.5, 2e-3),
    *references_corpora.LAWS,
]
"""Distributions: a value, and the chance of at most that by hand, within an absolute error."""

CASES = [(row[0], row[1]) for row in (*REFERENCES, *ANSWERS, *LAWS)]


def numbered(rows: list) -> list[str]:
    return [f"{row[0]}-{i}" for i, row in enumerate(rows)]


def test_every_claim_has_a_number_of_its_own_and_every_number_a_claim():
    assert set(ledger()) == {name for name, _ in CASES}


@pytest.mark.parametrize("claim", ledger().values(), ids=lambda claim: claim.id)
def test_every_record_is_filled_in(claim: Claim):
    for text in (claim.source, claim.says, claim.stated, claim.needed, claim.expected):
        assert text and text == text.strip()
    assert claim.relation in typing.get_args(Relation)
    assert claim.order in ("exact", "leading")
    kinds = {parameter.kind for parameter in claim.arguments.values()}
    assert kinds <= {inspect.Parameter.KEYWORD_ONLY}


@pytest.mark.parametrize("claim", ledger().values(), ids=lambda claim: claim.id)
def test_provenance_is_one_of_three_and_agrees_with_the_source(claim: Claim):
    """A paper's statement that is said to be derived says in its source what is ours."""
    own = claim.id.startswith("ref.")
    assert claim.provenance in typing.get_args(Provenance)
    if own:
        assert claim.provenance == "derived"
    elif claim.provenance == "derived":
        assert re.search(r"derived|exact", claim.source)
    if claim.provenance == "read":
        assert "recalled" not in claim.source


def test_every_provenance_occurs():
    found = {claim.provenance for claim in ledger().values()}
    assert found == set(typing.get_args(Provenance))


@pytest.mark.parametrize("claim", ledger().values(), ids=lambda claim: claim.id)
def test_a_source_in_this_room_is_the_module_of_the_formula(claim: Claim):
    for path, name in re.findall(r"(theory/[\w/]+)\.py(?:, (\w+))?", claim.source):
        assert path.replace("/", ".") == claim.formula.__module__
        assert not name or hasattr(sys.modules[claim.formula.__module__], name)


@pytest.mark.parametrize("factor", [1.0, 1.02, 0.98])
@pytest.mark.parametrize(
    ("claim_id", "parameters", "reference", "tolerance"), REFERENCES, ids=numbered(REFERENCES)
)
def test_formula_meets_its_reference_and_two_percent_is_seen(
    claim_id, parameters, reference, tolerance, factor
):
    assert tolerance <= 0.009
    predicted = factor * np.asarray(ledger()[claim_id].predict(parameters))
    agrees = np.abs(predicted - reference) <= tolerance * np.abs(reference)
    assert (agrees == (factor == 1.0)).all(), (predicted, reference)


@pytest.mark.parametrize("factor", [1.0, 1.02, 0.98])
@pytest.mark.parametrize(("formula", "parameters", "reference", "tolerance"), FORMULAS)
def test_formulas_beside_the_ledger_meet_theirs(formula, parameters, reference, tolerance, factor):
    found = factor * np.asarray(formula(**parameters))
    agrees = np.abs(found - reference) <= tolerance * np.abs(reference)
    assert (agrees == (factor == 1.0)).all(), (found, reference)


@pytest.mark.parametrize(("claim_id", "parameters", "answer"), ANSWERS, ids=numbered(ANSWERS))
def test_decisions_arrays_and_zeros(claim_id, parameters, answer):
    found = ledger()[claim_id].predict(parameters)
    np.testing.assert_allclose(found, answer, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("factor", [1.0, 1.02, 0.98])
@pytest.mark.parametrize(
    ("claim_id", "parameters", "value", "chance", "error"), LAWS, ids=numbered(LAWS)
)
def test_laws_meet_chances_found_by_hand_and_two_percent_is_seen(
    claim_id, parameters, value, chance, error, factor
):
    found = ledger()[claim_id].predict(parameters).cdf(value / factor)
    assert (abs(found - chance) <= error) == (factor == 1.0), found


def test_the_law_of_the_error_has_the_mean_found_by_hand():
    """n d / (T - d - 1)."""
    law = ledger()["ref.replace_law"].predict({"dim": 5, "samples": 12, "generation": 3})
    assert law.mean() == pytest.approx(5 / 2, rel=1e-12)


@pytest.mark.parametrize("claim", ledger().values(), ids=lambda claim: claim.id)
def test_a_missing_parameter_is_named(claim: Claim):
    given = dict(CASES)[claim.id]
    for name, parameter in claim.arguments.items():
        if parameter.default is inspect.Parameter.empty and name not in claim.given:
            fewer = {key: value for key, value in given.items() if key != name}
            with pytest.raises(KeyError, match=name):
                claim.predict(fewer)


def test_a_parameter_that_no_formula_names_is_ignored():
    given = {"dim": 4, "samples": 9, "generation": 2}
    assert ledger()["zhu2025.eq7"].predict(given | {"mask": "all"}) == 2.0
