"""Theorem 1 vector by vector: the published recursion, its printed solution, and the package.

Both sides see the same noises and masks, so agreement is to rounding and needs no statistics.
"""

from dataclasses import replace
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from collapse_sim import masks as policies
from collapse_sim.editing import Edit
from collapse_sim.linear.design import GivenDesign
from collapse_sim.linear.learner import LinearLearner
from collapse_sim.masks import MaskPolicy
from collapse_sim.regimes import Generation
from tests.collapse_sim.draws import COMPILE_FAST
from theory.editing.published import theorem_1_estimate, theorem_1_is_exact

VARIANTS = ("chained", "anchored", "additive")


def published_recursion(
    design: np.ndarray,
    true_weights: np.ndarray,
    noises: np.ndarray,
    masks: np.ndarray,
    variant: str = "chained",
) -> np.ndarray:
    """w_1, ..., w_n: fit, relabel the masked rows by the fit and new noise, fit again."""
    human = labels = design @ true_weights + noises[0]
    weights = [np.linalg.lstsq(design, labels)[0]]
    for mask, noise in zip(masks, noises[1:], strict=True):
        if variant == "additive":
            labels = labels + mask * noise
        else:
            kept = labels if variant == "chained" else human
            labels = np.where(mask, design @ weights[-1] + noise, kept)
        weights.append(np.linalg.lstsq(design, labels)[0])
    return np.array(weights)


def gaussian(shape: tuple[int, ...], seed: int) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=shape)


@st.composite
def instances(draw, masks=None):
    """A Gaussian design with true weights, noises and masks."""
    dim, edits = draw(st.integers(1, 4)), draw(st.integers(1, 4))
    samples, seed = draw(st.integers(dim + 1, 12)), draw(st.integers(0, 2**32 - 1))
    rows = st.lists(st.booleans(), min_size=samples, max_size=samples)
    chosen = [draw(rows if masks is None else masks(samples)) for _ in range(edits)]
    return {
        "design": gaussian((samples, dim), seed),
        "true_weights": gaussian((dim,), seed + 1),
        "noises": gaussian((edits + 1, samples), seed + 2),
        "masks": np.array(chosen, int),
    }


def assert_same(found: np.ndarray, expected: np.ndarray, design: np.ndarray):
    # errors of a least-squares fit in float64 grow with its condition number
    scale = max(1.0, np.abs(expected).max()) * np.linalg.cond(design)
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-11 * scale)


@given(instances())
def test_the_printed_formula_solves_additive_injection(instance):
    found = published_recursion(**instance, variant="additive")
    assert_same(found, theorem_1_estimate(**instance), instance["design"])


@given(instances(masks=lambda samples: st.sampled_from(([0] * samples, [1] * samples))))
def test_the_printed_formula_holds_for_all_rows_or_none(instance):
    expected = theorem_1_estimate(**instance)
    assert_same(published_recursion(**instance), expected, instance["design"])


@given(
    groups=st.lists(st.integers(1, 4), min_size=1, max_size=4),
    edits=st.integers(1, 4),
    seed=st.integers(0, 2**32 - 1),
)
def test_the_printed_formula_holds_for_whole_groups_of_a_one_hot_design(groups, edits, seed):
    design = np.repeat(np.eye(len(groups)), groups, axis=0)
    rng = np.random.default_rng(seed)
    instance = {
        "design": design,
        "true_weights": rng.normal(size=len(groups)),
        "noises": rng.normal(size=(edits + 1, len(design))),
        "masks": np.repeat(rng.integers(0, 2, (edits, len(groups))), groups, axis=1),
    }
    assert_same(published_recursion(**instance), theorem_1_estimate(**instance), design)


@given(instances())
def test_the_printed_formula_holds_only_where_theory_says_so(instance):
    design, masks = instance["design"], instance["masks"]
    gap = np.abs(published_recursion(**instance) - theorem_1_estimate(**instance)).max()
    if theorem_1_is_exact(design=design, masks=masks):
        assert gap < 1e-8 * np.linalg.cond(design)
    else:  # for Gaussian noises a gap of exactly zero has no probability
        assert gap > 1e-12


