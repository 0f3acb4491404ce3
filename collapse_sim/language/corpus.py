"""Human text as documents: where it comes from, and which of it is held out.

Everything here is decided by the texts alone: the same text gives the same documents, the
same split and the same digest on every machine.
"""

import hashlib
import importlib
import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from collapse_sim.language import standard_library
from collapse_sim.language.text_files import (
    ROWS,
    TEXT,
    Files,
    TextFile,
    domain_of,
    find_files,
    is_text,
    number,
)

SHORTEST = 200
"""Characters of the shortest document of the Python corpus."""

KINDS = (*TEXT, *ROWS)

ACCEPTED = (
    "accepted are python, hf:NAME, a .txt, .md, .jsonl or .parquet file (also .gz or .zst), or a "
    "folder of such files"
)


@dataclass(frozen=True)
class Document:
    """One text and the domain it belongs to."""

    text: str
    domain: str


@dataclass(frozen=True)
class Corpus:
    """Documents in order, and where they come from."""

    documents: list[Document]
    files: Files
    is_labelled: bool = False
    """Whether documents name their domains, other than by where they stand."""

    @property
    def note(self) -> str:
        """Summary of the files read and left out, in one line."""
        return self.files.note(number(len(self.documents), "document"), _characters(self.documents))


def read_corpus(source: str, flag: str = "--corpus") -> Corpus:
    """The documents of `python`, `hf:NAME`, a file of KINDS, or a folder of such files.

    Text is cut at WikiText's headings of articles, ` = Title = `, or where there are none at two
    or more blank lines. Rows have a `text` and may have a `domain`. Which files of a folder are
    read is said by `find_files`, and what domain a text has that names none by `Files.entries`.
    Raises ValueError for what cannot be read, which begins with the flag and names the place.
    """
    if source == "python":
        corpus = Corpus(python_corpus(), Files(f"{flag} {source}"))
    elif source.startswith("hf:"):
        corpus = Corpus(_from_hub(source, flag), Files(f"{flag} {source}"))
    else:
        entries, files = find_files(flag, source, KINDS, ACCEPTED).entries(_texts)
        documents = [Document(entry.value, entry.domain) for entry in entries]
        corpus = Corpus(documents, files, any(entry.is_labelled for entry in entries))
    if not corpus.documents:
        raise ValueError(f"{flag} {source}: empty: accepted are sources that hold text")
    return corpus


def language_reference() -> list[Document]:
    """The language reference that comes with Python, a document for each topic: prose alone."""
    from pydoc_data.topics import topics

    return [Document(text.strip(), "reference") for _, text in sorted(topics.items())]


def python_corpus() -> list[Document]:
    """Text that comes with Python: reference, docstrings, comments and code, without duplicates.

    One document for each topic of the language reference, and for each module of the standard
    library its docstrings, its full-line comments, and its code without either.
    """
    documents = language_reference()
    library = standard_library.modules_below(standard_library.LIBRARY)
    modules = [standard_library.texts_of(source) for _, source in library]
    for domain in ("docstrings", "comments", "code"):
        documents += [Document(texts[domain], domain) for texts in modules if texts]
    return [
        document
        for document in _distinct(documents)
        if len(document.text) >= SHORTEST and is_text(document.text)
    ]


def digest(documents: Sequence[Document]) -> str:
    """SHA-256 of texts, domains and their order, as 64 hexadecimal digits."""
    content = json.dumps([(document.domain, document.text) for document in documents])
    return hashlib.sha256(content.encode()).hexdigest()


def split(
    documents: Sequence[Document], held_out: float = 0.1
) -> tuple[list[Document], list[Document]]:
    """Train and held-out documents, each in the order given; of exact duplicates the first stays.

    In each domain the documents of smallest hash are held out until they have this share of its
    characters: at least one, but never all. So a document that is added or removed moves no
    other, except across the edge of the share. Raises ValueError for a share outside (0, 1).
    """
    if not 0 < held_out < 1:
        raise ValueError(f"held_out={held_out}: accepted is (0, 1)")
    documents = _distinct(documents)
    chosen: set[str] = set()
    for ordered in _by_domain(documents).values():
        wanted = held_out * _characters(ordered)
        for document in ordered[:-1]:
            if wanted <= 0:
                break
            wanted -= len(document.text)
            chosen.add(document.text)
    train = [document for document in documents if document.text not in chosen]
    return train, [document for document in documents if document.text in chosen]


