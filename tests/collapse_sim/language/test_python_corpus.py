"""The text that every Python carries: taken apart, in order, complete."""

import ast
import sysconfig
from pathlib import Path

import pytest

from collapse_sim.language import standard_library
from collapse_sim.language.corpus import python_corpus
from tests.collapse_sim.language.documents import domains


def test_python_has_four_domains_of_a_useful_size(python_documents):
    sizes = {domain: sum(map(len, texts)) for domain, texts in domains(python_documents).items()}
    assert list(sizes) == ["code", "comments", "docstrings", "reference"]
    assert min(sizes.values()) > 200_000
    assert min(len(document.text) for document in python_documents) >= 200
    assert len({document.text for document in python_documents}) == len(python_documents)


def test_python_is_read_in_order_without_what_is_short_doubled_or_not_unicode(monkeypatch):
    long = "A sentence. " * 20
    modules = [
        f'"""B {long}"""\n# C {long}\n',
        f'"""A {long}"""\n# Short.\n' + "call()\n" * 100,
        f'"""B {long}"""\n' + "call()\n" * 100,
        f'"""\\ud800 {long}"""\n',
    ]
    monkeypatch.setattr(
        standard_library, "modules_below", lambda folder: [("m", text) for text in modules]
    )
    found = domains(python_corpus())
    assert found.pop("reference")[0].startswith('The "assert" statement')
    assert found == {
        "docstrings": [f"B {long}".strip(), f"A {long}".strip()],
        "comments": [f"C {long}".strip()],
        "code": ["call()\n" * 99 + "call()"],
    }


def test_python_has_the_texts_of_a_known_module_where_they_belong(python_documents):
    texts = domains(python_documents)
    assert any(text.startswith("Utilities for with-statement") for text in texts["docstrings"])
    code = [text for text in texts["code"] if "class ExitStack" in text]
    assert code and all("Utilities for with-statement" not in text for text in code)
    assert any(
        "We use an unbound method rather than a bound method" in t for t in texts["comments"]
    )
    assert not any(text.startswith("html5 = {") for text in texts["code"]), "a table"
    assert not any("class ContextManagerTestCase" in text for text in texts["code"]), "a test"


def without_docstrings(source: str) -> str:
    """The syntax tree, a body of a docstring alone being `pass`."""
    tree = ast.parse(source)
    for node in ast.walk(tree):
        if isinstance(node, standard_library.Owner) and ast.get_docstring(node):
            node.body = node.body[1:] or [ast.Pass()]
    return ast.dump(tree)


@pytest.mark.parametrize("name", ["argparse", "contextlib", "heapq", "tarfile", "turtle", "enum"])
def test_code_lacks_nothing_but_docstrings_and_comments(name):
    source = Path(sysconfig.get_paths()["stdlib"], f"{name}.py").read_text(encoding="utf-8")
    code = standard_library.texts_of(source)["code"]
    assert ast.dump(ast.parse(code)) == without_docstrings(source)
    assert not any(line.lstrip().startswith("# ") for line in code.split("\n"))


MODULE = '''\
#!/usr/bin/env python
# -*- coding: utf-8 -*-
"""The module.

    Indented.
"""
# First run,
#   second line.

# Second run: encoding=3.
######
import os  # beside

text = """
# not a comment


end"""


class Empty:
    """Only this."""  # and that


def f(é="é"): "stays"; return 1


async def g():
    """Höhe."""

    # gone

    try:
        pass
    except ValueError:
        def h():
            """Inner."""
            return "#"
'''


def test_a_module_is_taken_apart():
    assert standard_library.texts_of(MODULE) == {
        "docstrings": "The module.\n\nIndented.\n\nOnly this.\n\nstays\n\nHöhe.\n\nInner.",
        "comments": "First run,\n  second line.\n\nSecond run: encoding=3.\n\ngone",
        "code": '''\
import os

text = """
# not a comment


end"""


class Empty:
    pass


def f(é="é"): "stays"; return 1


async def g():

    try:
        pass
    except ValueError:
        def h():
            return "#"''',
    }


def test_a_module_of_mostly_data_is_left_out():
    table = "table = {\n" + "    1: 2,\n" * 9 + "}\n"
    assert standard_library.texts_of('"""Doc."""\n' + table) == {}
    texts = standard_library.texts_of('"""Doc."""\n' + table + "print(1)\n" * 20)
    assert texts["docstrings"] == "Doc."


def test_only_the_library_itself_is_searched(tmp_path):
    for place in ("site-packages", "config-3.11", "a/test", "encodings", "a/b"):
        (tmp_path / place).mkdir(parents=True)
        (tmp_path / place / "module.py").write_text(f"{place!r}\n")
    (tmp_path / "a" / "notes.txt").write_text("no module")
    (tmp_path / "latin.py").write_bytes("# coding: latin-1\n'é'\n".encode("latin-1"))
    (tmp_path / "a" / "b" / "__init__.py").write_text("")
    assert list(standard_library.modules_below(tmp_path)) == [
        ("latin", "# coding: latin-1\n'é'\n"),
        ("a.b", ""),
        ("a.b.module", "'a/b'\n"),
    ]
