"""Categorical chains: exact answers, refusals, closed forms, and rows against counts."""

from dataclasses import dataclass, replace
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
from collapse_sim.distributions.verification import NearCentre
from collapse_sim.editing import Edit, EditSubset
from collapse_sim.loop import Chain, Learner
from collapse_sim.pytree import pytree
from collapse_sim.regimes import Accumulate, AccumulateSubsample, KeepHuman, Mix, Replace, Verify
from tests.collapse_sim.draws import COMPILE_FAST, draw, same_mean, same_means

FIVE = np.array([0.4, 0.3, 0.15, 0.1, 0.05])


@pytree
@dataclass(frozen=True, eq=False)
class Given(CategoricalLearner):
    """The same, with given human counts."""

    counts: Int[np.ndarray | Array, "blocks types"] | None = None

    def human(self, key):
        data, truth = super().human(key)
        counts = jnp.asarray(self.counts, jnp.int32)
        if self.representation == "statistics":
            return Counts(counts, data.sizes, data.size), truth
        types = jnp.arange(counts.shape[1], dtype=jnp.int32)
        return replace(
            data, labels=jnp.repeat(types, counts[0], total_repeat_length=data.size)
        ), truth

    @staticmethod
    def of(counts, representation="statistics") -> "Given":
        counts = np.array(counts)
        sizes = counts.sum(axis=1)
        law, given = counts[0] / sizes[0], sizes if representation == "statistics" else None
        return Given(law, int(sizes.sum()), representation, given, counts=counts)


@pytree
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
    kept = counts_of([[9, 0, 0]])

    @partial(jax.jit, compiler_options=COMPILE_FAST)
    def exchange(count):
        return kept.exchange(jax.random.key(1), count, jnp.array([[0, 4, 5]])).labels[0]

    assert [int(exchange(count)[0]) for count in range(10)] == list(range(9, -1, -1))
    assert exchange(0).tolist() == [9, 0, 0]
    assert exchange(9).tolist() == [0, 4, 5]


def test_more_data_are_rounded_down_to_whole_tokens():
    learner = CategoricalLearner(FIVE, 10, sizes=np.array([3, 7]))
    like = counts_of([[3, 0, 0, 0, 0], [0, 7, 0, 0, 0]])
    more = jax.jit(learner.generate, compiler_options=COMPILE_FAST)
    assert more(jax.random.key(0), FIVE.astype(np.float32), like, 2.5).sizes.tolist() == [7, 17]
    none = more(jax.random.key(0), FIVE.astype(np.float32), like, 3e8)
    assert none.sizes.tolist() == [0, 0]
    assert np.isnan(learner.fit(none)).all()


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
    ids=range(10),
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
        ("statistics", Verify(NearCentre.of([0.0], 1.0)), "rows"),
        ("statistics", KeepHuman(0.25), r"EditSubset\(6, anchored=True\)"),
        ("statistics", EditSubset(2), "one block"),
    ],
    ids=range(8),
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


MEASURES = ("heterozygosity", "squared_distance", "entropy", "surviving_types", "tail_mass")


def have_one_law(first, second) -> bool:
    """Whether means and mean squares of every measure may be the same."""
    return all(
        same_means(first[name][:, 1:] ** power, second[name][:, 1:] ** power)
        for name in MEASURES
        for power in (1, 2)
    )


def test_a_chain_ends_with_one_type_and_stays():
    found = {
        representation: draw(
            Chain(CategoricalLearner(FIVE, 3, representation), Replace(), 60), seed=seed
        )
        for seed, representation in enumerate(("rows", "statistics"))
    }
    for outputs in found.values():
        assert all(np.isfinite(values).all() for values in outputs.values())
        absorbed = outputs["absorbed"]
        assert (np.diff(absorbed, axis=1) >= 0).all()
        assert absorbed[:, -1].mean() > 0.999
        assert (outputs["heterozygosity"][absorbed == 1] == 0).all()
        assert (outputs["entropy"][absorbed == 1] == 0).all()
        # it ends with each type as often as that type was drawn at first
        assert same_mean(outputs["first_type"][:, [-1]], np.array([0.4]))
        kept = (1 - FIVE @ FIVE) * (1 - 1 / 3) ** np.arange(1, 9)
        assert same_mean(outputs["heterozygosity"][:, :8], kept)
        assert not same_mean(outputs["heterozygosity"][:, :1], 1.04 * kept[:1])
    early = [{name: values[:, :10] for name, values in f.items()} for f in found.values()]
    assert have_one_law(*early)


# From the most there can be, nearly every step is a loss: its mean is seen in few replicates.
TWENTY = 20 * [10]
UNEQUAL = [60, 40, 30, 20, 10, 8, 6, 5, 4, 3, 3, 2, 2] + 7 * [1]


