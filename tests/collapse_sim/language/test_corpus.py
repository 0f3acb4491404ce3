"""Documents: read from every source, split and taken by their hashes, refused in one line."""

import ast
import gzip
import hashlib
import json
import sys
import sysconfig
import types
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collapse_sim.language import corpus
from collapse_sim.language.corpus import Document, digest, python_corpus, read_corpus, split, take

documents_drawn = st.lists(
    st.builds(Document, st.text("abc é\n", min_size=1), st.sampled_from(["a", "b", "c"])),
    max_size=40,
    unique_by=lambda document: document.text,
)


@pytest.fixture(scope="session")
def python_documents() -> list[Document]:
    return python_corpus()


def characters(documents) -> int:
    return sum(len(document.text) for document in documents)


def domains(documents) -> dict[str, list[str]]:
    names = sorted({document.domain for document in documents})
    return {name: [d.text for d in documents if d.domain == name] for name in names}


# The Python corpus


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
    monkeypatch.setattr(corpus, "modules_below", lambda folder: [("m", text) for text in modules])
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
        if isinstance(node, corpus.Owner) and ast.get_docstring(node):
            node.body = node.body[1:] or [ast.Pass()]
    return ast.dump(tree)


@pytest.mark.parametrize("name", ["argparse", "contextlib", "heapq", "tarfile", "turtle", "enum"])
def test_code_lacks_nothing_but_docstrings_and_comments(name):
    source = Path(sysconfig.get_paths()["stdlib"], f"{name}.py").read_text(encoding="utf-8")
    code = corpus._texts(source)["code"]
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
    assert corpus._texts(MODULE) == {
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
    assert corpus._texts('"""Doc."""\n' + table) == {}
    assert corpus._texts('"""Doc."""\n' + table + "print(1)\n" * 20)["docstrings"] == "Doc."


def test_only_the_library_itself_is_searched(tmp_path):
    for place in ("site-packages", "config-3.11", "a/test", "encodings", "a/b"):
        (tmp_path / place).mkdir(parents=True)
        (tmp_path / place / "module.py").write_text(f"{place!r}\n")
    (tmp_path / "a" / "notes.txt").write_text("no module")
    (tmp_path / "latin.py").write_bytes("# coding: latin-1\n'é'\n".encode("latin-1"))
    (tmp_path / "a" / "b" / "__init__.py").write_text("")
    assert list(corpus.modules_below(tmp_path)) == [
        ("latin", "# coding: latin-1\n'é'\n"),
        ("a.b", ""),
        ("a.b.module", "'a/b'\n"),
    ]


# Files


def test_wikitext_is_cut_at_its_articles(wikitext):
    documents = read_corpus(str(wikitext))
    texts = domains(documents)
    # 60 articles each, as published. Two formulas in test.txt look like headings.
    assert {domain: len(found) for domain, found in texts.items()} == {"test": 60, "valid": 60}
    assert texts["valid"][0].startswith(" = Homarus gammarus = \n")
    assert all(text.startswith(" = ") and not text.startswith(" = = ") for text in texts["test"])
    read = (wikitext / "test.txt").read_text(encoding="utf-8")
    assert "".join("".join(texts["test"]).split()) == "".join(read.split())
    assert read_corpus(str(wikitext / "test.txt")) == [d for d in documents if d.domain == "test"]


def test_text_is_cut_at_two_blank_lines(tmp_path):
    file = tmp_path / "novel.txt"
    content = (
        "\ufeff\nOne\nline.\n\nSame text.\r\n \t\r\n\r\n  Two\n\n\n\n\n = = no article = = \n\n"
    )
    file.write_bytes(content.encode())
    assert read_corpus(str(file)) == [
        Document("One\nline.\n\nSame text.", "novel"),
        Document("  Two", "novel"),
        Document(" = = no article = =", "novel"),
    ]


def test_text_before_the_first_article_is_a_document(tmp_path):
    file = tmp_path / "wiki.txt"
    file.write_text("Before.\n\n\n\nStill.\n \n = A = b = \n \n Text\n = x = \n more\n\n = C =")
    assert [document.text for document in read_corpus(str(file))] == [
        "Before.\n\n\n\nStill.",
        " = A = b = \n \n Text\n = x = \n more",
        " = C =",
    ]


def test_a_folder_has_a_domain_for_each_text_file(tmp_path):
    (tmp_path / "b.txt").write_text("B")
    (tmp_path / "a.txt").write_text("A\n\n\nA2")
    (tmp_path / "empty.txt").write_text(" \n")
    (tmp_path / "folder.txt").mkdir()
    (tmp_path / "c.jsonl").write_text("not read")
    assert read_corpus(str(tmp_path)) == [
        Document("A", "a"),
        Document("A2", "a"),
        Document("B", "b"),
    ]


@pytest.mark.parametrize("compressed", [False, True])
def test_json_lines_have_a_text_and_may_have_a_domain(tmp_path, compressed):
    rows = [{"text": "line\u2028separator", "domain": "x"}, {"text": " é\n", "n": 1}, {"text": ""}]
    content = "\n\n".join(json.dumps(row, ensure_ascii=False) for row in rows).encode()
    file = tmp_path / ("some.text.jsonl" + ".gz" * compressed)
    file.write_bytes(gzip.compress(content, mtime=0) if compressed else content)
    assert read_corpus(str(file)) == [
        Document("line\u2028separator", "x"),
        Document(" é\n", "some.text"),
    ]


def write(folder: Path, name: str, content: bytes) -> str:
    (folder / name).write_bytes(content)
    return str(folder / name)


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.txt", b"", "empty: accepted are sources that hold text"),
        ("a.txt", b" \n\n\n\t", "empty: accepted are sources that hold text"),
        ("a.jsonl", b"\n", "empty: accepted are sources that hold text"),
        ("a.jsonl", b'{"text": " "}', "empty: accepted are sources that hold text"),
        ("a.txt", b"\xc3\xa9abc\xff", "{file} is not UTF-8 at byte 5: accepted is UTF-8"),
        ("a.jsonl", b'{"text": "\xff"}', "{file} is not UTF-8 at byte 10: accepted is UTF-8"),
        (
            "a.jsonl",
            b'{"text": "a"}\n\n{"text":}',
            "line 3 is not JSON at column 9: Expecting value",
        ),
        ("a.jsonl", b'{"text": "a"}\n{"txt": "a"}', "line 2 without text: accepted are objects"),
        ("a.jsonl", b'{"text": 3}', "line 1 without text: accepted are objects with `text`"),
        ("a.jsonl", b'["text"]', "line 1 without text: accepted are objects with `text`"),
        ("a.jsonl", b'{"text": "\\ud800"}', "line 1 without text: accepted are objects with"),
        ("a.jsonl", b'{"text": "a", "domain": 7}', "line 1: domain=7: accepted are strings"),
        ("a.jsonl.gz", b'{"text": "a"}', "Not a gzipped file"),
        ("a.jsonl.gz", gzip.compress(b"{}", mtime=0)[:-6], "Compressed file ended before"),
        (
            "a.jsonl.gz",
            gzip.compress(b"{}", mtime=0)[:10] + b"\xff" * 20,
            "Error -3 while decompressing",
        ),
        ("a.csv", b"text", corpus.ACCEPTED),
    ],
)
def test_an_unusable_file_is_refused_in_one_line(tmp_path, name, content, message):
    file = write(tmp_path, name, content)
    with pytest.raises(ValueError) as refusal:
        read_corpus(file)
    assert str(refusal.value).startswith(f"--corpus {file}: {message.format(file=file)}")
    assert "\n" not in str(refusal.value)


