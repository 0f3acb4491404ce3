"""The sampler's laws against NumPy's, and its draws against the laws."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from collapse_sim.language.sampling import Sampler, inverse_distribution

FALSE_ALARM = 1e-6
"""Of each chi-squared test; all keys are fixed."""

sample = jax.jit(inverse_distribution)
"""Compiled once for each number of outcomes."""


def spaced(count: int) -> np.ndarray:
    """The midpoints of `count` equal parts of (0, 1)."""
    return ((np.arange(count) + 0.5) / count).astype(np.float32)


def outcomes(weights, count: int) -> np.ndarray:
    """How often each outcome comes for equally spaced uniforms."""
    rows = jnp.broadcast_to(jnp.asarray(weights, jnp.float32), (count, len(weights)))
    drawn = np.asarray(sample(jnp.asarray(spaced(count)), rows))
    assert drawn.min() >= 0
    return np.bincount(drawn, minlength=len(weights))


LENGTHS = (1, 2, 3, 7, 13, 16, 31, 64, 97)
"""One outcome, primes, powers of two: blocks that are filled up and blocks that are full."""


@st.composite
def whole_weights(draw):
    """Small whole numbers, many of them 0: every sum is exact in float32."""
    length = draw(st.sampled_from(LENGTHS))
    element = st.one_of(st.just(0), st.just(0), st.integers(0, 9))
    weights = draw(st.lists(element, min_size=length, max_size=length))
    if not any(weights):
        weights[draw(st.integers(0, length - 1))] = 1
    return np.array(weights)


COUNT = 1024


@settings(max_examples=150)
@given(weights=whole_weights())
def test_frequencies_are_exact_for_equally_spaced_uniforms(weights):
    """Each outcome's count is count * weight / sum to less than one; weight 0 never comes."""
    found = outcomes(weights, COUNT)
    assert found[weights == 0].sum() == 0
    assert len(found) == len(weights)
    assert (np.abs(found - COUNT * weights / weights.sum()) < 1).all()


def test_whole_shares_come_exactly():
    np.testing.assert_array_equal(outcomes([1, 0, 2, 0, 5], 800), [100, 0, 200, 0, 500])
    np.testing.assert_array_equal(outcomes([0, 3], 10), [0, 10])
    np.testing.assert_array_equal(outcomes([0.25], 10), [10])
    np.testing.assert_array_equal(outcomes(np.ones(97), 970), np.full(97, 10))


