"""Numbers on an edit of a sample of documents, from their traces."""

import unicodedata
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from collapse_sim.language.pretrained.edited import EditedDocument, TokenTrace
from collapse_sim.language.pretrained.pieces import Pieces

BEFORE, AFTER = 14, 6
"""Tokens of context shown of a change."""
COMMONEST = 8
ENOUGH_CHANGES = 30
"""Under so many expected changes nothing can be shown about training on the edited text."""

MARKUP = "signs and markup"
KINDS = ("inside a word", "digits", MARKUP, "white space", "whole words", "other")


class Change(NamedTuple):
    """A token that the first pass changed or deleted, in its context."""

    document: str
    before: str
    old: str
    new: str | None
    """None where it was deleted."""
    after: str
    probability: float
    new_probability: float


@dataclass(frozen=True)
class Survey:
    """The first pass over a sample."""

    documents: int
    tokens: int
    eligible: int
    changed: int
    dropped: int
    expected_changed: float
    perplexity: float
    mean_probability: float
    """Of the eligible tokens; nan where there are none."""
    deciles: tuple[float, ...]
    """Shares of the tokens by their probability."""
    changes: tuple[Change, ...]
    commonest: tuple[tuple[str, int], ...]
    """Eligible tokens, and how often they are."""
    kinds: dict[str, float]
    """Shares of the eligible tokens by KINDS."""
    sure: int
    """Tokens whose likeliest candidate has at least the threshold."""
    sure_probability: float
    """Mean probability of that candidate."""
    sure_right: float
    """How often it is the one that stands there."""

    @property
    def expected_edits(self) -> float:
        """Tokens that are expected to change, and those that are deleted."""
        return self.expected_changed + self.dropped

    @property
    def is_enough(self) -> bool:
        """Tell whether so many edits are expected that their effect could be measured."""
        return self.expected_edits >= ENOUGH_CHANGES


def survey(documents: Sequence[EditedDocument], pieces: Pieces, threshold: float) -> Survey:
    """Numbers of edited documents; raises ValueError for none, or without traces."""
    traces = [document.trace for document in documents if document.trace is not None]
    if not documents or len(traces) < len(documents):
        raise ValueError("documents: accepted is at least one, each with its trace")
    tokens = sum(document.tokens for document in documents)
    counts = np.sum([document.deciles for document in documents], axis=0)
    eligible = np.concatenate([trace.before[trace.eligible] for trace in traces])
    chance, top = (
        np.concatenate([getattr(trace, name)[1:] for trace in traces])
        for name in ("probability", "top_probability")
    )
    words = [pieces.text(eligible[i : i + 1]) for i in range(len(eligible))]
    kinds = Counter(map(kind, words))
    sure = top >= threshold
    mean = lambda values: float(np.mean(values)) if len(values) else float("nan")  # noqa: E731
    log_probability = sum(document.log_probability for document in documents)
    return Survey(
        documents=len(documents),
        tokens=tokens,
        eligible=len(eligible),
        changed=sum(document.passes[0].changed for document in documents),
        dropped=sum(document.passes[0].dropped for document in documents),
        expected_changed=sum(document.expected_changed for document in documents),
        perplexity=float(np.exp(-log_probability / tokens)),
        mean_probability=mean(np.concatenate([t.probability[t.eligible] for t in traces])),
        deciles=tuple((counts / tokens).tolist()),
        changes=tuple(
            change
            for document, trace in zip(documents, traces, strict=True)
            for change in changes(document.id, trace, pieces)
        ),
        commonest=tuple(Counter(words).most_common(COMMONEST)),
        kinds={name: kinds[name] / max(len(words), 1) for name in KINDS},
        sure=int(sure.sum()),
        sure_probability=mean(top[sure]),
        sure_right=mean((chance == top)[sure]),
    )


def changes(name: str, trace: TokenTrace, pieces: Pieces) -> list[Change]:
    """Tokens that the first pass changed or deleted."""
    is_new = trace.before != trace.after
    return [
        Change(
            name,
            pieces.text(trace.before[max(at - BEFORE, 0) : at]),
            pieces.text(trace.before[at : at + 1]),
            None if trace.dropped[at] else pieces.text(trace.after[at : at + 1]),
            pieces.text(trace.before[at + 1 : at + 1 + AFTER]),
            float(trace.probability[at]),
            float(trace.redraw_probability[at]),
        )
        for at in np.flatnonzero(is_new | trace.dropped)
    ]


def kind(token: str) -> str:
    """One of KINDS; a whole word begins with a space."""
    word = token.strip()
    if not word:
        return "white space"
    groups = {unicodedata.category(character)[0] for character in word}
    if groups <= {"L", "M"}:
        return "inside a word" if word == token else "whole words"
    if groups == {"N"}:
        return "digits"
    return MARKUP if groups <= {"P", "S"} else "other"
