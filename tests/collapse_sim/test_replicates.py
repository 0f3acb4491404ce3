"""Streams of replicates: the same bits however they are computed, and faithful summaries."""

from collections import deque
from dataclasses import dataclass, replace
from itertools import islice

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from collapse_sim import replicates
from collapse_sim.editing import Edit
from collapse_sim.linear.design import GaussianDesign
from collapse_sim.linear.learner import LinearLearner
from collapse_sim.loop import Chain
from collapse_sim.masks import random_masks
from collapse_sim.moments import Moments
from collapse_sim.pytree import pytree, static
from collapse_sim.regimes import Replace, Step
from collapse_sim.replicates import EMPTY, Stream, Summary, looks
from tests.collapse_sim.draws import double_precision, draw, run

KEY = jax.random.key(5)


@pytree
@dataclass(frozen=True)
class Walk:
    """A random walk: a simulation that compiles quickly."""

    step: float = 1.0
    generations: int = static(default=3)

    def __call__(self, key):
        steps = jax.random.uniform(key, (self.generations,)) - 0.5
        return {"place": jnp.cumsum(steps) * self.step, "turned": jnp.sign(steps)}


def last(summaries) -> Summary:
    return deque(summaries, maxlen=1).pop()


def assert_same_bits(first: Summary, second: Summary):
    a, b = first.to_arrays(), second.to_arrays()
    assert a.keys() == b.keys()
    for name in a:
        np.testing.assert_array_equal(a[name], b[name], strict=True)


@pytest.fixture(scope="module")
def edits() -> Chain:
    """A small process that has everything: a design, noise, masks."""
    policy = random_masks(12, 2, 0.4)
    return Chain(LinearLearner(GaussianDesign(2, 12)), Edit.of(policy), 3)


COUNT = 1500  # not a multiple of the block


@pytest.fixture(scope="module")
def alone(edits) -> Summary:
    """On one device, one block at a time."""
    stream = replace(Stream.of(edits, devices=jax.devices()[:1], chunk=1), block=128)
    assert stream.blocks == 1
    return last(stream.extend(EMPTY, KEY, COUNT))


def in_flight(simulation, devices: int, blocks: int) -> Summary:
    stream = Stream.of(simulation, devices=jax.devices()[:devices])
    return last(replace(stream, block=128, blocks=blocks).extend(EMPTY, KEY, COUNT))


def test_devices_and_chunks_change_no_bit(edits, alone):
    """Of a real process on eight devices; and of a small one however it is spread."""
    assert_same_bits(in_flight(edits, devices=8, blocks=8), alone)
    walk = in_flight(Walk(), devices=1, blocks=1)
    for devices, blocks in ((1, 5), (2, 2), (2, 6), (8, 16)):
        assert_same_bits(in_flight(Walk(), devices, blocks), walk)


