"""The source whose law is known: its text has that law, and its measures are exact."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import stats

from collapse_sim.language.oracle import CLASSES, TAIL, MarkovSource
from tests.collapse_sim.draws import FAILURE_RATE

KEY = jax.random.key(11)
BLOCKS = 2**16

TWO = np.array([[[0.75, 0.25], [0.5, 0.5]]])
"""Two tokens; half of what is left of 1 returns: stationary (2/3, 1/3)."""


@pytest.fixture(scope="module")
def source() -> MarkovSource:
    return MarkovSource.zipfian(64, seed=3)


@pytest.fixture(scope="module")
def pairs() -> MarkovSource:
    """Order 2 over three tokens; the class of the token before matters much."""
    laws = np.array(
        [
            [[0.7, 0.2, 0.1], [0.1, 0.1, 0.8], [0.3, 0.3, 0.4]],
            [[0.1, 0.8, 0.1], [0.5, 0.4, 0.1], [0.1, 0.2, 0.7]],
        ]
    )
    return MarkovSource.of(laws, np.array([0, 1, 1]))


def joint_law(source: MarkovSource, time: int) -> np.ndarray:
    """Probability of every block of `time` tokens, token by token."""
    blocks = np.indices((source.vocabulary,) * time).reshape(time, -1).T
    log_laws = np.asarray(source.log_probabilities(blocks), float)
    picked = np.take_along_axis(log_laws, blocks[:, 1:, None], axis=-1)[..., 0]
    law = source.stationary()[blocks[:, 0]] * np.exp(picked.sum(axis=-1))
    return law.reshape((source.vocabulary,) * time)


def chi_square(counts: np.ndarray, law: np.ndarray) -> float:
    """P value of independent counts under a law; cells expected less than 10 times are one."""
    counts, expected = counts.ravel(), counts.sum() * law.ravel() / law.sum()
    rare = expected < 10
    if rare.any():
        counts = np.append(counts[~rare], counts[rare].sum())
        expected = np.append(expected[~rare], expected[rare].sum())
    return float(stats.chisquare(counts, expected).pvalue)


def test_text_has_the_stationary_law_at_every_position(source):
    """Independent blocks, one position each; as a control, another source's law is refused."""
    text = np.asarray(source.sample(KEY, BLOCKS, 6))
    assert text.shape == (BLOCKS, 6)
    law = source.stationary()
    for position in (0, 1, 5):
        counts = np.bincount(text[:, position], minlength=64)
        assert chi_square(counts, law) > FAILURE_RATE
        assert chi_square(counts, 0.95 * law + 0.05 / 64) < FAILURE_RATE


def test_text_has_the_transition_laws(source):
    text = np.asarray(source.sample(KEY, BLOCKS, 4))
    counts = np.zeros((64, 64))
    np.add.at(counts, (text[:, 2], text[:, 3]), 1)
    law = source.stationary()[:, None] * np.asarray(source.table, float)
    assert chi_square(counts, law) > FAILURE_RATE
    np.testing.assert_allclose(joint_law(source, 2), law, rtol=1e-5)
    assert chi_square(counts, np.outer(source.stationary(), source.stationary())) < FAILURE_RATE


def test_text_of_order_two_has_the_law_of_its_triples(pairs):
    """Anywhere in a block, its first tokens included: one stationary text."""
    text = np.asarray(pairs.sample(KEY, BLOCKS, 5))
    law = joint_law(pairs, 3)
    assert law.sum() == pytest.approx(1, abs=1e-6)
    for start in (0, 2):
        counts = np.zeros((3, 3, 3))
        np.add.at(counts, tuple(text[:, start : start + 3].T), 1)
        assert chi_square(counts, law) > FAILURE_RATE
        first_order = joint_law(pairs, 2)[:, :, None] * (joint_law(pairs, 2) / law.sum((1, 2)))
        assert chi_square(counts, first_order) < FAILURE_RATE
    np.testing.assert_allclose(joint_law(pairs, 4).sum(axis=0), law, atol=1e-6)  # stationary


def test_stationary_law_and_entropy_by_hand():
    source = MarkovSource.of(TWO)
    np.testing.assert_allclose(source.stationary(), [2 / 3, 1 / 3], rtol=1e-12)
    quarter = -(0.75 * np.log(0.75) + 0.25 * np.log(0.25))
    expected = (2 * quarter + np.log(2)) / 3
    assert source.entropy_rate() == pytest.approx(expected, rel=1e-12)


