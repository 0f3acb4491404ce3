"""`collapse-sim edit` and `score`: refusals, a full disk, report, plan, and a tiny model."""

import gzip
import json
import os
from dataclasses import replace

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import collapse_sim as cs
from collapse_sim.corpus import edit_texts
from collapse_sim.corpus.sums import Sums
from collapse_sim.language.pretrained import smollm2
from collapse_sim.language.pretrained.edited import Document, PassCounts, Rejected
from experiments import cli
from experiments.corpus import edit, score
from experiments.corpus import report as report_module
from experiments.corpus.engine import Engine
from tests.collapse_sim.corpus.fake_editor import BATCH_TOKENS, FakeEditor, make
from tests.collapse_sim.language.pretrained import tiny

ROWS = b"".join(json.dumps({"text": f"a row of number {n}"}).encode() + b"\n" for n in range(200))


@pytest.fixture
def source(tmp_path):
    path = tmp_path / "a.jsonl"
    path.write_bytes(ROWS)
    return path


def content(name: str) -> bytes:
    return {
        "cut.jsonl.gz": gzip.compress(ROWS)[:-9],
        "nothing.jsonl.gz": b"",
        "no_field.jsonl": b'\n{"body": "x", "n": 1}\n',
        "cut.parquet": b"PAR1 and not more",
        "cut.gguf": b"GGUF\3\0\0\0",
        "a.csv": b"text\n",
        "blank.txt": b" \n\n\t\n",
        "empty.jsonl": b"",
        "latin.txt": "\u00c4rger\n\u00d6l\n".encode("latin-1"),
        "utf16.txt": "one two\nthree four\n".encode("utf-16"),
        "utf16be.jsonl": '{"text": "one"}\n'.encode("utf-16-be"),
        "rows.jsonl": b"text,id\none two,1\n",
    }[name]


def command_on(path, tmp_path, *flags):
    common = ["--model", "m", "--out", str(tmp_path / "out")]
    return edit.command([str(path), *common, *flags], make_engine=make)


@pytest.mark.parametrize(
    ("flags", "says"),
    [
        (["--threshold", "1.5"], "--threshold 1.5: accepted is [0, 1]"),
        (["--drop-below", "-1"], "--drop-below -1.0: accepted is [0, 1]"),
        (["--temperature", "0"], "--temperature 0.0: accepted are finite numbers > 0"),
        (["--top-k", "0"], "--top-k 0: accepted are integers >= 1"),
        (["--passes", "0"], "--passes 0: accepted are integers >= 1"),
        (["--limit", "0"], "--limit 0: accepted are integers >= 1"),
        (["--seed", "-1"], "--seed -1: accepted are integers from 0"),
        (["--anchored", "--chained"], "--anchored beside --chained: accepted is one"),
        (["--prior", "latest"], "--prior latest: is trained between passes"),
        (["--workers", "3/2"], "--workers 3/2: accepted is i/n"),
        (["--resume"], "--resume: there is no run in"),
        (["--report", "x"], "INPUT beside --report: accepted is one of the two"),
        (["--dry-run", "2", "--plan", "1"], "--plan beside --dry-run: accepted is one of the two"),
        (["--dry-run", "2", "--resume"], "--resume beside --dry-run: accepted is one of the two"),
        (["--plan", "1"], "--out beside --plan: accepted is one of the two"),
        (["--throughput", "1"], "--throughput: accepted is beside --plan"),
        (["cut.jsonl.gz"], "Truncated compressed stream: accepted are whole gzip files"),
        (["nothing.jsonl.gz"], "empty, as a file cut short is: accepted are whole gzip files"),
        (["no_field.jsonl"], "line 2: no field 'text': --text-field names one of 'body', 'n'"),
        (["cut.parquet"], "accepted are whole Parquet files"),
        (["a.csv"], "accepted are .jsonl, .parquet, .txt"),
        (["absent.txt"], "no such file"),
        (["absent"], "no such file: accepted are .jsonl"),
        (["a.jsonl"], "would be written to a.jsonl"),
    ],
)
def test_bad_input_is_refused_in_one_line(flags, says, source, tmp_path, capsys):
    if not flags[0].startswith("--"):
        place = tmp_path / "other" / flags[0]
        place.parent.mkdir()
        if flags[0] == "a.jsonl":
            place.write_bytes(ROWS)
        elif not flags[0].startswith("absent"):
            place.write_bytes(content(flags[0]))
        flags = [str(place)]
    places, flags = ([], flags) if flags[0].startswith("--") else (flags, [])
    common = ["--model", "m", "--out", str(tmp_path / "out")]
    arguments = [str(source), *places, *common, *flags]
    assert edit.command(arguments, make_engine=make) == 2
    shown = capsys.readouterr()
    assert says in shown.err and shown.err.count("\n") == 1
    assert not list((tmp_path / "out").rglob("data/*cut*"))


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("blank.txt", "blank.txt: holds no document that can be processed\n"),
        ("empty.jsonl", "empty.jsonl: holds no document that can be processed\n"),
        ("latin.txt", "that can be processed; latin.txt:1: not UTF-8\n"),
        ("rows.jsonl", "that can be processed; rows.jsonl:1: not JSON at column 1"),
        ("utf16.txt", "utf16.txt: is UTF-16 or no text at all: accepted is UTF-8\n"),
        ("utf16be.jsonl", "utf16be.jsonl: is UTF-16 or no text at all: accepted is UTF-8\n"),
    ],
)
def test_a_file_without_documents_is_refused(name, says, tmp_path, capsys):
    (tmp_path / name).write_bytes(content(name))
    assert command_on(tmp_path / name, tmp_path) == 2
    said = capsys.readouterr().err
    assert says in said and said.count("\n") == 1
    assert not (tmp_path / "out").exists()


