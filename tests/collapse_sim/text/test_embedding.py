"""Maps: distances that two dimensions can hold, topics that come apart, and what is refused."""

import sys

import numpy as np
import pytest
from scipy.sparse import csr_array
from scipy.spatial.distance import pdist

from collapse_sim.text.embedding import planar_map, unit_rows
from collapse_sim.text.ngrams import ngram_counts

TOPICS = ["sun moon star comet orbit planet", "flour sugar butter oven bake cake"]
LABELS = np.array([0, 0, 1] * 8)


@pytest.fixture(scope="module")
def counts() -> csr_array:
    """Two documents of the first topic, then one of the second, and so on."""
    random = np.random.default_rng(5)
    texts = [" ".join(random.choice(TOPICS[label].split(), 20)) for label in LABELS]
    return ngram_counts(texts)


def test_unit_rows_by_hand():
    found = unit_rows(csr_array(np.array([[3, 0, 4], [0, 0, 0], [0, 2, 0]])))
    np.testing.assert_allclose(found.toarray(), [[0.6, 0, 0.8], [0, 0, 0], [0, 1, 0]])


def test_three_kinds_of_documents_keep_their_distances():
    rows = np.array([[1, 0, 0, 0], [0, 1, 0, 0], [0, 3, 4, 0]])[[0, 1, 2, 0, 1, 2, 2]]
    found = planar_map(csr_array(rows))
    unit = rows / np.linalg.norm(rows, axis=1, keepdims=True)
    np.testing.assert_allclose(pdist(found), pdist(unit), atol=1e-7)
    np.testing.assert_allclose(found.mean(axis=0), 0, atol=1e-12)


@pytest.mark.parametrize("kind", ["pca", "tsne"])
def test_topics_come_apart(counts, kind):
    found = planar_map(counts, kind, perplexity=5.0)
    assert found.shape == (24, 2)
    centres = [found[label == LABELS].mean(axis=0) for label in (0, 1)]
    nearer = [np.linalg.norm(found - centre, axis=1) for centre in centres]
    np.testing.assert_array_equal(np.argmin(nearer, axis=0), LABELS)


def test_the_same_seed_gives_the_same_map(counts):
    np.testing.assert_array_equal(planar_map(counts, seed=3), planar_map(counts, seed=3))


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: planar_map(csr_array(np.eye(9)), "umap"), "kind=umap: accepted are pca, tsne"),
        (
            lambda: planar_map(csr_array(np.eye(3))),
            "counts of shape (3, 3): accepted are at least 4 documents and features",
        ),
        (
            lambda: planar_map(ngram_counts(["a b", "a b"] * 3)),
            "counts of 6 equal documents: accepted are some that differ",
        ),
        (
            lambda: planar_map(ngram_counts([""] * 4)),
            "counts of 4 equal documents: accepted are some that differ",
        ),
        (
            lambda: planar_map(csr_array(np.eye(9)), "tsne", perplexity=9.0),
            "perplexity=9.0: accepted is (0, 9), of documents",
        ),
    ],
)
def test_unusable_input_is_refused_in_one_line(call, message):
    with pytest.raises(ValueError) as refusal:
        call()
    assert str(refusal.value) == message


def test_a_missing_package_is_named(counts, monkeypatch):
    monkeypatch.setitem(sys.modules, "sklearn.decomposition", None)
    with pytest.raises(ValueError) as refusal:
        planar_map(counts)
    assert str(refusal.value) == "a map: needs scikit-learn, as in pip install 'collapse-sim[real]'"
