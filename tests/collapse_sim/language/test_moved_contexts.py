"""A pass over pairs of tokens: the simulation has the means of the closed forms."""

import numpy as np
import pytest

from collapse_sim.language.moved_contexts import MovedContexts
from collapse_sim.language.oracle import MarkovSource
from collapse_sim.replicates import EMPTY
from tests.collapse_sim.draws import draw
from theory.language.edited_text import left_share, next_eligible_share

LAWS = np.array([[[0.6, 0.3, 0.1], [0.2, 0.6, 0.2], [0.5, 0.3, 0.2]]])
COUNT, BLOCKS = 16384, 256
LARGEST_SCORE = 5.0
"""Chance 6e-7 for one comparison of a mean of 4 194 304 blocks with its expectation."""


def test_shares_are_those_of_the_formulas_and_of_no_others():
    source = MarkovSource.of(LAWS)
    summary = EMPTY.add(draw(MovedContexts(source, 0.5, BLOCKS), seed=3, count=COUNT))
    start = source.stationary()
    where = {"transition": LAWS[0], "start": start / start.sum(), "threshold": 0.5}
    sure = LAWS[0] >= 0.5
    expected = {
        ("eligible", 0): float(where["start"] @ np.where(sure, LAWS[0], 0).sum(axis=1)),
        ("changed", 1): float(where["start"] @ np.where(sure, LAWS[0] * (1 - LAWS[0]), 0).sum(1)),
        ("left", 1): left_share(**where),
        ("eligible", 1): next_eligible_share(**where),
    }
    for (measure, place), share in expected.items():
        moments = summary.moments[measure]
        error = moments.standard_error[place]
        assert abs(moments.mean[place] - share) < LARGEST_SCORE * error, measure
        assert abs(moments.mean[place] - 1.02 * share) > LARGEST_SCORE * error, measure


@pytest.mark.parametrize(
    ("more", "named"),
    [
        ({"source": MarkovSource.zipfian(64, 2)}, "source of order 2: accepted is order 1"),
        ({"above": 1.5}, r"above=1.5: accepted is \[0, 1\]"),
        ({"blocks": 0}, "blocks=0: accepted are integers >= 1"),
    ],
)
def test_wrong_arguments_are_named(more, named):
    with pytest.raises(ValueError, match=named):
        MovedContexts(**{"source": MarkovSource.of(LAWS), **more})
