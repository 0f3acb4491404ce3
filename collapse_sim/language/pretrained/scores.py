"""Scores of a document's tokens, from the rows in which its windows were computed."""

from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Bool, Float, Int

from collapse_sim.hosts import fetch
from collapse_sim.language.pretrained.rows import Window
from collapse_sim.language.pretrained.step import Redrawn, Scored


class Scores(NamedTuple):
    """Scores of each token of a window or of a document; 0 where it is not scored."""

    log_probability: Float[np.ndarray, " tokens"]
    """log P(token | those before it), in nats."""
    top_log_probability: Float[np.ndarray, " tokens"]
    """Of the likeliest token there."""
    eligible: Bool[np.ndarray, " tokens"]
    expected_change: Float[np.ndarray, " tokens"]
    """Of an eligible token: 1 - P(token) under the law of replacements."""
    drawn: Int[np.ndarray, "tokens passes"]
    """What each pass would put there; anything where the token is not eligible."""
    drawn_log_probability: Float[np.ndarray, "tokens passes"]


def by_row(
    rows: int, scored: Scored, redrawn: Redrawn | None, *, length: int, devices: int
) -> list[Scores]:
    """Scores of the rows of a batch, fetched from the devices."""
    per_device = rows // devices

    def of_rows(flat: Any) -> np.ndarray:
        parts = fetch(flat).reshape(devices, -1, *np.shape(flat)[1:])
        kept = parts[:, : per_device * length].reshape(rows, length, *parts.shape[2:])
        return np.roll(kept, 1, axis=1)  # from the position before each token to its own

    log_p, top = of_rows(scored.log_probability), of_rows(scored.top_log_probability)
    if redrawn is None:
        none = np.zeros((*log_p.shape, 0), np.float32)
        rest = log_p < -np.inf, np.zeros_like(log_p), none.astype(np.int32), none
    else:
        rest = map(of_rows, redrawn)
    return [Scores(*row) for row in zip(log_p, top, *rest, strict=True)]


def of_document(parts: list[tuple[Window, Scores]], tokens: int) -> Scores:
    """Scores of a whole document from the scores of its windows."""

    def whole(*of_rows: np.ndarray) -> np.ndarray:
        out = np.zeros((tokens, *of_rows[0].shape[1:]), of_rows[0].dtype)
        for (window, _), row in zip(parts, of_rows, strict=True):
            begin, end = window.start + window.first, window.start + window.length
            out[begin:end] = row[window.first : window.length]
        return out

    return Scores(*(whole(*of_rows) for of_rows in zip(*(s for _, s in parts), strict=True)))
