"""Tokens that leave the eligible set as their context changed: on an oracle, and a real prior."""

from typing import NamedTuple

import numpy as np

from collapse_sim.corpus.sums import student
from collapse_sim.experiment.process import Check, Process
from collapse_sim.language.moved_contexts import MovedContexts
from collapse_sim.language.oracle import MarkovSource
from collapse_sim.workplace import Arrays
from theory.language.edited_text import left_by_odds, left_by_surprise

ORACLE = {"vocabulary": 64, "order": 1, "seed": 0, "exponent": 2.0, "confident_share": 0.0}
"""A source whose sure contexts follow one another, so that leavers are no rare event."""
ABOVE = 0.5
REPLICATES = 2**15
BAND = 1.0
"""Logits on either side of the threshold, where the density and the shifts are taken from."""
SMALLEST, LARGEST = -700.0, -np.float64(2.0**-26)
"""Of a log P: float32 has no probability between that and 1, float64 none below."""


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
    """Tokens for each token that was changed: measured, and by the laws of what crosses."""

    changed: float
    """Tokens that were changed, in all."""
    left: float
    left_least: float
    """By the law of falls."""
    left_most: float
    """By the law of surprises."""
    entered: float
    entered_law: float
    fall_below: float
    """Mean fall of the logit just below the threshold, rises counted 0; the others just above it
    and farther above."""
    fall_above: float
    fall_far: float


def moved(pairs: Arrays, threshold: float) -> Moved:
    """Moves between successive readings of one text, token by token.

    The laws take the shifts of tokens on one side of the threshold to predict how many cross it
    from the other: shifts of tokens just below it for those that leave, rises of tokens just above
    it for those that enter. They know nothing of the tokens that cross.
    """
    changed = int(pairs["is_changed"].sum())
    behind = (pairs["distance"] > 0) & ~pairs["is_changed"].astype(bool)
    before, after = probability(pairs["before"][behind]), probability(pairs["after"][behind])
    line = logit(threshold)
    above, now_above = logit(before) - line, logit(after) - line
    was, now = pairs["was_eligible"][behind].astype(bool), now_above >= 0
    just_below, just_above = (above < 0) & (above >= -BAND), (above >= 0) & (above < BAND)
    seen = {"before": before[just_below], "after": after[just_below], "threshold": threshold}
    # The same law upside down: a token enters where its doubt falls below that of the threshold.
    risen = {"before": 1 - before[just_above], "after": 1 - after[just_above]}
    entered_law = left_by_odds(sure=1 - before[~was], threshold=1 - threshold, **risen)
    fall = np.maximum(above - now_above, 0)
    per = max(changed, 1)
    return Moved(
        changed=float(changed),
        left=float((was & ~now).sum()) / per,
        left_least=left_by_odds(sure=before[was], **seen) / per,
        left_most=left_by_surprise(sure=before[was], **seen) / per,
        entered=float((~was & now).sum()) / per,
        entered_law=entered_law / per,
        fall_below=_mean(fall[just_below]),
        fall_above=_mean(fall[just_above]),
        fall_far=_mean(fall[above >= BAND]),
    )


def _mean(values: np.ndarray) -> float:
    return float(values.mean()) if len(values) else 0.0


def probability(log_probability: np.ndarray) -> np.ndarray:
    """In float64, within what float32 can tell from 0 and 1."""
    return np.exp(np.clip(log_probability.astype(np.float64), SMALLEST, LARGEST))


def logit(probability: np.ndarray | float) -> np.ndarray | float:
    """ln P / (1 - P)."""
    return np.log(probability) - np.log1p(-probability)


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
    return whole, Moved(*(student(count) * np.sqrt(spread)).tolist())
