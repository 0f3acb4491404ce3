"""Categorical chains: exact transition matrices, listed corpora, limits, and chains of corpora."""

import itertools
import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.theory.count_chains import coalescence_time, count_law, fixation_time, same_mean
from tests.theory.references_distributions import FIVE
from theory.distributions import categorical, categorical_edits, categorical_human
from theory.distributions.laws import heterozygosity

CHAINS = 100_000

laws = (
    st.lists(st.integers(0, 9), min_size=1, max_size=6)
    .filter(any)
    .map(lambda weights: np.array(weights) / sum(weights))
)


@given(law=laws)
def test_heterozygosity_is_the_chance_to_differ(law):
    differ = sum(law[i] * law[j] for i, j in itertools.permutations(range(len(law)), 2))
    assert heterozygosity(probabilities=law) == pytest.approx(differ, abs=1e-14)


@given(samples=st.integers(2, 9), generation=st.integers(1, 9), percent=st.integers(0, 100))
def test_two_types_are_the_exact_chain(samples, generation, percent):
    p = percent / 100
    law, counts = count_law(p, samples, generation), np.arange(samples + 1) / samples
    expected = law @ (2 * counts * (1 - counts))
    found = categorical.replace_heterozygosity(
        probabilities=[p, 1 - p], samples=samples, generation=generation
    )
    assert found == pytest.approx(expected, abs=1e-12)
    at = {"probability": p, "samples": samples, "generation": generation}
    alive = law[1:-1].sum()
    assert categorical.alive_least(**at) <= alive + 1e-12
    assert alive <= categorical.alive_most(**at) + 1e-12
    if generation == 1:
        lost = categorical.lost_probability(probability=p, samples=samples)
        assert lost == pytest.approx(law[0], abs=1e-12)
        seen = categorical.distinct_types(probabilities=[p, 1 - p], samples=samples)
        assert seen == pytest.approx(2 - law[0] - law[-1], abs=1e-12)


@pytest.mark.parametrize("samples", [50, 200])
def test_absorption_times_are_those_of_the_chains_for_large_samples(samples):
    distinct = categorical.absorption_time_distinct(samples=samples)
    assert distinct == pytest.approx(coalescence_time(samples), rel=0.8 / samples)
    two = categorical.absorption_time_two_types(probability=0.3, samples=samples)
    assert two == pytest.approx(fixation_time(0.3, samples), rel=2 / samples)


def edited_by_listing(corpus: tuple[int, ...], edited: int) -> Fraction:
    """Mean heterozygosity, over all subsets and all draws from the corpus's own law."""
    size, total, cases = len(corpus), Fraction(0), 0
    for subset in itertools.combinations(range(size), edited):
        for draws in itertools.product(corpus, repeat=edited):
            new = list(corpus)
            for position, draw in zip(subset, draws, strict=True):
                new[position] = draw
            same = sum(Fraction(new.count(kind), size) ** 2 for kind in set(new))
            total, cases = total + 1 - same, cases + 1
    return total / cases


@pytest.mark.parametrize("corpus", [(0, 1), (0, 0, 1), (0, 0, 1, 2), (0, 1, 2, 3)], ids=str)
def test_an_edit_is_the_mean_over_all_edits(corpus):
    before = edited_by_listing(corpus, 0)
    for edited in range(len(corpus) + 1):
        factor = categorical_edits.edit_factor(samples=len(corpus), edited=edited)
        assert factor == pytest.approx(float(edited_by_listing(corpus, edited) / before), rel=1e-12)


@given(law=laws, samples=st.integers(2, 30), generation=st.integers(1, 20), data=st.data())
def test_editing_all_is_replacing_and_nothing_is_rest(law, samples, generation, data):
    at = {"probabilities": law, "samples": samples}
    replaced = categorical.replace_heterozygosity(**at, generation=generation)
    first = categorical.replace_heterozygosity(**at, generation=1)
    for edit in (
        categorical_edits.edit_heterozygosity,
        categorical_edits.anchored_edit_heterozygosity,
    ):
        found = edit(**at, edited=samples, generation=generation)
        assert found == pytest.approx(replaced, abs=1e-12)
        assert edit(**at, edited=0, generation=generation) == pytest.approx(first, abs=1e-12)
    edited = data.draw(st.integers(1, samples - 1))
    anchors = categorical_edits.fixed_mask_limit(anchors=law, samples=samples, edited=edited)
    far = categorical_edits.fixed_mask_heterozygosity(**at, edited=edited, generation=1500)
    # anchors are human draws, and so less varied than the human law
    expected = anchors * (1 - 1 / (samples - edited))
    assert far == pytest.approx(expected, rel=1e-9, abs=1e-12)
    assert categorical_edits.fixed_mask_limit(anchors=law, samples=samples, edited=samples) == 0


@given(law=laws, human=st.integers(1, 50), samples=st.integers(1, 50), share=st.floats(0, 1))
def test_partial_and_mixed_recursions(law, human, samples, share):
    diversity = heterozygosity(probabilities=law)
    synthetic = samples / (human + samples)
    distance, variance = 0.0, 0.0
    for generation in range(1, 8):
        found = categorical_human.partial_error(
            probabilities=law, human=human, samples=samples, generation=generation
        )
        assert found == pytest.approx(distance, abs=1e-12)
        distance = synthetic**2 * ((1 - 1 / samples) * distance + diversity / samples)
        variance = (1 - share) ** 2 * (1 - 1 / samples) * variance + diversity / samples
        if (1 - share) ** 2 * (1 - 1 / samples) < 1:
            found = categorical_human.mixture_variance(
                probabilities=law, samples=samples, human_share=share, generation=generation
            )
            assert found.sum() == pytest.approx(variance, abs=1e-12)
    at = {"probabilities": law, "human": human, "samples": samples}
    far = categorical_human.partial_error(**at, generation=10**6)
    assert far == pytest.approx(categorical_human.partial_limit(**at), rel=1e-12, abs=1e-15)
    at = {"probabilities": law, "samples": samples, "human_share": share}
    far = categorical_human.mixture_variance(**at, generation=10**6)
    np.testing.assert_allclose(far, categorical_human.mixture_limit(**at), rtol=1e-12)


