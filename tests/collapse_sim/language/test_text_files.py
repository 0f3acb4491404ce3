"""Folders of texts: what is read, in which order, of which domain, and what is said of the rest."""

import gzip
import json
import os
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from collapse_sim.language.corpus import ACCEPTED, Document, digest, read_corpus
from collapse_sim.language.instructions import Pair, read_pairs


def write(folder: Path, files: dict[str, str | bytes]) -> str:
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return str(folder)


def read(folder: Path) -> list[tuple[str, str]]:
    return [(d.text, d.domain) for d in read_corpus(str(folder)).documents]


def zstd(content: bytes) -> bytes:
    sink = pa.BufferOutputStream()
    with pa.CompressedOutputStream(sink, "zstd") as stream:
        stream.write(content)
    return sink.getvalue().to_pybytes()


def parquet(path: Path, **columns) -> str:
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(pa.table(columns), path)
    return str(path)


# Lines


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_lines_may_end_in_three_ways(end, tmp_path):
    lines = ["one", "more", "", "", "two", "", "", "three", ""]
    (tmp_path / "a.txt").write_bytes(end.join(lines).encode())
    expected = [Document(text, "a") for text in ("one\nmore", "two", "three")]
    assert read_corpus(str(tmp_path / "a.txt")).documents == expected
    rows = ['{"text": "one"}', "", '{"text": "two"}', "[]"]
    (tmp_path / "a.jsonl").write_bytes(b"\xef\xbb\xbf" + end.join(rows[:3]).encode())
    assert [d.text for d in read_corpus(str(tmp_path / "a.jsonl")).documents] == ["one", "two"]
    (tmp_path / "b.jsonl").write_bytes(end.join(rows).encode())
    with pytest.raises(ValueError, match="b.jsonl: line 4 without text"):
        read_corpus(str(tmp_path / "b.jsonl"))


# What is read


def test_every_kind_of_text_is_read_in_the_order_of_names(tmp_path):
    """Whatever the case of its ending, compressed or not, and however deep."""
    write(
        tmp_path,
        {
            "B.TXT": "capital",
            "a.md": "# mark\n\n\ndown",
            "c.jsonl": '{"text": "row", "domain": "own"}\n{"text": "none", "domain": null}',
            "e.Jsonl.GZ": gzip.compress(b'{"text": "packed"}', mtime=0),
            "f.txt.zst": zstd("zstandard é".encode()),
            "deep/er/z.txt": "deep",
            "deep/y.txt": "high",
        },
    )
    parquet(tmp_path / "d.PARQUET", text=["from\rparquet", " "], domain=["x", None], n=[1, 2])
    assert [text for text, _ in read(tmp_path)] == [
        "capital", "# mark", "down", "row", "none", "from\rparquet", "deep", "high", "packed",
        "zstandard é",
    ]  # fmt: skip
    assert dict(read(tmp_path))["row"] == "own"
    corpus = read_corpus(str(tmp_path))
    assert corpus.is_labelled
    assert corpus.note == (
        f"--corpus {tmp_path.name}: 8 files (.txt, .jsonl, .md, .parquet), 10 documents, "
        "61 characters"
    )


def test_what_is_not_read_is_named(tmp_path):
    write(tmp_path, dict.fromkeys(["b.pdf", "c.DOCX", "sub/d.pdf", "Makefile", "e.csv.gz"], "no"))
    with pytest.raises(ValueError) as refusal:
        read_corpus(str(tmp_path))
    assert str(refusal.value) == (
        f"--corpus {tmp_path}: a folder without .txt, .md, .jsonl or .parquet files but 5 files "
        f"(.pdf, .csv.gz, .docx, no ending): {ACCEPTED}"
    )
    write(tmp_path, {"a.txt": "yes", "empty.txt": " \r\r"})
    os.mkfifo(tmp_path / "pipe.txt")  # to open it would wait for ever
    (tmp_path / "nowhere.txt").symlink_to(tmp_path / "gone.txt")
    corpus = read_corpus(str(tmp_path))
    assert corpus.documents == [Document("yes", "a")]
    assert corpus.note == (
        f"--corpus {tmp_path.name}: 1 file (.txt), 1 document, 3 characters; left out: 8 files "
        "(.pdf, no regular file, .csv.gz, .docx, empty, no ending)"
    )


