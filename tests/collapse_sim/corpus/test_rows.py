"""Every row that is read is written or rejected, whatever the format; what is not edited stays."""

import gzip
import json

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from collapse_sim.corpus.corpus_run import CorpusRun
from collapse_sim.corpus.records import ReadOptions
from collapse_sim.corpus.shards import find_shards
from collapse_sim.corpus.work import COLUMNS, Work
from tests.collapse_sim.corpus.fake_editor import FakeEditor

CHARACTERS = 100
"""Of a chunk: most files are several."""


def run(source, out, editor=None, *, scoring=False, **options):
    """The run of one file, and its manifest."""
    shards = find_shards([str(source)], COLUMNS if scoring else ())
    config = {"parameters": {}, "inputs": {shard.name: 0 for shard in shards}}
    made = CorpusRun.open(out, config, shards, resume=False)
    editor = editor or FakeEditor()
    work = Work.score(editor) if scoring else Work.edit(editor)
    made.process(shards, work, ReadOptions(**options), CHARACTERS)
    return made.merge()


def write(path, content: bytes):
    if path.suffix == ".gz":
        content = gzip.compress(content)
    elif path.suffix == ".zst":
        content = pa.Codec("zstd").compress(content, asbytes=True)
    path.write_bytes(content)
    return path


def read(path) -> bytes:
    content = path.read_bytes()
    if path.suffix == ".gz":
        return gzip.decompress(content)
    if path.suffix == ".zst":
        with pa.CompressedInputStream(pa.BufferReader(content), "zstd") as stream:
            return stream.read()
    return content


word = st.text('ab \t\u00e9\u2028\U0001f600\\"/', max_size=12)
value = st.one_of(st.integers(), st.floats(allow_nan=False), word, st.lists(word, max_size=2))
good = st.dictionaries(st.sampled_from(["id", "x", "\u00e9"]), value).flatmap(
    lambda row: st.tuples(st.just(row), word, st.booleans()).map(
        lambda t: json.dumps({**t[0], "text": t[1], "z": 1.0}, ensure_ascii=t[2])
    )
)
bad = st.sampled_from(
    ["{", "[1]", "3", '{"a": 1}', '{"text": null}', '{"text": "\\ud800"}', "{}", "\udcff", "x" * 50]
)
end = st.sampled_from(["\n", "\r\n", "\n\n", "\n \n"])
jsonl = st.lists(st.tuples(st.one_of(good, good, bad), end), max_size=25)


@settings(max_examples=30)
@given(jsonl, st.sampled_from(["a.jsonl", "a.jsonl.gz", "A.JSONL.zst"]), st.booleans())
def test_json_lines_are_written_or_rejected(tmp_path_factory, lines, name, mark):
    folder = tmp_path_factory.mktemp("jsonl")
    text = "\ufeff" * mark + "".join(line + end for line, end in lines)
    content = text.encode("utf-8", "surrogateescape")
    source = write(folder / name, content)
    manifest = run(source, folder / "out")["totals"]
    rejected = (folder / "out" / "rejected.jsonl").read_text().splitlines()
    written = read(folder / "out" / "data" / name).decode("utf-8-sig").split("\n")
    rows = [json.loads(line) for line in written if line.strip()]
    assert manifest["rows"] == len(lines)
    assert (manifest["written"], manifest["rejected"]) == (len(rows), len(rejected))
    assert len(lines) == len(rows) + len(rejected)
    numbers = [json.loads(line)["row"] for line in rejected]
    before = [
        json.loads(line)
        for number, line in enumerate(text.removeprefix("\ufeff").split("\n"), start=1)
        if line.strip() and number not in numbers
    ]
    for row, old in zip(rows, before, strict=True):
        assert row["text"].lower() == old["text"].lower() and list(row) == list(old)
        assert {**row, "text": ""} == {**old, "text": ""}


@settings(max_examples=30)
@given(
    st.lists(st.tuples(word, end), max_size=25),
    st.sampled_from(["a.txt", "b.md.gz", "c.txt.zst"]),
)
def test_text_is_written_or_rejected(tmp_path_factory, lines, name):
    folder = tmp_path_factory.mktemp("txt")
    text = "".join(line + end for line, end in lines)
    source = write(folder / name, text.encode())
    manifest = run(source, folder / "out")["totals"]
    count = sum(bool(line.strip()) for line, _ in lines)
    assert manifest["rows"] == count == manifest["written"] + manifest["rejected"]
    after = read(folder / "out" / "data" / name).decode()
    assert after.lower() == text.lower()  # and the lines between documents as they were


KINDS = {
    "string": pa.string(),
    "large": pa.large_string(),
    "view": pa.string_view(),
    "dictionary": pa.dictionary(pa.int32(), pa.string()),
}