@pytest.mark.parametrize("name", ["missing.txt", "missing.jsonl", "missing.jsonl.gz"])
def test_a_missing_file_is_named(tmp_path, name):
    file = str(tmp_path / name)
    with pytest.raises(ValueError) as refusal:
        read_corpus(file)
    assert str(refusal.value) == f"--corpus {file}: no such file: {corpus.ACCEPTED}"


def test_a_folder_without_text_is_refused(tmp_path):
    write(tmp_path, "a.jsonl", b'{"text": "a"}')
    with pytest.raises(ValueError) as refusal:
        read_corpus(str(tmp_path))
    assert str(refusal.value) == (
        f"--corpus {tmp_path}: a folder without .txt files: {corpus.ACCEPTED}"
    )


def test_the_file_of_a_folder_that_is_not_utf_8_is_named(tmp_path):
    write(tmp_path, "a.txt", b"fine")
    file = write(tmp_path, "b.txt", b"f\xefne")
    with pytest.raises(ValueError) as refusal:
        read_corpus(str(tmp_path))
    assert str(refusal.value).startswith(f"--corpus {tmp_path}: {file} is not UTF-8 at byte 1:")


# The hub


class Rows(dict):
    """What of a data set is used."""

    @property
    def column_names(self) -> list[str]:
        return list(self)


