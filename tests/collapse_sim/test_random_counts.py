"""Random counts against their laws: quantiles one by one, then listed laws, then large counts."""

import itertools
import math
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import special, stats

from collapse_sim import count_quantiles, random_counts
from tests.collapse_sim.draws import COMPILE_FAST, FAILURE_RATE, same_mean

COUNT = 2**16
CHAINS = 2**14
ROUNDING = 2e-7
"""What float32 may add to a distribution function, that of the inversion (5e-8) included."""


def has_law(values: np.ndarray, law) -> bool:
    """Whether a chi-square test on the quantiles of a scipy law of counts allows it."""
    edges = np.unique(law.ppf(np.linspace(0.001, 0.999, 60)))
    chances = np.diff(np.concatenate([[0], law.cdf(edges), [1]]))
    found = np.bincount(np.searchsorted(edges, values), minlength=len(edges) + 1)
    enough = len(values) * chances >= 8  # the others are pooled
    chances = np.append(chances[enough], chances[~enough].sum())
    found = np.append(found[enough], found[~enough].sum())
    if chances[-1] * len(values) < 1e-3:
        assert found[-1] <= 2
        chances, found = chances[:-1] / chances[:-1].sum(), found[:-1]
    return listed(found, chances)


def listed(found: np.ndarray, chances: np.ndarray) -> bool:
    """Whether a chi-square test allows that counts of cases have these chances."""
    expected = chances / chances.sum() * found.sum()
    return bool(stats.chisquare(found, expected).pvalue > FAILURE_RATE)


@partial(jax.jit, compiler_options=COMPILE_FAST)
def poisson_by_search(tail, mean):
    return count_quantiles.by_search(tail, jnp.full_like(tail, -mean), lambda k: mean / (k + 1))


@pytest.mark.parametrize("mean", [1e-9, 1e-4, 0.3, 2.0, 7.0, 11.99])
def test_search_finds_the_quantiles_of_a_poisson_law(mean):
    mean = float(np.float32(mean))
    k = np.arange(60)
    above = stats.poisson(mean).sf(k)
    k, above = k[above > 1e-14], above[above > 1e-14]
    rounding = ROUNDING * min(1, mean)
    margin = rounding + 1e-6 * above

    def found(tail):
        padded = np.pad(tail, (0, 64 - len(tail)), constant_values=1).astype(np.float32)
        return np.asarray(poisson_by_search(padded, np.float32(mean)))[: len(tail)]

    seen = above > 4 * rounding
    assert (found(np.maximum(above - margin, 1e-12)) > k)[seen].all()
    assert (found(above + margin) <= k)[seen].all()
    # where the law has nothing, rounding finds nothing
    beyond = stats.poisson(mean).isf(1e-14)
    assert found(np.array([1e-10])).max() <= beyond


poisson_from_normal = jax.jit(count_quantiles.from_normal, compiler_options=COMPILE_FAST)


@pytest.mark.parametrize("mean", [12.0, 12.3, 17.5, 40.0, 333.3, 1e4, 1e6])
def test_a_normal_is_turned_into_the_quantiles_of_a_poisson_law(mean):
    mean = float(np.float32(mean))
    law = stats.poisson(mean)
    k = np.unique(np.linspace(law.isf(1 - 1e-6), law.isf(1e-6), 400).astype(int))

    def found(margin):
        # from the smaller of both tails, which alone is exact
        below, above = law.cdf(k) + margin, law.sf(k) - margin
        return np.where(below < 0.5, special.ndtri(below), -special.ndtri(above))

    margin = ROUNDING + 2e-3 * np.minimum(law.cdf(k), law.sf(k)) * (abs(k - mean) > 3 * mean**0.5)

    def turned(z):
        padded = np.pad(z, (0, 400 - len(z))).astype(np.float32)
        return np.asarray(poisson_from_normal(padded, np.full(400, mean, np.float32)))[: len(z)]

    assert (turned(found(margin)) > k).all()
    assert (turned(found(-margin)) <= k).all()


MEANS = (0.01, 0.7, 5.0, 11.9, 12.1, 60.0, 1e5)


@pytest.fixture(scope="module")
def poissons() -> np.ndarray:
    means = jnp.tile(jnp.asarray((*MEANS, 0.0)), (COUNT, 1))
    return np.asarray(jax.jit(random_counts.poisson)(jax.random.key(0), means))


