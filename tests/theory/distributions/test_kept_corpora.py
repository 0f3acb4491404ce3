"""Human tokens that are kept: exact chains by enumeration, limits, and refusals."""

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.theory.count_chains import count_law
from tests.theory.references_corpora import excess, urn
from theory.distributions import kept_corpora

PAIR = [0.3, 0.7]
COIN = [0.5, 0.5]


@pytest.mark.parametrize("human", [1, 2, 4])
@pytest.mark.parametrize("samples", [1, 3])
@pytest.mark.parametrize("generation", [1, 2, 4])
def test_the_excess_is_that_of_every_path(human, samples, generation):
    where = {"human": human, "samples": samples, "generation": generation}
    found = kept_corpora.kept_excess(probabilities=PAIR, **where)
    assert found == pytest.approx(excess(**where), rel=1e-9, abs=1e-15)


@settings(max_examples=25)
@given(st.integers(1, 300), st.integers(2, 12))
def test_the_excess_rises_to_its_peak_and_falls(human, generation):
    def error(samples: int) -> float:
        return kept_corpora.kept_excess(
            probabilities=COIN, human=human + 1, samples=samples, generation=generation
        )

    peak = kept_corpora.largest_excess(human=human + 1, generation=generation)
    assert error(max(peak // 2, 1)) <= error(peak) >= error(2 * peak)
    assert peak >= human + 1


def test_peaks_move_out_and_are_gone_in_the_end():
    peaks = [kept_corpora.largest_excess(human=50, generation=t) for t in (2, 3, 5, 10, 30)]
    assert [round(n / 50, 2) for n in peaks] == [1, 1.54, 2.52, 4.66, 11.86]
    ends = [
        kept_corpora.kept_excess(probabilities=COIN, human=50, samples=n, generation=10**7)
        for n in (10, 100, 10**3, 10**5)
    ]
    assert ends == sorted(ends)
    assert ends[-1] == pytest.approx(0.485 * 0.5 / 50, rel=1e-3)


@pytest.mark.parametrize("human", [1, 3])
@pytest.mark.parametrize("added", [1, 4])
@pytest.mark.parametrize("generation", [1, 3])
def test_an_urn_by_every_path(human, added, generation):
    where = {"human": human, "added": added, "generation": generation}
    found = kept_corpora.polya_heterozygosity(probabilities=PAIR, **where)
    assert found == pytest.approx(urn(**where), rel=1e-12, abs=1e-15)


@pytest.mark.parametrize(("human", "added"), [(20, 5), (3, 7), (1, 40), (10**6, 10)])
def test_the_limit_of_an_urn_is_a_ratio_of_gammas(human, added):
    a, b = human / added, added**-0.5
    logarithm = 2 * math.lgamma(1 + a) - math.lgamma(1 + a - b) - math.lgamma(1 + a + b)
    found = kept_corpora.polya_limit(probabilities=COIN, human=human, added=added)
    assert found == pytest.approx(0.5 * (1 - 1 / human) * math.exp(logarithm), rel=1e-8, abs=1e-15)
    late = kept_corpora.polya_heterozygosity(
        probabilities=COIN, human=human, added=added, generation=10**6
    )
    assert late == pytest.approx(found, rel=2e-6, abs=1e-15)


def test_the_lost_mass_is_nearly_that_of_binomial_counts():
    law = [0.02] * 20 + [0.1] * 6
    dead = {p: count_law(probability=p, samples=200, generation=8)[0] for p in (0.02, 0.1)}
    exact = 0.4 * dead[0.02] + 0.6 * dead[0.1]
    found = kept_corpora.missing_mass(probabilities=law, samples=200, generation=8)
    assert exact < found < 1.025 * exact


@pytest.mark.parametrize(
    ("function", "arguments", "named"),
    [
        ("kept_excess", {"human": 0, "samples": 1, "generation": 1}, "human=0"),
        ("largest_excess", {"human": 5, "generation": 1}, "generation=1"),
        ("largest_excess", {"human": 0, "generation": 2}, "human=0"),
        ("polya_heterozygosity", {"human": 2, "added": 0, "generation": 2}, "added=0"),
        ("polya_limit", {"human": 0, "added": 1}, "human=0"),
        ("missing_mass", {"samples": 0, "generation": 1}, "samples=0"),
        ("missing_mass", {"samples": 3, "generation": 0}, "generation=0"),
    ],
)
def test_unusable_arguments_are_refused(function, arguments, named):
    law = {} if function == "largest_excess" else {"probabilities": COIN}
    with pytest.raises(ValueError, match=named):
        getattr(kept_corpora, function)(**law, **arguments)
