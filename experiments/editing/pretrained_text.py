"""Human text as a pretrained prior reads it: first windows of documents, every domain alike."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from jaxtyping import Int

from collapse_sim.language import corpus
from collapse_sim.language.corpus import Document
from collapse_sim.language.pretrained.readings import Reader

CHARACTERS = 8
"""Of a token, at most: of each document so many are taken for a window of tokens."""


@dataclass(frozen=True, eq=False)
class HumanText:
    """Documents as tokens, by id, and the domain of each."""

    ids: dict[str, Int[np.ndarray, " tokens"]]
    domains: list[str]
    digest: str
    held_out: list[Document] = field(default_factory=list)
    """Beginnings of further documents: small models that read the others are scored on them."""

    @property
    def tokens(self) -> int:
        """Tokens that have a context: all but the first of each document."""
        return sum(len(ids) - 1 for ids in self.ids.values())


def human_text(documents: Sequence[Document], reader: Reader, tokens: int) -> HumanText:
    """The beginnings of documents, up to so many tokens, domains in turn.

    Raises ValueError where no document has two tokens.
    """
    each = CHARACTERS * reader.window
    beginnings = [replace(document, text=document.text[:each]) for document in documents]
    chosen = corpus.take(beginnings, CHARACTERS * tokens)
    found: dict[str, np.ndarray] = {}
    domains: list[str] = []
    left = tokens
    for place, document in enumerate(chosen):
        (ids,) = reader.model.encode([document.text])
        ids = ids[: min(reader.window, left)]
        if len(ids) >= 2:
            found[f"{document.domain} {place}"] = ids
            domains.append(document.domain)
            left -= len(ids)
        if left < 2:
            break
    if not found:
        raise ValueError("--corpus: no document has two tokens: accepted is at least one")
    return HumanText(found, domains, corpus.digest(chosen[: place + 1]), chosen[place + 1 :])
