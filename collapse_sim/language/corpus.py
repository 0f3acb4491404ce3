"""Human text as documents: where it comes from, and which of it is held out.

Everything here is decided by the texts alone: the same text gives the same documents, the
same split and the same digest on every machine.
"""

import ast
import gzip
import hashlib
import importlib
import io
import json
import os
import re
import sysconfig
import textwrap
import tokenize
import warnings
import zlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

SHORTEST = 200
"""Characters of the shortest document of the Python corpus."""

ACCEPTED = (
    "accepted are python, hf:NAME, a .txt, .jsonl or .jsonl.gz file, or a folder of .txt files"
)


@dataclass(frozen=True)
class Document:
    """One text and the domain it belongs to."""

    text: str
    domain: str


def read_corpus(source: str) -> list[Document]:
    """The documents of `python`, `hf:NAME`, a .txt, .jsonl or .jsonl.gz file, or a folder of .txt.

    A .txt file is cut at WikiText's headings of articles, ` = Title = `, or where there are none
    at two or more blank lines; its domain is its stem. JSONL has a `text` and may have a `domain`.
    Raises ValueError for what cannot be read, naming the place in it.
    """
    path, place = Path(source), f"--corpus {source}"
    if source == "python":
        documents = python_corpus()
    elif source.startswith("hf:"):
        documents = _from_hub(source)
    elif path.is_dir():
        files = sorted(file for file in path.glob("*.txt") if file.is_file())
        if not files:
            raise ValueError(f"{place}: a folder without .txt files: {ACCEPTED}")
        documents = [document for file in files for document in _from_text(place, file)]
    elif not path.name.endswith((".txt", ".jsonl", ".jsonl.gz")):
        raise ValueError(f"{place}: {ACCEPTED}")
    elif not path.is_file():
        raise ValueError(f"{place}: no such file: {ACCEPTED}")
    elif path.suffix == ".txt":
        documents = _from_text(place, path)
    else:
        documents = [_document(*line, path) for line in json_lines(place, path)]
    documents = [document for document in documents if document.text.strip()]
    if not documents:
        raise ValueError(f"{place}: empty: accepted are sources that hold text")
    return documents


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
    modules = [_texts(source) for _, source in modules_below(LIBRARY)]
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


def take(documents: Sequence[Document], characters: int) -> list[Document]:
    """So many characters of the documents of smallest hash, in equal parts from every domain.

    The last document of a domain is cut where its part ends; what a small domain lacks the
    others give. Domains are interleaved: every beginning of the result is balanced as well.
    """
    ordered = _by_domain(documents)
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


def _decode(place: str, file: Path, content: bytes) -> str:
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError as error:
        raise ValueError(
            f"{place}: {file} is not UTF-8 at byte {error.start}: accepted is UTF-8"
        ) from None
    return text.removeprefix("\ufeff").replace("\r\n", "\n")


def _from_text(place: str, file: Path) -> list[Document]:
    text = _decode(place, file, file.read_bytes())
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
    return [Document(part.lstrip("\n").rstrip(), file.stem) for part in parts if part.strip()]


def json_lines(place: str, file: Path) -> Iterator[tuple[str, Any]]:
    """The values of a .jsonl or .jsonl.gz file, each with its own place: `place: line N`.

    Blank lines are passed over. Raises ValueError, beginning with the place, for what cannot be
    read.
    """
    content = file.read_bytes()
    if file.suffix == ".gz":
        try:
            content = gzip.decompress(content)
        except (OSError, EOFError, zlib.error) as error:
            raise ValueError(f"{place}: {error}: accepted are whole gzip files") from None
    # Not splitlines: JSON strings may hold U+2028 and other characters that it takes for an end.
    for number, line in enumerate(_decode(place, file, content).split("\n"), start=1):
        if line.strip():
            try:
                yield f"{place}: line {number}", json.loads(line)
            except json.JSONDecodeError as error:
                raise ValueError(
                    f"{place}: line {number} is not JSON at column {error.colno}: {error.msg}"
                ) from None


def domain_of(place: str, row: dict[str, Any], file: Path) -> str:
    """The `domain` of a value of `json_lines`, or the name of its file."""
    domain = row.get("domain", file.name.removesuffix(".gz").removesuffix(".jsonl"))
    if not is_text(domain):
        raise ValueError(f"{place}: domain={domain}: accepted are strings")
    return domain


def _document(place: str, row: Any, file: Path) -> Document:
    if not isinstance(row, dict) or not is_text(row.get("text")):
        raise ValueError(
            f"{place} without text: accepted are objects with `text`, a string of Unicode "
            "characters"
        )
    return Document(row["text"], domain_of(place, row, file))


def is_text(value: object) -> bool:
    """Whether it is a string without lone surrogates, which JSON can write and UTF-8 cannot."""
    return isinstance(value, str) and not re.search("[\ud800-\udfff]", value)


