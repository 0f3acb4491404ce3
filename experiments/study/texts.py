"""Human text for every role of a study, no document in two of them, and held-out text by domain."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Int32, Int64
from tokenizers import Tokenizer

from collapse_sim.language import corpus
from collapse_sim.language.corpus import Document
from collapse_sim.language.tokenizer import decode, encode, pack, train_tokenizer
from experiments.study.settings import StudySettings

HELD_OUT = 0.1
CHARACTERS = 8
"""Of a token, at most: a little more text is read than is asked for."""


@dataclass(frozen=True, eq=False)
class Text:
    """Blocks of tokens, and the document in which each block begins."""

    blocks: Int32[np.ndarray, "blocks time"]
    documents: Int64[np.ndarray, " blocks"]

    def cut(self, tokens: int) -> "Text":
        """At most so many tokens, in blocks evenly spaced over the text."""
        count = tokens // self.blocks.shape[1]
        if count >= len(self.blocks):
            return self
        return self.at(np.arange(count) * len(self.blocks) // count)

    def at(self, places: Int64[np.ndarray, " _"]) -> "Text":
        """Its blocks at some places, in their order."""
        return Text(self.blocks[places], self.documents[places])

    @staticmethod
    def joined(texts: Sequence["Text"]) -> "Text":
        """One text after the other, no number of a document in two of them."""
        counts = [int(text.documents.max()) + 1 for text in texts]
        firsts = np.cumsum([0, *counts[:-1]])
        numbers = [first + text.documents for first, text in zip(firsts, texts, strict=True)]
        return Text(np.concatenate([text.blocks for text in texts]), np.concatenate(numbers))


@dataclass(frozen=True, eq=False)
class Texts:
    """Training text by role, held-out text by domain, and how both were tokenized."""

    roles: dict[str, Text]
    held_out: dict[str, Text]
    tokenizer: Tokenizer
    sources: dict[str, Any]
    notes: tuple[str, ...] = ()
    """What was read, one line for each source."""

    @property
    def vocabulary(self) -> int:
        return self.tokenizer.get_vocab_size()

    def written(self, blocks: Int32[np.ndarray, "blocks time"]) -> list[str]:
        """Every block as text."""
        return [decode(self.tokenizer, block) for block in blocks]


@dataclass(frozen=True, eq=False)
class Parts:
    """Documents by role and held-out ones, none in two parts; and a tokenizer of the roles'."""

    roles: dict[str, list[Document]]
    held_out: list[Document]
    tokenizer: Tokenizer
    sources: dict[str, Any]
    notes: tuple[str, ...] = ()
    """What was read, one line for each source."""


def split_corpus(
    settings: StudySettings,
    roles: Sequence[str],
    characters: int,
    documents: Sequence[Document] | None = None,
) -> Parts:
    """Read (or take `documents`), take so many characters, and split them by document.

    Raises ValueError for a corpus or a vocabulary that cannot be used.
    """
    notes = ()
    if documents is None:
        read = corpus.read_corpus(settings.corpus)
        documents, notes = read.documents, (read.note,)
    train, held = corpus.split(corpus.take(documents, characters), HELD_OUT)
    parts = dict(zip(roles, _parts(train, len(roles)), strict=True))
    every = parts | {"held_out": held}
    digests = {name: corpus.digest(part) for name, part in every.items()}
    sources = {"corpus": settings.corpus, "digests": digests}
    return Parts(parts, held, train_tokenizer(train, settings.vocabulary), sources, notes)


def make_texts(
    settings: StudySettings, roles: Sequence[str], documents: Sequence[Document] | None = None
) -> Texts:
    """Read (or take `documents`), split by document into held-out text and roles, and tokenize.

    Every role gets as many blocks as the poorest one has, at most `settings.tokens`. Raises
    ValueError for a corpus that cannot be used or does not fill a block for each role.
    """
    wanted = CHARACTERS * settings.tokens * (len(roles) + 1)
    parts = split_corpus(settings, roles, wanted, documents)
    whole = {
        role: tokenized(parts.tokenizer, own, settings.context) for role, own in parts.roles.items()
    }
    tokens = min(settings.tokens, *(text.blocks.size for text in whole.values()))
    texts = {role: text.cut(tokens) for role, text in whole.items()}
    held_out = held_out_by_domain(settings, parts)
    return Texts(texts, held_out, parts.tokenizer, parts.sources, parts.notes)


def tokenized(tokenizer: Tokenizer, documents: Sequence[Document], time: int) -> Text:
    """Documents packed into blocks; raises ValueError where they do not fill one."""
    encoded = encode(tokenizer, documents)
    ends = np.cumsum([len(tokens) for tokens in encoded])
    blocks = pack(encoded, time)
    starts = time * np.arange(len(blocks))
    return Text(blocks, np.searchsorted(ends, starts, side="right"))


def by_domain(tokenizer: Tokenizer, documents: Sequence[Document], time: int) -> dict[str, Text]:
    """The text of every domain that fills a block."""
    domains: dict[str, list[Document]] = {}
    for document in documents:
        domains.setdefault(document.domain, []).append(document)
    texts = {}
    for domain, own in sorted(domains.items()):
        if sum(map(len, encode(tokenizer, own))) >= time:
            texts[domain] = tokenized(tokenizer, own, time)
    return texts


def held_out_by_domain(settings: StudySettings, parts: Parts) -> dict[str, Text]:
    """The same of held-out text; raises ValueError where no domain fills a block."""
    texts = by_domain(parts.tokenizer, parts.held_out, settings.context)
    if not texts:
        raise ValueError(
            f"--corpus {settings.corpus}: {len(parts.held_out)} held-out documents: accepted are "
            f"corpora of which they fill a block of --context {settings.context} tokens in one "
            "domain"
        )
    return texts


def _parts(documents: Sequence[Document], count: int) -> list[list[Document]]:
    """Documents in `count` parts of about equal size, every domain in each where it can be."""
    parts, rest = [], list(documents)
    for left in range(count, 1, -1):
        rest, part = corpus.split(rest, 1 / left)
        parts.append(part)
    return [*parts, rest]


def held_out_documents(texts: dict[str, Text]) -> np.ndarray:
    """The document of every held-out block, domain after domain, no number in two domains."""
    return Text.joined(list(texts.values())).documents