def test_files_without_documents_and_files_left_out_are_named(source, tmp_path, capsys):
    folder = tmp_path / "folder"
    folder.mkdir()
    for name in ("a.csv", "blank.txt", "latin.txt"):
        (folder / name).write_bytes(content(name))
    source.rename(folder / "a.jsonl")
    assert command_on(folder, tmp_path) == 0
    first, *_, without, _ = capsys.readouterr().out.splitlines()
    assert first == "INPUT folder: left out: 1 file (.csv)"
    assert without == "no document was written of blank.txt, latin.txt"


def test_a_run_that_writes_nothing_is_no_success(tmp_path, monkeypatch, capsys):
    (tmp_path / "a.txt").write_text("one\n")
    rejected = [Rejected("a.txt:1", "1 token")]
    monkeypatch.setattr(FakeEditor, "edit", lambda editor, documents: iter(rejected))
    assert command_on(tmp_path / "a.txt", tmp_path) == 2
    assert "no document was written: rejected.jsonl says why" in capsys.readouterr().err


def test_output_within_the_input_is_refused(source, tmp_path, capsys):
    assert command_on(tmp_path, tmp_path) == 2
    assert "lies in INPUT" in capsys.readouterr().err and not (tmp_path / "out").exists()


def test_models_are_refused_in_one_line_and_nothing_is_written(
    source, tmp_path, monkeypatch, capsys
):
    monkeypatch.setattr(smollm2, "find", lambda: None)
    (tmp_path / "cut.gguf").write_bytes(content("cut.gguf"))
    out = ["--out", str(tmp_path / "out")]
    for model, says in {
        "smollm2": "run `collapse-sim model smollm2`",
        "unheard": "accepted are smollm2, a .gguf file",
        str(tmp_path / "cut.gguf"): "cut.gguf",
    }.items():
        assert cli.main(["score", str(source), "--model", model, *out]) == 2
        said = capsys.readouterr().err
        assert says in said and said.count("\n") == 1
    assert cli.main(["edit", str(source), *out]) == 2
    assert "--model: nothing given" in capsys.readouterr().err
    assert cli.main(["edit", str(source), "--model", "m"]) == 2
    assert "--out: nothing given" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_a_column_of_the_same_name_is_refused(tmp_path, capsys):
    pq.write_table(pa.table({"text": ["x"], "tokens": [1]}), tmp_path / "a.parquet")
    arguments = [str(tmp_path / "a.parquet"), "--model", "m", "--out", str(tmp_path / "out")]
    assert score.command(arguments, make_engine=make) == 2
    assert "holds a field tokens already" in capsys.readouterr().err


