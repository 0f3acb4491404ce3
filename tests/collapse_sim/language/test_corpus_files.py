"""Documents read from files and from the hub, or refused in one line."""

import gzip
import json
import sys
import types
from pathlib import Path

import pytest

from collapse_sim.language import corpus
from collapse_sim.language.corpus import Document, read_corpus
from tests.collapse_sim.language.documents import domains

# Files


def test_wikitext_is_cut_at_its_articles(wikitext):
    documents = read_corpus(str(wikitext)).documents
    texts = domains(documents)
    # 60 articles each, as published. Two formulas in test.txt look like headings.
    assert {domain: len(found) for domain, found in texts.items()} == {"test": 60, "valid": 60}
    assert texts["valid"][0].startswith(" = Homarus gammarus = \n")
    assert all(text.startswith(" = ") and not text.startswith(" = = ") for text in texts["test"])
    read = (wikitext / "test.txt").read_text(encoding="utf-8")
    assert "".join("".join(texts["test"]).split()) == "".join(read.split())
    test = read_corpus(str(wikitext / "test.txt")).documents
    assert test == [d for d in documents if d.domain == "test"]


def test_text_is_cut_at_two_blank_lines(tmp_path):
    file = tmp_path / "novel.txt"
    content = (
        "\ufeff\nOne\nline.\n\nSame text.\r\n \t\r\n\r\n  Two\n\n\n\n\n = = no article = = \n\n"
    )
    file.write_bytes(content.encode())
    assert read_corpus(str(file)).documents == [
        Document("One\nline.\n\nSame text.", "novel"),
        Document("  Two", "novel"),
        Document(" = = no article = =", "novel"),
    ]


def test_text_before_the_first_article_is_a_document(tmp_path):
    file = tmp_path / "wiki.txt"
    file.write_text("Before.\n\n\n\nStill.\n \n = A = b = \n \n Text\n = x = \n more\n\n = C =")
    assert [document.text for document in read_corpus(str(file)).documents] == [
        "Before.\n\n\n\nStill.",
        " = A = b = \n \n Text\n = x = \n more",
        " = C =",
    ]


def test_a_folder_has_a_domain_for_each_text_file(tmp_path):
    (tmp_path / "b.txt").write_text("B")
    (tmp_path / "a.txt").write_text("A\n\n\nA2")
    (tmp_path / "empty.txt").write_text(" \n")
    (tmp_path / "folder.txt").mkdir()
    (tmp_path / "c.csv").write_text("not read")
    assert read_corpus(str(tmp_path)).documents == [
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
    assert read_corpus(str(file)).documents == [
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
        ("a.txt", b"\xc3\xa9abc\xff", "line 1 is not UTF-8 at byte 5 of the file: accepted"),
        ("a.jsonl", b'{"text": "\xff"}', "line 1 is not UTF-8 at byte 10 of the file: accepted"),
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
        ("a.jsonl", b'{"text": "a"}\n' + b"[" * 200_000, "line 2 is JSON nested too deeply: acc"),
        (
            "a.jsonl",
            b'\r\n\r\n{"text": "a", "id": ' + b"9" * 5000 + b"}",
            "line 3 is JSON with too long an integer: accepted are at most 4300 digits",
        ),
        (
            "a.jsonl",
            b'{"text": "a", "domain": "\\udc00"}',
            "line 1: domain='\\udc00': accepted are",
        ),
        (
            "a.txt",
            b"one\rtwo\r\nthree\n\xff",
            "line 4 is not UTF-8 at byte 15 of the file: accepted",
        ),
        ("a.jsonl", b'\xef\xbb\xbf{"text": "a"}\r\r{"text"\xff}', "line 3 is not UTF-8 at byte 25"),
        ("a.TXT.ZST", b"text", "ZSTD decompress failed"),
        ("a.parquet", b"text", "Parquet file size is 4 bytes"),
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
    write(tmp_path, "a.csv", b"text")
    with pytest.raises(ValueError) as refusal:
        read_corpus(str(tmp_path))
    assert str(refusal.value) == (
        f"--corpus {tmp_path}: a folder without .txt, .md, .jsonl or .parquet files but 1 file "
        f"(.csv): {corpus.ACCEPTED}"
    )


def test_the_file_of_a_folder_that_is_not_utf_8_is_named(tmp_path):
    write(tmp_path, "a.txt", b"fine")
    file = write(tmp_path, "b.txt", b"f\xefne")
    with pytest.raises(ValueError) as refusal:
        read_corpus(str(tmp_path))
    assert str(refusal.value).startswith(
        f"--corpus {tmp_path}: {file}: line 1 is not UTF-8 at byte 1 of the file:"
    )


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
    assert read_corpus("hf:some/name").documents == expected
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
