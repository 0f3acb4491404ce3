"""Schedules and mask policies: what they promise, and what they refuse."""

from functools import partial

import jax
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from collapse_sim import masks
from collapse_sim.masks import MaskPolicy
from tests.collapse_sim.draws import COMPILE_FAST, FAILURE_RATE

ROWS, EDITS = 12, 5  # of every policy drawn here, so that one program serves them all
DRAWS = 4096


@partial(jax.jit, compiler_options=COMPILE_FAST)
def draw_masks(policy, keys, generation, surprise, previous):
    return jax.vmap(lambda key: policy.mask(key, generation, surprise, previous))(keys)


def drawn(policy: MaskPolicy, generation: int, surprise=None, previous=None) -> np.ndarray:
    """Independent masks of the edit after fit `generation`, (DRAWS, rows)."""
    keys = jax.random.split(jax.random.key(generation), DRAWS)
    surprise = np.zeros(ROWS) if surprise is None else surprise
    previous = np.ones(ROWS, bool) if previous is None else previous
    return np.asarray(
        draw_masks(policy, keys, np.int32(generation), surprise.astype(np.float32), previous)
    )


def one(policy: MaskPolicy, generation: int, **seen) -> np.ndarray:
    """The mask of a policy that draws nothing."""
    masks_n = drawn(policy, generation, **seen)
    assert (masks_n == masks_n[0]).all()
    return masks_n[0]


def chi_square_p_value(values: np.ndarray, chances: np.ndarray) -> float:
    """Of counts 0, 1, 2, ... against their chances; those expected under 5 times are pooled."""
    observed, expected = np.bincount(values, minlength=len(chances)), len(values) * chances
    rare = expected < 5
    observed = np.append(observed[~rare], observed[rare].sum())
    expected = np.append(expected[~rare], expected[rare].sum())
    return stats.chisquare(observed[expected > 0], expected[expected > 0]).pvalue


@given(
    samples=st.integers(1, 60),
    edits=st.integers(1, 9),
    fraction=st.floats(0, 1),
    blocks=st.none() | st.integers(1, 9),
)
def test_disjoint_blocks_are_equal_disjoint_and_cover_the_fraction(
    samples, edits, fraction, blocks
):
    schedule = masks.disjoint(samples, edits, fraction, blocks)
    number = edits if blocks is None else blocks
    assert schedule.shape == (edits, samples)
    assert schedule.sum(0).max() <= 1
    sizes = schedule[:number].sum(1)
    assert np.ptp(sizes) <= 1
    assert not schedule[number:].any()
    if number <= edits:
        assert schedule.sum() == round(fraction * samples)


@given(samples=st.integers(1, 60), edits=st.integers(1, 9), fraction=st.floats(0, 1))
def test_single_edits_once_and_fixed_always_the_same_rows(samples, edits, fraction):
    fixed, single = (f(samples, edits, fraction) for f in (masks.fixed, masks.single))
    assert (fixed.sum(1) == round(fraction * samples)).all()
    assert (fixed == fixed[0]).all()
    assert (single[0] == fixed[0]).all() and not single[1:].any()


@given(
    samples=st.integers(1, 500),
    edits=st.integers(1, 12),
    fraction=st.floats(0, 1),
    decay=st.floats(0.01, 0.99),
)
def test_geometric_counts_round_a_geometric_sequence(samples, edits, fraction, decay):
    counts = masks.geometric_counts(samples, edits, fraction, decay)
    assert len(counts) == edits
    first = round(fraction * samples)
    for edit, count in enumerate(counts):
        assert isinstance(count, int)
        assert abs(count - first * decay**edit) <= 0.5 + 1e-9


@given(st.integers(1, 5).flatmap(lambda edits: st.lists(st.integers(0, 2**edits - 1), min_size=1)))
def test_blocks_are_the_rows_of_one_history(codes):
    edits = max(codes).bit_length() or 1
    schedule = (np.array(codes) >> np.arange(edits)[:, None] & 1).astype(bool)
    sizes, histories = masks.blocks_of(schedule)
    assert sum(sizes) == len(codes)
    assert len(np.unique(histories, axis=1).T) == len(sizes)
    spread = np.repeat(histories, sizes, axis=1)
    assert sorted(map(tuple, spread.T)) == sorted(map(tuple, schedule.T))


def test_a_schedule_is_followed_and_then_nothing_is_edited():
    schedule = np.random.default_rng(1).random((EDITS, ROWS)) < 0.4
    policy = MaskPolicy.of(schedule)
    for generation, mask in enumerate(schedule, start=1):
        np.testing.assert_array_equal(one(policy, generation), mask)
    assert not one(policy, EDITS + 1).any()
    assert not one(policy, EDITS + 9).any()


