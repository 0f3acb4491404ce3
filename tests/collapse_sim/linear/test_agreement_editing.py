"""Rows, statistics, conditional expectations and theory agree: token editing.

What is exact given the design is compared design by design, all else by its mean and law.
"""

from functools import cache, partial

import jax
import numpy as np
import pytest

from collapse_sim import masks
from collapse_sim.editing import Edit
from collapse_sim.linear.data import Rows
from collapse_sim.linear.design import GaussianDesign, GivenDesign, covariance_factor
from collapse_sim.linear.expectation import RandomMaskExpectation, ScheduledExpectation
from collapse_sim.linear.learner import LinearLearner
from collapse_sim.loop import Chain
from collapse_sim.masks import MaskPolicy
from tests.collapse_sim.draws import COMPILE_FAST, draw, same_law, same_mean, same_means
from theory.editing import finite
from theory.editing.covariance import conditional_errors, random_mask_errors
from theory.editing.published import theorem_1_error

DIM, EDITS, NOISE = 3, 3, 0.7
SIZES = np.array([2, 7, 9])  # one block has fewer rows than columns
SAMPLES = int(SIZES.sum())
AT = {"dim": DIM, "samples": SAMPLES, "noise_std": NOISE}
MEASURES = ("test_error", "scale_averaged_error")

# Which edits touch which block; columns in the order that blocks_of gives.
HISTORIES = {
    "disjoint": np.array([[0, 0, 1], [0, 1, 0], [1, 0, 0]], bool),
    "revisiting": np.array([[0, 1, 1], [1, 0, 1], [1, 1, 0]], bool),
}
SCHEDULES = {name: np.repeat(blocks, SIZES, axis=1) for name, blocks in HISTORIES.items()}
VARIANTS = ("chained", "anchored", "additive")


def gaussian_design(spectrum: str) -> GaussianDesign:
    return GaussianDesign(DIM, SAMPLES, True, covariance_factor(spectrum, DIM))


@cache
def drawn(representation: str, schedule: str, variant: str, spectrum: str = "isotropic"):
    """Measures of edits on a schedule."""
    rows = representation == "rows"
    policy = MaskPolicy.of(SCHEDULES[schedule] if rows else HISTORIES[schedule])
    learner = LinearLearner(
        gaussian_design(spectrum),
        NOISE,
        representation=representation,
        sizes=None if rows else SIZES,
    )
    return draw(Chain(learner, Edit.of(policy, variant), EDITS + 1), seed=20 + rows)


DESIGNS = 512


@cache
def expected(schedule: str, spectrum: str = "isotropic"):
    """Conditional expectations of chained edits, one for each of many designs."""
    design = gaussian_design(spectrum)
    simulation = ScheduledExpectation.of(design, SCHEDULES[schedule], noise_std=NOISE)
    np.testing.assert_array_equal(simulation.sizes, SIZES)
    return draw(simulation, seed=22, count=DESIGNS)


@partial(jax.jit, compiler_options=COMPILE_FAST)
def _frames(learner: LinearLearner, keys):
    def frame(key):
        data, truth = learner.human(key)
        if isinstance(data, Rows):
            return data.inputs, truth.readout
        # A block as dim rows of the same Gram matrix: rotations inside a block change nothing.
        return data.factors.swapaxes(1, 2).reshape(-1, DIM), truth.readout

    return jax.vmap(frame)(keys)


def frames(learner: LinearLearner, seed: int, count: int = 3) -> list[tuple[np.ndarray, ...]]:
    """Whitened designs Q of the first draws of a simulation, with D: u has the error |D u|^2."""
    keys = jax.random.split(jax.random.key(seed), DESIGNS)[:count]
    found = (np.asarray(part, float) for part in _frames(learner, keys))
    return list(zip(*found, strict=True))


@pytest.mark.parametrize("schedule", SCHEDULES)
@pytest.mark.parametrize("variant", VARIANTS)
def test_rows_and_statistics_have_the_same_law(schedule, variant):
    rows, statistics = (drawn(kind, schedule, variant) for kind in ("rows", "statistics"))
    assert rows.keys() == statistics.keys() == {*MEASURES, "edited_fraction"}
    for name in MEASURES:
        for n in range(EDITS + 1):
            assert same_law(rows[name][:, n], statistics[name][:, n])
        assert not same_law(rows[name][:, -1], 1.15 * statistics[name][:, -1])
    share = [0, *SCHEDULES[schedule].mean(1)]
    for fractions in (rows["edited_fraction"], statistics["edited_fraction"]):
        np.testing.assert_allclose(fractions, np.tile(share, (len(fractions), 1)), rtol=1e-6)


