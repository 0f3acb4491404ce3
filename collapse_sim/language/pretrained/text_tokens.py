"""Tokenizers of pretrained models: from `tokenizer.json`, or rebuilt from GGUF's metadata.

What is rebuilt cuts text as llama.cpp does: special tokens first, the longest at each place; then
by the pattern that `tokenizer.ggml.pre` names; then byte-level pairs are merged in each piece. No
space is put before the text, and none of its characters is normalised.
"""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from jaxtyping import Int32
from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, pre_tokenizers

from collapse_sim.json_text import one_line

if TYPE_CHECKING:
    from collapse_sim.language.pretrained.gguf_file import GGUFFile

SPARE_ROWS = 1024
"""Most rows of an embedding that no token uses: Qwen2's has some hundreds."""

CONTROL, USER_DEFINED = 3, 4
"""Types of tokens in GGUF that are found in text before anything is merged."""

CONTRACTIONS = "(?i:'s|'t|'re|'ve|'m|'ll|'d)"
WORDS = (
    CONTRACTIONS + r"|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}%s| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+"
    r"|\s+(?!\S)|\s+"
)


def _gpt2() -> Any:
    return pre_tokenizers.ByteLevel(add_prefix_space=False)


def _smollm() -> Any:
    return pre_tokenizers.Sequence([pre_tokenizers.Digits(individual_digits=True), _gpt2()])


def _words(digits: str) -> Any:
    split = pre_tokenizers.Split(Regex(WORDS % digits), "isolated")
    level = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
    return pre_tokenizers.Sequence([split, level])


CUTS: dict[str, Callable[[], Any]] = {
    "gpt-2": _gpt2,
    "smollm": _smollm,
    "llama-bpe": lambda: _words("{1,3}"),
    "qwen2": lambda: _words(""),
}
"""How text is cut into the pieces in which pairs are merged, by `tokenizer.ggml.pre`."""


def of_gguf(file: "GGUFFile") -> Tokenizer:
    """The tokenizer in a GGUF file; raises ValueError for one of another kind."""
    kind = file.value("tokenizer.ggml.model")
    if kind != "gpt2":
        raise ValueError(f"{file.path}: tokenizer.ggml.model={kind}: accepted is gpt2")
    cut = file.value("tokenizer.ggml.pre")
    if cut not in CUTS:
        raise ValueError(f"{file.path}: tokenizer.ggml.pre={cut}: accepted are {', '.join(CUTS)}")
    tokens = file.value("tokenizer.ggml.tokens")
    merges = [merge.partition(" ")[::2] for merge in file.value("tokenizer.ggml.merges")]
    vocab = {token: number for number, token in enumerate(tokens)}
    try:
        model = models.BPE(vocab=vocab, merges=merges, ignore_merges=cut == "llama-bpe")
    except Exception as error:  # the library raises no narrower one
        raise ValueError(
            f"{file.path}: {one_line(error)}: accepted are merges of its tokens"
        ) from None
    tokenizer = Tokenizer(model)
    tokenizer.pre_tokenizer = CUTS[cut]()
    tokenizer.decoder = decoders.ByteLevel()
    types = file.value("tokenizer.ggml.token_type", [1] * len(tokens))
    for token, is_kind in zip(tokens, types, strict=True):
        if is_kind in (CONTROL, USER_DEFINED):
            special = is_kind == CONTROL
            added = AddedToken(token, special=special, normalized=False)
            (tokenizer.add_special_tokens if special else tokenizer.add_tokens)([added])
    return tokenizer


def of_json(path: Path) -> Tokenizer:
    """The tokenizer in a `tokenizer.json`; raises ValueError, which begins with the file."""
    accepted = "accepted is a tokenizer.json of the tokenizers package"
    if not path.is_file():
        raise ValueError(f"{path}: no such file: {accepted}")
    try:
        tokenizer = Tokenizer.from_file(str(path))
    except Exception as error:  # the library raises no narrower one
        raise ValueError(f"{path}: {one_line(error)}: {accepted}") from None
    tokenizer.no_padding()
    tokenizer.no_truncation()
    return tokenizer


def require_vocabulary(place: str, tokenizer: Tokenizer, vocabulary: int) -> None:
    """Raises ValueError for a tokenizer that is not the one of an embedding of that many rows."""
    largest = max(tokenizer.get_vocab(with_added_tokens=True).values(), default=-1)
    if not vocabulary - SPARE_ROWS <= largest + 1 <= vocabulary:
        raise ValueError(
            f"{place}: a tokenizer of {largest + 1:,} tokens for an embedding of {vocabulary:,}: "
            f"accepted are at most as many, and at most {SPARE_ROWS:,} fewer"
        )


def encode(tokenizer: Tokenizer, texts: Sequence[str]) -> list[Int32[np.ndarray, " tokens"]]:
    """The tokens of each text, none added at either end; special tokens are found in the text."""
    encodings = tokenizer.encode_batch(list(texts), add_special_tokens=False)
    return [np.array(encoding.ids, np.int32) for encoding in encodings]
