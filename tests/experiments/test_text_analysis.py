"""Two texts compared, measure by measure."""

import json
import re
from collections import Counter
from itertools import pairwise

import numpy as np
import pytest
from scipy.sparse import csr_array

from collapse_sim.run_directory import dump_json
from collapse_sim.text.ngrams import ngram_counts
from experiments.fraction import similarity
from experiments.fraction.analysis import RANKS, Analysis, analyse
from experiments.fraction.analysis_report import print_analysis
from experiments.fraction.similarity import densities_among_human, log_ratios

DOCUMENTS, WORDS = 200, 24


@pytest.fixture(autouse=True)
def quickly(monkeypatch):
    """Fewer tables, and no t-SNE but where it is asked for."""
    monkeypatch.setattr(similarity, "TABLES", 100)
    monkeypatch.setattr(similarity, "KINDS", ("pca",))


def zipfian(seed: int, documents: int = DOCUMENTS) -> np.ndarray:
    """Words by rank, (documents, words), with chances inverse to rank."""
    chances = 1 / np.arange(1, 1000)
    return np.random.default_rng(seed).choice(999, (documents, WORDS), p=chances / chances.sum())


def written(words: np.ndarray) -> list[str]:
    return [" ".join(f"w{word}" for word in row) for row in words]


def perplexities(seed: int, documents: int = DOCUMENTS) -> np.ndarray:
    return np.exp(np.random.default_rng(seed).normal(3, 0.4, documents))


def compared(human, synthetic, of_human, of_synthetic, **more) -> Analysis:
    """Words are tokens, and every document is its own cluster."""
    flags = {"seed": 0, "tokens": (human, synthetic), "vocabulary": 1000}
    flags |= {"clusters": (np.arange(len(human)), np.arange(len(synthetic)))} | more
    return analyse(written(human), written(synthetic), of_human, of_synthetic, **flags)


@pytest.fixture(scope="module")
def few_repeated():
    """Synthetic text that is five of the human documents, of middling perplexity, again and
    again; which of them; and the perplexities of the human ones."""
    human, values = zipfian(0), perplexities(1)
    middling = np.argsort(values)[80:120:10]
    chosen = np.resize(middling, DOCUMENTS)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(similarity, "TABLES", 100)
        patch.setattr(similarity, "KINDS", ("pca",))
        return compared(human, human[chosen], values, values[chosen]), middling, values


# Exact answers


def test_a_text_is_like_itself():
    human, values = zipfian(0), perplexities(1)
    found = compared(human, human, values, values)
    assert (found.documents, found.tokens) == (DOCUMENTS, DOCUMENTS * WORDS)
    for interval in found.coverage.values():
        assert interval.value == pytest.approx(0.98)
        assert interval.low <= 0.98 <= interval.high
    np.testing.assert_allclose(found.coverage_by_judge, [[0.98, 0.98]])
    assert not found.importance.quantiles.any()
    for histograms in (found.perplexity, found.importance):
        np.testing.assert_array_equal(*histograms.shares)
        np.testing.assert_array_equal(*histograms.quantiles)
        np.testing.assert_allclose(histograms.shares.sum(axis=1), 1)
    for values in [*found.measures.values(), *found.curves.values()]:
        if values is not found.measures["low_density"]:  # a copy lies on its original
            np.testing.assert_array_equal(*values)
    assert found.bigrams["human"] == found.bigrams["synthetic"]
    assert all(bigram.count == bigram.other for bigram in found.bigrams["human"])
    np.testing.assert_allclose(*found.maps["pca"], atol=1e-9)


def test_few_documents_repeated_are_narrow_concentrated_and_dense(few_repeated):
    found, middling, values = few_repeated
    inside = (values >= values[middling].min()) & (values <= values[middling].max())
    assert found.coverage["human"].value == pytest.approx(inside.mean())
    assert found.coverage["human"].value < 0.25 and found.coverage["synthetic"].value == 1
    assert found.coverage["human"].high < 0.5 < found.coverage["synthetic"].low
    for name in ("unigram_concentration", "bigram_concentration"):
        human, synthetic = found.measures[name]
        assert synthetic > 0.8 and synthetic > 1.3 * human  # some 115 pairs are left
    for name in ("distinct_1", "distinct_2", "distinct_3", "compression_ratio"):
        human, synthetic = found.measures[name]
        assert synthetic < human / 3
    human, synthetic = found.density.quantiles
    assert synthetic[0] >= 2**14 / DOCUMENTS > human[-1]  # every one lies on its original
    assert found.measures["low_density"][1] == 0 < found.measures["low_density"][0]