def test_anchored_editing_differs_from_the_printed_formula_even_for_all_rows():
    instance = {
        "design": gaussian((6, 2), 1),
        "true_weights": np.zeros(2),
        "noises": gaussian((3, 6), 2),
        "masks": np.array([[1] * 6, [0] * 6]),
    }
    chained = published_recursion(**instance)
    anchored = published_recursion(**instance, variant="anchored")
    np.testing.assert_allclose(chained, theorem_1_estimate(**instance), atol=1e-12)
    assert np.abs(anchored - chained)[2].max() > 0.1  # an empty edit restores the human labels


def test_the_two_row_example_has_its_coefficients():
    """docs/theory.md, "Counterexamples by hand": unit noises read off the coefficients."""
    design, masks = np.ones((2, 1)), np.array([[1, 0], [0, 1]])

    def coefficients(solve) -> np.ndarray:
        """Of w_3 on (e_1, e_2), (f_1, .), (., f_2)."""
        found = []
        for edit, row in ((0, 0), (0, 1), (1, 0), (2, 1)):
            noises = np.zeros((3, 2))
            noises[edit, row] = 1
            weights = solve(design=design, true_weights=np.zeros(1), noises=noises, masks=masks)
            found.append(weights[:, 0])
        return np.array(found).T

    expected = np.array(
        [[1 / 2, 1 / 2, 0, 0], [1 / 4, 3 / 4, 1 / 2, 0], [3 / 8, 5 / 8, 3 / 4, 1 / 2]]
    )
    found = coefficients(published_recursion)
    np.testing.assert_allclose(found, expected, atol=1e-15)
    np.testing.assert_allclose((found**2).sum(1), [1 / 2, 7 / 8, 43 / 32])
    printed = coefficients(theorem_1_estimate)
    np.testing.assert_allclose(printed[2], [1 / 2] * 4, atol=1e-15)


SAMPLES, DIM, EDITS = 9, 3, 3
DESIGN = gaussian((SAMPLES, DIM), 11)


def relabel(data, labels):
    return replace(data, labels=jnp.asarray(labels))


@partial(jax.jit, compiler_options=COMPILE_FAST)
def fits_and_masks(learner: LinearLearner, edit: Edit, noises):
    """Fits by the package's own steps, with noises given by hand; the true weights are zero."""
    data, _ = learner.human(jax.random.key(0))
    human = relabel(data, noises[0])
    data, memory = edit.start(human, len(noises))
    fits, masks, fractions = [learner.fit(human)], [], []
    for number, noise in enumerate(noises[1:], start=1):

        def resample(kept, frozen=False, fit=fits[-1], noise=noise):
            writer = jnp.where(jnp.asarray(frozen), fits[0], fit)
            drawn = learner.resample(jax.random.key(0), writer, kept)
            return drawn._replace(labels=drawn.expected + noise)

        seen = Generation(
            number=jnp.asarray(number),
            human=human,
            current=data,
            synthetic=lambda: human,
            resample=resample,
            fresh_human=lambda: human,
        )
        data, memory, edited_fraction = edit.step(jax.random.key(number), memory, seen)
        fits.append(learner.fit(data))
        masks.append(memory)
        fractions.append(edited_fraction)
    return jnp.stack(fits), jnp.stack(masks), jnp.stack(fractions)


def package_recursion(
    edit: Edit, noises: np.ndarray, noise_std: float = 1.0
) -> tuple[np.ndarray, np.ndarray]:
    """w_1, ..., w_n on DESIGN, and the masks that were used."""
    learner = LinearLearner(GivenDesign.of(DESIGN), noise_std)
    fits, masks, fractions = fits_and_masks(learner, edit, noises.astype(np.float32))
    np.testing.assert_allclose(fractions, masks.mean(1), rtol=1e-6)
    # The package fits u = R w, with X = Q R.
    weights = np.linalg.solve(np.linalg.qr(DESIGN)[1], np.asarray(fits, float).T).T
    return weights, np.asarray(masks)


