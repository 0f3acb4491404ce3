"""What the studies share: texts by role, intervals over documents and seeds."""

import numpy as np
import pytest
from scipy import stats

from collapse_sim.corpus.sums import Sums
from collapse_sim.language.corpus import Document
from collapse_sim.text.coverage import coverage
from experiments.study.intervals import document_interval, loss_interval
from experiments.study.settings import StudySettings
from experiments.study.texts import Text, make_texts

SETTINGS = StudySettings(vocabulary=260, context=8, tokens=400)


def documents(count: int) -> list[Document]:
    random = np.random.default_rng(1)
    texts = ["".join(random.choice(list("abcdef "), 100)) for _ in range(count)]
    return [Document(text, ("one", "two")[i % 2]) for i, text in enumerate(texts)]


def test_no_document_has_two_roles_and_all_roles_are_equally_long():
    texts = make_texts(SETTINGS, ("student", "generator", "judge"), documents(60))
    assert len({text.blocks.shape for text in texts.roles.values()}) == 1
    assert set(texts.held_out) == {"one", "two"}
    digests = texts.sources["digests"]
    assert len(set(digests.values())) == 4
    seen = [set(map(bytes, text.blocks)) for text in texts.roles.values()]
    seen += [set(map(bytes, text.blocks)) for text in texts.held_out.values()]
    # Blocks of 8 random letters: two texts share one by chance 7^-8 each, 1e-4 in all.
    assert sum(map(len, seen)) == len(set.union(*seen))


def test_too_little_text_for_all_roles_is_one_line():
    with pytest.raises(ValueError, match=r"accepted are at least"):
        make_texts(SETTINGS, ("student", "generator", "judge"), documents(4))


def test_a_domain_too_small_for_a_block_is_left_out():
    small = [Document("ab", "tiny"), Document("ba", "tiny")]
    texts = make_texts(SETTINGS, ("student", "generator"), [*documents(60), *small])
    assert set(texts.held_out) == {"one", "two"}


