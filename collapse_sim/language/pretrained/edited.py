"""Documents before and after an edit, and the trace of their tokens.

The first token of a document has no context: it is not scored, edited or counted. "Tokens" are
always the others.
"""

import math
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float, Int


@dataclass(frozen=True)
class Document:
    """A text; its `id` and the seed alone decide its random numbers."""

    id: str
    text: str


@dataclass(frozen=True)
class Rejected:
    """A document that cannot be processed, in its place in the stream."""

    id: str
    reason: str


@dataclass(frozen=True)
class ScoredDocument:
    """Log probabilities of a text."""

    id: str
    tokens: int
    log_probability: float
    """Sum over the tokens, in nats."""
    deciles: tuple[int, ...]
    """Tokens by their probability: [0, 0.1), [0.1, 0.2), ... [0.9, 1]."""

    @property
    def perplexity(self) -> float:
        """exp(-mean log probability); inf where it is past the floats."""
        mean = -self.log_probability / self.tokens
        return math.exp(mean) if mean < 700 else math.inf


@dataclass(frozen=True)
class PassCounts:
    """Tokens of one pass over a document."""

    tokens: int
    """All that were looked at: what is left of earlier passes."""
    eligible: int
    """Redrawn; the new token may be the old one."""
    changed: int
    """Of these, those that became another token."""
    dropped: int
    """Deleted."""
    left: int
    """Eligible in the pass before and not now, though the token itself was not changed: its
    context was. 0 in a first pass and in anchored ones."""


@dataclass(frozen=True, eq=False)
class TokenTrace:
    """Trace of the first pass, token by token."""

    before: Int[np.ndarray, " tokens"]
    """Ids of all tokens, here with the first of the document."""
    after: Int[np.ndarray, " tokens"]
    """Ids after the first pass; those of dropped tokens are still here."""
    probability: Float[np.ndarray, " tokens"]
    """P(token before | original text before it); nan for the first."""
    top_probability: Float[np.ndarray, " tokens"]
    """Of the likeliest token there; nan for the first."""
    redraw_probability: Float[np.ndarray, " tokens"]
    """P(token after | original text before it); nan for the first."""
    eligible: Bool[np.ndarray, " tokens"]
    dropped: Bool[np.ndarray, " tokens"]


@dataclass(frozen=True, eq=False)
class EditedDocument:
    """A text after all passes, and counts of its tokens.

    `tokens`, `eligible`, `expected_changed`, `log_probability` and `deciles` are of the first
    pass, over the original text; `changed` and `dropped` are the sums over all chained passes, or
    of the last anchored one, whose text this is.
    """

    id: str
    text: str
    tokens: int
    eligible: int
    changed: int
    dropped: int
    expected_changed: float
    """Sum over eligible tokens of 1 - P(old token) under the law of replacements."""
    log_probability: float
    """Of the original text, in nats."""
    log_probability_after: float | None
    """Of the edited tokens, in nats; None where not asked for: it costs one more pass."""
    deciles: tuple[int, ...]
    """Tokens of the original text by their probability: [0, 0.1), ... [0.9, 1]."""
    passes: tuple[PassCounts, ...]
    trace: TokenTrace | None
