"""Categorical chains: exact answers, refusals, closed forms, and rows against counts."""

from dataclasses import dataclass
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jaxtyping import Array, Int

from collapse_sim import masks
from collapse_sim.distributions import type_laws
from collapse_sim.distributions.categorical import CategoricalLearner, Counts, Truth, rarest
from collapse_sim.distributions.sample import Sample
from collapse_sim.linalg import DType
from collapse_sim.loop import Chain, Learner
from collapse_sim.regimes import (
    Accumulate,
    AccumulateSubsample,
    Edit,
    EditSubset,
    KeepHuman,
    Mix,
    Replace,
    Verify,
)
from tests.collapse_sim.draws import COMPILE_FAST, draw, same_mean, same_means

FIVE = np.array([0.4, 0.3, 0.15, 0.1, 0.05])
HALVES = np.array([0.5, 0.5])


@jax.tree_util.register_dataclass
@dataclass(frozen=True, eq=False)
class Given(CategoricalLearner):
    """The same, with given human counts."""

    counts: Int[np.ndarray | Array, "blocks types"] | None = None

    def human(self, key):
        data, truth = super().human(key)
        return Counts(jnp.asarray(self.counts, jnp.int32), data.sizes, data.size), truth

    @staticmethod
    def of(counts, dtype: DType = jnp.float32) -> "Given":
        counts = np.array(counts)
        sizes = counts.sum(axis=1)
        law = counts[0] / sizes[0]
        return Given(law, int(sizes.sum()), "statistics", sizes, dtype, counts)


@jax.tree_util.register_dataclass
@dataclass(frozen=True)
class OfWholeNumbers(masks.MaskPolicy):
    """The same policy, also where labels are whole numbers and their types are checked."""

    def start(self, labels):
        return jnp.ones(labels.shape[0], bool)


LAST_OF_TWO = masks.MaskPolicy.of(np.tile([False, True], (99, 1)))
SECOND_BLOCK = Edit.of(OfWholeNumbers(**vars(LAST_OF_TWO)))


def counts_of(labels, size: int | None = None) -> Counts:
    labels = jnp.array(labels, jnp.int32)
    sizes = labels.sum(axis=1)
    return Counts(labels, sizes, int(sizes.sum()) if size is None else size)


def test_it_is_a_learner():
    assert isinstance(CategoricalLearner(FIVE, 9), Learner)


def test_a_fit_is_the_frequencies_of_the_types():
    learner = CategoricalLearner(np.full(3, 1 / 3), 8)
    expected = np.array([0.5, 0.125, 0.375])
    assert (learner.fit(counts_of([[3, 0, 1], [1, 1, 2]])) == expected).all()
    tokens = Sample.of(jnp.array([0, 2, 0, 1, 2, 0, 2, 0, 1]), jnp.float32)
    tokens = Sample(tokens.labels, tokens.weights.at[8].set(0))  # which is no data
    assert (learner.fit(tokens) == expected).all()


def test_measures_of_a_fit():
    law = np.array([0.05, 0.5, 0.05, 0.1, 0.3])
    learner = CategoricalLearner(law, 8)
    truth = Truth(jnp.asarray(law, jnp.float32), jnp.array([True, False, True, False, False]))
    fit = np.array([0.0, 0.5, 0.25, 0.25, 0.0], np.float32)
    found = learner.measure(jnp.asarray(fit), truth)
    expected = {
        "heterozygosity": 1 - 0.25 - 0.125,
        "squared_distance": 0.05**2 + 0.2**2 + 0.15**2 + 0.3**2,
        "entropy": 0.5 * np.log(2) + 0.5 * np.log(4),
        "surviving_types": 3,
        "absorbed": 0,
        "tail_mass": 0.25,
        "first_type": 0,
        "first_type_alive": 0,
    }
    assert {name: float(value) for name, value in found.items()} == pytest.approx(expected)