def plain(noises: np.ndarray, masks: np.ndarray, variant: str = "chained") -> np.ndarray:
    return published_recursion(DESIGN, np.zeros(DIM), noises, masks, variant)


FLOAT32 = 1e-5  # a few roundings of numbers near 1, times a condition number near 3


@given(seed=st.integers(0, 2**32 - 1))
@settings(max_examples=25)
@pytest.mark.parametrize("variant", VARIANTS)
def test_the_package_edits_as_published(variant, seed):
    rng = np.random.default_rng(seed)
    masks, noises = rng.random((EDITS, SAMPLES)) < 0.5, rng.normal(size=(EDITS + 1, SAMPLES))
    edit = Edit.of(MaskPolicy.of(masks), variant)
    found, used = package_recursion(edit, noises)
    np.testing.assert_array_equal(used, masks)
    np.testing.assert_allclose(found, plain(noises, masks, variant), atol=FLOAT32)


def test_the_variants_are_told_apart():
    """Negative control: the comparison above sees a wrong variant."""
    noises = gaussian((EDITS + 1, SAMPLES), 12)
    masks = np.arange(SAMPLES) % 3 == np.arange(EDITS)[:, None]
    masks[2] = masks[0]
    found = [package_recursion(Edit.of(MaskPolicy.of(masks), v), noises)[0] for v in VARIANTS]
    for i, variant in enumerate(VARIANTS):
        for j, weights in enumerate(found):
            gap = np.abs(weights - plain(noises, masks, variant)).max()
            assert (gap < FLOAT32) == (i == j)


@pytest.mark.parametrize("nested", [False, True])
@pytest.mark.parametrize("unconfident", [False, True])
def test_confidence_masks_follow_the_residuals_of_the_last_fit(nested, unconfident):
    noises, threshold = gaussian((EDITS + 1, SAMPLES), 24), 0.7
    policy = policies.confident(SAMPLES, EDITS, threshold, nested=nested, unconfident=unconfident)
    found, used = package_recursion(Edit.of(policy), noises)
    np.testing.assert_allclose(found, plain(noises, used), atol=FLOAT32)
    labels, previous, re_entered = noises[0], np.ones(SAMPLES, bool), False
    for weights, mask, noise in zip(found, used, noises[1:], strict=False):
        residuals = np.abs(labels - DESIGN @ weights)
        wanted = residuals > threshold if unconfident else residuals <= threshold
        np.testing.assert_array_equal(mask, wanted & previous if nested else wanted)
        re_entered |= bool((wanted & ~previous).any())
        labels = np.where(mask, DESIGN @ weights + noise, labels)
        previous = mask
    assert re_entered  # else nested and free masks are the same and the test says nothing


def test_surprise_is_in_units_of_the_noise():
    noises = gaussian((EDITS + 1, SAMPLES), 14)
    edit = Edit.of(policies.confident(SAMPLES, EDITS, 0.7))
    small = package_recursion(edit, noises)[1]
    np.testing.assert_array_equal(small, package_recursion(edit, 3 * noises, noise_std=3.0)[1])
    assert (small != package_recursion(edit, noises, noise_std=3.0)[1]).any()


def test_a_schedule_must_fit_the_data():
    edit = Edit.of(MaskPolicy.of(np.ones((EDITS, SAMPLES - 1), bool)))
    with pytest.raises(ValueError, match="8 columns: accepted is one for each of the 9 positions"):
        edit.start(LinearLearner(GivenDesign.of(DESIGN)).human(jax.random.key(0))[0], EDITS)


def test_an_unknown_variant_is_refused():
    policy = MaskPolicy.of(np.ones((EDITS, SAMPLES), bool))
    with pytest.raises(ValueError, match="variant=both: accepted are chained, anchored, additive"):
        Edit.of(policy, "both")