@pytest.mark.parametrize("mean", MEANS)
def test_poisson_has_its_law(poissons, mean):
    values = poissons[:, MEANS.index(mean)]
    assert has_law(values, stats.poisson(mean))
    if mean > 1:
        assert not has_law(values, stats.poisson(1.02 * mean))


def test_poissons_are_independent(poissons):
    correlations = np.corrcoef(poissons[:, :-1].T)
    pairs = correlations[np.triu_indices(len(MEANS), 1)]
    assert np.abs(pairs).max() < 6 / np.sqrt(COUNT)  # 21 pairs: 4e-8


def test_poisson_of_mean_zero_is_zero(poissons):
    assert (poissons[:, -1] == 0).all()


def all_counts(types: int, tokens: int) -> np.ndarray:
    """Every way to divide the tokens over the types, (ways, types)."""
    ways = itertools.product(range(tokens + 1), repeat=types)
    return np.array([way for way in ways if sum(way) == tokens])


def tally(drawn: np.ndarray, cases: np.ndarray) -> np.ndarray:
    """How often each case was drawn; every draw is one of the cases."""
    base = cases.max() + 1
    places = base ** np.arange(cases.shape[1])
    case = {number: i for i, number in enumerate(cases @ places)}
    return np.bincount([case[number] for number in drawn @ places], minlength=len(cases))


@partial(jax.jit, compiler_options=COMPILE_FAST)
def wright_fisher(keys, start):
    """Counts after three generations of four tokens."""

    def chain(key):
        def generation(counts, key):
            return random_counts.multinomial(key, 4, counts / 4), None

        return jax.lax.scan(generation, start, jax.random.split(key, 3))[0]

    return jax.vmap(chain)(keys)


def test_wright_fisher_has_its_transition_matrix():
    states = all_counts(3, 4)
    transition = np.array([stats.multinomial(4, s / 4).pmf(states) for s in states])
    start = next(i for i, s in enumerate(states) if tuple(s) == (2, 1, 1))
    law = np.linalg.matrix_power(transition, 3)[start]
    keys = jax.random.split(jax.random.key(2), COUNT)
    found = tally(np.asarray(wright_fisher(keys, jnp.array([2, 1, 1]))), states)
    assert listed(found, law)
    # a fifth token in the last generation instead of four would be seen, and 2 % of p as well
    wrong = np.array([stats.multinomial(4, s / 4 * 0.98 + 0.02 / 3).pmf(states) for s in states])
    assert not listed(found, np.linalg.matrix_power(wrong, 3)[start])


@partial(jax.jit, compiler_options=COMPILE_FAST)
def binomials(keys, counts, chance):
    return jax.vmap(lambda key: random_counts.binomial(key, counts, chance))(keys)


@pytest.mark.parametrize("chance", [0.0, 1e-3, 0.2, 0.5])
def test_a_binomial_has_its_law(chance):
    counts = np.array([0, 1, 7, 40, 1000, 10**6, 10**9])
    drawn = np.asarray(binomials(jax.random.split(jax.random.key(9), CHAINS), counts, chance))
    for values, count in zip(drawn.T, counts, strict=True):
        if chance == 0 or count == 0:
            assert (values == 0).all()
        else:
            assert has_law(values, stats.binom(count, chance))
            assert count < 10**6 or not has_law(values, stats.binom(count, 1.02 * chance))


LAW = np.array([0.5, 0.3, 0.0, 0.15, 0.05, 0.0])


@partial(jax.jit, compiler_options=COMPILE_FAST)
def multinomials(keys, count, law):
    return jax.vmap(lambda key: random_counts.multinomial(key, count, law))(keys)


@pytest.mark.parametrize("count", [31, 900, 10**6, 10**9])
def test_a_multinomial_has_its_marginal_laws_and_correlations(count):
    keys = jax.random.split(jax.random.key(3), CHAINS)
    drawn = np.asarray(multinomials(keys, count, LAW), np.int64)
    assert (drawn.sum(axis=1) == count).all()
    assert (drawn[:, LAW == 0] == 0).all()
    for values, p in zip(drawn.T[LAW > 0], LAW[LAW > 0], strict=True):
        assert has_law(values, stats.binom(count, p))
    scaled = (drawn - count * LAW) / np.sqrt(count)
    products = scaled[:, [0, 0, 1, 3]] * scaled[:, [1, 4, 3, 4]]
    assert same_mean(products, -LAW[[0, 0, 1, 3]] * LAW[[1, 4, 3, 4]])