@pytest.mark.parametrize("writes", [1, 2, 7, 9, 10, 12])
def test_a_disk_that_fills_leaves_nothing_half_written(writes, tmp_path, monkeypatch, capsys):
    text, calls = "a b c\n" * 300, []
    (tmp_path / "a.txt").write_text(text)
    (tmp_path / "b.txt").write_text(text)

    def full(file):
        calls.append(file)
        if len(calls) == writes:
            raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    out = tmp_path / "out"
    arguments = [
        str(tmp_path / "a.txt"),
        str(tmp_path / "b.txt"),
        "--model",
        "m",
        "--out",
        str(out),
    ]
    assert edit.command(arguments, make_engine=make) == 2
    said = capsys.readouterr().err
    assert "No space left on device" in said and said.count("\n") == 1
    for path in out.rglob("data/*"):
        assert path.read_text().lower() == text
    assert not list(out.rglob("*.part-*")) and not (out / "manifest.json").exists()
    more = ["--resume"] * (out / "config.json").exists()
    assert edit.command([*arguments, *more], make_engine=make) == 0
    assert len(list(out.rglob("data/*"))) == 2
    assert "600 rows read = 600 written + 0 rejected" in capsys.readouterr().out


def test_report_tells_shares_with_intervals(source, tmp_path, monkeypatch, capsys):
    (tmp_path / "b[red].txt").write_text("one two three\n" * 50)
    out = tmp_path / "out"
    arguments = [str(source), str(tmp_path / "b[red].txt"), "--model", "m", "--out", str(out)]
    assert edit.command(arguments, make_engine=make) == 0
    assert edit.command(["--report", str(out)]) == 0
    shown = capsys.readouterr().out
    assert "250 rows read = 250 written + 0 rejected" in shown and "b[red].txt" in shown
    report = json.loads((out / "report.json").read_text())
    counts, shares = report["all"]["counts"], report["all"]["shares"]
    value, low, high = shares["eligible"]
    assert value == counts["eligible"] / counts["tokens"] and 0 < low < value < high < 1
    np.testing.assert_allclose(shares["perplexity"], np.exp(2.5))
    assert shares["concentration_gained"][0] == 0 and 0 < shares["concentration"][0] < 1
    assert set(report["files"]) == {"a.jsonl", "b[red].txt"}
    assert (out / "report.pdf").is_file()
    monkeypatch.setattr(report_module, "_draw", lambda run: None)
    for change in (lambda: source.write_bytes(ROWS + ROWS), source.unlink):
        change()
        assert edit.command(["--report", str(out)]) == 0
        assert "word pairs are not counted" in capsys.readouterr().out
        assert "concentration" not in json.loads((out / "report.json").read_text())["all"]["shares"]
    assert edit.command(["--report", str(tmp_path)]) == 2