def test_accumulated_batches_are_the_exact_chain():
    """Two batches of m draws of one type, with fractions."""
    m, p = 3, Fraction(3, 10)
    total = Fraction(0)
    for first in range(m + 1):
        chance = math.comb(m, first) * p**first * (1 - p) ** (m - first)
        share = Fraction(first, m)
        for second in range(m + 1):
            then = math.comb(m, second) * share**second * (1 - share) ** (m - second)
            total += chance * then * (Fraction(first + second, 2 * m) - p) ** 2
    found = categorical.accumulate_variance(probabilities=[0.3, 0.7], samples=m, generation=2)
    np.testing.assert_allclose(found, float(total), rtol=1e-12)


def test_the_accumulated_inflation_is_below_the_basel_sum():
    for samples in (1, 8, 100, 10**4):
        limit = categorical.accumulate_inflation_limit(samples=samples)
        assert limit < math.pi**2 / 6
        far = categorical.accumulate_variance(
            probabilities=[0.5, 0.5], samples=max(samples, 2), generation=20_000
        )
        if samples > 1:
            np.testing.assert_allclose(far * samples / 0.25, limit, rtol=1e-4)
    assert limit == pytest.approx(math.pi**2 / 6 - math.pi**4 / 120 / 10**4, rel=1e-7)
    eight = categorical.accumulate_inflation_limit(samples=8)
    assert eight == pytest.approx(1.5464, abs=5e-5)


def spread(points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Law of each corpus of points, and its heterozygosity."""
    law = np.stack([(points == kind).mean(axis=1) for kind in range(3)], axis=1)
    return law, 1 - (law**2).sum(axis=1)


@pytest.mark.parametrize("process", ["edit", "fixed_mask", "anchored_edit"])
def test_chains_of_corpora_have_this_heterozygosity(process):
    rng = np.random.default_rng(len(process))
    at = {"probabilities": [0.5, 0.3, 0.2], "samples": 6, "edited": 4}
    human = rng.choice(3, size=(CHAINS, 6), p=at["probabilities"])
    points = human
    for generation in (1, 2, 3, 4):
        formula = getattr(categorical_edits, f"{process}_heterozygosity")
        expected = formula(**at, generation=generation)
        assert same_mean(spread(points)[1], expected)
        assert not same_mean(spread(points)[1], 1.02 * expected)
        drawn = np.take_along_axis(points, rng.integers(0, 6, points.shape), axis=1)
        mask = np.arange(6) < 4
        if process != "fixed_mask":
            mask = rng.permuted(np.broadcast_to(mask, points.shape), axis=1)
        points = np.where(mask, drawn, points if process == "edit" else human)


def test_partial_chains_have_this_error():
    rng = np.random.default_rng(9)
    law = np.broadcast_to(FIVE, (CHAINS, 5))
    for _ in range(4):
        drawn = rng.multinomial(40, law) / 40
        law = 0.6 * np.array(FIVE) + 0.4 * drawn
    errors = ((law - FIVE) ** 2).sum(axis=1)
    expected = categorical_human.partial_error(
        probabilities=FIVE, human=60, samples=40, generation=5
    )
    assert same_mean(errors, expected)
    assert not same_mean(errors, 1.02 * expected)


@pytest.mark.parametrize(
    ("function", "arguments", "named"),
    [
        (heterozygosity, {"probabilities": [0.5, 0.4]}, "probabilities sums to 0.9"),
        (heterozygosity, {"probabilities": [1.5, -0.5]}, "probabilities holds -0.5"),
        (heterozygosity, {"probabilities": [[1.0]]}, r"shape \(1, 1\)"),
        (categorical.lost_probability, {"probability": 2.0, "samples": 1}, "probability=2.0"),
        (
            categorical.alive_least,
            {"probability": 0.5, "samples": 1, "generation": 1},
            "samples=1",
        ),
        (
            categorical.absorption_time_two_types,
            {"probability": 1.0, "samples": 5},
            "probability=1.0",
        ),
        (categorical_edits.edit_factor, {"samples": 5, "edited": 6}, "edited=6"),
        (
            categorical_edits.fixed_mask_limit,
            {"anchors": [0.5], "samples": 5, "edited": 1},
            "probabilities sums to 0.5",
        ),
        (
            categorical_human.partial_limit,
            {"probabilities": [1.0], "human": 0, "samples": 5},
            "human=0",
        ),
        (
            categorical_human.mixture_limit,
            {"probabilities": [1.0], "samples": 5, "human_share": -0.1},
            "human_share=-0.1",
        ),
        (
            categorical.accumulate_variance,
            {"probabilities": [1.0], "samples": 5, "generation": 0},
            "generation=0",
        ),
    ],
)
def test_wrong_arguments_are_named(function, arguments, named):
    with pytest.raises(ValueError, match=named):
        function(**arguments)