def test_the_tail_holds_at_most_a_tenth_of_the_mass():
    def tail(*law):
        return rarest(jnp.array(law)).tolist()

    assert tail(0.05, 0.5, 0.05, 0.1, 0.3) == [True, False, True, False, False]
    assert tail(0.8, 0.1, 0.1) == [False, True, False]
    assert tail(0.88, 0.12) == [False, False]
    assert tail(0.9, 0.06, 0.04) == [False, True, True]


def test_surprise_is_minus_the_log_of_the_probability():
    learner = CategoricalLearner(FIVE, 4, "rows")
    tokens = Sample.of(jnp.array([0, 4, 1, 1]), jnp.float32)
    resampled = learner.resample(jax.random.key(0), jnp.array([0.5, 0.25, 0.25, 0, 0]), tokens)
    assert resampled.surprise.tolist() == pytest.approx([np.log(2), np.inf, np.log(4), np.log(4)])
    assert set(resampled.labels.tolist()) <= {0, 1, 2}


def test_counts_are_pooled_edited_and_counted():
    counts = counts_of([[3, 0, 1], [1, 1, 4]])
    assert float(counts.share_of(jnp.array([False, True]))) == pytest.approx(0.6)
    pool = counts.pool(3).put(counts, jnp.array(1))
    assert pool.labels.tolist() == [[8, 2, 10]]
    assert pool.sizes.tolist() == [20]
    part = jax.jit(lambda key: pool.subsample(key, jnp.array(20), 7), compiler_options=COMPILE_FAST)
    part = part(jax.random.key(0))
    assert part.sizes.tolist() == [7] == part.labels.sum(axis=1).tolist()
    assert (part.labels <= pool.labels).all()


def test_as_many_tokens_are_exchanged_as_asked_for():
    @partial(jax.jit, compiler_options=COMPILE_FAST)
    def exchange(count):
        drawn = jnp.array([[0, 4, 5]])
        return counts_of([[9, 0, 0]]).exchange(jax.random.key(1), count, drawn).labels[0]

    assert [int(exchange(count)[0]) for count in range(10)] == list(range(9, -1, -1))
    assert exchange(0).tolist() == [9, 0, 0]
    assert exchange(9).tolist() == [0, 4, 5]


def test_more_data_are_rounded_down_to_whole_tokens():
    learner = CategoricalLearner(FIVE, 10, sizes=np.array([3, 7]))
    like = counts_of([[3, 0, 0, 0, 0], [0, 7, 0, 0, 0]])
    more = jax.jit(learner.generate, compiler_options=COMPILE_FAST)
    assert more(jax.random.key(0), FIVE.astype(np.float32), like, 2.5).sizes.tolist() == [7, 17]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((np.array([0.5, 0.4]), 9), "probabilities"),
        ((np.array([1.1, -0.1]), 9), "probabilities"),
        ((np.array([np.nan, 1.0]), 9), "probabilities"),
        ((np.array([1.0]), 9), "probabilities"),
        ((jnp.array([0.5, 0.4]), 9), "probabilities"),
        ((FIVE, 0), "samples=0"),
        ((FIVE, 2**31), "samples=2147483648"),
        ((FIVE, 9, "statistics", np.array([4, 4])), "sizes="),
        ((FIVE, 9, "statistics", np.array([9, 0])), "sizes="),
        ((FIVE, 9, "rows", np.array([9])), "sizes="),
    ],
    ids=str,
)
def test_a_learner_refuses(arguments, message):
    with pytest.raises(ValueError, match=message):
        CategoricalLearner(*arguments)


CONFIDENT = Edit.of(masks.confident(2, 1, 0.5))
BLOCKS = Edit.of(masks.MaskPolicy.of(np.ones((1, 2))))