@settings(max_examples=15)
@given(st.lists(st.one_of(word, st.none()), max_size=150), st.sampled_from(list(KINDS)))
def test_parquet_rows_are_written_or_rejected(tmp_path_factory, texts, kind):
    folder = tmp_path_factory.mktemp("parquet")
    schema = pa.schema(
        [
            pa.field("k", pa.int32(), nullable=False, metadata={"what": "key"}),
            pa.field("text", KINDS[kind]),
            pa.field("list", pa.list_(pa.struct([("a", pa.float32())]))),
        ],
        metadata={"pandas": "{}"},
    )
    lists = [[{"a": 0.5}] if place % 2 else None for place in range(len(texts))]
    if kind == "dictionary":
        texts = [text and text[0] for text in texts]
        encoded = pa.array(texts, pa.string()).dictionary_encode().cast(KINDS[kind])
    else:
        encoded = pa.array(texts, KINDS[kind])
    numbers = pa.array(range(len(texts)), pa.int32())
    arrays = [numbers, encoded, pa.array(lists, schema.field("list").type)]
    table = pa.Table.from_arrays(arrays, schema=schema)
    pq.write_table(table, folder / "a.parquet", compression="zstd")
    manifest = run(folder / "a.parquet", folder / "out")["totals"]
    after = pq.read_table(folder / "out" / "data" / "a.parquet")
    rejected = (folder / "out" / "rejected.jsonl").read_text().splitlines()
    assert manifest["rows"] == len(texts) == len(after) + len(rejected)
    kept = pa.array([text is not None and bool(text.strip()) for text in texts], pa.bool_())
    before = pq.read_table(folder / "a.parquet")
    assert after.schema.equals(before.schema, check_metadata=True)
    assert after.drop(["text"]).equals(before.drop(["text"]).filter(kept))
    old_texts = [text for text in texts if text is not None and text.strip()]
    for new, old in zip(after["text"].to_pylist(), old_texts, strict=True):
        assert new.lower() == old.lower()


def test_a_small_dictionary_of_texts_holds_all_that_edits_make_of_them(tmp_path):
    """As pandas writes categories: each copy of a text becomes another one."""

    class Numbers(FakeEditor):
        def edit(self, documents):
            for result in super().edit(documents):
                object.__setattr__(result, "text", f"{result.text} {result.id}")
                yield result

    kind = pa.dictionary(pa.int8(), pa.string())
    texts = pa.array(["a b", "c d"] * 200).dictionary_encode().cast(kind)
    pq.write_table(pa.table({"text": texts, "kept": texts}), tmp_path / "a.parquet")
    run(tmp_path / "a.parquet", tmp_path / "out", Numbers())
    after = pq.read_table(tmp_path / "out" / "data" / "a.parquet")
    assert len(set(after["text"].to_pylist())) == 400 and after["kept"].type == kind
    run(tmp_path / "a.parquet", tmp_path / "scored", scoring=True)
    assert pq.read_table(tmp_path / "scored" / "data" / "a.parquet")["text"].type == kind


HARD = (
    '\ufeff{"text" :  "a \\u00e9 \\/ b", "x": 1.10, "x": 1e400, "n": 12345678901234567890}\r\n\n'
    ' {"b":[{"text":"no"}],"text":"t \u00e9"} \n{"text":"last"}'
)


@pytest.mark.parametrize("name", ["a.jsonl", "a.jsonl.gz", "a.jsonl.zst", "t.txt", "t.txt.zst"])
def test_what_is_not_edited_comes_back_byte_for_byte(tmp_path, name):
    source = write(tmp_path / name, HARD.encode())
    run(source, tmp_path / "out", FakeEditor(edits=False))
    assert read(tmp_path / "out" / "data" / name) == HARD.encode()


def test_only_the_text_of_a_line_changes(tmp_path):
    class Shout(FakeEditor):
        def _hash(self, *_):
            return 0

    run(write(tmp_path / "a.jsonl", HARD.encode()), tmp_path / "out", Shout())
    after = (tmp_path / "out" / "data" / "a.jsonl").read_text("utf-8")
    expected = HARD.replace('"a \\u00e9 \\/ b"', '"A \\u00c9 / B"', 1).replace("\r\n", "\n")
    expected = expected.replace('"t \u00e9"', '"T \u00c9"').replace('"last"', '"LAST"')
    assert after == expected


