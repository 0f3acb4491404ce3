"""The token rule in one context: transition matrices, listed events, and known numbers."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from tests.theory.references_tokens import distance_of_a_pass, edited_by_matrix
from theory.language import token_laws, token_rule

thresholds = st.floats(0, 1)


def laws(size: int):
    """Random laws; some probabilities are 0, some equal."""
    weights = hnp.arrays(float, size, elements=st.sampled_from([0, 1e-4, 0.01, 0.3, 1, 1, 7, 50]))
    return weights.filter(np.any).map(lambda w: w / w.sum())


triples = st.integers(1, 6).flatmap(lambda size: st.tuples(*[laws(size)] * 3))


@given(laws_given=triples, threshold=thresholds)
def test_a_pass_is_its_transition_matrix(laws_given, threshold):
    prior, law, replacement = laws_given
    given_ = {"prior": prior, "threshold": threshold, "law": law, "replacement": replacement}
    after = token_rule.edited_law(**given_)
    expected = edited_by_matrix(law, prior, threshold, replacement)
    np.testing.assert_allclose(after, expected, atol=1e-14)
    assert after.sum() == pytest.approx(1)
    context = token_rule.context_rule_law(**given_)
    expected = edited_by_matrix(law, prior, threshold, replacement, context=True)
    np.testing.assert_allclose(context, expected, atol=1e-14)


@given(laws_given=triples, threshold=thresholds)
def test_the_distance_of_a_pass_comes_from_the_eligible_tokens(laws_given, threshold):
    prior, law, replacement = laws_given
    given_ = {"prior": prior, "threshold": threshold, "law": law, "replacement": replacement}
    distance = token_rule.total_variation_identity(**given_)
    after = token_rule.edited_law(**given_)
    assert distance == pytest.approx(token_laws.total_variation(first=law, second=after), abs=1e-14)
    assert distance == pytest.approx(
        distance_of_a_pass(law, prior, threshold, replacement), abs=1e-14
    )
    changed = token_rule.changed_share(**given_)
    assert distance <= changed + 1e-14
    share = token_rule.eligible_share(prior=prior, threshold=threshold, law=law)
    assert changed <= share + 1e-14
    eligible = prior >= threshold
    if eligible.sum() == 1:
        (top,) = np.flatnonzero(eligible)
        assert distance == pytest.approx(law[top] * (1 - replacement[top]), abs=1e-14)
        assert distance == pytest.approx(changed, abs=1e-14)


@given(laws_given=triples, threshold=thresholds, top_k=st.integers(1, 7), top_p=st.floats(0.01, 1))
def test_at_temperature_one_a_pass_changes_at_most_one_minus_the_threshold(
    laws_given, threshold, top_k, top_p
):
    """From any law, also with truncation: it makes eligible tokens likelier or is P itself."""
    prior, law, _ = laws_given
    bound = token_rule.total_variation_bound(threshold=threshold)
    whole = {"prior": prior, "threshold": threshold, "law": law}
    assert token_rule.changed_share(**whole) <= bound + 1e-12
    assert token_rule.total_variation_identity(**whole) <= bound + 1e-12
    if threshold > 0.5:
        replacement = token_laws.replacement_law(prior=prior, top_k=top_k, top_p=top_p)
        truncated = token_rule.changed_share(**whole, replacement=replacement)
        assert truncated <= bound + 1e-12


def test_tempering_breaks_the_bound():
    prior = [0.995, 0.005]
    replacement = token_laws.replacement_law(prior=prior, temperature=1.5)
    distance = token_rule.total_variation_identity(
        prior=prior, threshold=0.99, replacement=replacement
    )
    assert distance > 2 * token_rule.total_variation_bound(threshold=0.99)


@given(laws_given=triples, threshold=thresholds, passes=st.integers(0, 5))
def test_iterated_laws_are_passes_one_after_the_other(laws_given, threshold, passes):
    prior, law, replacement = laws_given
    found = token_rule.iterated_laws(
        prior=prior, threshold=threshold, passes=passes, law=law, replacement=replacement
    )
    assert found.shape == (passes + 1, len(prior))
    np.testing.assert_allclose(found.sum(axis=1), 1)
    for row in found:
        np.testing.assert_allclose(row, law, atol=1e-13)
        law = edited_by_matrix(law, prior, threshold, replacement)


@given(laws_given=triples, threshold=st.floats(0.51, 1), passes=st.integers(0, 9))
def test_top_mass_and_tail_factor_are_those_of_the_law(laws_given, threshold, passes):
    prior = laws_given[0]
    found = token_rule.iterated_laws(prior=prior, threshold=threshold, passes=passes)[-1]
    top = int(np.argmax(prior))
    if prior[top] < threshold:
        np.testing.assert_array_equal(found, prior)
        return
    mass = token_rule.top_mass(prior_top=prior[top], passes=passes)
    factor = token_rule.tail_factor(prior_top=prior[top], passes=passes)
    np.testing.assert_allclose(found[top], mass, rtol=1e-12)
    np.testing.assert_allclose(np.delete(found, top), factor * np.delete(prior, top), rtol=1e-9)


@pytest.mark.parametrize(
    ("passes", "mass", "factor"), [(1, 0.990025, 1.995), (2, 0.985075, 2.985), (3, 0.98015, 3.970)]
)
def test_known_masses_and_factors(passes, mass, factor):
    assert token_rule.top_mass(prior_top=0.995, passes=passes) == pytest.approx(mass, abs=5e-7)
    found = token_rule.tail_factor(prior_top=0.995, passes=passes)
    assert found == pytest.approx(factor, abs=5e-4)


@pytest.mark.parametrize(
    ("top", "least", "most"),
    [(0.99, 0.0446, 0.0821), (0.995, 0.0285, 0.0531), (0.999, 0.0099, 0.0188)],
)
def test_tempered_change_of_an_edited_token(top, least, most):
    """Temperature 1.5, as in the published script; the rest on one token, or equally on seven."""

    def change(others):
        prior = [top] + [(1 - top) / others] * others
        return 1 - token_laws.replacement_law(prior=prior, temperature=1.5)[0]

    assert (change(1), change(7)) == pytest.approx((least, most), abs=5e-5)
    assert change(8) > change(7)  # no upper end: a flatter rest changes more


def test_truncation_changes_less_unless_the_tail_ties():
    tail = np.full(49, 0.005 / 49)
    tied = token_laws.replacement_law(prior=[0.995, *tail], top_k=8)
    assert 1 - tied[0] == pytest.approx(0.005)  # all that tie with the eighth are kept
    tail *= 1 + 1e-6 * np.linspace(-1, 1, 49)
    split = token_laws.replacement_law(prior=[0.995, *tail], top_k=8)
    assert 1 - split[0] == pytest.approx(0.00072, abs=5e-6)
    assert np.count_nonzero(split) == 8


@given(laws_given=triples, temperature=st.floats(0.1, 10))
def test_tempered_laws_keep_the_order(laws_given, temperature):
    prior = laws_given[0]
    found = token_laws.replacement_law(prior=prior, temperature=temperature)
    held = prior > 0
    assert found.sum() == pytest.approx(1)
    ratio = np.log(found[held] / found.max()) * temperature
    np.testing.assert_allclose(ratio, np.log(prior[held] / prior.max()), atol=1e-9)


@pytest.mark.parametrize(
    ("options", "kept"),
    [
        ({"top_k": 1}, [2]),
        ({"top_k": 2}, [1, 2, 3]),  # two tie
        ({"top_k": 99}, [0, 1, 2, 3, 4]),
        ({"top_p": 0.4}, [2]),
        ({"top_p": 0.44}, [1, 2, 3]),
        ({"top_p": 0.92}, [1, 2, 3, 4]),
        ({"top_p": 1.0}, [0, 1, 2, 3, 4]),
        ({"top_k": 3, "top_p": 0.44}, [2]),  # 0.44 of the 0.9 that top_k leaves is below 0.4
    ],
)
def test_truncation_keeps_the_probable_and_what_ties(options, kept):
    prior = np.array([0.04, 0.25, 0.4, 0.25, 0.06])
    expected = np.where(np.isin(np.arange(5), kept), prior, 0)
    found = token_laws.replacement_law(prior=prior, **options)
    np.testing.assert_allclose(found, expected / expected.sum(), rtol=1e-12)


def test_low_drop_empties_flat_tails_and_keeps_confident_ones():
    """Deletion looks at the text before the edit: the edit's own rare draws stay."""
    tail = np.full(50, 0.0001)
    confident = np.array([0.995, *tail])
    low_drop = token_rule.low_drop_law(prior=confident, threshold=0.99)
    # all of the old tail is gone, and (1 - a) of the top token's draws are tail again
    np.testing.assert_allclose(low_drop, confident, rtol=1e-12)
    assert token_rule.dropped_share(prior=confident) == pytest.approx(0.005)
    flat = np.array([0.5, 0.495, *tail])
    low_drop = token_rule.low_drop_law(prior=flat, threshold=0.99)
    assert token_laws.tail_mass(prior=flat) == pytest.approx(0.005)
    assert token_laws.tail_mass(prior=flat, law=low_drop) == 0
    assert token_laws.entropy(law=low_drop) < token_laws.entropy(law=flat)