@settings(max_examples=150)
@given(
    exponents=st.sampled_from(LENGTHS).flatmap(
        lambda length: st.lists(
            st.one_of(st.none(), st.floats(-60, 0, width=32)), min_size=length, max_size=length
        )
    )
)
def test_outcomes_of_weight_0_never_come(exponents):
    """However unequal the weights, and for the uniforms at both ends of (0, 1) too."""
    weights = np.array([0 if e is None else np.exp(e) for e in exponents], np.float32)
    weights[len(weights) // 2] = 1
    ends = np.array([2.0**-24, 2.0**-23, 0.5, 1 - 2.0**-23, 1 - 2.0**-24], np.float32)
    uniforms = np.concatenate([ends, spaced(COUNT - len(ends))])
    rows = jnp.broadcast_to(jnp.asarray(weights), (COUNT, len(weights)))
    drawn = np.asarray(sample(jnp.asarray(uniforms), rows))
    assert (weights[drawn] > 0).all()


def test_larger_uniforms_give_later_outcomes():
    """Inverse of the distribution function: what couples two samplers with the same uniforms."""
    weights = np.random.default_rng(1).integers(0, 5, 97)
    rows = jnp.broadcast_to(jnp.asarray(weights, jnp.float32), (COUNT, 97))
    drawn = np.asarray(sample(jnp.asarray(spaced(COUNT)), rows))
    assert (np.diff(drawn) >= 0).all()
    expected = np.searchsorted(np.cumsum(weights) / weights.sum(), spaced(COUNT), side="right")
    assert (drawn == expected).mean() > 0.99  # but where rounding decides


# The laws


def law(sampler: Sampler, logits, current: int | None = None) -> np.ndarray:
    weights = sampler.weights(
        jnp.asarray(logits, jnp.float32), None if current is None else jnp.int32(current)
    )
    weights = np.asarray(weights, float)
    assert weights.max() == 1
    return weights / weights.sum()


def reference(logits, *, temperature=1.0, top_k=None, top_p=None, without=None) -> np.ndarray:
    """The definition, token by token, for probabilities without ties."""
    probabilities = np.exp(np.asarray(logits, float) / temperature)
    if without is not None:
        probabilities[without] = 0
    probabilities /= probabilities.sum()
    order = np.argsort(-probabilities)
    if top_k is not None:
        probabilities[order[top_k:]] = 0
        probabilities /= probabilities.sum()
    if top_p is not None:
        kept, total = 0, 0.0
        while total < top_p and kept < len(order):
            total += probabilities[order[kept]]
            kept += 1
        probabilities[order[kept:]] = 0
    return probabilities / probabilities.sum()


LOGITS = np.random.default_rng(2).normal(0, 2, 23)
SAMPLERS = [
    {"temperature": 1.0},
    {"temperature": 0.25},
    {"temperature": 3.0},
    {"top_k": 1},
    {"top_k": 5},
    {"top_k": 23},
    {"top_k": 1000},
    {"top_p": 0.001},
    {"top_p": 0.6},
    {"top_p": 0.95},
    {"top_p": 1.0},
    {"temperature": 2.0, "top_k": 7, "top_p": 0.8},
]


@pytest.mark.parametrize("options", SAMPLERS, ids=str)
def test_laws_are_those_of_the_definition(options):
    expected = reference(LOGITS, **options)
    np.testing.assert_allclose(law(Sampler(**options), LOGITS), expected, rtol=2e-5, atol=1e-12)


@pytest.mark.parametrize("options", SAMPLERS, ids=str)
@pytest.mark.parametrize("current", [int(np.argmax(LOGITS)), 0])
def test_the_current_token_is_rejected_before_anything_else(options, current):
    expected = reference(LOGITS, without=current, **options)
    found = law(Sampler(**options, reject_current=True), LOGITS, current)
    assert found[current] == 0
    np.testing.assert_allclose(found, expected, rtol=2e-5, atol=1e-12)


def test_top_p_keeps_the_fewest_tokens_that_reach_it():
    logits = np.log([0.5, 0.25, 0.125, 0.125])
    for top_p, kept in ((0.01, 1), (0.5, 1), (0.51, 2), (0.75, 2), (0.76, 4), (1.0, 4)):
        assert np.count_nonzero(law(Sampler(top_p=top_p), logits)) == kept


def test_far_logits_neither_overflow_nor_vanish():
    np.testing.assert_allclose(law(Sampler(), [1e4, 1e4 - 1, -1e4]), reference([1, 0, -1e4]), 1e-5)
    cold = law(Sampler(temperature=1e-3), [3.0, 2.0, 1.0])
    np.testing.assert_array_equal(cold, [1, 0, 0])
    masked = law(Sampler(), [-np.inf, 0.0, -np.inf])
    np.testing.assert_array_equal(masked, [0, 1, 0])


def test_half_precision_logits_give_float32_weights():
    assert Sampler().weights(jnp.zeros((2, 3), jnp.bfloat16)).dtype == jnp.float32


def test_temperatures():
    for temperature in (0.5, 1.0, 2.0):
        found = np.asarray(Sampler(temperature).weights(jnp.asarray(LOGITS, jnp.float32)), float)
        expected = reference(LOGITS, temperature=temperature)
        np.testing.assert_allclose(found / found.sum(), expected, rtol=2e-5, atol=1e-12)


# The draws


def allows(drawn: np.ndarray, probabilities: np.ndarray) -> bool:
    """Whether a chi-squared test leaves the law possible; what is rare is pooled."""
    assert (probabilities[drawn] > 0).all()
    order = np.argsort(probabilities)
    expected = len(drawn) * probabilities[order]
    found = np.bincount(drawn, minlength=len(probabilities))[order]
    rare = np.cumsum(expected) < 20
    groups = (
        np.append(expected[rare].sum(), expected[~rare]),
        np.append(found[rare].sum(), found[~rare]),
    )
    used = groups[0] > 1e-9
    if used.sum() == 1:
        return True
    fit = stats.chisquare(groups[1][used], groups[0][used] * found.sum() / groups[0][used].sum())
    return bool(fit.pvalue > FALSE_ALARM)


DRAWS = 100_000


def draw(sampler: Sampler, current: int, seed: int) -> np.ndarray:
    uniforms = jax.random.uniform(jax.random.key(seed), (DRAWS,), minval=1e-7)
    rows = jnp.broadcast_to(jnp.asarray(LOGITS, jnp.float32), (DRAWS, len(LOGITS)))
    return np.asarray(sampler.draw(uniforms, rows, jnp.full(DRAWS, current, jnp.int32)))


@pytest.mark.parametrize("options", SAMPLERS[1:11:3] + SAMPLERS[-1:], ids=str)
@pytest.mark.parametrize("reject_current", [False, True])
def test_draws_follow_their_law(options, reject_current):
    current = int(np.argmax(LOGITS))
    drawn = draw(Sampler(**options, reject_current=reject_current), current, seed=11)
    expected = reference(LOGITS, without=current if reject_current else None, **options)
    assert allows(drawn, expected)


def test_the_chi_squared_test_sees_another_law():
    """The control: five percent more temperature."""
    drawn = draw(Sampler(temperature=1.05), 0, seed=11)
    assert allows(drawn, reference(LOGITS, temperature=1.05))
    assert not allows(drawn, reference(LOGITS))


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"temperature": 0.0}, "temperature=0.0: accepted are finite numbers > 0"),
        ({"temperature": -1.0}, "temperature=-1.0: accepted are finite numbers > 0"),
        ({"temperature": float("inf")}, "temperature=inf: accepted are finite numbers > 0"),
        ({"temperature": float("nan")}, "temperature=nan: accepted are finite numbers > 0"),
        ({"top_k": 0}, "top_k=0: accepted are integers >= 1"),
        ({"top_p": 0.0}, r"top_p=0.0: accepted is \(0, 1\]"),
        ({"top_p": 1.1}, r"top_p=1.1: accepted is \(0, 1\]"),
    ],
)
def test_bad_samplers(options, says):
    with pytest.raises(ValueError, match=says):
        Sampler(**options)


def test_rejecting_needs_to_know_what_stands():
    with pytest.raises(ValueError, match="reject_current: needs the current tokens"):
        Sampler(reject_current=True).weights(jnp.zeros(3))