@pytest.mark.parametrize("count", [0, 60, 200])
def test_editing_a_random_subset_takes_its_share_of_the_heterozygosity(count):
    chain = Chain(Given.of([TWENTY]), EditSubset(count), 3)
    outputs = draw(chain, seed=3, count=2**14)
    lost = 0.95 - outputs["heterozygosity"]
    factor = 1 - (count * (200 - count) / 199 + count) / 200**2
    assert outputs["edited_fraction"][0].tolist() == pytest.approx([0, *2 * [count / 200]])
    if count == 0:
        assert (abs(lost) < 1e-6).all()
        return
    assert factor == pytest.approx({60: 0.997445, 200: 1 - 1 / 200}[count], abs=1e-6)
    assert same_mean(lost[:, 1:], 0.95 * np.array([1 - factor, 1 - factor**2]))
    assert not same_mean(lost[:, [1]], np.array([0.95 * (1 - factor) * 1.02]))


@pytest.mark.parametrize(
    ("of_rows", "of_counts"),
    [
        (EditSubset(60), EditSubset(60)),
        (KeepHuman(0.25), EditSubset(150, anchored=True)),
        (AccumulateSubsample(), AccumulateSubsample()),
    ],
    ids=["edit", "keep_human", "accumulate_subsample"],
)
def test_rows_and_counts_have_one_law(of_rows, of_counts):
    rows = draw(Chain(Given.of([UNEQUAL], "rows"), of_rows, 3), seed=8, count=4096)
    counts = draw(Chain(Given.of([UNEQUAL]), of_counts, 3), seed=9, count=2048)
    assert have_one_law(rows, counts)
    assert rows["edited_fraction"][0].tolist() == counts["edited_fraction"][0].tolist()


def test_a_fixed_human_part_keeps_what_it_has():
    learner = Given.of([[24, 18, 9, 6, 3], [16, 12, 6, 4, 2]])
    outputs = draw(Chain(learner, SECOND_BLOCK, 25), seed=5)
    found = outputs["squared_distance"]
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

    def kept(share, edited):
        return (1 - share**2) / (1 - share**2 + share**2 / edited)

    assert 0.7 * kept(16 / 40, 16) == pytest.approx(0.691765, abs=1e-6)
    lost = 1 - outputs["heterozygosity"][:, 5:].mean(axis=1, keepdims=True) / (1 - FIVE @ FIVE)
    assert same_mean(lost, np.array([1 - kept(0.4, 40)]))
    # a distance and what is lost are one number in the mean, but not replicate by replicate
    assert not same_mean(lost, np.array([1.1 * (1 - kept(0.4, 40))]))


def test_accumulating_tokens_bounds_the_error():
    # The sum over many types is less noisy than one type.
    law = type_laws.uniform(36)
    found = draw(Chain(CategoricalLearner(law, 8), Accumulate(), 30), seed=6)
    lost = 1 - np.cumprod(1 - 1 / (8 * np.arange(1, 31) ** 2))
    assert 0.3 * 0.7 * lost[-1] == pytest.approx(0.039897, abs=1e-6)
    distance, expected = found["squared_distance"], (1 - law @ law) * lost
    assert same_mean(distance, expected)
    assert not same_mean(distance[:, [-1]], 1.02 * expected[[-1]])
    assert not same_mean(distance[:, [0]], 1.02 * expected[[0]])


def test_words_are_forgotten_as_a_branching_process_says():
    law, samples, generations = type_laws.zipf(2000, 1.0), 5000, 21
    chain = Chain(CategoricalLearner(law, samples), Replace(), generations)
    found = draw(chain, seed=7, count=64)["surviving_types"]
    assert same_mean(found[:, [0]], np.array([(1 - (1 - law) ** samples).sum()]))
    g, expected = 1.0, []
    for _ in range(generations):
        expected.append((1 - np.exp(-samples * law * g)).sum())
        g = 1 - np.exp(-g)
    assert np.array(expected)[[0, 1, 5, 20]] == pytest.approx(
        [1071.6, 834.4, 485.5, 216.7], abs=0.1
    )
    # a Poisson approximation of multinomial generations, high by half a percent
    assert found.mean(axis=0) == pytest.approx(np.array(expected), rel=0.015)
    assert found.mean(axis=0)[:6] == pytest.approx(np.array(expected[:6]), rel=0.006)


def test_a_chain_may_have_as_many_tokens_as_int32_holds():
    """Full resampling was once no data at all, and its fit nan."""
    learner = CategoricalLearner(np.array([0.75, 0.25]), 2**31 - 1)
    data, truth = learner.human(jax.random.key(0))
    again = learner.generate(jax.random.key(1), learner.fit(data), data)
    assert np.asarray(again.labels).sum(dtype=np.int64) == 2**31 - 1
    np.testing.assert_allclose(learner.fit(again), truth.probabilities, atol=1e-3)