def hub(monkeypatch, load_dataset):
    """Stands in for the package `datasets`, which would download."""
    package = types.SimpleNamespace(load_dataset=load_dataset)
    monkeypatch.setitem(sys.modules, "datasets", package)


def test_the_hub_gives_the_texts_of_the_train_split(monkeypatch):
    asked = []

    def load_dataset(name, split):
        asked.append((name, split))
        return Rows(text=["a", None, "b"], label=[0, 1, 2])

    hub(monkeypatch, load_dataset)
    expected = [Document("a", "some/name"), Document("b", "some/name")]
    assert read_corpus("hf:some/name") == expected
    assert asked == [("some/name", "train")]


def test_the_hub_needs_a_text_field(monkeypatch):
    hub(monkeypatch, lambda name, split: Rows(sentence=["a"], label=[0]))
    with pytest.raises(
        ValueError, match="^--corpus hf:x: has the fields sentence, label: accepted"
    ):
        read_corpus("hf:x")


@pytest.mark.parametrize("kind", [FileNotFoundError, ConnectionError, ValueError])
def test_what_the_hub_says_is_one_line(monkeypatch, kind):
    def load_dataset(name, split):
        raise kind("no such\n  data set")

    hub(monkeypatch, load_dataset)
    with pytest.raises(ValueError) as refusal:
        read_corpus("hf:x")
    assert str(refusal.value) == "--corpus hf:x: no such data set"


def test_the_hub_without_its_package_names_the_extra(monkeypatch):
    monkeypatch.setitem(sys.modules, "datasets", None)
    with pytest.raises(ValueError) as refusal:
        read_corpus("hf:x")
    assert str(refusal.value) == (
        "--corpus hf:x: needs datasets, as in pip install 'collapse-sim[hub]'"
    )


# Digest, split, take


def test_the_digest_depends_on_texts_domains_and_order():
    one, two = Document("a", "x"), Document("b", "x")
    corpora = [
        [one, two],
        [two, one],
        [one],
        [Document("ab", "x")],
        [Document("a", "y"), two],
        [Document("", "ax"), two],
        [],
    ]
    assert len({digest(documents) for documents in corpora}) == len(corpora)
    assert digest([Document("a", "x"), Document("b", "x")]) == digest([one, two])
    # printf '[["x", "a"]]' | sha256sum
    assert digest([one]).startswith("f5de8a52075f1e64")


@given(documents=documents_drawn, held_out=st.floats(0.01, 0.99))
def test_a_split_is_a_partition_with_both_sides_in_every_domain(documents, held_out):
    train, held = split(documents, held_out)
    assert sorted(train + held, key=documents.index) == documents
    assert train == [document for document in documents if document in train]
    assert held == [document for document in documents if document in held]
    for domain, texts in domains(documents).items():
        sides = [sum(document.domain == domain for document in side) for side in (train, held)]
        assert min(sides) >= 1 if len(texts) >= 2 else sides == [1, 0]