def _from_hub(source: str) -> list[Document]:
    name = source.removeprefix("hf:")
    try:
        datasets: Any = importlib.import_module("datasets")
    except ImportError:
        raise ValueError(
            f"--corpus {source}: needs datasets, as in pip install 'collapse-sim[hub]'"
        ) from None
    try:
        rows = datasets.load_dataset(name, split="train")
    except (OSError, ValueError) as error:
        raise ValueError(f"--corpus {source}: {' '.join(str(error).split())}") from None
    if "text" not in rows.column_names:
        raise ValueError(
            f"--corpus {source}: has the fields {', '.join(rows.column_names)}: accepted are "
            "datasets with `text`"
        )
    return [Document(text or "", name) for text in rows["text"]]


# The standard library


LIBRARY = Path(sysconfig.get_paths()["stdlib"])

Owner = ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef
"""What can have a docstring."""

NO_HUMAN_TEXT = {"test", "tests", "idlelib", "lib2to3", "encodings", "pydoc_data"}


def modules_below(folder: Path) -> Iterator[tuple[str, str]]:
    """Dotted name and source of the modules below a folder, without tests and tables."""
    for place, folders, files in os.walk(folder):
        # Whatever is no identifier is no part of the library: site-packages, build settings.
        folders[:] = sorted(
            name for name in folders if name.isidentifier() and name not in NO_HUMAN_TEXT
        )
        package = Path(place).relative_to(folder).parts
        for name in sorted(files):
            if name.endswith(".py"):
                own = name.removesuffix(".py")
                with tokenize.open(os.path.join(place, name)) as file:
                    yield ".".join(package + (own,) * (own != "__init__")), file.read()


def parse(source: str) -> ast.Module:
    """The syntax tree of a module that may be older than this Python."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # outdated escape sequences
        return ast.parse(source)


def _texts(source: str) -> dict[str, str]:
    """Docstrings, comments and code of a module; nothing where it is mostly data."""
    tree = parse(source)
    lines = source.split("\n")
    if _is_mostly_data(tree, len(lines)):
        return {}
    docstrings = {
        node: text.strip() for node in _definitions(tree) if (text := ast.get_docstring(node))
    }
    comments = {
        token.start[0] - 1: token.start[1]
        for token in tokenize.generate_tokens(io.StringIO(source).readline)
        if token.type == tokenize.COMMENT
    }
    return {
        "docstrings": "\n\n".join(docstrings.values()),
        "comments": _comments(lines, comments),
        "code": _code(lines, comments, list(docstrings)),
    }


def _is_mostly_data(tree: ast.Module, lines: int) -> bool:
    """Whether over half of the lines give names to literals."""
    literals = (ast.Dict, ast.List, ast.Tuple, ast.Set, ast.Constant)
    data = sum(
        (statement.end_lineno or 0) - statement.lineno + 1
        for statement in tree.body
        if isinstance(statement, ast.Assign | ast.AnnAssign)
        and isinstance(statement.value, literals)
    )
    return 2 * data > lines


def _definitions(tree: ast.Module) -> Iterator[Owner]:
    """The module, its classes and its functions, as they stand in the text."""
    waiting: list[ast.AST] = [tree]
    while waiting:
        node = waiting.pop()
        if isinstance(node, Owner):
            yield node
        children = list(ast.iter_child_nodes(node))
        # No expression holds a definition, and most nodes are expressions.
        waiting += [child for child in reversed(children) if not isinstance(child, ast.expr)]


def _comments(lines: list[str], comments: dict[int, int]) -> str:
    """Runs of full-line comments, separated by blank lines; without `#!` and encodings."""
    runs: list[list[str]] = []
    previous = -2
    for number, column in comments.items():
        before, comment = lines[number][:column], lines[number][column:]
        for_machines = number < 2 and re.match(r"#!|#.*coding[:=]", comment)
        if not before.strip() and not for_machines:
            if number > previous + 1:
                runs.append([])
            runs[-1].append(comment.lstrip("#"))
            previous = number
    texts = [textwrap.dedent("\n".join(run)).strip() for run in runs]
    return "\n\n".join(text for text in texts if text)


def _code(lines: list[str], comments: dict[int, int], documented: list[Owner]) -> str:
    """The source without comments and without docstrings; its syntax tree lacks only the latter."""
    kept: list[str | None] = list(lines)
    for number, column in comments.items():
        kept[number] = lines[number][:column].rstrip() or None
    for node in documented:
        docstring = node.body[0]
        first, end = docstring.lineno - 1, docstring.end_lineno or 0
        before = lines[first].encode()[: docstring.col_offset]
        after = (kept[end - 1] or "").encode()[docstring.end_col_offset :]
        if not before.strip() and not after.strip():  # else it shares a line with a statement
            kept[first:end] = [None] * (end - first)
            if len(node.body) == 1:
                kept[first] = before.decode() + "pass"
    code = [""]
    gone = False
    for line in kept:
        if line is None:
            gone = True
        elif line.strip() or code[-1].strip() or not gone:  # else two groups of blank lines meet
            code.append(line)
            gone = False
    return "\n".join(code).strip()
