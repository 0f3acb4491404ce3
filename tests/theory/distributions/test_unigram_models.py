"""Smoothed, sampled, pooled and renewed models of words, and sampling below temperature 1."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.theory.references_corpora import copied, posterior, smoothed
from theory.distributions import categorical, temperature, unigram_models

PAIR, COIN = [0.3, 0.7], [0.5, 0.5]


@pytest.mark.parametrize("pseudo_count", [0.0, 0.25, 2.0])
@pytest.mark.parametrize("generation", [1, 2, 5])
def test_smoothing_by_every_count(pseudo_count, generation):
    where = {"samples": 5, "pseudo_count": pseudo_count, "generation": generation}
    found = unigram_models.smoothed_error(probabilities=PAIR, **where)
    assert found == pytest.approx(smoothed(**where), rel=1e-9)


def test_smoothing_ends_near_the_uniform_law_and_none_loses_all():
    law = [0.6, 0.3, 0.1]
    where = {"samples": 20, "pseudo_count": 0.5}
    moved = sum((p - 1 / 3) ** 2 for p in law)
    limit = 3 * unigram_models.smoothed_variance_limit(types=3, **where) + moved
    found = unigram_models.smoothed_error(probabilities=law, **where, generation=500)
    assert found == pytest.approx(limit, rel=1e-9)
    none = unigram_models.smoothed_error(
        probabilities=law, samples=20, pseudo_count=0.0, generation=7
    )
    lost = (
        1
        - sum(p * p for p in law)
        - categorical.replace_heterozygosity(probabilities=law, samples=20, generation=7)
    )
    assert none == pytest.approx(lost, rel=1e-9)


@pytest.mark.parametrize("generation", [1, 2, 4])
def test_posterior_draws_by_every_count(generation):
    where = {"samples": 3, "prior": [0.5, 2.0], "generation": generation}
    found = unigram_models.posterior_distance(**where)
    assert found == pytest.approx(posterior(**where), rel=1e-9)


def test_the_prior_is_at_rest():
    """A count from the prior, then a draw from its posterior, has the prior's moments."""
    law = unigram_models.posterior_law(prior=[2.0, 3.0])
    chances, prior = np.linspace(0, 1, 20001), np.array([2.0, 3.0])
    weights = law.pdf(chances) / law.pdf(chances).sum()
    counts = [math.comb(4, k) * weights @ (chances**k * (1 - chances) ** (4 - k)) for k in range(5)]
    after = [
        unigram_models.posterior_law(prior=(prior + [k, 4 - k]).tolist()).moment(2)
        for k in range(5)
    ]
    assert np.dot(counts, after) == pytest.approx(law.moment(2), rel=1e-6)


@pytest.mark.parametrize("innovation", [0.0, 0.3, 1.0])
def test_new_words_by_every_choice(innovation):
    where = {"samples": 2, "innovation": innovation}
    for n in (1, 2, 4):
        found = unigram_models.alike(probabilities=PAIR, **where, generation=n)
        assert found == pytest.approx(copied(**where, generation=n), rel=1e-9, abs=1e-15)
    limit = unigram_models.alike_limit(**where)
    late = unigram_models.alike(probabilities=PAIR, **where, generation=400)
    assert late == pytest.approx(limit, rel=1e-9)


def test_long_chains_of_large_corpora_do_not_cancel():
    many = 10**15
    found = unigram_models.pooled_models_heterozygosity(
        probabilities=COIN, samples=many, models=2, generation=2 * many
    )
    assert found == pytest.approx(0.5 * math.exp(-1), rel=1e-12)
    found = unigram_models.posterior_distance(samples=many, prior=[0.5, 0.5], generation=many)
    assert found == pytest.approx(math.exp(-1), rel=1e-12)


def test_one_model_is_its_own_mean():
    where = {"probabilities": PAIR, "samples": 6, "models": 1, "generation": 4}
    assert unigram_models.models_spread(**where) == 0
    expected = categorical.replace_heterozygosity(probabilities=PAIR, samples=6, generation=4)
    found = unigram_models.pooled_models_heterozygosity(**where)
    assert found == pytest.approx(expected, rel=1e-12)


@settings(max_examples=15, deadline=None)
@given(st.integers(2, 2000), st.floats(0.05, 0.95))
def test_diversity_returns_later_than_it_is_lost_and_never_above_one(types, heat):
    found = temperature.return_share(types=types, temperature=heat)
    assert 1 - heat <= found <= 1
    logarithms = np.linspace(1e-3, math.log(types) + 3, 4001)
    odds, power = np.exp(-logarithms), 1 / heat
    at_rest = types * odds / (1 + (types - 1) * odds) * np.expm1((1 - power) * logarithms)
    assert found >= (at_rest / np.expm1(-power * logarithms)).max() - 1e-9


@pytest.mark.parametrize(
    ("types", "heat", "share"), [(10, 0.7, 0.3998), (1000, 0.7, 0.7866), (3, 0.5, 0.5147)]
)
def test_a_collapsed_law_returns_above_the_share_and_not_below(types, heat, share):
    found = temperature.return_share(types=types, temperature=heat)
    assert found == pytest.approx(share, abs=1e-4)
    at = {"types": types, "temperature": heat, "start": 1.0, "generation": 3000}
    above = temperature.top_mass(**at, human_share=found + 2e-3)
    below = temperature.top_mass(**at, human_share=found - 2e-3)
    assert above == pytest.approx(1 / types, rel=1e-3)
    assert below > 1.2 / types


@pytest.mark.parametrize(
    ("call", "named"),
    [
        (lambda: temperature.return_share(types=1, temperature=0.5), "types=1"),
        (lambda: temperature.return_share(types=3, temperature=1.0), "temperature=1.0"),
        (
            lambda: unigram_models.smoothed_error(
                probabilities=COIN, samples=0, pseudo_count=1.0, generation=1
            ),
            "samples=0",
        ),
        (
            lambda: unigram_models.smoothed_variance_limit(types=2, samples=1, pseudo_count=-1.0),
            "pseudo_count=-2.0",
        ),
        (lambda: unigram_models.posterior_law(prior=[1.0, 0.0]), "prior="),
        (lambda: unigram_models.alike_limit(samples=2, innovation=1.5), "innovation=1.5"),
        (
            lambda: unigram_models.models_spread(
                probabilities=COIN, samples=2, models=0, generation=1
            ),
            "models=0",
        ),
    ],
)
def test_unusable_arguments_are_refused(call, named):
    with pytest.raises(ValueError, match=named):
        call()
