"""A document on its way through the passes of an edit, with the changes of each pass."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from jaxtyping import Bool, Float, Int, UInt32

from collapse_sim.language.measures import probability_counts
from collapse_sim.language.pretrained.edited import (
    EditedDocument,
    PassCounts,
    ScoredDocument,
    TokenTrace,
)
from collapse_sim.language.pretrained.pieces import Pieces
from collapse_sim.language.pretrained.rule import EditRule
from collapse_sim.language.pretrained.scores import Scores
from collapse_sim.language.pretrained.step import log_threshold


@dataclass(frozen=True)
class Plan:
    """Plan of the work on every document."""

    rule: EditRule
    passes: int
    anchored: bool
    trace: bool
    score_after: bool
    pieces: Pieces


@dataclass(eq=False)
class Task:
    """A document to be scored: its tokens as they stand, and their scores so far."""

    id: str
    ids: Int[np.ndarray, " tokens"]
    key: UInt32[np.ndarray, "2"]
    result: Any = None
    """Set when nothing is left to compute."""

    def finish(self, scores: Scores) -> bool:
        """Take the scores of the tokens that stand; True when the result is there."""
        log_p = scores.log_probability[1:].astype(np.float64)
        total = float(log_p.sum())
        self.result = ScoredDocument(self.id, log_p.size, total, deciles(log_p))
        return True


@dataclass(eq=False)
class EditTask(Task):
    """A document to be edited.

    What each pass draws in one context is computed at once. A pass that changes nothing leaves all
    contexts as they were, and so what the next one draws is known: the model is asked again only
    after a change. Anchored passes all read the original text and need one forward pass in all.
    """

    plan: Plan = field(kw_only=True)
    original: str = field(kw_only=True)
    done: list[PassCounts] = field(default_factory=list)
    was_eligible: Bool[np.ndarray, " tokens"] | None = None
    """Tokens that the pass before redrew without changing them, where it changed something."""
    first: dict[str, Any] | None = None
    """What the first pass says of the original text."""

    def finish(self, scores: Scores) -> bool:
        if self.first is not None and len(self.done) == self.plan.passes:  # scored after the edit
            self._give(float(scores.log_probability[1:].astype(np.float64).sum()))
            return True
        dropped = self._dropped(scores)
        if self.first is None:
            self._describe(scores, dropped)
        self._edit(scores, dropped)
        if len(self.done) == self.plan.passes:
            if not self.plan.score_after:
                self._give(None)
            elif not self._is_new:
                self._give(float(scores.log_probability[1:].astype(np.float64).sum()))
            elif len(self.ids) < 2:
                self._give(0.0)
        return self.result is not None

    @property
    def _counted(self) -> list[PassCounts]:
        """The passes that made the text."""
        return self.done[-1:] if self.plan.anchored else self.done

    @property
    def _is_new(self) -> bool:
        return any(counts.changed or counts.dropped for counts in self._counted)

    def _dropped(self, scores: Scores) -> Bool[np.ndarray, " tokens"]:
        rule = self.plan.rule
        if not rule.drops:
            return np.zeros(len(self.ids), bool)
        log_p, least = scores.log_probability, log_threshold(rule.drop_below)
        below = log_p < least if rule.strict else log_p <= least
        below[0] = False
        return below & ~scores.eligible

    def _describe(self, scores: Scores, dropped: Bool[np.ndarray, " tokens"]) -> None:
        log_p = scores.log_probability[1:].astype(np.float64)
        self.first = {
            "tokens": log_p.size,
            "eligible": int(scores.eligible.sum()),
            "expected_changed": float(scores.expected_change[scores.eligible].sum(dtype=float)),
            "log_probability": float(log_p.sum()),
            "deciles": deciles(log_p),
            "trace": self._trace(scores, dropped) if self.plan.trace else None,
        }

    def _trace(self, scores: Scores, dropped: Bool[np.ndarray, " tokens"]) -> TokenTrace:
        def probability(log_p: np.ndarray) -> Float[np.ndarray, " tokens"]:
            return np.concatenate([[np.nan], np.exp(log_p[1:].astype(np.float64))])

        is_drawn = scores.drawn.shape[1] > 0
        after = scores.drawn[:, 0] if is_drawn else self.ids
        redrawn = scores.drawn_log_probability[:, 0] if is_drawn else scores.log_probability
        redrawn = np.where(scores.eligible, redrawn, scores.log_probability)
        return TokenTrace(
            before=self.ids,
            after=np.where(scores.eligible, after, self.ids),
            probability=probability(scores.log_probability),
            top_probability=probability(scores.top_log_probability),
            redraw_probability=probability(redrawn),
            eligible=scores.eligible,
            dropped=dropped,
        )

    def _edit(self, scores: Scores, dropped: Bool[np.ndarray, " tokens"]) -> None:
        """Passes from the next one on, until one of them changes the text."""
        plan, eligible = self.plan, scores.eligible
        left = 0
        if self.was_eligible is not None:
            left = int((self.was_eligible & ~eligible).sum())
            self.was_eligible = None
        before = self.ids
        while len(self.done) < plan.passes:
            number = len(self.done)
            drawn = scores.drawn[:, number] if plan.rule.revises else before
            changed = eligible & (drawn != before)
            self.done.append(
                PassCounts(
                    tokens=len(before) - 1,
                    eligible=int(eligible.sum()),
                    changed=int(changed.sum()),
                    dropped=int(dropped.sum()),
                    left=left,
                )
            )
            left = 0
            if changed.any() or dropped.any():
                self.ids = np.where(changed, drawn, before)[~dropped]
                if not plan.anchored:
                    self.was_eligible = (eligible & ~changed)[~dropped]
                    break
            else:
                self.ids = before
        if len(self.ids) < 2:  # nothing is left that has a context
            self.done += [PassCounts(0, 0, 0, 0, 0)] * (plan.passes - len(self.done))

    def _give(self, log_probability_after: float | None) -> None:
        assert self.first is not None
        self.result = EditedDocument(
            id=self.id,
            text=self.plan.pieces.text(self.ids) if self._is_new else self.original,
            changed=sum(counts.changed for counts in self._counted),
            dropped=sum(counts.dropped for counts in self._counted),
            log_probability_after=log_probability_after,
            passes=tuple(self.done),
            **self.first,
        )


def deciles(log_p: Float[np.ndarray, " tokens"]) -> tuple[int, ...]:
    """Tokens by their probability: [0, 0.1), [0.1, 0.2), ... [0.9, 1]."""
    # A logarithm of a probability may be rounded to above 0.
    return tuple(probability_counts(np.minimum(np.exp(log_p), 1)).tolist())