def test_scores_are_columns(tmp_path):
    source = write(tmp_path / "a.jsonl", b'{"text": "ab cd"}\n{"text": " "}\n{"text": "x"} \n')
    run(source, tmp_path / "out", scoring=True)
    rows = [json.loads(line) for line in (tmp_path / "out/data/a.jsonl").read_text().splitlines()]
    assert rows[0] == {
        "text": "ab cd",
        "log_probability": -0.5,
        "tokens": 2,
        "perplexity": np.exp(0.25),
    }
    assert [row["text"] for row in rows] == ["ab cd", "x"]
    pq.write_table(pa.table({"text": ["ab cd", None], "k": [1, 2]}), tmp_path / "b.parquet")
    run(tmp_path / "b.parquet", tmp_path / "out2", scoring=True)
    table = pq.read_table(tmp_path / "out2" / "data" / "b.parquet")
    assert table.column_names == ["text", "k", *COLUMNS]
    assert table.to_pylist() == [{"text": "ab cd", "k": 1, **{k: rows[0][k] for k in COLUMNS}}]
    run(write(tmp_path / "t.txt", b"ab cd\n\n x\n"), tmp_path / "out3", scoring=True)
    lines = (tmp_path / "out3" / "data" / "t.jsonl").read_text().splitlines()
    assert [json.loads(line)["id"] for line in lines] == ["t.txt:1", "t.txt:3"]


ARTICLES = " \n = A = \n \n one = 1 \n \n = = S = = \n two \n\n\n\n \n = B = \n \n three \n"


@pytest.mark.parametrize(
    ("unit", "text", "documents"),
    [
        ("article", ARTICLES, [ARTICLES[2:40].strip("\n").rstrip(), " = B = \n \n three"]),
        ("article", "a\n\nb\n\n\nc\n \n\n d", ["a\n\nb", "c", " d"]),
        ("file", ARTICLES, [ARTICLES.strip("\n").rstrip()]),
        ("line", "one\r\rtwo\r\n three\n", ["one", "two", " three"]),
    ],
)
def test_documents_of_text(tmp_path, unit, text, documents):
    source = write(tmp_path / "a.txt", text.encode())
    rows = list(find_shards([str(source)])[0].format(ReadOptions(unit=unit)).rows())
    assert [row.text for row in rows if row.is_row] == documents
    run(source, tmp_path / "out", FakeEditor(edits=False), unit=unit)
    assert (tmp_path / "out" / "data" / "a.txt").read_bytes() == text.encode()


class Writes(FakeEditor):
    """Makes one text of all."""

    def __init__(self, text):
        super().__init__()
        self.text = text

    def edit(self, documents):
        for result in super().edit(documents):
            object.__setattr__(result, "text", self.text)
            yield result


@pytest.mark.parametrize(
    ("text", "unit", "reason"),
    [
        ("a\nb", "line", "holds a line end"),
        (" \t", "line", "is blank"),
        ("\n \n", "article", "is blank"),
        ("a\0b", "line", "holds a NUL"),
        ("a\0b", "file", "holds a NUL"),
    ],
)
def test_a_text_that_its_file_cannot_hold_is_rejected(tmp_path, text, unit, reason):
    source = write(tmp_path / "a.txt", b"x\n")
    assert run(source, tmp_path / "out", Writes(text), unit=unit)["totals"]["rejected"] == 1
    assert reason in (tmp_path / "out" / "rejected.jsonl").read_text()
    run(write(tmp_path / "a.jsonl", b'{"text": "x"}'), tmp_path / "out2", Writes(text))
    assert json.loads((tmp_path / "out2/data/a.jsonl").read_text()) == {"text": text}


def test_a_text_that_is_not_changed_is_written_whatever_it_holds(tmp_path):
    source = write(tmp_path / "a.txt", b"x\na\0b\n")
    assert run(source, tmp_path / "out", FakeEditor(edits=False))["totals"]["written"] == 2
    assert (tmp_path / "out" / "data" / "a.txt").read_bytes() == source.read_bytes()


def test_scores_of_text_are_json_lines_by_their_name(tmp_path):
    source = tmp_path / "a.txt.d"
    source.mkdir()
    names = ["A.TXT", "b.txt.old.txt", "c.md5.md.gz", "d.txt.d/e.txt.zst"]
    for name in names:
        (source / name).parent.mkdir(exist_ok=True)
        write(source / name, b"x\n")
    found = [shard.name for shard in find_shards([str(source)], COLUMNS)]
    assert found == ["A.jsonl", "b.txt.old.jsonl", "c.md5.jsonl.gz", "d.txt.d/e.jsonl.zst"]


def test_a_row_without_an_id_is_called_by_its_place(tmp_path):
    ids = ['"a"', "7", "null", "NaN"]
    lines = "".join(f'{{"text": "x", "id": {id}}}\n' for id in ids)
    source = write(tmp_path / "a.jsonl", lines.encode())
    rows = find_shards([str(source)])[0].format(ReadOptions()).rows()
    assert [row.id for row in rows] == ["a", "7", "a.jsonl:3", "a.jsonl:4"]


def test_limit_counts_the_documents_of_each_file(tmp_path):
    source = write(tmp_path / "a.jsonl", b'{"text": "x"}\n\n{bad\n{"text": "y"}\n{"text": "z"}\n')
    totals = run(source, tmp_path / "out", limit=3)["totals"]
    assert [totals[name] for name in ("rows", "written", "rejected")] == [3, 2, 1]