@given(laws_given=triples, threshold=thresholds, below=st.floats(0, 0.5))
def test_low_drop_is_an_edit_of_what_is_not_deleted(laws_given, threshold, below):
    prior, law, replacement = laws_given
    kept = np.where(prior > below, law, 0)
    given_ = {"prior": prior, "threshold": threshold, "law": law, "replacement": replacement}
    share = token_rule.dropped_share(prior=prior, below=below, law=law)
    assert share == pytest.approx(1 - kept.sum(), abs=1e-12)
    if not kept.any():
        with pytest.raises(ValueError, match="below="):
            token_rule.low_drop_law(**given_, below=below)
        return
    found = token_rule.low_drop_law(**given_, below=below)
    expected = edited_by_matrix(kept, prior, threshold, replacement) / kept.sum()
    np.testing.assert_allclose(found, expected, rtol=1e-9, atol=1e-14)


@given(laws_given=triples)
def test_entropies_are_bounded_and_surprise_is_never_less(laws_given):
    prior, law, _ = laws_given
    found = token_laws.entropy(law=law)
    assert -1e-12 <= found <= math.log(len(law)) + 1e-12
    assert token_laws.surprise(prior=prior, law=law) >= found - 1e-12
    assert token_laws.surprise(prior=prior) == pytest.approx(token_laws.entropy(law=prior))
    equal = np.full(len(law), 1 / len(law))
    assert token_laws.entropy(law=equal) == pytest.approx(math.log(len(law)))