def test_nothing_is_drawn_after_the_last_entry_either():
    for policy in (
        masks.random_masks(ROWS, EDITS, 1.0),
        masks.random_subsets(ROWS, (ROWS,) * EDITS),
        masks.confident(ROWS, EDITS, 1.0),
    ):
        assert drawn(policy, EDITS).all()
        assert not drawn(policy, EDITS + 1).any()


def test_subsets_have_exactly_their_count_in_every_draw():
    counts = (0, 1, 5, ROWS - 1, ROWS)
    policy = masks.random_subsets(ROWS, counts)
    for generation, count in enumerate(counts, start=1):
        assert (drawn(policy, generation).sum(1) == count).all()


@pytest.mark.parametrize("count", [1, 5])
def test_subsets_are_uniform(count):
    chosen = drawn(masks.random_subsets(ROWS, (count,) * EDITS), 1)
    rows = chosen.sum(0)
    # The counts of the rows have covariance DRAWS m (1 - m) (I - 1 1^T / T) T / (T - 1).
    share = count / ROWS
    variance = DRAWS * share * (1 - share) * ROWS / (ROWS - 1)
    statistic = ((rows - DRAWS * share) ** 2).sum() / variance
    assert stats.chi2(ROWS - 1).sf(statistic) > FAILURE_RATE
    pairs = (chosen.T.astype(int) @ chosen)[np.triu_indices(ROWS, 1)]
    both = count * (count - 1) / (ROWS * (ROWS - 1))
    p_value = min(stats.binomtest(int(n), DRAWS, both).pvalue for n in pairs)
    assert p_value > FAILURE_RATE / len(pairs)


def test_subsets_of_two_keys_are_independent():
    policy = masks.random_subsets(ROWS, (6,) * EDITS)
    overlap = (drawn(policy, 1) & drawn(policy, 2)).sum(1)
    assert chi_square_p_value(overlap, stats.hypergeom(ROWS, 6, 6).pmf(np.arange(7))) > FAILURE_RATE


@pytest.mark.parametrize("rate", [0.3, 0.97])
def test_rows_are_drawn_independently_at_the_rate(rate):
    chosen = drawn(masks.random_masks(ROWS, EDITS, rate), 1)
    chances = stats.binom(ROWS, rate).pmf(np.arange(ROWS + 1))
    assert chi_square_p_value(chosen.sum(1), chances) > FAILURE_RATE
    rows = [stats.binomtest(int(n), DRAWS, rate).pvalue for n in chosen.sum(0)]
    assert min(rows) > FAILURE_RATE / ROWS


def test_a_rate_of_zero_edits_none_and_of_one_all():
    assert not drawn(masks.random_masks(ROWS, EDITS, 0.0), 1).any()
    assert drawn(masks.random_masks(ROWS, EDITS, 1.0), 1).all()


SURPRISE = np.linspace(0, 2.2, ROWS)
HALF = np.arange(ROWS) % 2 == 0


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({}, SURPRISE <= 1),
        ({"nested": True}, (SURPRISE <= 1) & HALF),
        ({"unconfident": True}, SURPRISE > 1),
        ({"unconfident": True, "nested": True}, (SURPRISE > 1) & HALF),
    ],
)
def test_confidence_masks_are_comparisons(options, expected):
    policy = masks.confident(ROWS, EDITS, 1.0, **options)
    assert policy.looks_at_residuals
    for generation in (1, 2):
        found = one(policy, generation, surprise=SURPRISE, previous=HALF)
        np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize("unconfident", [False, True])
def test_a_surprise_at_the_threshold_counts_as_confident(unconfident):
    policy = masks.confident(ROWS, EDITS, 0.5, unconfident=unconfident)
    at = one(policy, 1, surprise=np.full(ROWS, 0.5))
    assert (at == (not unconfident)).all()


def test_the_conditions_of_a_policy_hold_together():
    schedule = np.tile(HALF, (EDITS, 1))
    policy = MaskPolicy.of(schedule, rate=0.5, least=0.3, most=1.5)
    allowed = HALF & (SURPRISE > 0.3) & (SURPRISE <= 1.5)
    chosen = drawn(policy, 1, surprise=SURPRISE)
    assert not chosen[:, ~allowed].any()
    p_value = stats.binomtest(int(chosen.sum()), DRAWS * int(allowed.sum()), 0.5).pvalue
    assert p_value > FAILURE_RATE


def test_only_confidence_looks_at_residuals():
    for policy in (
        MaskPolicy.of(masks.disjoint(ROWS, 2)),
        masks.random_masks(ROWS, 2, 0.5),
        masks.random_subsets(ROWS, (3,)),
    ):
        assert not policy.looks_at_residuals


