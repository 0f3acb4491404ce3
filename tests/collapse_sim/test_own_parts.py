"""A user's own regimes, learners and policies: plain frozen dataclasses work or say what to add."""

from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import collapse_sim as cs
from collapse_sim.distributions.sample import Sample
from collapse_sim.linear.learner import min_norm

LINEAR = cs.LinearLearner(cs.GaussianDesign(3, 20))


@dataclass(frozen=True)
class Same(cs.FromHuman):
    """The human data, again and again."""

    share: float = 0.0

    def step(self, key, memory, seen):
        return cs.Step(seen.human, memory, self.share)


@dataclass(frozen=True)
class Numbers:
    """A learner of `size` numbers 1, ..., `size`, the mean of which it adds to them."""

    size: int
    dtype: Any = jnp.float32

    def require(self, regime): ...

    def human(self, key):
        return Sample.of(jnp.arange(1, self.size + 1, dtype=self.dtype), self.dtype), 0.0

    def fit(self, data, key=None):
        return data.labels.mean()

    def generate(self, key, params, like, copies=1):
        return Sample.of(like.labels + params, self.dtype)

    def resample(self, key, params, data):
        return cs.Resampled(data.labels + params, None, jnp.zeros(data.size))

    def fresh_human(self, key, truth, like):
        return like

    def measure(self, params, truth):
        return {"fitted": params}


def test_a_plain_regime_runs():
    run = cs.simulate(cs.Chain(LINEAR, Same(share=0.25), 3), replicates=64)
    np.testing.assert_array_equal(run.mean(), np.full(3, run.mean()[0]))
    assert run.mean("edited_fraction").tolist() == [0, 0.25, 0.25]


def test_a_plain_learner_runs_and_its_values_have_programs_of_their_own():
    for size in (3, 5, 3):
        run = cs.simulate(cs.Chain(Numbers(size), cs.Replace(), 3), replicates=16)
        centre = (size + 1) / 2
        assert run.mean("fitted").tolist() == [centre, 2 * centre, 3 * centre]


@dataclass(frozen=True)
class EveryOther:
    """Edits the positions of one parity."""

    parity: int

    def start(self, labels):
        return jnp.arange(labels.shape[0]) % 2 == self.parity

    def mask(self, key, generation, surprise, previous):
        return previous


def test_a_plain_policy_runs():
    run = cs.simulate(cs.Chain(Numbers(5), cs.Edit(EveryOther(0)), 2), replicates=8)
    assert run.mean("fitted").tolist() == pytest.approx([3, 3 + 3 * 3 / 5])


@dataclass(frozen=True)
class Blind(EveryOther):
    """Says that it does not look at what it is shown."""

    looks_at_residuals = False


def test_a_policy_that_looks_at_nothing_takes_points_without_a_density():
    points = cs.SpikeLearner(6)
    with pytest.raises(ValueError, match="looks_at_residuals = False"):
        cs.Chain(points, cs.Edit(EveryOther(0)), 2)
    run = cs.simulate(cs.Chain(points, cs.Edit(Blind(0)), 2), replicates=8)
    assert run.mean("edited_fraction").tolist() == [0, 0.5]


def test_a_measure_does_not_take_the_regime_s_name():
    class Measured(Numbers):
        def measure(self, params, truth):
            return {"edited_fraction": params}

    with pytest.raises(ValueError, match="^measure of Measured returns edited_fraction: accepted"):
        cs.simulate(cs.Chain(Measured(5), cs.Replace(), 2), replicates=8)


def test_a_share_that_is_no_whole_number_of_rows_is_reported_as_it_is():
    run = cs.simulate(cs.Chain(Numbers(5), cs.KeepHuman(0.3), 2), replicates=8)
    assert run.mean("edited_fraction").tolist() == pytest.approx([0, 3 / 5])


def test_missing_methods_are_named(unchecked):
    class Half:
        dtype = jnp.float32

        def fit(self, data, key=None): ...

    says = "^learner is a Half without require, human, generate, resample, fresh_human, measure: "
    with pytest.raises(ValueError, match=says):
        cs.Chain(Half(), Same(), 3)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="^regime is a Half without start, copies, step: accepted"):
        cs.Chain(LINEAR, Half(), 3)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="^policy is a Half without start, mask: accepted"):
        cs.Edit(Half())  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="^regime is the class Same: accepted is an instance"):
        cs.Chain(LINEAR, Same, 3)  # type: ignore[arg-type]


class Undecorated(Same):
    """Without a decorator of its own it is a dataclass all the same."""


class Bare(cs.FromHuman):
    def step(self, key, memory, seen):
        return cs.Step(seen.human, memory, 0.0)


