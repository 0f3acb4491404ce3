"""Bad input of transformer_collapse.py: one line, exit status 2, nothing written."""

import gzip
import json
from pathlib import Path

import pytest

from experiments.transformer.settings import PRESETS, parse
from tests.experiments.language_runs import TINY, refused

pytestmark = pytest.mark.usefixtures("two_devices")

SHARE = "accepted is [0, 1]"
FINITE = "accepted are finite numbers > 0"
POSITIVE = "accepted are integers >= 1"


@pytest.mark.parametrize(
    ("flags", "says"),
    [
        (["--generations", "1"], "--generations 1: accepted are integers >= 2"),
        (["--seeds", "1"], "--seeds 1: accepted are integers >= 2"),
        (["--seed", "-1"], "--seed -1: accepted are integers from 0 to 4294967295"),
        (["--context", "1"], "--context 1: accepted are integers >= 2"),
        (["--batch", "0"], f"--batch 0: {POSITIVE}"),
        (["--tokens", "1"], "--tokens 1: accepted are integers >= 2"),
        (["--vocabulary", "1"], "--vocabulary 1: accepted are integers >= 2"),
        (["--prompt", "0"], f"--prompt 0: {POSITIVE}"),
        (["--human-share", "1.5"], f"--human-share 1.5: {SHARE}"),
        (["--human-share", "nan"], f"--human-share nan: {SHARE}"),
        (["--edit-above", "-0.1"], f"--edit-above -0.1: {SHARE}"),
        (["--edit-share", "2"], f"--edit-share 2.0: {SHARE}"),
        (["--edit-below", "1.1"], f"--edit-below 1.1: {SHARE}"),
        (["--drop-below", "-1"], f"--drop-below -1.0: {SHARE}"),
        (["--top-p", "0"], "--top-p 0.0: accepted is (0, 1]"),
        (["--edit-top-p", "1.1"], "--edit-top-p 1.1: accepted is (0, 1]"),
        (["--top-k", "0"], f"--top-k 0: {POSITIVE}"),
        (["--edit-top-k", "0"], f"--edit-top-k 0: {POSITIVE}"),
        (["--epochs", "0"], f"--epochs 0.0: {FINITE}"),
        (["--peak-rate", "inf"], f"--peak-rate inf: {FINITE}"),
        (["--temperature", "0"], f"--temperature 0.0: {FINITE}"),
        (["--edit-temperature", "nan"], f"--edit-temperature nan: {FINITE}"),
        (["--bounded-slope", "-1"], f"--bounded-slope -1.0: {FINITE}"),
        (["--prompt", "16", "--context", "16"], "--prompt 16: accepted are integers from 1 to"),
        (["--regimes"], "--regimes (): accepted is at least one"),
        (["--preset", "best"], "--preset best: accepted are default, text, tiny"),
        (["--resume"], "--resume: there is no run in"),
        (["--size", "7b"], "size=7b: accepted are 0.016m, 0.1m"),
        (["--vocabulary", "100"], "vocabulary=100: accepted are integers >= 257"),
        (["--vocabulary", "90000"], "vocabulary=90000: accepted are at most"),
        (["--corpus", "none.txt"], "--corpus none.txt: no such file"),
        (["--corpus", "book.pdf"], "--corpus book.pdf: no such file: accepted are python, hf:NAME"),
    ],
)
def test_bad_flags(flags, says, corpus, tmp_path, capfd):
    folder = tmp_path / "run"
    assert says in refused(folder, capfd, *TINY, "--corpus", corpus, *flags)
    assert not folder.exists()


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("x.txt", b"", "empty: accepted are sources that hold text"),
        ("x.txt", b" \n\n \n", "empty: accepted are sources that hold text"),
        ("x.txt", b"too short", "accepted are"),
        ("x.txt", b"a few words\n\n\nand others", "accepted are"),
        ("x.txt", b"caf\xe9", "line 1 is not UTF-8 at byte 3 of the file: accepted is UTF-8"),
        ("x.jsonl", b'{"title": "no text"}\n', "line 1 without text: accepted are objects"),
        ("x.jsonl", b'{"text": "a"}\n{"text": 3}\n', "line 2 without text"),
        ("x.jsonl", b'{"text": "a"\n', "line 1 is not JSON at column"),
        ("x.jsonl.gz", b"not gzip", "accepted are whole gzip files"),
        ("x.jsonl.gz", gzip.compress(b"{}", mtime=0), "line 1 without text"),
    ],
)
def test_bad_corpora(name, content, says, tmp_path, capfd):
    path, folder = tmp_path / name, tmp_path / "run"
    path.write_bytes(content)
    flags = ("--vocabulary", "257", "--context", "64", "--tokens", "1600")
    assert says in refused(folder, capfd, "--preset", "tiny", *flags, "--corpus", str(path))
    assert not folder.exists()


def test_folders_without_text(tmp_path, capfd):
    (tmp_path / "texts").mkdir()
    says = refused(tmp_path / "run", capfd, "--corpus", str(tmp_path / "texts"))
    assert "a folder without .txt, .md, .jsonl or .parquet files:" in says


def test_directories_with_something_else_in_them_are_left_alone(corpus, tmp_path, capfd):
    (tmp_path / "thesis.tex").write_text("important")
    says = refused(tmp_path, capfd, *TINY, "--corpus", corpus)
    assert "accepted is an empty or new directory" in says
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.tex"]


def test_divergence_is_told_in_one_line_and_leaves_a_run_to_resume(corpus, tmp_path, capfd):
    folder = tmp_path / "run"
    characters = len(Path(corpus).read_text().replace("\n\n\n", ""))
    note = f"--corpus few.txt: 40 documents, {characters:,} characters\n"
    flags = (*TINY, "--corpus", corpus, "--peak-rate", "1e30")
    says = refused(folder, capfd, *flags, out=note)
    assert "loss is " in says and "lower the learning rate" in says
    assert json.loads((folder / "config.json").read_text())["parameters"]["peak_rate"] == 1e30
    assert not (folder / "verdicts.json").exists()


def test_presets_and_flags_together():
    settings = parse(["--preset", "tiny", "--seed", "3"])
    assert settings.regimes == PRESETS["tiny"].regimes and settings.seed == 3
    assert parse(["--preset=tiny"]) == PRESETS["tiny"]
    for name in PRESETS:
        assert parse(["--preset", name]).preset == name
    assert parse([]).directory() != parse(["--seed", "1"]).directory()
    assert parse([]).directory() == parse(["--resume"]).directory()