def take(
    documents: Sequence[Document], characters: int, *, repeated: bool = False
) -> list[Document]:
    """So many characters of the documents of smallest hash, in equal parts from every domain.

    Of exact duplicates the first is there, or all where they are `repeated`. The last document of a
    domain is cut where its part ends; what a small domain lacks the others give. Domains are
    interleaved: every beginning of the result is balanced as well.
    """
    ordered = _by_domain(documents if repeated else _distinct(documents))
    beginnings = []
    smallest_first = sorted(ordered, key=lambda domain: (_characters(ordered[domain]), domain))
    for index, domain in enumerate(smallest_first):
        part = min(characters // (len(ordered) - index), _characters(ordered[domain]))
        characters -= part
        start = 0
        for document in ordered[domain]:
            if start >= part:
                break
            cut = replace(document, text=document.text[: part - start])
            beginnings.append((start, domain, cut))
            start += len(document.text)
    return [document for _, _, document in sorted(beginnings, key=lambda entry: entry[:2])]


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _characters(documents: Iterable[Document]) -> int:
    return sum(len(document.text) for document in documents)


def _distinct(documents: Iterable[Document]) -> list[Document]:
    """The first document of every text."""
    first: dict[str, Document] = {}
    for document in documents:
        first.setdefault(document.text, document)
    return list(first.values())


def _by_domain(documents: Iterable[Document]) -> dict[str, list[Document]]:
    """Domains by name, the documents of each by hash."""
    domains: dict[str, list[Document]] = {}
    for document in sorted(documents, key=lambda document: _hash(document.text)):
        domains.setdefault(document.domain, []).append(document)
    return dict(sorted(domains.items()))


# Files


ARTICLE = re.compile(r" = (?!= ).*(?<! =) = *")
"""WikiText's heading of an article; of a section it is ` = = Title = = `."""

Texts = list[tuple[str, str | None]]
"""Texts, each with its domain if it names one."""


def _texts(file: TextFile) -> Texts:
    """All texts of a file but the blank ones."""
    if file.kind in ROWS:
        return [found for row in file.rows("text", "domain") if (found := _text(*row))[0].strip()]
    return [(part, None) for part in _parts(file.text())]


def _text(place: str, row: Any) -> tuple[str, str | None]:
    if not isinstance(row, dict) or not is_text(row.get("text")):
        raise ValueError(
            f"{place} without text: accepted are objects with `text`, a string of Unicode "
            "characters"
        )
    return row["text"], domain_of(place, row)


def _parts(text: str) -> list[str]:
    """The articles of WikiText, or the parts between blank lines."""
    lines = text.split("\n")
    around = ["", *lines, ""]
    # A line of the same form without blank ones around it is part of a formula.
    headings = [
        number
        for number, line in enumerate(lines)
        if ARTICLE.fullmatch(line) and not (around[number] + around[number + 2]).strip()
    ]
    if headings:
        cuts = zip([0, *headings], [*headings, len(lines)], strict=True)
        parts = ["\n".join(lines[start:end]) for start, end in cuts]
    else:
        parts = re.split(r"\n(?:[ \t]*\n){2,}", text)
    return [part.lstrip("\n").rstrip() for part in parts if part.strip()]


def _from_hub(source: str, flag: str) -> list[Document]:
    name = source.removeprefix("hf:")
    try:
        datasets: Any = importlib.import_module("datasets")
    except ImportError:
        raise ValueError(
            f"{flag} {source}: needs datasets, as in pip install 'collapse-sim[hub]'"
        ) from None
    try:
        rows = datasets.load_dataset(name, split="train")
    except (OSError, ValueError) as error:
        raise ValueError(f"{flag} {source}: {' '.join(str(error).split())}") from None
    if "text" not in rows.column_names:
        raise ValueError(
            f"{flag} {source}: has the fields {', '.join(rows.column_names)}: accepted are "
            "datasets with `text`"
        )
    return [Document(text, name) for text in rows["text"] if (text or "").strip()]