@given(laws_given=triples, passes=st.integers(1, 9))
def test_editing_confident_contexts_raises_surprise(laws_given, passes):
    prior = laws_given[0]
    if prior.max() <= 0.5:
        return
    found = token_rule.iterated_laws(prior=prior, threshold=0.5001, passes=passes)
    surprises = [token_laws.surprise(prior=prior, law=law) for law in found]
    assert (np.diff(surprises) >= -1e-12).all()


def test_surprise_of_the_impossible_is_infinite():
    assert token_laws.surprise(prior=[0.0, 1.0], law=[0.5, 0.5]) == math.inf


LAW = [0.75, 0.25]


@pytest.mark.parametrize(
    ("function", "arguments", "named"),
    [
        (token_rule.edited_law, {"prior": [0.5, 0.4], "threshold": 0.5}, "prior sums to 0.9"),
        (token_rule.edited_law, {"prior": [1.5, -0.5], "threshold": 0.5}, "prior holds -0.5"),
        (token_rule.edited_law, {"prior": [math.nan, 1], "threshold": 0.5}, "prior holds nan"),
        (token_rule.edited_law, {"prior": [LAW], "threshold": 0.5}, r"prior has shape \(1, 2\)"),
        (token_rule.edited_law, {"prior": [], "threshold": 0.5}, r"prior has shape \(0,\)"),
        (token_rule.edited_law, {"prior": LAW, "threshold": 1.5}, "threshold=1.5"),
        (token_rule.edited_law, {"prior": LAW, "threshold": 0.5, "law": [1]}, "law has 1 tokens"),
        (
            token_rule.changed_share,
            {"prior": LAW, "threshold": 0.5, "replacement": [1.0]},
            "replacement has 1 tokens: accepted are 2",
        ),
        (token_laws.total_variation, {"first": LAW, "second": [1.0]}, "second has 1 tokens"),
        (token_rule.total_variation_bound, {"threshold": -0.1}, "threshold=-0.1"),
        (token_laws.replacement_law, {"prior": LAW, "temperature": 0.0}, "temperature=0.0"),
        (token_laws.replacement_law, {"prior": LAW, "top_k": 0}, "top_k=0"),
        (token_laws.replacement_law, {"prior": LAW, "top_p": 0.0}, "top_p=0.0"),
        (token_laws.replacement_law, {"prior": LAW, "top_p": 1.1}, "top_p=1.1"),
        (token_rule.iterated_laws, {"prior": LAW, "threshold": 0.5, "passes": -1}, "passes=-1"),
        (token_rule.top_mass, {"prior_top": 2.0, "passes": 1}, "prior_top=2.0"),
        (token_rule.tail_factor, {"prior_top": 0.9, "passes": -1}, "passes=-1"),
        (token_rule.low_drop_law, {"prior": LAW, "threshold": 0.5, "below": 1.0}, "below=1.0"),
        (token_rule.dropped_share, {"prior": LAW, "below": -1.0}, "below=-1.0"),
        (token_laws.tail_mass, {"prior": LAW, "below": 2.0}, "below=2.0"),
        (token_laws.entropy, {"law": [0.5]}, "law sums to 0.5"),
    ],
)
def test_wrong_arguments_are_named(function, arguments, named):
    with pytest.raises(ValueError, match=named):
        function(**arguments)
