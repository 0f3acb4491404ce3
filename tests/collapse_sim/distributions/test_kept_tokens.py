"""Human tokens that are kept, against sums over every path of counts."""

import numpy as np
import pytest

from collapse_sim.distributions.kept_tokens import KeptTokens
from tests.collapse_sim.draws import draw, same_mean
from tests.theory.references_corpora import PAIR, kept_counts

HUMAN, ADDED = 3, 2
LAW = np.array(PAIR)


@pytest.mark.parametrize("stay", [False, True])
def test_measures_are_sums_over_every_path(stay):
    """A t test at 1e-6 for each measure and generation; the standard error is about .4 %."""
    tokens = KeptTokens.of(LAW, human=HUMAN, added=ADDED, generations=4, stay=stay)
    found = draw(tokens, seed=3, count=2**17)
    rows = []
    for n in range(4):
        law = kept_counts(human=HUMAN, added=ADDED, rounds=n, stay=stay)
        values = np.array([
            (2 * c / t * (1 - c / t), 2 * (c / t - PAIR[0]) ** 2, 2 * (c / t - first / HUMAN) ** 2)
            for first, c, t in law
        ])  # fmt: skip
        rows.append(np.array(list(law.values())) @ values)
    measures = "heterozygosity", "squared_distance", "excess"
    for name, expected in zip(measures, np.array(rows).T, strict=True):
        first = 1 if name == "excess" else 0  # at first it is no random number
        assert same_mean(found[name][:, first:], expected[first:]), name
        for factor in (0.96, 1.04):
            assert not same_mean(found[name][:, [3]], factor * expected[[3]]), (name, factor)
    assert (found["excess"][:, 0] == 0).all()


@pytest.mark.parametrize(
    ("stay", "shares"), [(False, [0, 0.4, 0.4, 0.4]), (True, [0, 0.4, 4 / 7, 6 / 9])]
)
def test_the_share_of_drawn_tokens(stay, shares):
    tokens = KeptTokens.of(LAW, human=HUMAN, added=ADDED, generations=4, stay=stay)
    found = draw(tokens, seed=1, count=2)["edited_fraction"][0]
    np.testing.assert_allclose(found, shares, rtol=1e-6)


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"law": np.array([0.5, 0.6])}, "law="),
        ({"human": 0}, "human=0"),
        ({"added": 0}, "added=0"),
        ({"added": 2**30, "stay": True}, "added=1073741824"),
        ({"generations": 0}, "generations=0"),
    ],
)
def test_unusable_settings_are_refused(changes, named):
    settings = {"law": LAW, "human": 3, "added": 2, "generations": 4} | changes
    with pytest.raises(ValueError, match=named):
        KeptTokens.of(**settings)