@pytest.mark.parametrize("schedule", SCHEDULES)
@pytest.mark.parametrize("representation", ["rows", "statistics"])
def test_chained_edits_have_the_mean_of_their_conditional_expectation(representation, schedule):
    values, means = drawn(representation, schedule, "chained"), expected(schedule)
    for name in MEASURES:
        later = slice(1, None) if name == "scale_averaged_error" else slice(None)
        assert same_means(values[name][:, later], means[name][:, later])
        assert not same_means(values[name][:, -1:], 1.1 * means[name][:, -1:])
    # without noise the first fit's scale-averaged error is the same for every design
    first = means["scale_averaged_error"][:, 0]
    np.testing.assert_allclose(first, NOISE**2 * DIM / (SAMPLES - DIM - 1), rtol=1e-5)


@pytest.mark.parametrize("representation", ["rows", "statistics", "expectation"])
def test_one_and_two_disjoint_edits_have_their_exact_means(representation):
    first, second = int(SIZES[2]), int(SIZES[1])
    exact = np.array(
        [
            finite.one_edit_error(**AT, edited_rows=first),
            finite.two_disjoint_edits_error(**AT, edit_counts=(first, second)),
        ]
    )
    one = representation == "expectation"
    values = expected("disjoint") if one else drawn(representation, "disjoint", "chained")
    for name in MEASURES:
        assert same_mean(values[name][:, 1:3], exact)
    assert not same_mean(values["scale_averaged_error"][:, 1:3], 1.1 * exact)


@pytest.mark.parametrize("representation", ["rows", "statistics"])
@pytest.mark.parametrize("schedule", SCHEDULES)
def test_additive_edits_have_the_error_that_theorem_1_prints(representation, schedule):
    values = drawn(representation, schedule, "additive")
    counts = SCHEDULES[schedule].sum(1).tolist()
    printed = [theorem_1_error(**AT, edit_counts=counts[:n]) for n in range(EDITS + 1)]
    for name in MEASURES:
        assert same_mean(values[name], np.array(printed))
    assert not same_mean(drawn(representation, schedule, "chained")[name], np.array(printed))


@pytest.mark.parametrize("representation", ["rows", "statistics"])
def test_the_input_covariance_does_not_matter_to_editing(representation):
    isotropic = drawn(representation, "revisiting", "chained")
    coloured = drawn(representation, "revisiting", "chained", "ar1:0.8")
    for name in MEASURES:
        np.testing.assert_allclose(coloured[name], isotropic[name], rtol=2e-3)


@pytest.mark.parametrize("spectrum", ["isotropic", "power:1.5"])
@pytest.mark.parametrize("schedule", SCHEDULES)
def test_the_scheduled_expectation_is_theorys_for_each_draw(schedule, spectrum):
    learner = LinearLearner(
        gaussian_design(spectrum), NOISE, representation="statistics", sizes=SIZES
    )
    found, masks = expected(schedule, spectrum), np.repeat(HISTORIES[schedule], DIM, axis=1)
    for i, (frame, readout) in enumerate(frames(learner, seed=22)):
        at = {"design": frame, "masks": masks, "noise_std": NOISE}
        errors = conditional_errors(**at, test_covariance=readout.T @ readout)
        np.testing.assert_allclose(found["test_error"][i], errors, rtol=1e-4)
        averaged = conditional_errors(**at) / (SAMPLES - DIM - 1)
        np.testing.assert_allclose(found["scale_averaged_error"][i], averaged, rtol=1e-4)
    shares = [0, *SCHEDULES[schedule].mean(1)]
    np.testing.assert_allclose(found["edited_fraction"], [shares] * DESIGNS, rtol=1e-6)


COUNTS = (6, 3, 1)
INCLUSION = {
    "independent": (np.array([0.3, 0.3, 0.3]), np.array([0.09, 0.09, 0.09])),
    "subsets": (
        np.array(COUNTS) / SAMPLES,
        np.array(COUNTS) * (np.array(COUNTS) - 1) / (SAMPLES * (SAMPLES - 1)),
    ),
}
POLICIES = {
    "independent": masks.random_masks(SAMPLES, EDITS, 0.3),
    "subsets": masks.random_subsets(SAMPLES, COUNTS),
}


@cache
def expected_at_random(kind: str, variant: str, spectrum: str = "isotropic"):
    """Expectations over masks and noise, one for each of many designs."""
    design, chances = gaussian_design(spectrum), INCLUSION[kind]
    simulation = RandomMaskExpectation.of(design, *chances, variant, noise_std=NOISE)
    return draw(simulation, seed=24, count=DESIGNS)


