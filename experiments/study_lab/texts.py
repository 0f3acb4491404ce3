"""Human text for every role of a study, no document in two of them, and held-out text by domain."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Int32, Int64
from study_lab.settings import StudySettings
from tokenizers import Tokenizer

from collapse_sim.language import corpus
from collapse_sim.language.corpus import Document
from collapse_sim.language.tokenizer import decode, encode, pack, train_tokenizer

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
        chosen = np.arange(count) * len(self.blocks) // count
        return Text(self.blocks[chosen], self.documents[chosen])


@dataclass(frozen=True, eq=False)
class Texts:
    """Training text by role, held-out text by domain, and how both were tokenized."""

    roles: dict[str, Text]
    held_out: dict[str, Text]
    tokenizer: Tokenizer
    sources: dict[str, Any]

    @property
    def vocabulary(self) -> int:
        return self.tokenizer.get_vocab_size()

    def written(self, blocks: Int32[np.ndarray, "blocks time"]) -> list[str]:
        """Every block as text."""
        return [decode(self.tokenizer, block) for block in blocks]


def make_texts(
    settings: StudySettings, roles: Sequence[str], documents: Sequence[Document] | None = None
) -> Texts:
    """Read (or take `documents`), split by document into held-out text and roles, and tokenize.

    Every role gets as many blocks as the poorest one has, at most `settings.tokens`. Raises
    ValueError for a corpus that cannot be used or does not fill a block for each role.
    """
    if documents is None:
        documents = corpus.read_corpus(settings.corpus)
    wanted = CHARACTERS * settings.tokens * (len(roles) + 1)
    train, held = corpus.split(corpus.take(documents, wanted), HELD_OUT)
    tokenizer = train_tokenizer(train, settings.vocabulary)
    parts = dict(zip(roles, _parts(train, len(roles)), strict=True))
    texts = {role: tokenized(tokenizer, part, settings.context) for role, part in parts.items()}
    tokens = min(settings.tokens, *(text.blocks.size for text in texts.values()))
    held_out = held_out_by_domain(settings, tokenizer, held)
    digests = {role: corpus.digest(part) for role, part in parts.items()}
    sources = {"corpus": settings.corpus, "digests": digests | {"held_out": corpus.digest(held)}}
    return Texts(
        {role: text.cut(tokens) for role, text in texts.items()}, held_out, tokenizer, sources
    )


def tokenized(tokenizer: Tokenizer, documents: Sequence[Document], time: int) -> Text:
    """Documents packed into blocks; raises ValueError where they do not fill one."""
    encoded = encode(tokenizer, documents)
    ends = np.cumsum([len(tokens) for tokens in encoded])
    blocks = pack(encoded, time)
    starts = time * np.arange(len(blocks))
    return Text(blocks, np.searchsorted(ends, starts, side="right"))


def by_domain(tokenizer: Tokenizer, documents: Sequence[Document], time: int) -> dict[str, Text]:
    """The text of every domain that fills a block."""
    texts = {}
    for domain in sorted({document.domain for document in documents}):
        own = [document for document in documents if document.domain == domain]
        if sum(map(len, encode(tokenizer, own))) >= time:
            texts[domain] = tokenized(tokenizer, own, time)
    return texts


def held_out_by_domain(
    settings: StudySettings, tokenizer: Tokenizer, held: Sequence[Document]
) -> dict[str, Text]:
    """The same of held-out text; raises ValueError where no domain fills a block."""
    texts = by_domain(tokenizer, held, settings.context)
    if not texts:
        raise ValueError(
            f"--corpus {settings.corpus}: {len(held)} held-out documents: accepted are corpora of "
            f"which they fill a block of --context {settings.context} tokens in one domain"
        )
    return texts


def _parts(documents: Sequence[Document], count: int) -> list[list[Document]]:
    """Documents in `count` parts of about equal size, every domain in each where it can be."""
    parts, rest = [], list(documents)
    for left in range(count, 1, -1):
        rest, part = corpus.split(rest, 1 / left)
        parts.append(part)
    return [*parts, rest]