@pytest.mark.parametrize("few_tokens", [random_counts._by_comparing, random_counts._by_searching])
def test_few_tokens_have_their_listed_law(few_tokens):
    law, cases = np.array([0.2, 0.0, 0.7, 0.1]), all_counts(4, 3)
    draw = jax.vmap(lambda key: few_tokens(key, jnp.int32(3), jnp.asarray(law, jnp.float32)))
    drawn = jax.jit(draw, compiler_options=COMPILE_FAST)(jax.random.split(jax.random.key(5), COUNT))
    chances = stats.multinomial(3, law).pmf(cases)
    found = tally(np.asarray(drawn), cases)
    assert (found[chances == 0] == 0).all()
    assert listed(found[chances > 0], chances[chances > 0])


def test_each_of_few_tokens_is_of_the_type_that_its_number_says():
    law = np.random.default_rng(3).dirichlet(np.full(64, 0.3)) * (np.arange(64) % 5 != 4)
    law = jnp.asarray(law / law.sum(), jnp.float32)
    edges = np.cumsum(np.asarray(law, np.float64))
    edges = edges / edges[-1]
    key, compare = jax.random.key(6), jax.jit(random_counts._by_comparing)
    u = np.asarray(random_counts.uniform(key, (random_counts.FEW_TOKENS,), jnp.float32))
    for count in (0, 1, 8, 100, random_counts.FEW_TOKENS):
        found = np.bincount(np.searchsorted(edges, u[:count], side="right"), minlength=64)
        np.testing.assert_array_equal(compare(key, count, law), found)


@pytest.mark.parametrize("law", [np.zeros(6), np.full(6, np.nan)], ids=["zero", "nan"])
def test_what_is_no_law_gives_no_token(law):
    keys = jax.random.split(jax.random.key(0), 16)
    assert (np.asarray(multinomials(keys, 1000, law)) == 0).all()


@settings(max_examples=20)
@given(
    seed=st.integers(0, 2**32 - 1),
    count=st.integers(0, 10**9),
    weights=st.lists(st.integers(0, 10**4), min_size=6, max_size=6).filter(any),
)
def test_multinomials_add_up_and_never_revive_a_type(seed, count, weights):
    law = np.array(weights) / sum(weights)
    drawn = np.asarray(multinomials(jax.random.split(jax.random.key(seed), 16), count, law))
    assert (drawn >= 0).all()
    assert (drawn.sum(axis=1) == count).all()
    assert (drawn[:, law == 0] == 0).all()


@partial(jax.jit, compiler_options=COMPILE_FAST)
def hypergeometrics(keys, counts, count):
    return jax.vmap(lambda key: random_counts.hypergeometric(key, counts, count))(keys)


def test_a_hypergeometric_has_its_listed_law():
    counts = np.array([3, 0, 2, 4])
    drawn = np.asarray(hypergeometrics(jax.random.split(jax.random.key(4), CHAINS), counts, 4))
    cases = all_counts(4, 4)
    cases = cases[(cases <= counts).all(axis=1)]
    law = stats.multivariate_hypergeom(counts, 4).pmf(cases)
    assert listed(tally(drawn, cases), law)


@pytest.mark.parametrize(
    ("counts", "count"),
    [
        ((300, 0, 500, 200), 400),
        ((300, 0, 500, 200), 700),
        ((90, 60, 1, 0), 70),
        ((10**8, 10**6, 0, 10**8), 10**8),
    ],
)
def test_a_hypergeometric_has_its_marginal_laws(counts, count):
    keys = jax.random.split(jax.random.key(5), CHAINS)
    counts = np.array(counts)
    drawn = np.asarray(hypergeometrics(keys, counts, count), np.int64)
    assert (drawn.sum(axis=1) == count).all()
    assert (drawn >= 0).all()
    assert (drawn <= counts).all()
    total = counts.sum()
    share = counts / total
    variance = count * share * (1 - share) * (total - count) / (total - 1)
    scaled = (drawn - count * share)[:, counts > 0] / np.sqrt(variance[counts > 0])
    assert same_mean(scaled, np.zeros(scaled.shape[1]))
    assert same_mean(scaled**2, np.ones(scaled.shape[1]))
    if total < 10**4:
        for values, n in zip(drawn.T, counts, strict=True):
            assert n == 0 or has_law(values, stats.hypergeom(total, n, count))


