"""Tokens: byte-level pairs learned from the training text, and text as blocks of tokens.

Entry 0 of every vocabulary is the end of a text, entries 1 to 256 are the single bytes, and all
others are merges in the order in which they were learned.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Int, Int32
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers

from collapse_sim.language.corpus import Document, digest, split

END_OF_TEXT = "<|endoftext|>"
"""The token after every document, always of id 0; the same characters in a text never give it."""

BASE = 257
"""Entries of a vocabulary without merges: the end of text and 256 bytes."""

OTHER = "other"
"""The domain of held-out text from domains with less than one block of it."""


def train_tokenizer(documents: Sequence[Document], vocabulary: int) -> Tokenizer:
    """Byte-level byte pair encoding with exactly `vocabulary` entries.

    The same documents give the same tokenizer. Raises ValueError for fewer entries than there are
    bytes, and for more than this text has pairs to merge.
    """
    if vocabulary < BASE:
        raise ValueError(
            f"vocabulary={vocabulary}: accepted are integers >= {BASE}, 256 bytes and the end of "
            "text"
        )
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=vocabulary,
        special_tokens=[END_OF_TEXT],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator((document.text for document in documents), trainer)
    if tokenizer.get_vocab_size() < vocabulary:
        raise ValueError(
            f"vocabulary={vocabulary}: accepted are at most {tokenizer.get_vocab_size()} for this "
            "corpus"
        )
    return tokenizer


def encode(
    tokenizer: Tokenizer, documents: Sequence[Document]
) -> list[Int32[np.ndarray, " tokens"]]:
    """The tokens of each document, with the end of text as the last."""
    tokenizer.encode_special_tokens = True  # as ordinary text; the library does not save this
    encodings = tokenizer.encode_batch([document.text for document in documents])
    return [np.array([*encoding.ids, 0], np.int32) for encoding in encodings]


def decode(tokenizer: Tokenizer, tokens: Int[np.ndarray, " tokens"]) -> str:
    """The text of tokens; nothing for the end of text, U+FFFD for bytes that are not UTF-8."""
    return tokenizer.decode(tokens.tolist())


def pack(
    encoded: Sequence[Int32[np.ndarray, " _"]], time: int
) -> Int32[np.ndarray, "blocks {time}"]:
    """All tokens in a row, cut into blocks of `time`; what fills none is dropped.

    Raises ValueError when there is not one block.
    """
    if time < 1:
        raise ValueError(f"time={time}: accepted are integers >= 1")
    tokens = np.concatenate([np.empty(0, np.int32), *encoded])
    if tokens.size < time:
        raise ValueError(
            f"corpus has {tokens.size} tokens: accepted are at least {time}, one block of them"
        )
    return tokens[: tokens.size // time * time].reshape(-1, time)


def save(tokenizer: Tokenizer) -> str:
    """The tokenizer as JSON, for `load`."""
    return tokenizer.to_str()


def load(text: str) -> Tokenizer:
    """Load a tokenizer that `save` wrote; raises ValueError for any other."""
    accepted = f"accepted are those written here, with {END_OF_TEXT} as entry 0"
    try:
        tokenizer = Tokenizer.from_str(text)
    except Exception as error:  # the library raises no narrower one
        raise ValueError(f"tokenizer: {error}: {accepted}") from None
    if tokenizer.token_to_id(END_OF_TEXT) != 0:
        raise ValueError(f"tokenizer: {accepted}")
    return tokenizer


def token_bytes(tokenizer: Tokenizer) -> list[bytes]:
    """The bytes each entry stands for, none for the end of text: joined, they are the text."""
    # The library writes a byte as one character: itself where that is printable, and the others
    # in order as the characters from U+0100.
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    printable = {ord(character) for character in alphabet if ord(character) < 256}
    values = sorted(printable) + [value for value in range(256) if value not in printable]
    byte = dict(zip(alphabet, values, strict=True))
    entries = [tokenizer.id_to_token(entry) or "" for entry in range(1, tokenizer.get_vocab_size())]
    return [b"", *(bytes(byte[character] for character in entry) for entry in entries)]


@dataclass(frozen=True, eq=False)
class TokenizedCorpus:
    """Blocks of tokens to train on, and held-out ones for each domain."""

    train: Int32[np.ndarray, "blocks time"]
    held_out: dict[str, Int32[np.ndarray, "_ time"]]
    vocabulary: int
    tokenizer: Tokenizer
    sources: dict[str, Any]
    """Documents, characters and tokens by domain, and digests, of `train` and `held_out` text."""


def tokenize(
    documents: Sequence[Document],
    *,
    vocabulary: int,
    time: int,
    held_out: float = 0.1,
    tokens: int | None = None,
    tokenizer: Tokenizer | None = None,
) -> TokenizedCorpus:
    """Documents split, encoded and packed into blocks of `time` tokens.

    The tokenizer is trained on the training documents alone, unless one is given. At most
    `tokens` training tokens are kept, in blocks evenly spaced over the packed text. Domains with
    less than one block of held-out text are pooled in the domain `other`, which is left out if
    that still is less. Raises ValueError when nothing is left to train on or held out.
    """
    if tokens is not None and tokens < time:
        raise ValueError(f"tokens={tokens}: accepted are integers >= time = {time}")
    train, held = split(documents, held_out)
    if tokenizer is None:
        tokenizer = train_tokenizer(train, vocabulary)
    elif tokenizer.get_vocab_size() != vocabulary:
        raise ValueError(
            f"vocabulary={vocabulary}: accepted is {tokenizer.get_vocab_size()}, as in the given "
            "tokenizer"
        )
    train_encoded, held_encoded = encode(tokenizer, train), encode(tokenizer, held)
    blocks = pack(train_encoded, time)
    if tokens is not None and tokens < blocks.size:
        count = tokens // time
        blocks = blocks[np.arange(count) * len(blocks) // count]
    held_blocks = _pack_domains(held, held_encoded, time)
    if not held_blocks:
        raise ValueError(
            f"held_out={held_out}: {sum(map(len, held_encoded))} tokens of {len(held)} documents "
            f"are held out: accepted are corpora with at least {time}, from domains of at least "
            "two documents"
        )
    sources = {
        "train": _tally(train, train_encoded),
        "held_out": _tally(held, held_encoded),
        "digests": {"train": digest(train), "held_out": digest(held)},
    }
    return TokenizedCorpus(blocks, held_blocks, vocabulary, tokenizer, sources)


def _pack_domains(
    documents: Sequence[Document], encoded: Sequence[Int32[np.ndarray, " _"]], time: int
) -> dict[str, Int32[np.ndarray, "_ {time}"]]:
    """Blocks by domain, the domains with less than one block together in OTHER."""
    domains: dict[str, list[np.ndarray]] = {}
    for document, tokens in zip(documents, encoded, strict=True):
        domains.setdefault(document.domain, []).append(tokens)
    pooled = domains.pop(OTHER, [])
    for domain in list(domains):
        if sum(map(len, domains[domain])) < time:
            pooled += domains.pop(domain)
    if sum(map(len, pooled)) >= time:
        domains[OTHER] = pooled
    return {domain: pack(encoded, time) for domain, encoded in domains.items()}


def _tally(
    documents: Sequence[Document], encoded: Sequence[Int32[np.ndarray, " _"]]
) -> dict[str, dict[str, int]]:
    """Numbers of documents, characters and tokens by domain."""
    domains: dict[str, dict[str, int]] = {}
    for document, tokens in zip(documents, encoded, strict=True):
        counts = domains.setdefault(document.domain, {"documents": 0, "characters": 0, "tokens": 0})
        counts["documents"] += 1
        counts["characters"] += len(document.text)
        counts["tokens"] += len(tokens)
    return domains
