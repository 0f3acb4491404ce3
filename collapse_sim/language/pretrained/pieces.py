"""Tokens as bytes of text, for tokenizers whose tokens are bytes (GPT-2's, Llama 3's, Qwen2's)."""

import json

import numpy as np
from jaxtyping import Bool, Int
from tokenizers import Tokenizer


class Pieces:
    """The bytes of each token."""

    def __init__(self, tokenizer: Tokenizer, vocabulary: int):
        """Raises ValueError for a tokenizer whose tokens are no bytes."""
        described = json.loads(tokenizer.to_str())
        if not _is_byte_level(described["decoder"]):
            kind = (described["decoder"] or {}).get("type", "none")
            raise ValueError(f"tokenizer's decoder={kind}: accepted is ByteLevel")
        added = {token["id"]: token for token in described["added_tokens"]}
        byte_of = byte_characters()
        self._bytes = [b""] * vocabulary
        self.drawable: Bool[np.ndarray, " vocabulary"] = np.zeros(vocabulary, bool)
        """Tokens that text is made of: neither special ones nor rows that no token uses."""
        for token, number in tokenizer.get_vocab(with_added_tokens=True).items():
            if number in added:
                self._bytes[number] = added[number]["content"].encode()
                self.drawable[number] = not added[number]["special"]
            else:
                self._bytes[number] = bytes(byte_of[character] for character in token)
                self.drawable[number] = True

    def join(self, ids: Int[np.ndarray, " tokens"]) -> bytes:
        """The bytes of tokens, which need not be whole characters."""
        return b"".join([self._bytes[number] for number in ids.tolist()])

    def text(self, ids: Int[np.ndarray, " tokens"]) -> str:
        """The text of tokens; parts of a character become U+FFFD, as tokenizers have it."""
        return self.join(ids).decode("utf-8", "replace")


def _is_byte_level(decoder: dict | None) -> bool:
    if decoder is None:
        return False
    return decoder["type"] == "ByteLevel" or any(
        _is_byte_level(part) for part in decoder.get("decoders", ())
    )


def byte_characters() -> dict[str, int]:
    """The byte that each character of a token stands for (Radford et al. 2019, `encoder.py`)."""
    printable = [*range(33, 127), *range(161, 173), *range(174, 256)]
    others = [byte for byte in range(256) if byte not in printable]
    return {chr(byte): byte for byte in printable} | {
        chr(256 + place): byte for place, byte in enumerate(others)
    }