def test_policies_of_one_shape_share_one_program():
    drawn(masks.random_masks(ROWS, EDITS, 0.5), 1)
    programs = draw_masks._cache_size()
    for policy in (
        MaskPolicy.of(masks.disjoint(ROWS, EDITS)),
        masks.random_subsets(ROWS, (3, 1, 0, 2, 5)),
        masks.confident(ROWS, EDITS, 1.0, nested=True),
        masks.confident(ROWS, EDITS, 0.1, unconfident=True),
    ):
        drawn(policy, 2)
    assert draw_masks._cache_size() == programs


ONES = np.ones((2, ROWS), bool)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: masks.fixed(ROWS, 2, 1.5), r"fraction=1\.5: accepted is \[0, 1\]"),
        (lambda: masks.single(ROWS, 2, -0.1), r"fraction=-0\.1: accepted is \[0, 1\]"),
        (lambda: masks.disjoint(ROWS, 2, 1.01), r"fraction=1\.01: accepted is \[0, 1\]"),
        (lambda: masks.fixed(ROWS, 2, float("nan")), r"fraction=nan: accepted is \[0, 1\]"),
        (lambda: masks.geometric_counts(ROWS, 2, 2.0, 0.5), r"fraction=2\.0: accepted"),
        (lambda: masks.geometric_counts(ROWS, 2, 0.5, 1.0), r"decay=1\.0: accepted is \(0, 1\)"),
        (lambda: masks.geometric_counts(ROWS, 2, 0.5, 0.0), r"decay=0\.0: accepted is \(0, 1\)"),
        (lambda: masks.random_masks(ROWS, 2, 1.1), r"rate=1\.1: accepted is \[0, 1\]"),
        (lambda: masks.random_subsets(ROWS, (ROWS + 1,)), r"counts=.*integers from 0 to 12"),
        (lambda: masks.random_subsets(ROWS, (3, ROWS + 1)), r"counts=.*integers from 0 to 12"),
        (lambda: masks.random_subsets(ROWS, (3, -1)), r"counts=.*2 integers from 0 to 12"),
        (lambda: MaskPolicy.of(ONES, counts=(3,)), r"counts=\(3,\): accepted are 2 integers"),
        (lambda: MaskPolicy.of(ONES[0]), r"mask schedule of shape \(12,\): accepted are arrays"),
        (lambda: MaskPolicy.of(2.0 * ONES), r"mask schedule of shape \(2, 12\): .* of 0 and 1"),
        (lambda: MaskPolicy.of(0.5 * ONES), r"mask schedule of shape \(2, 12\): .* of 0 and 1"),
        (lambda: masks.confident(ROWS, 2, -1.0), r"threshold=-1\.0: accepted are numbers >= 0"),
        (lambda: masks.confident(ROWS, 2, float("nan")), r"threshold=nan: accepted are numbers"),
    ],
)
def test_unusable_masks_are_refused_by_name_value_and_range(make, message):
    with pytest.raises(ValueError, match=message):
        make()


def test_a_schedule_of_numbers_zero_and_one_is_accepted():
    schedule = np.eye(2, ROWS)
    for dtype in (int, float):
        policy = MaskPolicy.of(schedule.astype(dtype))
        np.testing.assert_array_equal(policy.schedule, schedule.astype(bool))


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda: masks.disjoint(20, edits=0), "^edits=0: accepted are integers >= 1$"),
        (lambda: masks.disjoint(20, edits=2.5), "^edits=2.5: accepted are integers >= 1$"),
        (lambda: masks.disjoint(20.0, edits=2), "^samples=20.0: accepted are integers >= 1$"),
        (lambda: masks.disjoint(20, edits=2, blocks=0), "^blocks=0: accepted are integers >= 1$"),
        (lambda: masks.single(20, 0, 0.5), "^edits=0: accepted"),
        (lambda: masks.fixed(20, 0, 0.5), "^edits=0: accepted"),
        (lambda: masks.geometric_counts(20, 0, 0.5, 0.5), "^edits=0: accepted"),
        (lambda: masks.confident(20, 0, 0.5), "^edits=0: accepted"),
        (lambda: masks.random_masks(20, -1, 0.5), "^edits=-1: accepted"),
        (lambda: masks.random_subsets(20, 5), "^counts=5: accepted are 1 integers from 0 to 20$"),
        (lambda: masks.random_subsets(20, (5.5, 5)), "^counts=.*: accepted are 2 integers from 0"),
        (lambda: MaskPolicy.of(np.ones((0, 20))), r"^mask schedule of shape \(0, 20\): accepted"),
    ],
)
def test_sizes_of_a_schedule_that_make_no_sense_are_refused(make, says, unchecked):
    with pytest.raises(ValueError, match=says):
        make()


def test_policies_of_arrays_are_compared_as_objects():
    policy = MaskPolicy.of(masks.disjoint(20, edits=2))
    assert policy == policy and policy != MaskPolicy.of(masks.disjoint(20, edits=2))
    assert len({policy, policy}) == 1