@pytest.mark.parametrize(
    ("representation", "regime", "message"),
    [
        ("rows", Mix(0.5), "Mix"),
        ("statistics", Mix(0.5), "Mix"),
        ("rows", Edit.of(BLOCKS.policy, "additive"), "noise-free"),
        ("rows", Replace(growing=True), "statistics"),
        ("statistics", CONFIDENT, "rows"),
        ("statistics", Verify(lambda data: data), "rows"),
        ("statistics", KeepHuman(0.25), r"EditSubset\(6, anchored=True\)"),
        ("statistics", EditSubset(2), "one block"),
    ],
    ids=str,
)
def test_a_learner_refuses_what_its_data_cannot_follow(representation, regime, message):
    sizes = np.array([4, 4]) if representation == "statistics" else None
    with pytest.raises(ValueError, match=message):
        Chain(CategoricalLearner(FIVE, 8, representation, sizes), regime, 3)


def test_what_a_subset_is_taken_from_must_hold_it():
    with pytest.raises(ValueError, match="count=-1"):
        EditSubset(-1)
    with pytest.raises(ValueError, match="count=9"):
        EditSubset(9).start(counts_of([[4, 4]]), 3)
    with pytest.raises(ValueError, match="exchange"):
        EditSubset(9).start(object(), 3)
    with pytest.raises(ValueError, match="samples=1000000000"):
        counts_of([[1, 1]], size=10**9).pool(3)


@pytest.mark.parametrize("representation", ["rows", "statistics"])
def test_a_chain_ends_with_one_type_and_stays(representation):
    chain = Chain(CategoricalLearner(FIVE, 3, representation), Replace(), 60)
    outputs = draw(chain, seed=1, count=2048)
    assert all(np.isfinite(values).all() for values in outputs.values())
    absorbed = outputs["absorbed"]
    assert (np.diff(absorbed, axis=1) >= 0).all()
    assert absorbed[:, -1].mean() > 0.999
    assert (outputs["heterozygosity"][absorbed == 1] == 0).all()
    assert (outputs["entropy"][absorbed == 1] == 0).all()
    # it ends with each type as often as that type was drawn at first
    assert same_mean(outputs["first_type"][:, [-1]], np.array([0.4]))


def test_resampling_takes_one_nth_of_the_heterozygosity():
    # From the most there can be, nearly every step is a loss: its mean is seen in few replicates.
    chain = Chain(Given.of([[2] * 10]), Replace(), 5)
    lost = 0.9 - draw(chain, seed=2, count=2**15)["heterozygosity"]
    expected = 0.9 * (1 - (1 - 1 / 20) ** np.arange(5))
    assert (abs(lost[:, 0]) < 1e-6).all()
    assert same_mean(lost[:, 1:], expected[1:])
    assert not same_mean(lost[:, [1]], 1.02 * expected[[1]])


def test_editing_a_random_subset_takes_its_share_of_the_heterozygosity():
    chain = Chain(Given.of([[10] * 20]), EditSubset(60), 2)
    outputs = draw(chain, seed=3, count=2**14)
    lost = 0.95 - outputs["heterozygosity"][:, [1]]
    factor = 1 - (60 * 140 / 199 + 60) / 200**2
    assert factor == pytest.approx(0.997445, abs=1e-6)
    assert same_mean(lost, np.array([0.95 * (1 - factor)]))
    assert not same_mean(lost, np.array([0.95 * (1 - factor) * 1.02]))
    assert outputs["edited_fraction"][0].tolist() == pytest.approx([0, 0.3])


def test_a_fixed_mask_keeps_what_its_anchors_have():
    learner = CategoricalLearner(np.array([0.4, 0.3, 0.2, 0.1]), 40, sizes=np.array([24, 16]))
    chain = Chain(learner, SECOND_BLOCK, 40)
    late = draw(chain, seed=4)["heterozygosity"][:, 20:].mean(axis=1, keepdims=True)
    share = 16 / 40
    kept = (1 - share**2) / (1 - share**2 + share**2 / 16)
    assert 0.7 * kept == pytest.approx(0.691765, abs=1e-6)
    anchors = 0.7 * (1 - 1 / 24)  # 24 human draws
    assert same_mean(late, np.array([anchors * kept]))
    assert not same_mean(late, np.array([1.005 * anchors * kept]))