@pytest.mark.parametrize("kind", INCLUSION)
@pytest.mark.parametrize("variant", ["chained", "anchored", "frozen", "additive"])
@pytest.mark.parametrize("spectrum", ["isotropic", "power:1.5"])
def test_the_random_mask_expectation_is_theorys_for_each_draw(kind, variant, spectrum):
    found, (one, two) = expected_at_random(kind, variant, spectrum), INCLUSION[kind]
    at = {"inclusion": one, "pair_inclusion": two, "generations": EDITS + 1, "noise_std": NOISE}
    at["variant"] = variant
    learner = LinearLearner(gaussian_design(spectrum), NOISE)
    for i, (frame, readout) in enumerate(frames(learner, seed=24)):
        averaged = random_mask_errors(design=frame, **at) / (SAMPLES - DIM - 1)
        np.testing.assert_allclose(found["scale_averaged_error"][i], averaged, rtol=1e-4)
        # a design X with Q = X R^-1, where R^-1 is the readout, errs by |readout u|^2
        errors = random_mask_errors(design=frame @ np.linalg.inv(readout), **at)
        np.testing.assert_allclose(found["test_error"][i], errors, rtol=1e-4)
    np.testing.assert_allclose(found["edited_fraction"], [[0, *one]] * DESIGNS, rtol=1e-6)


@pytest.mark.parametrize("kind", INCLUSION)
@pytest.mark.parametrize("variant", ["chained", "anchored", "frozen", "additive"])
def test_rows_under_random_masks_have_the_mean_of_their_expectation(kind, variant):
    edit = Edit.of(POLICIES[kind], variant)
    learner = LinearLearner(gaussian_design("isotropic"), NOISE, representation="rows")
    values = draw(Chain(learner, edit, EDITS + 1), seed=25)
    means = expected_at_random(kind, variant)
    assert same_means(values["test_error"], means["test_error"])
    later = [values["scale_averaged_error"][:, 1:], means["scale_averaged_error"][:, 1:]]
    assert same_means(*later)
    assert not same_means(later[0], 1.1 * later[1])
    fractions = values["edited_fraction"][:, 1:]
    if kind == "subsets":
        np.testing.assert_allclose(fractions, np.tile(INCLUSION[kind][0], (len(fractions), 1)))
    else:
        assert same_mean(fractions, INCLUSION[kind][0])


def test_one_edit_of_independent_rows_has_its_exact_mean():
    means = expected_at_random("independent", "chained")
    exact = finite.one_edit_bernoulli_error(**AT, edit_share=0.3)
    assert same_mean(means["scale_averaged_error"][:, 1], exact)
    assert same_mean(means["test_error"][:, 1], exact)


def given() -> np.ndarray:
    """A design of uneven leverages, correlated columns and uneven scales."""
    rng = np.random.default_rng(27)
    rows = rng.normal(size=(SAMPLES, DIM)) * np.geomspace(0.3, 3, SAMPLES)[:, None]
    return rows @ np.array([[1, 0.5, 0], [0, 1, -2], [0, 0, 3]])


@pytest.mark.parametrize("variant", VARIANTS)
@pytest.mark.parametrize("mask", [*SCHEDULES, *POLICIES])
def test_edits_on_a_given_design_have_the_mean_of_theory(mask, variant):
    design = given()
    policy = MaskPolicy.of(SCHEDULES[mask]) if mask in SCHEDULES else POLICIES[mask]
    chain = Chain(LinearLearner(GivenDesign.of(design), NOISE), Edit.of(policy, variant), EDITS + 1)
    values = draw(chain, seed=28)
    assert values.keys() == {"test_error", "edited_fraction"}
    at = {"noise_std": NOISE, "variant": variant}
    if mask in SCHEDULES:
        second_moment = design.T @ design / SAMPLES
        errors = conditional_errors(
            design=design, masks=SCHEDULES[mask], test_covariance=second_moment, **at
        )
    else:
        # in the frame's coordinates the test inputs have covariance I / samples
        frame = np.linalg.qr(design)[0]
        one, two = INCLUSION[mask]
        errors = random_mask_errors(
            design=frame, inclusion=one, pair_inclusion=two, generations=EDITS + 1, **at
        )
        errors = errors / SAMPLES
    assert same_mean(values["test_error"], errors)
    assert not same_mean(values["test_error"], 1.1 * errors)


@pytest.mark.parametrize("mask", SCHEDULES)
def test_edits_of_real_labels_have_the_mean_of_theory_about_their_fit(mask):
    design = given()
    labels = design @ np.array([1.0, -2.0, 0.5]) + np.random.default_rng(29).normal(size=SAMPLES)
    learner = LinearLearner(GivenDesign.of(design), NOISE, human_labels=labels)
    values = draw(Chain(learner, Edit.of(MaskPolicy.of(SCHEDULES[mask])), EDITS + 1), seed=30)
    residual = labels - design @ np.linalg.lstsq(design, labels)[0]
    errors = conditional_errors(
        design=design,
        masks=SCHEDULES[mask],
        noise_std=NOISE,
        test_covariance=design.T @ design / SAMPLES,
        start=residual,
    )
    assert values["test_error"][:, 0].max() < 1e-10 and errors[0] < 1e-14  # rounding
    assert same_mean(values["test_error"][:, 1:], errors[1:])
    assert not same_mean(values["test_error"][:, 1:], 1.1 * errors[1:])
