"""Instruction pairs: a prompt and the response a person wrote, as text and as blocks of tokens."""

import ast
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Int32
from tokenizers import Tokenizer

from collapse_sim.language import corpus, standard_library
from collapse_sim.language.blocks import Blocks
from collapse_sim.language.corpus import Document
from collapse_sim.language.text_files import (
    ROWS,
    TextFile,
    domain_of,
    find_files,
    is_text,
    number,
)
from collapse_sim.language.tokenizer import encode

SEPARATOR = "\n"
"""Between a prompt and its response."""

ACCEPTED = (
    "accepted are .jsonl and .parquet files (also .jsonl.gz or .jsonl.zst), and folders of them"
)


@dataclass(frozen=True)
class Pair:
    """A prompt, its response, and the domain both belong to."""

    prompt: str
    response: str
    domain: str


def read_pairs(source: str) -> tuple[list[Pair], str]:
    """The pairs of a .jsonl or .parquet file or of a folder of them, and what was read in one line.

    Rows have `prompt` and `response` and may have a `domain`; where they do not, it is found as
    for documents. Raises ValueError for what cannot be read, naming the place in it.
    """
    place = f"--pairs {source}"
    entries, files = find_files("--pairs", source, ROWS, ACCEPTED).entries(_pairs)
    if not entries:
        raise ValueError(f"{place}: empty: accepted are files that hold pairs")
    pairs = [Pair(*entry.value, entry.domain) for entry in entries]
    characters = sum(len(pair.prompt) + len(pair.response) for pair in pairs)
    return pairs, files.note(number(len(pairs), "pair"), characters)


def _pairs(file: TextFile) -> list[tuple[tuple[str, str], str | None]]:
    return [_pair(*row) for row in file.rows("prompt", "response", "domain")]


def _pair(place: str, row: object) -> tuple[tuple[str, str], str | None]:
    fields = row if isinstance(row, dict) else {}
    for name in ("prompt", "response"):
        if not is_text(fields.get(name)) or not fields[name].strip():
            raise ValueError(
                f"{place} without {name}: accepted are objects with `prompt` and `response`, "
                "non-empty strings"
            )
    return (fields["prompt"], fields["response"]), domain_of(place, fields)


def split(pairs: Sequence[Pair], held_out: float = 0.1) -> tuple[list[Pair], list[Pair]]:
    """Train and held-out pairs, each in the order given; no prompt or response is in both.

    Pairs that are linked by equal prompts or equal responses stay together. Such groups are split
    as `corpus.split` splits documents, by hash in each domain, as the text of their prompts.
    Raises ValueError for a share outside (0, 1).
    """
    numbers = _linked(pairs)
    groups: dict[int, list[Pair]] = {}
    for pair, group in zip(pairs, numbers, strict=True):
        groups.setdefault(group, []).append(pair)
    documents = {group: _document(own) for group, own in groups.items()}
    chosen = {document.text for document in corpus.split(list(documents.values()), held_out)[1]}
    sides: tuple[list[Pair], list[Pair]] = [], []
    for pair, group in zip(pairs, numbers, strict=True):
        sides[documents[group].text in chosen].append(pair)
    return sides


def _document(pairs: Sequence[Pair]) -> Document:
    """All prompts, in an order of their own."""
    prompts = sorted({pair.prompt for pair in pairs})
    return Document(SEPARATOR.join(prompts), min(pair.domain for pair in pairs))


def _linked(pairs: Sequence[Pair]) -> list[int]:
    """For each pair the first pair that equal prompts and responses lead to."""
    first: dict[tuple[str, str], int] = {}
    parents = list(range(len(pairs)))

    def root(index: int) -> int:
        while parents[index] != index:
            parents[index] = index = parents[parents[index]]
        return index

    for index, pair in enumerate(pairs):
        for text in (("prompt", pair.prompt), ("response", pair.response)):
            low, high = sorted((root(first.setdefault(text, index)), root(index)))
            parents[high] = low
    return [root(index) for index in range(len(pairs))]


# Blocks


@dataclass(frozen=True, eq=False)
class EncodedPairs:
    """Pairs as blocks of tokens, one to a block."""

    tokens: Int32[np.ndarray, "blocks time"]
    scored: Bool[np.ndarray, "blocks time"]
    """The tokens of the responses, each with its end of text."""
    pairs: list[Pair]
    """Those that fit in a block, in the order of the blocks."""
    left_out: int
    """How many did not."""

    def blocks(self, seeds: int) -> Blocks:
        """The same pairs for every seed."""
        return Blocks.of(self.tokens, seeds, self.scored)