def test_density_leaves_a_document_itself_out():
    """A copy of a human document meets one more than its original: itself, at 1 / chance."""
    counts = ngram_counts(written(zipfian(0, 50)))
    human, copies = densities_among_human(counts, counts, np.random.default_rng(0))
    seen = human > 1
    assert seen.sum() > 25
    np.testing.assert_allclose(copies[seen], (49 * human[seen] + 2**14) / 50)


def test_density_is_one_where_no_word_is_shared():
    human, apart = (ngram_counts([f"{letter}{i}" for i in range(50)]) for letter in "hs")
    found = densities_among_human(human, apart, np.random.default_rng(0))
    assert found.shape == (2, 50) and found.min() == 1
    assert found[1].max() < 25  # 100 tables, 50 others: 0.3 meetings expected


def test_importance_is_target_over_raw_by_the_law_of_the_other_half():
    """Add-one laws of two buckets from four counts."""
    human = csr_array([[2, 0], [2, 0], [0, 2], [0, 2]])
    synthetic = csr_array([[1, 1], [0, 0], [1, 1], [3, 1]])
    first = np.log([5 / 6, 1 / 6]) - np.log([1 / 2, 1 / 2])  # 4, 0 and 1, 1
    second = np.log([1 / 6, 5 / 6]) - np.log([5 / 8, 3 / 8])  # 0, 4 and 4, 2
    expected = [
        [2 * second[0], 2 * second[0], 2 * first[1], 2 * first[1]],
        [second.sum(), 0, first.sum(), 3 * first[0] + first[1]],
    ]
    np.testing.assert_allclose(log_ratios(human, synthetic), expected)


def test_curves_are_shares_of_the_fullest_buckets():
    """Word i of four stands in so many documents: 100, 60, 30, 10."""
    words = np.repeat([1, 2, 3, 4], [100, 60, 30, 10])[:, None] * [[1, 1]]
    values, tokens = perplexities(0), (zipfian(0), zipfian(1))
    found = compared(words, words[::-1], values, values, tokens=tokens)
    assert {tuple(rank) for rank in found.curves["unigram"][:, :4]} == {(0.5, 0.8, 0.95, 1.0)}
    assert tuple(found.ranks[:4]) == (1, 2, 3, 4) and found.ranks[-1] == 10_000
    for name, curve in found.curves.items():
        at_a_hundred = curve[:, list(RANKS).index(100)]
        np.testing.assert_allclose(at_a_hundred, found.measures[f"{name}_concentration"])
    assert [(b.words, b.count, b.other) for b in found.bigrams["human"]] == [
        ("w1 w1", 100, 100),
        ("w2 w2", 60, 60),
        ("w3 w3", 30, 30),
        ("w4 w4", 10, 10),
    ]


def test_pairs_of_words_are_counted_in_both_texts():
    human, synthetic = zipfian(0), zipfian(1)
    values = perplexities(0)
    found = compared(human, synthetic, values, values)
    counts = [Counter(p for row in text for p in pairwise(row)) for text in (human, synthetic)]
    for name, own, other in (("human", *counts), ("synthetic", *counts[::-1])):
        assert len(found.bigrams[name]) == 40
        distinct = found.measures["distinct_2"][int(name == "synthetic")]
        assert distinct == len(own) / own.total() < found.measures["distinct_3"].min()
        assert [b.count for b in found.bigrams[name]] == [n for _, n in own.most_common(40)]
        for bigram in found.bigrams[name]:
            pair = tuple(map(int, re.findall(r"w(\d+)", bigram.words)))
            assert (own[pair], other[pair]) == (bigram.count, bigram.other)


