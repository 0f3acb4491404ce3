"""The source of the standard library: its modules, and each one's docstrings, comments and code."""

import ast
import io
import os
import re
import sysconfig
import textwrap
import tokenize
import warnings
from collections.abc import Iterator
from pathlib import Path

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


def texts_of(source: str) -> dict[str, str]:
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
    """Tell whether over half of the lines give names to literals."""
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