def test_a_text_is_cut_evenly():
    text = Text(np.arange(20).reshape(10, 2), np.arange(10) // 2)
    cut = text.cut(10)
    np.testing.assert_array_equal(cut.blocks[:, 0], [0, 4, 8, 12, 16])
    np.testing.assert_array_equal(cut.documents, [0, 1, 2, 3, 4])
    assert text.cut(100) is text


def test_joined_texts_share_no_document():
    one = Text(np.array([[1, 2], [3, 4], [5, 6]]), np.array([0, 2, 2]))
    other = Text(np.array([[7, 8], [9, 10]]), np.array([0, 1]))
    joined = Text.joined([one, other, one])
    np.testing.assert_array_equal(joined.blocks, [*one.blocks, *other.blocks, *one.blocks])
    np.testing.assert_array_equal(joined.documents, [0, 2, 2, 3, 4, 5, 7, 7])
    np.testing.assert_array_equal(joined.at(np.array([4, 0])).blocks, [[9, 10], [1, 2]])
    np.testing.assert_array_equal(joined.at(np.array([4, 0])).documents, [4, 0])


def test_the_interval_of_losses_sees_seeds_and_documents():
    """Additive effects: the variance is the sum of both, on Satterthwaite's degrees of freedom."""
    random = np.random.default_rng(2)
    seeds, documents_of = random.normal(0, 0.3, 8), random.normal(0, 1.0, 100)
    losses = (seeds[:, None] + documents_of)[:, np.repeat(np.arange(100), 3)]
    low, high = loss_interval(losses, np.repeat(np.arange(100), 3))
    of_seeds, of_documents = seeds.var(ddof=1) / 8, documents_of.var(ddof=1) / 100
    error = of_seeds + of_documents
    freedom = error**2 / (of_seeds**2 / 7 + of_documents**2 / 99)
    assert (high + low) / 2 == pytest.approx(losses.mean())
    assert (high - low) / 2 == pytest.approx(stats.t.isf(0.025, freedom) * error**0.5)


def test_with_one_document_the_interval_of_losses_is_students_over_seeds():
    losses = np.array([[1.0, 2.0], [2.0, 3.0], [4.0, 5.0]])
    expected = stats.t.interval(0.95, 2, *(f(losses.mean(axis=1)) for f in (np.mean, stats.sem)))
    assert loss_interval(losses, np.zeros(2)) == pytest.approx(expected)


def test_among_equal_seeds_the_interval_of_losses_is_that_of_sums_over_documents():
    random = np.random.default_rng(3)
    sizes, means = random.integers(1, 9, 12), random.normal(size=12)
    losses = np.repeat(means, sizes)
    measured = [{"loss": m * s, "blocks": s} for m, s in zip(means, sizes, strict=True)]
    expected = Sums.of(measured, ("loss", "blocks")).ratio("loss", "blocks")
    found = loss_interval(np.tile(losses, (4, 1)), np.repeat(np.arange(12), sizes))
    assert found == pytest.approx((expected.low, expected.high))


@pytest.mark.parametrize("seeds", [3, 8])
def test_the_interval_of_losses_misses_no_oftener_than_said(seeds):
    """2,000 intervals: more than 149 misses happen once in 1e6 where 5 % miss."""
    random, of = np.random.default_rng(5), np.arange(20)
    misses = 0
    for _ in range(2000):
        effects = random.normal(0, 0.3, (seeds, 1)), random.normal(size=20)
        low, high = loss_interval(effects[0] + effects[1], of)
        misses += not low <= 0 <= high
    assert 50 < misses <= 149


def test_equal_blocks_of_a_document_count_once():
    """To the last bit; as if they were independent the interval is too narrow by their root.

    The range of the other text is -1 to 1 in every resample, so that coverage is a share of 400
    documents, whose exact standard error is sqrt(0.6 * 0.4 / 400). The seed is fixed; ends of 1000
    resamples vary by 3 %.
    """
    count, copies = 400, 9
    values, numbers = np.resize([0.0, 0.0, 0.0, 5.0, 5.0], count), np.arange(count)
    other = np.resize([-1.0, 1.0], 60)
    order = np.random.default_rng(1).permutation(count * copies)

    def interval(values, documents) -> tuple[float, float]:
        pair = (documents, np.arange(60))
        return document_interval(coverage, (values, other), pair, np.random.default_rng(0))

    once, repeated = interval(values, numbers), np.repeat(values, copies)[order]
    assert interval(repeated, np.repeat(numbers, copies)[order]) == once
    width = 2 * stats.norm.isf(0.025) * np.sqrt(0.6 * 0.4 / count)
    assert once[1] - once[0] == pytest.approx(width, rel=0.1)
    low, high = interval(repeated, np.arange(count * copies))
    assert high - low == pytest.approx(width / np.sqrt(copies), rel=0.1)


def test_both_texts_are_drawn_anew_and_long_documents_weigh_more():
    """Means of 1, 2 or 5 in the one text and of 10, 20 or 50 in the other."""
    one, of = np.array([1.0, 5.0, 1.0, 1.0]), np.array([4, 7, 4, 4])
    seen = set()

    def difference(first, second) -> float:
        seen.add((float(np.mean(first)), float(np.mean(second))))
        return float(np.mean(first) - np.mean(second))

    interval = document_interval(difference, (one, 10 * one), (of, of), np.random.default_rng(0))
    assert seen == {(a, 10 * b) for a in (1.0, 2.0, 5.0) for b in (1.0, 2.0, 5.0)}
    assert interval == (-49.0, -5.0)


def test_a_bootstrap_of_few_documents_is_as_wide_as_students_interval():
    """Of eight; with plain percentiles it is 0.78 as wide. Mean of 40 ratios, to about 1 %."""
    random, ratios = np.random.default_rng(4), []
    for _ in range(40):
        values = random.normal(size=8)
        low, high = document_interval(np.mean, (values,), (np.arange(8),), random)
        ratios.append((high - low) / 2 / (stats.t.isf(0.025, 7) * stats.sem(values)))
    assert np.mean(ratios) == pytest.approx(1, abs=0.06)


def test_a_single_document_is_drawn_anew_by_its_blocks():
    values = np.random.default_rng(0).normal(size=50)
    single, blocks = (
        document_interval(np.mean, (values,), (of,), np.random.default_rng(0))
        for of in (np.full(50, 3), np.arange(50))
    )
    assert single == blocks and single[0] < values.mean() < single[1]


def test_equal_losses_have_no_interval():
    assert loss_interval(np.full((3, 8), 2.0), np.arange(8)) == (2.0, 2.0)