class ManyPasses(FakeEditor):
    """Two passes: the first makes the words of a document all different, the second all again."""

    def edit(self, documents):
        for result in super().edit(documents):
            words = len(result.text.split())
            text = " ".join(f"{result.id}{place}" for place in range(words))
            first = PassCounts(words, words // 2, words // 2, 0, 0)
            passes = first, PassCounts(words, words, words, 0, 1)
            changed = first.changed + words
            yield replace(
                result, text=text, eligible=first.eligible, changed=changed, passes=passes
            )


def test_report_of_passes_whose_words_are_less_concentrated(source, tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(report_module, "_draw", lambda run: None)
    out, editor = tmp_path / "out", Engine(ManyPasses(), "digest", BATCH_TOKENS)
    arguments = [str(source), "--model", "m", "--out", str(out), "--passes", "2"]
    assert edit.command(arguments, make_engine=lambda settings: editor) == 0
    assert edit.command(["--report", str(out)]) == 0
    shares = json.loads((out / "report.json").read_text())["all"]["shares"]
    assert shares["changed"][0] == 1.4 and shares["eligible"][0] == 0.4  # of five words
    assert "changed_of_eligible" not in shares and shares["concentration_gained"][0] < 0
    shown = capsys.readouterr().out
    for words in ("changed, in all passes", "expected, in the first", "pass 1", "pass 2"):
        assert words in shown


def test_report_of_texts_of_a_single_word(source, tmp_path, capsys, monkeypatch):
    class FirstWords(FakeEditor):
        def edit(self, documents):
            for result in super().edit(documents):
                yield replace(result, text=result.text.split()[0])

    monkeypatch.setattr(report_module, "_draw", lambda run: None)
    out, engine = tmp_path / "out", Engine(FirstWords(), "digest", BATCH_TOKENS)
    arguments = [str(source), "--model", "m", "--out", str(out)]
    assert edit.command(arguments, make_engine=lambda settings: engine) == 0
    assert edit.command(["--report", str(out)]) == 0
    assert "word pairs are not counted: there are none after the edit" in capsys.readouterr().out


def test_intervals_of_shares_cover_the_truth():
    """Of 400 corpora, 95 % are expected: below 91 % by chance 3e-4, above 99 % 3e-5."""
    rng, inside = np.random.default_rng(0), 0
    for _ in range(400):
        tokens = rng.integers(5, 50, 200)
        share = rng.beta(2, 6, 200)  # documents differ, so tokens of one depend on each other
        eligible = rng.binomial(tokens, share)
        pairs = zip(tokens, eligible, strict=True)
        sums = Sums.of(({"t": int(t), "e": int(e)} for t, e in pairs), ("t", "e"))
        halves = [Sums.of_json(sums.json()), Sums.of([], ("t", "e"))]
        _, low, high = Sums.merged(halves, ("t", "e")).ratio("e", "t")
        inside += low < 0.25 < high
    assert 0.91 < inside / 400 < 0.99


def test_plan_takes_a_throughput_or_measures_one(source, capsys):
    assert edit.command(["--plan", "3.6e6", "--throughput", "1000"]) == 0
    shown = capsys.readouterr().out
    assert "1,000 tokens/s" in shown and "16.2 MB" in shown
    (line,) = (line for line in shown.splitlines() if line.split()[1:2] == ["8"])
    assert float(line.split()[-2]) == 0.125
    assert edit.command([str(source), "--model", "m", "--plan", "1e6"], make_engine=make) == 0
    assert "1 pass: measured on" in capsys.readouterr().out


def test_plan_measures_files_as_they_are_edited_one_by_one(source, tmp_path, capsys):
    """A batch is 8 tokens of 4 characters, the sample 4 batches: 4 files of less than one."""
    folder, calls = tmp_path / "many", []
    folder.mkdir()
    for number in range(9):
        (folder / f"{number}.txt").write_text("one\n\ntwo\n")

    class Calls(FakeEditor):
        def edit(self, documents):
            calls.append([document.id for document in documents])
            return super().edit([Document(id, "one") for id in calls[-1]])

    def plan(path):
        calls.clear()
        engine = Engine(Calls(), "digest", BATCH_TOKENS)
        flags = [str(path), "--model", "m", "--plan", "1e6"]
        assert edit.command(flags, make_engine=lambda settings: engine) == 0
        return capsys.readouterr().out

    assert "whole batches of 8 tokens" in plan(folder)
    assert calls == 2 * [[f"{number}.txt:1", f"{number}.txt:3"] for number in range(4)]
    assert "whole batches" not in plan(source)
    assert [len(call) for call in calls] == [8, 8]  # of 17 characters


def test_a_dry_run_is_of_as_many_documents_of_each_file(source, tmp_path, monkeypatch):
    seen = []
    monkeypatch.setattr("experiments.corpus.dry_run.dry_run", lambda *given: seen.append(given))
    (tmp_path / "b.txt").write_text("\none\n" * 9)
    inputs, out = [str(source), str(tmp_path / "b.txt")], tmp_path / "out"
    flags = ["--model", "m", "--out", str(out), "--dry-run", "5"]
    assert edit.command([*inputs, *flags], make_engine=lambda settings, trace: make(settings)) == 0
    ((_, documents, folder),) = seen
    names = ["a.jsonl:1", "a.jsonl:2", "a.jsonl:3", "b.txt:2", "b.txt:4"]
    assert [document.id for document in documents] == names and folder == out


def test_a_dry_run_reads_no_more_of_a_file_than_an_edit(source, tmp_path, monkeypatch):
    seen = []
    monkeypatch.setattr("experiments.corpus.dry_run.dry_run", lambda *given: seen.append(given))
    flags = ["--model", "m", "--out", str(tmp_path / "out"), "--dry-run", "9", "--limit", "3"]
    assert edit.command([str(source), *flags], make_engine=lambda s, trace: make(s)) == 0
    assert [document.id for document in seen[0][1]] == ["a.jsonl:1", "a.jsonl:2", "a.jsonl:3"]


def test_a_dry_run_says_which_rows_it_leaves_out(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr("experiments.corpus.dry_run.dry_run", lambda *given: None)
    source = tmp_path / "a.jsonl"
    source.write_text('{"text": "one"}\n{"text": null}\n\n{"text": "two"}\n{"text": 3}\n')
    flags = [str(source), "--model", "m", "--out", str(tmp_path / "out"), "--dry-run", "2"]
    assert edit.command(flags, make_engine=lambda settings, trace: make(settings)) == 0
    (line,) = capsys.readouterr().out.splitlines()
    assert line.startswith("left out a.jsonl:2: ")


def test_texts_and_batches_are_edited_from_python(monkeypatch):
    monkeypatch.setattr(edit_texts, "_editor", lambda model, rule, **options: FakeEditor(**options))
    texts = ["one two three four " * 9, "", "one two three four " * 9]
    first, empty, again = cs.edit(texts, "m", seed=1)
    assert isinstance(empty, Rejected) and first.text == again.text != texts[0]
    assert cs.edit(texts[:1], "m", seed=1)[0].text == first.text
    batch = {"text": texts, "id": [7, 8, 9], "x": [1.0, None, 2.0]}
    found = cs.edit(batch, "m", seed=1)
    assert list(found) == [
        "text",
        "id",
        "x",
        *(f"edit_{n}" for n in edit_texts.PROVENANCE),
        "edit_rejected",
    ]
    assert found["text"][0] != found["text"][2] and found["text"][1] == ""
    assert found["edit_rejected"] == ["", "empty", ""] and found["edit_tokens"][1] == 0
    assert cs.edit({**batch, "text": [None, "", "a"]}, "m")["edit_rejected"][0] == "no text"
    for missing in (None, float("nan")):  # as pandas has it
        nameless = cs.edit({"text": texts[:1], "id": [missing]}, "m", seed=1)
        assert nameless["text"][0] == first.text  # it is no id that such texts share
    with pytest.raises(ValueError, match="text_field=body: accepted are text, id, x"):
        cs.edit(batch, "m", text_field="body")
    with pytest.raises(ValueError, match="ids of 1 texts: accepted are 3"):
        cs.edit(texts, "m", ids=["a"])


def test_a_tiny_model_edits_and_scores_a_corpus(tmp_path):
    model = tiny.write_folder(tmp_path / "model", tiny.LLAMA, tiny.tensors(tiny.LLAMA))
    words = "the lazy dog the brown fox "
    rows = [{"id": str(n), "text": words * (1 + n % 5)} for n in range(24)] + [{"text": "a"}]
    (tmp_path / "a.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    common = [str(tmp_path / "a.jsonl"), "--model", str(model), "--max-length", "32"]
    flags = ["--strategy", "revise-below", "--threshold", "0.9", "--batch-tokens", "64"]
    assert cli.main(["edit", *common, *flags, "--out", str(tmp_path / "edited")]) == 0
    totals = json.loads((tmp_path / "edited" / "manifest.json").read_text())["totals"]
    assert totals["rows"] == 25 == totals["written"] + totals["rejected"]
    assert 0 < totals["changed"] <= totals["eligible"] <= totals["tokens"]
    assert cli.main(["score", *common, "--out", str(tmp_path / "scored")]) == 0
    lines = (tmp_path / "scored" / "data" / "a.jsonl").read_text().splitlines()
    total = sum(json.loads(line)["log_probability"] for line in lines)
    np.testing.assert_allclose(total, totals["log_probability"], rtol=1e-5)