def test_devices_and_chunks_decide_how_many_blocks_are_in_flight():
    for count in (1, 2, 8):
        devices = jax.devices()[:count]
        default, large = Stream.of(Walk(), devices=devices), Stream.of(Walk(), devices=devices[:1])
        assert default.block == large.block
        assert default.blocks == max(4096 // (default.block * count), 1) * count
    few = Stream.of(Walk(), devices=jax.devices()[:1], chunk=1)
    assert (few.block, few.blocks) == (default.block, 1)


def test_larger_simulations_come_in_smaller_blocks():
    def block(simulation) -> int:
        return Stream.of(simulation).block

    assert block(Walk()) == 4096
    wide = Chain(LinearLearner(GaussianDesign(4, 4096)), Replace(), 2)
    assert block(wide) * 4 * 4096 <= replicates.BLOCK_FLOATS < 2 * block(wide) * 4 * 4096
    endless = Chain(LinearLearner(GaussianDesign(4, 2**18)), Replace(), 2)
    assert block(endless) == 8


def test_an_interrupted_run_ends_with_the_same_bits(edits, alone):
    stream = replace(Stream.of(edits, devices=jax.devices()[:1], chunk=1), block=128)
    part = last(islice(stream.extend(EMPTY, KEY, COUNT), 4))
    assert part.count == 4 * 128
    resumed = Summary.from_arrays(part.to_arrays())
    assert_same_bits(resumed, part)
    assert_same_bits(last(stream.extend(resumed, KEY, COUNT)), alone)


def test_the_summary_is_that_of_all_replicates(edits, alone):
    """And replicate i is the simulation under fold_in(key, i), whatever came before it."""
    keys = jax.vmap(lambda i: jax.random.fold_in(KEY, i))(jnp.arange(COUNT))
    values = run(edits, keys)
    assert alone.count == COUNT
    assert alone.moments.keys() == values.keys()
    for name, found in alone.moments.items():
        expected = np.asarray(values[name], float)
        np.testing.assert_allclose(alone.sample[name], expected, rtol=1e-4, atol=1e-6)
        np.testing.assert_allclose(found.mean, expected.mean(0), rtol=1e-5)
        np.testing.assert_allclose(found.variance, expected.var(0, ddof=1), rtol=1e-4, atol=1e-12)


def test_another_key_gives_other_replicates():
    stream = Stream.of(Walk(), devices=jax.devices()[:1])
    one, other = (last(stream.extend(EMPTY, jax.random.key(i), 8)) for i in (1, 2))
    assert (one.sample["place"] != other.sample["place"]).all()


def test_a_block_is_simulated_from_its_beginning():
    """Whose moments were lost: those of the whole blocks before are not in the ones of ten."""
    stream = Stream.of(Walk(), devices=jax.devices()[:1])
    summary = replace(last(stream.extend(EMPTY, KEY, 10)), whole=None)
    assert summary.count == 10
    message = rf"start=10: accepted are multiples of the block, {stream.block}"
    with pytest.raises(ValueError, match=message):
        next(stream.extend(summary, KEY, 20))


@settings(max_examples=30)
@given(
    block=st.sampled_from([8, 32]),
    blocks=st.integers(1, 3),
    stops=st.lists(st.tuples(st.integers(1, 150), st.integers(1, 20)), min_size=1, max_size=4),
)
def test_a_stream_stopped_anywhere_goes_on_with_the_same_bits(block, blocks, stops):
    """At any count: inside a block, after some blocks on the way to it, or where it is already."""
    stream = replace(Stream.of(Walk(), devices=jax.devices()[:1], block=block), blocks=blocks)
    assert stream.block == block
    target, summary = max(stop for stop, _ in stops), EMPTY
    for stop, steps in stops:
        if stop >= summary.count:
            summary = last([summary, *islice(stream.extend(summary, KEY, stop), steps)])
            summary = Summary.from_arrays(summary.to_arrays())
    summary = last([summary, *stream.extend(summary, KEY, target)])
    assert_same_bits(summary, last(stream.extend(EMPTY, KEY, target)))
    assert list(stream.extend(summary, KEY, target)) == []


def test_shown_summaries_are_short(alone):
    measures = "['edited_fraction', 'scale_averaged_error', 'test_error']"
    assert repr(alone) == f"Summary(count=1500, measures={measures})"
    moments = alone.moments["test_error"]
    assert repr(moments) == "Moments(count=1500, generations=3)"
    assert repr(EMPTY) == "Summary(count=0, measures=[])"


@pytree
@dataclass(frozen=True)
class Everything:
    """A regime that makes use of every key of a generation."""

    def start(self, human, generations):
        return human, None

    def copies(self, number):
        return 1

    def step(self, key, memory, seen):
        labels = seen.synthetic().labels + seen.fresh_human().labels + seen.human.noise(key)
        return Step(replace(seen.human, labels=labels), memory, 1.0)


def test_longer_chains_extend_shorter_ones():
    learner = LinearLearner(GaussianDesign(2, 12))
    short, long = (draw(Chain(learner, Everything(), n), seed=6, count=64) for n in (5, 9))
    for name in short:
        assert long[name].shape == (64, 9)
        np.testing.assert_allclose(long[name][:, :5], short[name], rtol=1e-5)


def test_float32_stays_what_it_is_where_jax_has_float64():
    """A Python number as noise_std made the second generation float64, and its draws others."""
    chain = Chain(LinearLearner(GaussianDesign(2, 12)), Replace(), 3)
    with double_precision():
        alone = chain(jax.random.fold_in(KEY, 0))["test_error"]
        found = last(Stream.of(chain).extend(EMPTY, KEY, 1)).sample["test_error"]
    assert alone.dtype == found.dtype == np.float32
    np.testing.assert_allclose(found[0], alone, rtol=1e-5)


def test_simulations_that_differ_in_data_share_one_program():
    def programs(simulation) -> int:
        stream = Stream.of(simulation, devices=jax.devices()[:1])
        last(stream.extend(EMPTY, KEY, 8))
        return replicates.run_blocks._cache_size()

    before = programs(Walk(step=1.0))
    assert programs(Walk(step=2.0)) == before
    assert programs(Walk(step=2.0, generations=4)) == before + 1  # a static field is no data


TRACED = []


@pytree
@dataclass(frozen=True)
class Counted(Walk):
    """A simulation that counts how often Python runs it."""

    def __call__(self, key):
        TRACED.append(self)
        return super().__call__(key)


def test_a_simulation_is_traced_once_for_its_size_and_all_its_replicates():
    def places(step: float, devices: int) -> np.ndarray:
        stream = Stream.of(Counted(step=step), devices=jax.devices()[:devices], block=8)
        return last(stream.extend(EMPTY, KEY, 64)).sample["place"]

    np.testing.assert_array_equal(places(2.0, devices=2), 2 * places(1.0, devices=1))
    assert len(TRACED) == 1
    with jax.default_matmul_precision("highest"):  # which may change what is traced
        places(1.0, devices=1)
    assert len(TRACED) == 2


def test_policies_and_noise_share_one_program(edits):
    """What is an argument of the compiled program; nothing is run."""

    def program(chain: Chain):
        leaves, structure = jax.tree.flatten(chain)
        return structure, [(np.shape(leaf), np.result_type(leaf)) for leaf in leaves]

    other = Edit.of(random_masks(12, 2, 0.9), "anchored")
    learner = LinearLearner(GaussianDesign(2, 12), noise_std=3.0)
    assert program(Chain(learner, other, 3)) == program(edits)
    assert program(Chain(LinearLearner(GaussianDesign(2, 13)), other, 3)) != program(edits)


FLOATS = st.floats(-1e3, 1e3, width=32)


@given(
    parts=st.lists(
        hnp.arrays(np.float32, st.tuples(st.integers(1, 9), st.just(2)), elements=FLOATS),
        min_size=1,
        max_size=5,
    )
)
def test_merged_moments_are_numpys_of_all_values(parts):
    merged = Moments.of(parts[0])
    for part in parts[1:]:
        merged = merged.merge(Moments.of(part))
    values = np.concatenate(parts).astype(float)
    assert merged.count == len(values)
    scale = np.abs(values).max() + 1e-30
    np.testing.assert_allclose(merged.mean, values.mean(0), atol=1e-13 * scale)
    ddof = min(len(values) - 1, 1)
    np.testing.assert_allclose(merged.variance, values.var(0, ddof=ddof), atol=1e-12 * scale**2)
    np.testing.assert_allclose(merged.standard_error**2 * len(values), merged.variance)
    np.testing.assert_array_equal(merged.least, values.min(0))
    np.testing.assert_array_equal(merged.largest, values.max(0))


def test_moments_survive_values_far_from_zero():
    """Sums of squares would not, in float64, and no mean would in float32."""
    values = (1e7 + np.random.default_rng(7).integers(0, 9, (4000, 1))).astype(np.float32)
    merged = Moments.of(values[:7]).merge(Moments.of(values[7:]))
    exact = values.astype(int).ravel() - 10**7
    np.testing.assert_allclose(merged.mean - 1e7, exact.mean(), rtol=1e-8)
    np.testing.assert_allclose(merged.variance, exact.var(ddof=1), rtol=1e-8)


def test_the_largest_share_is_that_of_the_most_extreme_value():
    values = np.array([[1.0, 1.0], [2.0, 1.0], [9.0, 1.0]])
    share = Moments.of(values).largest_share
    assert share[0] == pytest.approx(25 / (9 + 4 + 25))
    assert share[1] == 0  # constant values have no extreme one


def test_the_sample_keeps_the_first_replicates(monkeypatch):
    monkeypatch.setattr(replicates, "SAMPLE", 10)
    values = np.arange(48.0).reshape(24, 2)
    summary = EMPTY
    for block in np.split(values, 3):
        summary = summary.add({"place": block})
    np.testing.assert_array_equal(summary.sample["place"], values[:10])
    assert summary.count == 24


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_values_that_are_not_finite_stop_a_run_by_name(bad):
    good = np.ones((4, 2))
    summary = EMPTY.add({"place": good, "turned": good})
    spoiled = good.copy()
    spoiled[2, 1] = bad
    with pytest.raises(
        FloatingPointError, match="turned is not finite in one of replicates 4 to 7"
    ):
        summary.add({"place": good, "turned": spoiled})


def test_an_infinite_simulation_stops_its_stream():
    stream = Stream.of(Walk(step=np.inf), devices=jax.devices()[:1])
    with pytest.raises(FloatingPointError, match="place is not finite"):
        last(stream.extend(EMPTY, KEY, 8))


def test_nothing_is_an_empty_summary():
    assert EMPTY.count == 0
    restored = Summary.from_arrays(EMPTY.to_arrays())
    assert restored.count == 0
    assert list(Stream.of(Walk()).extend(EMPTY, KEY, 0)) == []


def test_looks_double_up_to_the_last():
    assert list(looks(20_000)) == [4096, 8192, 16384, 20_000]
    assert list(looks(8192)) == [4096, 8192]
    assert list(looks(100)) == [100]
    assert list(looks(10, first=3)) == [3, 6, 10]
    for count in (0, -1):
        with pytest.raises(ValueError, match=f"replicates={count}: accepted are integers >= 1"):
            next(looks(count))


def test_a_summary_in_other_units_is_the_summary_of_the_values_in_them():
    rng = np.random.default_rng(3)
    errors = rng.exponential(size=(64, 2)).astype(np.float32)
    shares = rng.uniform(size=(64, 2)).astype(np.float32)
    summary = EMPTY.add({"error": errors, "share": shares})
    factor = 2.0**-200  # its square is out of float32's range, and rounds nothing
    scaled = summary.scaled({"error": factor})
    direct = EMPTY.add({"error": errors.astype(float) * factor, "share": shares})
    for name in ("mean", "squares", "least", "largest"):
        for measure in ("error", "share"):
            np.testing.assert_allclose(
                getattr(scaled.moments[measure], name), getattr(direct.moments[measure], name),
                rtol=1e-12, atol=0,
            )  # fmt: skip
    np.testing.assert_array_equal(scaled.sample["error"], direct.sample["error"])
    np.testing.assert_array_equal(scaled.sample["share"], shares)
    assert scaled.sample["error"].dtype == np.float64 and scaled.count == 64
    assert summary.scaled({"error": 1.0}) is summary and EMPTY.scaled({}) is EMPTY