@pytest.mark.parametrize("name", ["human", "synthetic"])
@pytest.mark.parametrize("copies", [1, 4])
def test_the_interval_of_coverage_is_that_of_a_share(name, copies):
    """The other range is 10 to 20 in every resample; two fifths of a text's clusters lie in it.

    The ends are quantiles of 1000 resamples: 10 % of the width is three standard errors of both.
    """
    documents, order = 400, slice(None, None, 1 if name == "human" else -1)
    clusters = np.repeat(np.arange(documents // copies), copies)
    own = np.array([5.0, 11.0, 30.0, 19.0, 30.0])[clusters % 5]
    pair = (own, np.resize([10.0, 20.0], documents))[order]
    numbers = (clusters, np.arange(documents))[order]
    found = compared(zipfian(0, documents), zipfian(1, documents), *pair, clusters=numbers)
    interval = found.coverage[name]
    width = 2 * 1.96 * np.sqrt(0.4 * 0.6 / (documents / copies))
    assert interval.value == 0.4
    assert interval.high - interval.low == pytest.approx(width, rel=0.1)
    assert (interval.high + interval.low) / 2 == pytest.approx(0.4, abs=0.1 * width)


def test_several_judges_are_averaged_and_kept():
    words, values = zipfian(0), perplexities(1)
    single = compared(words, zipfian(2), values, 2 * values)
    pair = compared(
        words, zipfian(2), np.stack([values / 3, 3 * values]), np.stack([values, 4 * values])
    )
    np.testing.assert_allclose(pair.perplexity.quantiles, single.perplexity.quantiles)
    alone = compared(words, zipfian(2), values / 3, values)
    assert pair.coverage_by_judge.shape == (2, 2)
    np.testing.assert_array_equal(pair.coverage_by_judge[:1], alone.coverage_by_judge)
    human, synthetic = (interval.value for interval in alone.coverage.values())
    assert human != synthetic and alone.coverage_by_judge.tolist() == [[human, synthetic]]


# Form


def test_json_holds_all_there_is(monkeypatch):
    monkeypatch.setattr(similarity, "KINDS", ("pca", "tsne"))
    found = compared(zipfian(0, 12), zipfian(1, 12), perplexities(0, 12), perplexities(1, 12))
    again = compared(zipfian(0, 12), zipfian(1, 12), perplexities(0, 12), perplexities(1, 12))
    values = json.loads(dump_json(found.to_json()))
    assert values == found.to_json() == again.to_json()
    assert values["perplexity"]["quantiles"] == found.perplexity.quantiles.tolist()
    assert values["coverage"]["human"]["low"] == found.coverage["human"].low
    assert np.shape(values["maps"]["tsne"]) == (2, 12, 2)


def test_no_map_without_scikit_learn(monkeypatch):
    def missing(name):
        raise ImportError

    monkeypatch.setattr(similarity, "import_module", missing)
    assert compared(zipfian(0), zipfian(1), perplexities(0), perplexities(1)).maps == {}


@pytest.mark.parametrize(
    ("human", "synthetic", "values", "blocks", "clusters", "message"),
    [
        (3, 3, 3, (3, 3), (3, 3), "human documents=3: accepted are at least 4"),
        (9, 8, 9, (9, 9), (9, 9), "synthetic documents=8: accepted are 9"),
        (9, 9, 8, (9, 9), (9, 9), "human perplexities=8: accepted are 9"),
        (9, 9, 9, (8, 8), (9, 9), "human token blocks=8: accepted are 9"),
        (9, 9, 9, (9, 8), (9, 9), r"synthetic tokens of shape \(8, 24\): accepted is \(9, 24\)"),
        (9, 9, 9, (9, 9), (8, 9), "human clusters=8: accepted are 9"),
        (9, 9, 9, (9, 9), (9, 8), "synthetic clusters=8: accepted are 9"),
    ],
)
def test_sizes_are_equal(human, synthetic, values, blocks, clusters, message):
    with pytest.raises(ValueError, match=message):
        analyse(
            written(zipfian(0, human)),
            written(zipfian(1, synthetic)),
            perplexities(0, values),
            perplexities(1, values),
            seed=0,
            tokens=tuple(zipfian(2, n) for n in blocks),
            clusters=tuple(np.arange(n) for n in clusters),
            vocabulary=1000,
        )


@pytest.mark.parametrize("text", ["", " \n", "word"])
def test_text_without_pairs_of_words_is_refused(text):
    words, values = zipfian(0, 9), perplexities(0, 9)
    with pytest.raises(ValueError, match="human text without a pair of words: accepted are"):
        analyse([text] * 9, written(words), values, values, seed=0, tokens=(words, words),
                clusters=(np.arange(9),) * 2, vocabulary=1000)  # fmt: skip


def test_tables_fit_80_columns_whatever_the_words(capsys):
    strange = ["[red]" + "=" * 60 + " \x1b[31m$", "語" * 60 + " x" * 90, *written(zipfian(0, 8))]
    values = np.stack([perplexities(0, 10), perplexities(1, 10)])
    words = zipfian(3, 10)
    found = analyse(strange, strange[::-1], values, 1e6 * values, seed=0, tokens=(words, words),
                    clusters=(np.arange(10),) * 2, vocabulary=1000)  # fmt: skip
    print_analysis(None, found)
    shown = capsys.readouterr().out
    assert max(map(len, shown.splitlines())) <= 80 and "\x1b" not in shown
    assert "x x" in shown and "0.0 %" in shown and "range over seeds" in shown