def test_stationary_law_of_order_two_is_that_of_the_chain_of_pairs(pairs):
    """The eigenvector of the transition matrix between all pairs of tokens."""
    laws = np.asarray(pairs.table, float).reshape(3, 3, 3)[:2]
    step = np.zeros((9, 9))
    for before in range(3):
        for last in range(3):
            for coming in range(3):
                group = pairs.classes[before]
                step[3 * before + last, 3 * last + coming] = laws[group, last, coming]
    values, vectors = np.linalg.eig(step.T)
    masses = np.real(vectors[:, np.argmax(np.real(values))])
    masses = (masses / masses.sum()).reshape(3, 3)
    np.testing.assert_allclose(pairs.stationary(), masses.sum(axis=0), rtol=1e-6)
    log_laws = np.log(laws[np.asarray(pairs.classes)])
    entropy = -np.einsum("ab,abc,abc->", masses, np.exp(log_laws), log_laws)
    assert pairs.entropy_rate() == pytest.approx(entropy, rel=1e-6)


@pytest.mark.parametrize("order", [1, 2])
def test_mean_surprise_of_text_is_the_entropy_rate(order):
    source = MarkovSource.zipfian(64, order, seed=4)
    text = source.sample(KEY, BLOCKS // 4, 8)
    surprise = np.asarray(source.surprise(text), float)[:, 2:].mean(axis=1)
    score = stats.ttest_1samp(surprise, source.entropy_rate())
    assert score.pvalue > FAILURE_RATE
    assert stats.ttest_1samp(surprise, 1.02 * source.entropy_rate()).pvalue < FAILURE_RATE


def test_laws_are_those_of_the_context(pairs):
    tokens = jnp.array([[0, 2, 1, 0], [1, 1, 2, 2]])
    found = np.exp(pairs.log_probabilities(tokens))
    assert found.shape == (2, 3, 3)
    laws = np.asarray(pairs.table).reshape(3, 3, 3)
    np.testing.assert_allclose(found[0], [laws[2, 0], laws[0, 2], laws[1, 1]], rtol=1e-6)
    np.testing.assert_allclose(found[1], [laws[2, 1], laws[1, 1], laws[1, 2]], rtol=1e-6)
    assert pairs.log_probabilities(tokens[0, :1]).shape == (0, 3)
    surprise = pairs.surprise(tokens)
    np.testing.assert_allclose(np.exp(-surprise[1, 1:]), [laws[1, 1, 2], laws[1, 2, 2]], rtol=1e-6)


def test_divergence_from_itself_is_zero_and_from_another_by_hand(source):
    text = source.sample(KEY, 8, 16)
    own = source.log_probabilities(text)
    assert float(source.kl(text, own)) == 0
    equal = jnp.full_like(own, -np.log(64))
    entropies = -np.sum(np.exp(own, dtype=float) * np.asarray(own, float), axis=-1)
    assert float(source.kl(text, equal)) == pytest.approx(np.log(64) - entropies.mean(), rel=1e-5)
    two = MarkovSource.of(TWO)
    model = jnp.log(jnp.array([[0.5, 0.5], [0.75, 0.25]]))
    by_hand = [
        0.75 * np.log(0.75 / 0.5) + 0.25 * np.log(0.25 / 0.5),
        0.5 * np.log(0.5 / 0.75) + 0.5 * np.log(0.5 / 0.25),
    ]
    found = two.kl(jnp.array([0, 1, 0]), model)
    assert float(found) == pytest.approx(np.mean(by_hand), rel=1e-6)
    never = jnp.array([[0.0, -jnp.inf], [0.0, 0.0]])
    assert float(two.kl(jnp.array([0, 1, 0]), never)) == np.inf


def test_the_tail_is_what_is_rare_in_its_context():
    rare = 1e-4
    source = MarkovSource.of(np.array([[[1 - rare, rare], [0.5, 0.5]]]))
    tokens = jnp.array([[0, 0, 1, 1], [0, 1, 0, 1]])
    expected = [[False, True, False], [True, False, True]]
    np.testing.assert_array_equal(source.is_tail(tokens), expected)
    assert float(source.tail_mass(tokens)) == 0.5


@pytest.mark.parametrize(("vocabulary", "order"), [(64, 1), (1024, 1), (64, 2), (256, 2)])
def test_zipfian_sources_have_confident_contexts_and_long_tails(vocabulary, order):
    source = MarkovSource.zipfian(vocabulary, order, seed=1, confident_share=0.25)
    groups = 1 if order == 1 else CLASSES
    laws = np.asarray(source.table, float).reshape(-1, vocabulary, vocabulary)
    assert len(laws) == (1 if order == 1 else groups + 1)
    np.testing.assert_allclose(laws.sum(axis=-1), 1, atol=1e-5)
    laws = laws[:groups]
    tops = laws.max(axis=-1)
    sure = tops > 0.9
    np.testing.assert_allclose(tops[sure], 0.995, rtol=1e-6)
    assert sure.mean() == pytest.approx(0.25, abs=0.01)
    for group, last in zip(*np.nonzero(sure), strict=True):
        assert not sure[source.classes[last], laws[group, last].argmax()]
    assert 0 < laws.min() < TAIL
    stationary = source.stationary()
    assert 0 in np.argsort(-stationary)[:3]
    assert stats.spearmanr(stationary, -np.arange(vocabulary)).statistic > 0.6
    text = source.sample(KEY, 64, 64)
    assert 0.001 < float(source.tail_mass(text)) < 0.2
    shares = np.histogram(np.exp(-source.surprise(text)), 10, (0, 1))[0]
    assert min(shares[0], shares[-1]) > shares[4:9].max() / 2  # high at both ends


def test_a_seed_decides_everything():
    first, again, other = (MarkovSource.zipfian(64, seed=seed) for seed in (5, 5, 6))
    np.testing.assert_array_equal(first.table, again.table)
    np.testing.assert_array_equal(first.sample(KEY, 4, 8), again.sample(KEY, 4, 8))
    assert (first.table != other.table).all()


def test_sources_are_arguments_of_compiled_programs(source):
    text = source.sample(KEY, 4, 8)
    compiled = jax.jit(lambda source, text: source.surprise(text))
    np.testing.assert_allclose(compiled(source, text), source.surprise(text), rtol=1e-6)


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        ({"vocabulary": 63}, "vocabulary=63: accepted are integers from 64 to 1024"),
        ({"vocabulary": 1025}, "vocabulary=1025"),
        ({"vocabulary": 64, "order": 3}, "order=3: accepted are 1 and 2"),
        ({"vocabulary": 64, "exponent": 0.0}, "exponent=0.0"),
        ({"vocabulary": 64, "confident_share": 0.6}, "confident_share=0.6"),
        ({"vocabulary": 64, "confident": 1.0}, "confident=1.0"),
    ],
)
def test_wrong_arguments_are_named(arguments, named):
    with pytest.raises(ValueError, match=named):
        MarkovSource.zipfian(**arguments)