def encode_pairs(tokenizer: Tokenizer, pairs: Sequence[Pair], time: int) -> EncodedPairs:
    """Each pair as prompt, separator, response and ends of text to `time` tokens.

    Prompt and response are encoded apart, so a prompt's tokens do not depend on what follows.
    Raises ValueError when no pair fits in a block.
    """
    prompts = encode(tokenizer, [Document(pair.prompt + SEPARATOR, "") for pair in pairs])
    responses = encode(tokenizer, [Document(pair.response, "") for pair in pairs])
    lengths = [(len(p) - 1, len(r)) for p, r in zip(prompts, responses, strict=True)]
    fits = [index for index, length in enumerate(lengths) if sum(length) <= time]
    if not fits:
        shortest = min(map(sum, lengths), default=0)
        raise ValueError(
            f"time={time}: the shortest of {len(pairs)} pairs has {shortest} tokens: accepted are "
            "pairs of which one fits in a block"
        )
    tokens = np.zeros((len(fits), time), np.int32)  # 0 is the end of text
    scored = np.zeros(tokens.shape, bool)
    for row, index in enumerate(fits):
        given, answered = lengths[index]
        tokens[row, :given] = prompts[index][:-1]
        tokens[row, given : given + answered] = responses[index]
        scored[row, given : given + answered] = True
    kept = [pairs[index] for index in fits]
    return EncodedPairs(tokens, scored, kept, len(pairs) - len(kept))


# The standard library


SENTENCE = re.compile(r"[A-Z][\w'/-]*,? (?!.*->).*[.!?]")
"""A line that is one: neither a call or signature nor the first part of a longer sentence."""

DOMAINS = ("classes", "functions", "methods")

Definition = ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef


def standard_library_pairs() -> list[Pair]:
    """Signatures of Python's library and the first lines of their docstrings, in a fixed order.

    Prompts are `module: def name(arguments)` or `module.Class: def name(self)` or
    `module: class Name(Base)`; domains are DOMAINS. Only docstrings that begin with a sentence on
    a line of its own are taken, unless it says no more than the name; of equal prompts the first
    stays.
    """
    pairs: dict[str, Pair] = {}
    for module, source in standard_library.modules_below(standard_library.LIBRARY):
        for place, owner, node in _definitions(standard_library.parse(source), module):
            response = (ast.get_docstring(node) or "").strip().partition("\n")[0].rstrip()
            if _says_something(response, node.name):
                prompt = f"{place}: {_signature(node)}"
                pairs.setdefault(prompt, Pair(prompt, response, _domain(owner, node)))
    return list(pairs.values())


def _definitions(
    owner: ast.AST, place: str, around: ast.AST | None = None
) -> Iterator[tuple[str, ast.AST, Definition]]:
    """Every definition in the text with its place and its parent."""
    around = around or owner
    for child in ast.iter_child_nodes(owner):
        if isinstance(child, Definition):
            yield place, around, child
            yield from _definitions(child, f"{place}.{child.name}")
        elif not isinstance(child, ast.expr):
            yield from _definitions(child, place, around)


def _signature(node: Definition) -> str:
    if isinstance(node, ast.ClassDef):
        bases = ", ".join(ast.unparse(base) for base in [*node.bases, *node.keywords])
        return f"class {node.name}" + (f"({bases})" if bases else "")
    prefix = "async " if isinstance(node, ast.AsyncFunctionDef) else ""
    returns = f" -> {ast.unparse(node.returns)}" if node.returns else ""
    return f"{prefix}def {node.name}({ast.unparse(node.args)}){returns}"


def _domain(owner: ast.AST, node: Definition) -> str:
    if isinstance(node, ast.ClassDef):
        return "classes"
    return "methods" if isinstance(owner, ast.ClassDef) else "functions"


def _says_something(response: str, name: str) -> bool:
    """Tell whether it is a sentence of three words or more, not all of them in the name."""
    words = re.findall("[a-z]+", response.lower())
    said = set(words) - {"a", "an", "the"}
    enough = len(words) >= 3 and not all(word in name.lower() for word in said)
    return enough and bool(SENTENCE.fullmatch(response))
