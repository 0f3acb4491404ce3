"""Documents cut into windows, and windows put into rows of few lengths.

A row holds one window, and a batch of rows has one shape for each length: what is computed for a
document is then the same to the last bit, whatever stands in the other rows. Rows cost less than
documents packed side by side, too: attention is as long as the document and not as the row.
"""

import hashlib
from dataclasses import dataclass

import numpy as np
from jaxtyping import UInt32

SHORTEST = 16


@dataclass(frozen=True)
class Window:
    """Tokens `start` to `start + length` of a document; tokens from `first` on are scored."""

    start: int
    first: int
    """Counted from `start`: those before are context only."""
    length: int


def windows(tokens: int, longest: int, overlap: int) -> list[Window]:
    """Windows in which every token but the first is scored once.

    Each has `overlap` tokens of context before it, or all that the document has. Only the first
    window scores tokens with less.
    """
    found = [Window(0, 1, min(tokens, longest))]
    while found[-1].start + found[-1].length < tokens:
        start = found[-1].start + found[-1].length - overlap
        found.append(Window(start, overlap, min(tokens - start, longest)))
    return found


def row_lengths(longest: int) -> list[int]:
    """Lengths of rows: 16, 32, 48, 64, 96, 128, 192, ... and the longest.

    Documents of random lengths leave about a sixth of their rows empty.
    """
    powers = [SHORTEST << i for i in range(longest.bit_length())]
    sizes = {SHORTEST, *(size for power in powers[1:] for size in (power, 3 * power // 2))}
    return sorted({size for size in sizes if size < longest} | {longest})


def document_key(seed: int, name: str) -> UInt32[np.ndarray, "2"]:
    """Two words that the random numbers of a document are made from: of the seed and its id."""
    content = f"{seed}\0{name}".encode("utf-8", "surrogatepass")
    digest = hashlib.blake2b(content, digest_size=8).digest()
    return np.frombuffer(digest, "<u4")