def test_laws_and_classes_that_do_not_fit_are_named(source):
    with pytest.raises(ValueError, match="laws with least 0.0"):
        MarkovSource.of(np.array([[[1.0, 0.0], [0.5, 0.5]]]))
    with pytest.raises(ValueError, match="accepted are positive rows that sum to 1"):
        MarkovSource.of(2 * TWO)
    with pytest.raises(ValueError, match="classes from 0 to 1: accepted are 0 ... 0"):
        MarkovSource.of(TWO, np.array([0, 1]))
    with pytest.raises(ValueError, match="blocks=0, time=4"):
        source.sample(KEY, 0, 4)


def test_divergence_over_all_pairs_by_hand():
    """No text is drawn: 2/3 and 1/3 of the text stand in the two contexts of TWO."""
    source = MarkovSource.of(TWO)
    np.testing.assert_array_equal(source.pairs, [[0, 0], [1, 1]])
    first = 0.75 * np.log(0.75 / 0.5) + 0.25 * np.log(0.25 / 0.5)
    second = 0.5 * np.log(0.5 / 0.8) + 0.5 * np.log(0.5 / 0.2)
    model = np.log([[0.5, 0.5], [0.8, 0.2]])
    found = source.kl_of_pairs(model)
    assert found == pytest.approx((2 * first + second) / 3, rel=1e-6)
    assert found != pytest.approx((2 * first + second) / 3 * 1.02, rel=1e-3)
    assert source.kl_of_pairs(np.log(TWO[0])) == pytest.approx(0, abs=1e-9)
    chosen = np.array([[True, False], [False, True]])
    assert source.share_where(chosen) == pytest.approx((2 * 0.75 + 0.5) / 3, rel=1e-6)


def test_divergence_over_all_pairs_is_the_mean_over_text(source):
    """Of a long text, up to how often it happens to hold each context."""
    model = np.log(np.asarray(MarkovSource.zipfian(64, seed=4).table))
    text = np.asarray(source.sample(KEY, BLOCKS, 2))
    drawn = float(source.kl(text, model[text[:, :1]]))
    exact = source.kl_of_pairs(model)
    assert drawn == pytest.approx(exact, rel=0.01) != pytest.approx(1.02 * exact, rel=0.01)