def test_many_endings_are_not_all_named(tmp_path):
    write(tmp_path, {"a.txt": "yes"} | {f"a.{n}": "no" for n in range(9)})
    assert read_corpus(str(tmp_path)).note.endswith("(.0, .1, .2, .3, .4, .5, ...)")


def test_a_note_of_one_file_says_what_was_read(tmp_path):
    write(tmp_path, {"a.txt": "one\n\n\nmore"})
    note = read_corpus(str(tmp_path / "a.txt"), "--human").note
    assert note == "--human a.txt: 2 documents, 7 characters"


def test_hidden_files_and_folders_are_passed_over(tmp_path):
    write(tmp_path, {"a.txt": "seen", ".b.txt": "no", ".git/c.txt": "no", "d/.e/f.txt": "no"})
    corpus = read_corpus(str(tmp_path))
    assert [d.text for d in corpus.documents] == ["seen"] and "left out" not in corpus.note
    write(tmp_path / ".own", {"a.txt": "asked for"})
    assert read(tmp_path / ".own") == [("asked for", "a")]


def test_links_are_followed_and_a_folder_is_read_once(tmp_path):
    outside = Path(write(tmp_path / "outside", {"x.txt": "linked"}))
    folder = Path(write(tmp_path / "folder", {"a.txt": "A", "sub/b.txt": "B"}))
    (folder / "loop").symlink_to(folder)
    (folder / "sub" / "up").symlink_to(folder)
    (folder / "itself").symlink_to(folder / "itself")
    (folder / "other").symlink_to(outside)
    (folder / "same").symlink_to(outside)
    assert [text for text, _ in read(folder)] == ["A", "linked", "B"]


def test_the_order_is_not_that_of_the_file_system(tmp_path, monkeypatch):
    write(tmp_path, {f"{name}/{name}.txt": name * 3 for name in "cab"})
    found = read(tmp_path)
    entries = Path.iterdir
    monkeypatch.setattr(Path, "iterdir", lambda path: reversed(sorted(entries(path))))
    assert read(tmp_path) == found and [text for text, _ in found] == ["aaa", "bbb", "ccc"]


def test_names_are_written_in_one_line_of_unicode(tmp_path):
    """File names of Linux are any bytes."""
    name = os.fsdecode(b"a\n\xff.txt")
    write(tmp_path, {name: "one\n\n\ntwo"})
    assert read(tmp_path) == [("one", r"a\n\udcff"), ("two", r"a\n\udcff")]
    note = read_corpus(str(tmp_path / name)).note
    assert note == r"--corpus a\n\udcff.txt: 2 documents, 6 characters"
    write(tmp_path, {name: b"\xff"})
    with pytest.raises(ValueError) as refusal:
        read_corpus(str(tmp_path / name))
    assert str(refusal.value).encode() and "\n" not in str(refusal.value)


@pytest.mark.parametrize("verb", ["read_bytes", "iterdir", "stat"])
def test_what_may_not_be_read_is_refused(verb, tmp_path, monkeypatch):
    write(tmp_path, {"sub/a.txt": "no"})
    allowed = getattr(Path, verb)

    def ask(path, *arguments, **options):
        if "sub" in path.parts:
            raise PermissionError(13, "Permission denied", str(path))
        return allowed(path, *arguments, **options)

    monkeypatch.setattr(Path, verb, ask)
    with pytest.raises(ValueError, match="^--corpus .*: Permission denied: accepted are"):
        read_corpus(str(tmp_path))


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ({"txt": ["a"]}, "row 1 without text: accepted are objects with `text`"),
        ({"text": ["a", None]}, "row 2 without text: accepted are objects with `text`"),
        ({"text": [b"a"]}, "row 1 without text: accepted are objects with `text`"),
        ({"text": ["a"], "domain": [3]}, "row 1: domain=3: accepted are strings"),
    ],
)
def test_parquet_without_text_is_refused(columns, message, tmp_path):
    file = parquet(tmp_path / "a.parquet", **columns)
    with pytest.raises(ValueError) as refusal:
        read_corpus(file)
    assert str(refusal.value).startswith(f"--corpus {file}: {message}")