@given(documents=documents_drawn, held_out=st.floats(0.01, 0.99), order=st.randoms())
def test_a_split_ignores_the_order_and_the_other_domains(documents, held_out, order):
    held = set(split(documents, held_out)[1])
    shuffled = list(documents)
    order.shuffle(shuffled)
    assert set(split(shuffled, held_out)[1]) == held
    alone = [document for document in documents if document.domain == "a"]
    assert set(split(alone, held_out)[1]) == {d for d in held if d.domain == "a"}


def test_the_share_of_characters_is_met_and_more_documents_move_few():
    documents = [Document(f"{number} " + "x" * (number % 50), "a") for number in range(1000)]
    _, held = split(documents, 0.2)
    assert 0 <= characters(held) - 0.2 * characters(documents) < 60
    _, of_fewer = split(documents[:900], 0.2)
    stayed = set(of_fewer) & set(held)
    # Independent choices would have 36 of 180 in common.
    assert len(stayed) > 0.85 * len(of_fewer)


def test_the_python_corpus_is_split_by_characters_in_every_domain(python_documents):
    train, held = split(python_documents, 0.1)
    assert not {document.text for document in train} & {document.text for document in held}
    for domain, texts in domains(held).items():
        share = sum(map(len, texts)) / characters(
            document for document in python_documents if document.domain == domain
        )
        assert 0.1 <= share < 0.25


def test_no_duplicate_of_a_held_out_text_is_trained_on():
    documents = [Document(str(number % 7), "ab"[number % 2]) for number in range(40)]
    train, held = split(documents, 0.5)
    texts = [document.text for document in train + held]
    assert sorted(texts) == sorted({str(number) for number in range(7)})
    assert train and held


@pytest.mark.parametrize("held_out", [0.0, 1.0, -0.1, float("nan")])
def test_a_share_that_is_none_is_refused(held_out):
    with pytest.raises(ValueError) as refusal:
        split([Document("a", "x")], held_out)
    assert str(refusal.value) == f"held_out={held_out}: accepted is (0, 1)"


@given(documents=documents_drawn, wanted=st.integers(0, 300))
def test_as_many_characters_are_taken_as_there_are(documents, wanted):
    taken = take(documents, wanted)
    assert characters(taken) == min(wanted, characters(documents))
    texts = domains(documents)
    whole = set(documents)
    cut = [document for document in taken if document not in whole]
    assert len({document.domain for document in cut}) == len(cut), "one for each domain"
    for document in cut:
        assert any(text.startswith(document.text) for text in texts[document.domain])
    if wanted >= characters(documents):
        assert set(taken) == whole and len(taken) == len(documents)
    assert take(documents[::-1], wanted) == taken


@given(documents=documents_drawn, wanted=st.integers(0, 300))
def test_domains_are_taken_in_equal_parts(documents, wanted):
    parts = {name: 0 for name in domains(documents)}
    for document in take(documents, wanted):
        parts[document.domain] += len(document.text)
    largest = max(parts.values(), default=0)
    for domain, texts in domains(documents).items():
        assert parts[domain] >= min(largest - len(parts), sum(map(len, texts)))


def test_the_smallest_hashes_are_held_out_and_taken():
    documents = [Document(f"text {number:02}", "a") for number in range(40)]
    ordered = sorted(documents, key=lambda d: hashlib.sha256(d.text.encode()).digest())
    assert take(documents, 5 * len("text 00")) == ordered[:5]
    assert set(split(documents, 0.25)[1]) == set(ordered[:10])


def test_every_beginning_of_what_is_taken_is_balanced():
    documents = [Document(f"{n:02} {domain}.", domain) for n in range(30) for domain in "ab"]
    taken = take(documents, 200)
    assert [document.domain for document in taken] == ["a", "b"] * 20
    longer = take(documents, 250)
    assert longer[:40] == taken