@settings(max_examples=20)
@given(
    seed=st.integers(0, 2**32 - 1),
    counts=st.lists(st.integers(0, 10**8), min_size=4, max_size=4),
    share=st.floats(0, 1.2),
)
def test_hypergeometrics_take_what_is_there(seed, counts, share):
    counts = np.array(counts)
    count = round(share * counts.sum())
    drawn = np.asarray(hypergeometrics(jax.random.split(jax.random.key(seed), 16), counts, count))
    assert (drawn >= 0).all()
    assert (drawn <= counts).all()
    assert (drawn.sum(axis=1) == min(count, counts.sum())).all()


def test_categorical_draws_have_their_law():
    draw = jax.jit(
        lambda key: random_counts.categorical(key, LAW, (4 * COUNT,)), compiler_options=COMPILE_FAST
    )
    found = np.bincount(np.asarray(draw(jax.random.key(6))), minlength=len(LAW))
    assert (found[LAW == 0] == 0).all()
    assert listed(found[LAW > 0], LAW[LAW > 0])
    assert not listed(found[LAW > 0], (LAW * [1.02, 1, 1, 1, 1, 1])[LAW > 0])


def test_a_cumulative_sum_of_many_types_revives_none():
    law = np.random.default_rng(7).random(1000) * (np.arange(1000) % 7 == 3)
    law = law / law.sum()
    drawn = jax.jit(
        lambda key: (
            random_counts.categorical(key, law, (2**16,)),
            random_counts.multinomial(key, 300, law),
        ),
        compiler_options=COMPILE_FAST,
    )(jax.random.key(8))
    assert (law[np.asarray(drawn[0])] > 0).all()
    assert (np.asarray(drawn[1])[law == 0] == 0).all()
    assert drawn[1].sum() == 300


MOST = 2**31 - 1
MANY_CHAINS = 2**13
"""Enough: one first proposal in 700 is above int32 when all tokens that it holds are drawn."""


@pytest.mark.parametrize("law", [(1.0, 0.0), (0.5, 0.5), (0.999, 0.001)])
def test_as_many_tokens_as_int32_holds_do_not_wrap(law):
    keys = jax.random.split(jax.random.key(1), MANY_CHAINS)
    draw = jax.vmap(lambda key: random_counts.multinomial(key, MOST, np.asarray(law)))
    counts = np.asarray(jax.jit(draw, compiler_options=COMPILE_FAST)(keys)).astype(np.int64)
    assert counts.min() >= 0
    assert (counts.sum(axis=1) == MOST).all()
    deviation = (counts[:, 1] - MOST * law[1]) / math.sqrt(MOST * law[1] * law[0] + 1e-9)
    assert np.abs(deviation).max() < 7


def test_as_many_trials_as_int32_holds_do_not_wrap():
    keys = jax.random.split(jax.random.key(2), MANY_CHAINS)
    draw = jax.vmap(lambda key: random_counts.binomial(key, np.array(MOST), 0.25))
    counts = np.asarray(jax.jit(draw, compiler_options=COMPILE_FAST)(keys)).astype(np.int64)
    deviation = (counts - MOST / 4) / math.sqrt(MOST * 3 / 16)
    assert np.abs(deviation).max() < 7


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (
            lambda key: random_counts.multinomial(key, 2**31, LAW),
            "count=2147483648: accepted are integers from 0 to 2147483647",
        ),
        (lambda key: random_counts.multinomial(key, np.array(2**32 + 1), LAW), "count=4294967297"),
        (lambda key: random_counts.multinomial(key, -1, LAW), "count=-1"),
        (lambda key: random_counts.binomial(key, np.array([5, 2**40]), 0.5), "count=1099511627776"),
        (
            lambda key: random_counts.binomial(key, np.array(5), 0.75),
            r"chance=0.75: accepted are numbers from 0 to 0.5",
        ),
        (
            lambda key: random_counts.hypergeometric(key, np.full(3, 2**30), 5),
            "sum of counts=3221225472",
        ),
        (lambda key: random_counts.hypergeometric(key, np.full(3, 5), 2**31), "count=2147483648"),
        (
            lambda key: random_counts.poisson(key, np.array([1.0, 2.0**31])),
            "mean=2147483648.0: accepted are numbers from 0 to 2146435072",
        ),
        (lambda key: random_counts.poisson(key, np.array([-1.0])), "mean=-1.0"),
    ],
)
def test_counts_that_int32_does_not_hold_are_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call(jax.random.key(0))