@dataclass
class Mutable(Bare):
    share: float = 0.0


@dataclass(frozen=True)
class WithArray(Bare):
    shares: Any


def test_what_jax_cannot_hold_says_what_to_add():
    cs.Chain(LINEAR, Undecorated(), 3)
    for regime in (Bare(), Mutable()):
        says = rf"^regime is a {type(regime).__name__}: .* class with @dataclass\(frozen=True\)$"
        with pytest.raises(ValueError, match=says):
            cs.Chain(LINEAR, regime, 3)
    for shares in (np.ones(3), jnp.ones(3), [1, 2]):
        with pytest.raises(ValueError, match="with arrays or lists: add @collapse_sim.pyt"):
            cs.Chain(LINEAR, WithArray(shares), 3)
    with pytest.raises(ValueError, match="^prior is a function: accepted is an instance of a cl"):
        cs.Chain(LINEAR, cs.Replace(), 3, prior=lambda learner, truth: truth.weights)
    with pytest.raises(ValueError, match="^verifier is a function: accepted is an instance of a"):
        cs.Verify(lambda data: data)
    cs.Chain(LINEAR, WithArray((1, 2)), 3)  # after which JAX knows the class
    with pytest.raises(ValueError, match="with arrays or lists: add @collapse_sim.pyt"):
        cs.Chain(LINEAR, WithArray(np.ones(3)), 3)


def test_with_the_decorator_arrays_are_data():
    @cs.pytree.pytree
    @dataclass(frozen=True)
    class Shares(Bare):
        shares: Any

        def step(self, key, memory, seen):
            return cs.Step(seen.human, memory, self.shares.sum())

    run = cs.simulate(cs.Chain(LINEAR, Shares(np.array([0.25, 0.5])), 2), replicates=8)
    assert run.mean("edited_fraction").tolist() == [0, 0.75]


@pytest.mark.parametrize(
    ("learner", "regime", "says"),
    [
        (cs.GaussianLearner(1, 9), cs.Mix(0.5), "averages of points are a sample of neither law"),
        (LINEAR, cs.Replace(growing=True), None),
        (
            cs.LinearLearner(cs.GaussianDesign(3, 20, shared=False)),
            cs.Edit.of(cs.masks.random_masks(20, 3, 0.5)),
            "labels of one design cannot be put beside the inputs of another",
        ),
        (
            cs.KernelDensityLearner(samples=9, bandwidth=0.3),
            cs.Edit.of(cs.masks.random_masks(9, 3, 0.5), "additive"),
            "points have no noise-free part: accepted are chained, anchored",
        ),
    ],
)
def test_a_pair_that_makes_no_sense_says_why(learner, regime, says):
    if says is None:
        cs.Chain(learner, regime, 3)
        return
    with pytest.raises(ValueError, match=says):
        cs.Chain(learner, regime, 3)


class Uniform:
    def drawn(self, key, high=1.0):
        return {"drawn": jax.random.uniform(key, (2,), maxval=high)}


def test_functions_of_other_kinds_are_simulations():
    drawn = Uniform().drawn
    for function in (drawn, partial(drawn, high=1.0), jax.jit(drawn), jax.jit(lambda k: drawn(k))):
        run = cs.simulate(function, replicates=64)
        np.testing.assert_array_equal(
            run.mean("drawn"), cs.simulate(lambda key: drawn(key), replicates=64).mean("drawn")
        )


def test_a_function_of_a_key_is_a_simulation(unchecked):
    run = cs.simulate(lambda key: {"drawn": jax.random.uniform(key, (2,))}, replicates=4096)
    np.testing.assert_allclose(run.mean("drawn"), 0.5, atol=0.03)  # 1e-10: 6.6 standard errors
    assert run.measures == ["drawn"]
    for other in (Bare(), 3, "chain"):
        with pytest.raises(ValueError, match="^simulation is a .*: accepted is an instance of a"):
            cs.simulate(other)  # type: ignore[arg-type]
    for other in (LINEAR, cs.Replace(), None):
        with pytest.raises(ValueError, match="^simulation is a .*: accepted is a Chain, or a func"):
            cs.simulate(other)  # type: ignore[arg-type]
    traces = [jnp.ones(3), {}, {"drawn": jnp.ones(())}, {"a": jnp.ones(3), "b": jnp.ones(2)}]
    wrong = [{"a": jnp.ones((3, 2))}, {"a": jnp.ones(3, complex)}, {"a": [1.0, 2.0]}, {"a": None}]
    for trace in traces + wrong:
        with pytest.raises(ValueError, match="^simulation returns .*: accepted is a dictionary of"):
            cs.simulate(lambda key, trace=trace: trace)


