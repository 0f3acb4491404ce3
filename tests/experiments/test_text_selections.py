"""Synthetic documents chosen by importance, perplexity and density, and at random."""

import numpy as np
import pytest

from experiments.fraction import selections
from experiments.fraction.selections import selections_of


@pytest.fixture(autouse=True)
def quickly(monkeypatch):
    """Fewer tables."""
    monkeypatch.setattr(selections, "TABLES", 100)


@pytest.fixture(scope="module")
def two_topics():
    """Human text of one topic; synthetic text of which every third document is of that topic."""
    random = np.random.default_rng(0)
    words, others = random.integers(0, 50, (2, 90, 12))
    human = [" ".join(f"a{word}" for word in row) for row in words]
    synthetic = [
        " ".join(f"{'a' if place % 3 == 1 else 'b'}{word}" for word in row)
        for place, row in enumerate(others)
    ]
    return human, synthetic


def test_importance_selects_the_topic_of_the_human_text(two_topics):
    found = {s.name: s for s in selections_of(*two_topics, np.arange(90.0), 30, seed=0)}
    assert list(found) == ["importance", "perplexity", "density", "random"]
    np.testing.assert_array_equal(found["importance"].kept, np.arange(1, 90, 3))
    assert not np.array_equal(found["random"].kept, np.arange(1, 90, 3))


@pytest.mark.parametrize(("k", "first"), [(1, 44), (30, 30), (31, 29), (90, 0)])
def test_the_perplexity_filter_keeps_the_middle_ranks(k, first, two_topics):
    """Also where half of the perplexities are equal, exactly k."""
    order = np.random.default_rng(1).permutation(90)
    _, kept, *_ = selections_of(*two_topics, np.argsort(order) + 1.0, k, seed=0)
    np.testing.assert_array_equal(kept.kept, np.sort(order[first : first + k]))
    _, kept, *_ = selections_of(*two_topics, np.repeat([2.0, 3.0], 45), k, seed=0)
    np.testing.assert_array_equal(kept.kept, np.arange(first, first + k))


def test_density_sampling_leaves_copies_out(two_topics):
    """Eighty copies and ten documents of their own, each with eighty times a copy's chance."""
    human, synthetic = two_topics
    texts = [synthetic[0]] * 80 + [f"c{i} d{i} e{i}" for i in range(10)]
    _, _, density, random = selections_of(human, texts, np.arange(90.0), 10, seed=0)
    assert np.sum(density.kept >= 80) >= 8 > np.sum(random.kept >= 80)


def test_selections_are_of_one_size_and_depend_on_the_seed(two_topics):
    first, again, other = (
        selections_of(*two_topics, np.arange(90.0), 20, seed=seed) for seed in (0, 0, 1)
    )
    for selection, same, different in zip(first, again, other, strict=True):
        np.testing.assert_array_equal(selection.kept, same.kept)
        assert len(set(selection.kept)) == 20 and selection.among == 90
        chosen_by_chance = selection.name in ("density", "random", "importance")
        assert np.array_equal(selection.kept, different.kept) != chosen_by_chance
    assert len({tuple(selection.kept) for selection in first}) == 4


@pytest.mark.parametrize(
    ("values", "k", "message"),
    [
        (np.arange(90.0), 0, "k=0: accepted are integers from 1 to 90"),
        (np.arange(90.0), 91, "k=91: accepted are integers from 1 to 90"),
        (np.arange(89.0), 5, "perplexities=89: accepted are 90, as documents"),
        (np.full(90, np.inf), 5, "value inf: accepted are finite numbers"),
    ],
)
def test_selections_that_cannot_be(values, k, message, two_topics):
    with pytest.raises(ValueError, match=message):
        selections_of(*two_topics, values, k, seed=0)
