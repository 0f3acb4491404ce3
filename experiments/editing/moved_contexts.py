"""Tokens that leave the eligible set as their context changed: on an oracle, and a real prior."""

from typing import NamedTuple

import numpy as np

from collapse_sim.experiment.process import Check, Process
from collapse_sim.language.moved_contexts import MovedContexts
from collapse_sim.language.oracle import MarkovSource
from collapse_sim.workplace import Arrays
from theory.language.edited_text import leavers_per_change

ORACLE = {"vocabulary": 64, "order": 1, "seed": 0, "exponent": 2.0, "confident_share": 0.0}
"""A source whose sure contexts follow one another, so that leavers are no rare event."""
ABOVE = 0.5
REPLICATES = 2**15
BAND = 1.0
"""Logits on either side of the threshold, where the density and the shifts are taken from."""
LARGEST = -np.float64(2.0**-26)
"""Of a log P: float32 has no probability between that and 1."""


def oracle_processes() -> list[Process]:
    """The law of leavers where it is exact: each edit changes the law of the next token alone."""
    source = MarkovSource.zipfian(**ORACLE)
    rows = np.asarray(source.table, float)
    start = source.stationary()
    where = {
        "transition": rows / rows.sum(axis=1, keepdims=True),
        "start": start / start.sum(),
        "threshold": ABOVE,
    }
    checks = [Check("ref.edited_left", "left", at=2), Check("ref.edited_next", "eligible", at=2)]
    return [
        Process(
            "moved_contexts",
            MovedContexts(source, ABOVE),
            REPLICATES,
            title="oracle, moved contexts",
            looks=(REPLICATES // 2, REPLICATES),
            where=where,
            checks=checks,
        )
    ]


class Moved(NamedTuple):
    """Tokens for each token that was changed: measured, by the law of falls, to leading order."""

    changed: float
    """Tokens that were changed, in all."""
    left: float
    left_law: float
    left_leading: float
    entered: float
    entered_law: float
    density: float
    """Tokens behind a change, per logit at the threshold and changed token."""
    fall: float
    """Mean fall of the logit of a token just below the threshold, rises counted 0."""


def moved(pairs: Arrays, threshold: float) -> Moved:
    """Moves between successive readings of one text, token by token.

    The law takes the shifts of tokens on one side of the threshold to predict how many cross it
    from the other: falls of tokens just below it for those that leave, rises of tokens just above
    it for those that enter. It knows nothing of the tokens that cross.
    """
    changed = int(pairs["is_changed"].sum())
    behind = (pairs["distance"] > 0) & ~pairs["is_changed"].astype(bool)
    line = np.log(threshold / (1 - threshold))
    above = logit(pairs["before"][behind]) - line
    fall = above - (logit(pairs["after"][behind]) - line)
    was = pairs["was_eligible"][behind].astype(bool)
    now = above - fall >= 0
    just_below, just_above = (above < 0) & (above >= -BAND), (above >= 0) & (above < BAND)
    per = max(changed, 1)
    density = (just_below.sum() + just_above.sum()) / (2 * BAND * per)
    mean_fall = float(np.maximum(fall[just_below], 0).mean()) if just_below.any() else 0.0
    return Moved(
        changed=float(changed),
        left=float((was & ~now).sum()) / per,
        left_law=_crossing(above[was], fall[just_below]) / per,
        left_leading=leavers_per_change(density=density, fall=mean_fall),
        entered=float((~was & now).sum()) / per,
        entered_law=_crossing(-above[~was], -fall[just_above]) / per,
        density=float(density),
        fall=mean_fall,
    )


def _crossing(room: np.ndarray, shifts: np.ndarray) -> float:
    """Expected number of tokens whose shift, drawn from `shifts`, exceeds their room."""
    if not len(shifts):
        return 0.0
    ordered = np.sort(shifts)
    return float((1 - np.searchsorted(ordered, room, side="right") / len(ordered)).sum())


def logit(log_probability: np.ndarray) -> np.ndarray:
    """ln P / (1 - P), from ln P."""
    known = np.minimum(log_probability.astype(np.float64), LARGEST)
    return known - np.log(-np.expm1(known))


def of_documents(pairs: Arrays, threshold: float) -> tuple[Moved, Moved]:
    """The whole, and half of a 95 % interval of each number: the jackknife over documents."""
    whole = moved(pairs, threshold)
    documents = np.unique(pairs["document"])
    if len(documents) < 2:
        return whole, Moved(*[np.inf] * len(whole))
    without = np.array(
        [
            moved({n: v[pairs["document"] != one] for n, v in pairs.items()}, threshold)
            for one in documents
        ]
    )
    count = len(documents)
    spread = (count - 1) / count * ((without - without.mean(axis=0)) ** 2).sum(axis=0)
    return whole, Moved(*(1.96 * np.sqrt(spread)).tolist())
