"""An editor without a model: words are tokens, and their hash is their probability."""

import hashlib
import os
import sys
import time
from collections.abc import Iterable, Iterator

from collapse_sim.language.pretrained.edited import (
    Document,
    EditedDocument,
    PassCounts,
    Rejected,
    ScoredDocument,
)
from experiments.corpus.engine import Engine

BATCH_TOKENS = 8


class FakeEditor:
    """Writes some words in capitals; which, is decided by the seed and the id of the document."""

    def __init__(self, seed: int = 0, edits: bool = True, seconds: float = 0.0):
        self.seed, self.edits, self.seconds = seed, edits, seconds
        self.seen: list[str] = []

    def edit(self, documents: Iterable[Document]) -> Iterator[EditedDocument | Rejected]:
        for document in documents:
            self.seen.append(document.id)
            time.sleep(self.seconds)
            words = document.text.split(" ")
            if not document.text.strip():
                yield Rejected(document.id, "empty")
                continue
            hashes = [self._hash(document.id, place) for place in range(len(words))]
            chosen = [self.edits and found < 64 for found in hashes]
            new = [w.upper() if c else w for w, c in zip(words, chosen, strict=True)]
            changed = sum(a != b for a, b in zip(words, new, strict=True))
            counts = PassCounts(len(words), sum(chosen), changed, 0, 0)
            yield EditedDocument(
                document.id, " ".join(new), len(words), sum(chosen), changed, 0, changed / 2,
                -2.5 * len(words), None, (len(words), *[0] * 9), (counts,), None,
            )  # fmt: skip

    def score(self, documents: Iterable[Document]) -> Iterator[ScoredDocument | Rejected]:
        for document in documents:
            tokens = len(document.text.split())
            if not tokens:
                yield Rejected(document.id, "empty")
            else:
                deciles = (tokens, *[0] * 9)
                yield ScoredDocument(document.id, tokens, -0.1 * len(document.text), deciles)

    def _hash(self, id: str, place: int) -> int:
        return hashlib.sha256(f"{self.seed} {id} {place}".encode()).digest()[0]


def make(settings) -> Engine:
    """In place of the engine's."""
    seed = settings.passes.seed if hasattr(settings, "passes") else 0
    editor = FakeEditor(seed, seconds=float(os.environ.get("FAKE_SECONDS", "0")))
    return Engine(editor, "digest", BATCH_TOKENS)


if __name__ == "__main__":
    from experiments.corpus import edit

    raise SystemExit(edit.command(sys.argv[1:], make_engine=make))