def test_parquet_that_is_not_unicode_is_refused(tmp_path):
    offsets, content = (pa.py_buffer(b) for b in (b"\0\0\0\0\1\0\0\0\2\0\0\0", b"a\xff"))
    file = parquet(tmp_path / "a.parquet", text=pa.StringArray.from_buffers(2, offsets, content))
    with pytest.raises(ValueError, match="a.parquet: not UTF-8 after row 0: accepted is UTF-8"):
        read_corpus(file)


# Domains


def test_a_folder_of_one_document_a_file_is_a_domain(tmp_path):
    """Also where one of its files is cut."""
    write(tmp_path, {f"{n}.txt": f"document {n}" for n in range(5)} | {"9.txt": "a\n\n\nb"})
    assert {domain for _, domain in read(tmp_path)} == {tmp_path.name}
    assert [text for text, _ in read(tmp_path)][-2:] == ["a", "b"]
    assert not read_corpus(str(tmp_path)).is_labelled


def test_folders_of_one_document_a_file_are_domains(tmp_path, monkeypatch):
    write(tmp_path, {f"{name}/{n}.txt": f"{name} {n}" for name in ("law", "a/b") for n in "12"})
    found = [("a/b 1", "a/b"), ("a/b 2", "a/b"), ("law 1", "law"), ("law 2", "law")]
    assert read(tmp_path) == found
    before = digest(read_corpus(str(tmp_path)).documents)
    monkeypatch.chdir(tmp_path)
    assert digest(read_corpus(".").documents) == before


def test_a_document_alone_in_its_folder_is_of_the_folder_around(tmp_path):
    write(tmp_path, {f"{n}/text.txt": f"document {n}" for n in range(5)})
    write(tmp_path, {f"set/{n}/deep/text.txt": f"in the set {n}" for n in range(3)})
    domains = dict(read(tmp_path))
    assert {domains[f"document {n}"] for n in range(5)} == {tmp_path.name}
    assert {domains[f"in the set {n}"] for n in range(3)} == {"set"}


def test_files_of_many_documents_are_domains_each(tmp_path):
    write(tmp_path, {"a.txt": "A\n\n\nA2", "sub/b.txt": "B\n\n\nB2", "sub/c.txt": "C"})
    assert read(tmp_path) == [
        ("A", "a"),
        ("A2", "a"),
        ("B", "sub/b"),
        ("B2", "sub/b"),
        ("C", "sub/c"),
    ]


def test_a_label_that_is_the_name_of_the_file_is_none(tmp_path):
    rows = [{"text": "A", "domain": "a"}, {"text": "B"}]
    write(tmp_path, {"a.jsonl": "\n".join(map(json.dumps, rows))})
    assert not read_corpus(str(tmp_path / "a.jsonl")).is_labelled
    write(tmp_path, {"b.jsonl": "\n".join(map(json.dumps, rows))})
    assert read_corpus(str(tmp_path / "b.jsonl")).is_labelled


# Pairs


def test_pairs_may_be_one_a_file(tmp_path):
    for n in range(3):
        row = {"prompt": f"p{n}", "response": f"r{n}"}
        write(tmp_path, {f"{n}.jsonl": json.dumps(row)})
    parquet(tmp_path / "9.parquet", prompt=["p"], response=["r"], domain=["own"])
    write(tmp_path, {"notes.txt": "no pairs", ".hidden.jsonl": "no pairs"})
    name = tmp_path.name
    pairs, note = read_pairs(str(tmp_path))
    assert pairs == [*(Pair(f"p{n}", f"r{n}", name) for n in range(3)), Pair("p", "r", "own")]
    assert note == (
        f"--pairs {name}: 4 files (.jsonl, .parquet), 4 pairs, 14 characters; left out: 1 file "
        "(.txt)"
    )