def test_the_distance_from_a_fixed_human_part_has_its_recursion():
    learner = Given.of([[24, 18, 9, 6, 3], [16, 12, 6, 4, 2]])
    found = draw(Chain(learner, SECOND_BLOCK, 25), seed=5)["squared_distance"]
    assert learner.probabilities.tolist() == pytest.approx(FIVE.tolist())
    human, synthetic = 60, 40
    memory = (synthetic / (human + synthetic)) ** 2
    spread = (1 - FIVE @ FIVE) / synthetic
    distances = [0.0]
    for _ in range(24):
        distances.append(memory * ((1 - 1 / synthetic) * distances[-1] + spread))
    limit = memory * spread / (1 - memory * (1 - 1 / synthetic))
    assert limit == pytest.approx(0.0033886, abs=1e-7)
    assert same_mean(found[:, 1:], np.array(distances[1:]))
    late = found[:, 5:].mean(axis=1, keepdims=True)
    assert same_mean(late, np.array([limit]))
    assert not same_mean(late, np.array([1.02 * limit]))


def test_accumulating_tokens_bounds_the_error():
    chain = Chain(CategoricalLearner(np.array([0.3, 0.7]), 8), Accumulate(), 30)
    frequencies = draw(chain, seed=6, count=2**17)["first_type"]
    steps = np.diff(frequencies, prepend=0.3) ** 2  # their means add up to the error's
    products = 0.21 * (1 - np.cumprod(1 - 1 / (8 * np.arange(1, 31) ** 2)))
    assert products[-1] == pytest.approx(0.039897, abs=1e-6)
    assert same_mean((frequencies - 0.3) ** 2, products)
    total = steps.sum(axis=1, keepdims=True)
    assert same_mean(total, products[[-1]])
    assert not same_mean(total, 1.02 * products[[-1]])


def test_words_are_forgotten_as_a_branching_process_says():
    law, samples, generations = type_laws.zipf(2000, 1.0), 5000, 21
    chain = Chain(CategoricalLearner(law, samples), Replace(), generations)
    found = draw(chain, seed=7, count=128)["surviving_types"]
    assert same_mean(found[:, [0]], np.array([(1 - (1 - law) ** samples).sum()]))
    g, expected = 1.0, []
    for _ in range(generations):
        expected.append((1 - np.exp(-samples * law * g)).sum())
        g = 1 - np.exp(-g)
    assert np.array(expected)[[0, 1, 5, 20]] == pytest.approx(
        [1071.6, 834.4, 485.5, 216.7], abs=0.1
    )
    # a Poisson approximation of multinomial generations, high by half a percent
    assert found.mean(axis=0) == pytest.approx(expected, rel=0.01)
    assert found.mean(axis=0)[:6] == pytest.approx(expected[:6], rel=0.004)


MEASURES = ("heterozygosity", "squared_distance", "surviving_types", "tail_mass", "first_type")
FEW = np.array([0.5, 0.3, 0.1, 0.1])


@pytest.mark.parametrize(
    ("of_rows", "of_counts"),
    [
        (Replace(), Replace()),
        (EditSubset(4), EditSubset(4)),
        (AccumulateSubsample(), AccumulateSubsample()),
        (KeepHuman(0.25), EditSubset(9, anchored=True)),
    ],
    ids=str,
)
def test_rows_and_counts_have_one_law(of_rows, of_counts):
    rows = draw(Chain(CategoricalLearner(FEW, 12, "rows"), of_rows, 4), seed=8)
    counts = draw(Chain(CategoricalLearner(FEW, 12), of_counts, 4), seed=9)
    for name in MEASURES:
        assert same_means(rows[name], counts[name]), name
        assert same_means(rows[name] ** 2, counts[name] ** 2), name
    assert rows["edited_fraction"][0].tolist() == counts["edited_fraction"][0].tolist()