@dataclass(frozen=True)
class Other(cs.FromHuman):
    """What a step is to return, given the human data and the memory."""

    makes: Any

    def step(self, key, memory, seen):
        return self.makes(seen.human, memory)


@pytest.mark.parametrize(
    ("makes", "says"),
    [
        (lambda data, memory: data, "^step of Other returns a Sample: accepted is Step"),
        (lambda data, memory: (data, memory, 1.0), "^step of Other returns a tuple: accepted is"),
        (
            lambda data, memory: cs.Step(Sample.of(jnp.ones(8), jnp.float32), memory, 1.0),
            r"^step of Other makes data of float32\[8\], .*: accepted is what `start` makes, .*4",
        ),
        (
            lambda data, memory: cs.Step(replace(data, labels=data.labels > 0), memory, 1.0),
            r"^step of Other makes data of bool\[4\], .*: accepted is what `start` makes, float32",
        ),
        (lambda data, memory: cs.Step(data, 1.0, 1.0), "^step of Other makes memory of ~float"),
    ],
)
def test_a_step_that_is_none_says_what_is_accepted(makes, says, unchecked):
    with pytest.raises(ValueError, match=says):
        cs.simulate(cs.Chain(Numbers(4), Other(makes), 2), 8)


@dataclass(frozen=True)
class Points(cs.PointLearner):
    """Points that `drawn` makes of their number, measures that `measured` makes of their mean."""

    samples: Any = 5
    truth: float = 0.0
    drawn: Any = jnp.zeros
    measured: Any = lambda mean: {"mean": mean}  # noqa: E731

    def fit(self, data, key=None):
        return data.labels.mean()

    def draw(self, key, mean, size):
        return self.drawn(size)

    def measure(self, mean, truth):
        return self.measured(mean)


@pytest.mark.parametrize(
    ("learner", "says"),
    [
        (Points(samples=0), "^samples=0: accepted are integers >= 1"),
        (Points(samples=2.5), "^samples=2.5: accepted are integers >= 1"),
        (
            Points(drawn=lambda size: jnp.zeros(size + 1)),
            r"^draw of Points returns shape \(6,\): ac",
        ),
        (
            Points(drawn=lambda size: 0.0),
            r"^draw of Points returns shape \(\): accepted are size = 5",
        ),
        (Points(measured=lambda mean: None), "^measure of Points returns a NoneType: accepted is"),
        (
            Points(measured=lambda mean: {"mean": jnp.ones(3)}),
            "^simulation returns .*: accepted is",
        ),
    ],
)
def test_a_learner_that_draws_or_measures_otherwise_says_so(learner, says, unchecked):
    with pytest.raises(ValueError, match=says):
        cs.simulate(cs.Chain(learner, cs.Replace(), 2), 8)


def test_numbers_of_numpy_which_all_replicates_would_share_are_refused(unchecked):
    """Its global generator draws as the program is traced: once, whatever the key."""
    state = np.random.get_state()  # noqa: NPY002
    learner = Points(measured=lambda mean: {"mean": mean + np.random.normal()})  # noqa: NPY002
    for simulation in (
        cs.Chain(learner, cs.Replace(), 2),
        lambda key: cs.Chain(learner, cs.Replace(), 2)(key),
    ):
        for _ in range(2):  # whatever was traced before
            with pytest.raises(ValueError, match="^simulation draws from np.random, once for all"):
                cs.simulate(simulation, 8)
    np.random.set_state(state)  # noqa: NPY002


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda: cs.GaussianDesign(0, 9), "^dim=0: accepted are integers >= 1"),
        (lambda: cs.GaussianDesign(3, 9.0), "^samples=9.0: accepted are integers >= 1"),
        (
            lambda: cs.LinearLearner(cs.GaussianDesign(9, 3)),
            "^dim=9, samples=3: accepted for least",
        ),
        (
            lambda: cs.LinearLearner(np.ones((9, 2))),
            r"^design is an array of shape \(9, 2\): accept",
        ),
        (
            lambda: cs.LinearLearner(cs.GaussianDesign(3, 9), representation="row"),
            "^representation='row': accepted are rows, statistics",
        ),
        (lambda: cs.LinearLearner(cs.GaussianDesign(3, 9), -1.0), "^noise_std=-1: accepted is"),
        (
            lambda: cs.Chain(LINEAR, cs.Replace(), 2.0),
            "^generations=2.0: accepted are integers >= 1",
        ),
    ],
)
def test_parts_of_a_regression_that_make_no_sense_are_refused(make, says, unchecked):
    with pytest.raises(ValueError, match=says):
        make()
    assert cs.LinearLearner(cs.GaussianDesign(9, 3), solver=min_norm).design.dim == 9
