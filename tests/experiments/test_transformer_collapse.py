"""transformer_collapse.py as a person runs it: results, files, resuming, and every bad input."""

import gzip
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import fitting
import jax
import numpy as np
import pytest
import transformer_collapse
from language_lab import runner
from language_lab.settings import PRESETS, parse

from collapse_sim.language.checkpoints import Checkpoints
from collapse_sim.language.learner import make_mesh
from collapse_sim.run_directory import RunDirectory

SCRIPT = Path(transformer_collapse.__file__)
REGIMES = (
    "control", "replace", "keep_human", "accumulate", "subsample", "edit", "edit_anchored",
    "edit_share",
)  # fmt: skip
TINY = [
    *("--preset", "tiny", "--vocabulary", "270", "--context", "16", "--tokens", "1600"),
    *("--batch", "16", "--epochs", "1", "--peak-rate", "0.003", "--size", "0.1m"),
    *("--threshold", "None"),
]
"""Fits of 6 steps, in which nothing is learnt that a verdict could rest on."""


def command(*arguments: str) -> int:
    """The command's exit status, in this process (whose devices are already chosen)."""
    return transformer_collapse.command(list(arguments), configure=lambda settings: None)


def values(
    folder: Path, regime: str, measure: str, variant: str = "", mask: str = "confident"
) -> np.ndarray:
    """Means over seeds by generation."""
    chains = RunDirectory(folder).chains()
    wanted = (chains["regime"] == regime) & (chains["measure"] == measure)
    wanted &= chains["variant"] == variant
    wanted &= (chains["mask"] == mask) | (chains["mask"] == "")
    order = np.argsort(chains["generation"][wanted])
    return chains["mean"][wanted][order]


def assert_same_results(first: Path, second: Path):
    for name in ("chains.parquet", "verdicts.json"):
        assert (first / name).read_bytes() == (second / name).read_bytes()


@pytest.fixture(scope="module")
def corpus(tmp_path_factory) -> str:
    """40 documents of few words, in which a sentence goes on as it begins."""
    rng = np.random.default_rng(0)
    words = "data model loss text token human edit pass grows stays under with from every".split()
    sentences = [[str(word) for word in rng.choice(words, 7)] for _ in range(30)]
    documents = [
        ". ".join(" ".join(sentences[i]) for i in rng.integers(0, 30, 12)) for _ in range(40)
    ]
    path = tmp_path_factory.mktemp("corpus") / "few.txt"
    path.write_text("\n\n\n".join(documents))
    return str(path)


@pytest.fixture(scope="module", autouse=True)
def two_devices():
    """One for each seed: eight make it slower to compile and to save."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(runner, "make_mesh", lambda seeds, _: make_mesh(seeds, jax.devices()[:2]))
        yield


@pytest.fixture(scope="module")
def finished(corpus, tmp_path_factory) -> Path:
    """Every regime."""
    folder = tmp_path_factory.mktemp("runs") / "all"
    assert command(*TINY, "--corpus", corpus, "--regimes", *REGIMES, "--out", str(folder)) == 0
    return folder


def test_the_run_directory_holds_what_the_house_asks_for(finished, corpus):
    run = RunDirectory(finished)
    assert run.is_finished() and not run.checkpoints.exists()
    config = run.config()
    assert config["parameters"]["regimes"] == list(REGIMES)
    assert config["parameters"]["corpus"] == corpus
    assert {"jax", "flax", "optax", "numpy"} <= set(config["packages"])
    assert len(config["data"]["digests"]["train"]) == 64
    chains = run.chains()
    assert set(chains["generation"]) == {1, 2, 3}
    assert set(chains["regime"]) == set(REGIMES) - {"edit_anchored", "edit_share"}
    assert (chains["replicates"] == 2).all() and np.isfinite(chains["mean"]).all()
    assert (chains["q05"] <= chains["q50"]).all() and (chains["q50"] <= chains["q95"]).all()


def test_every_claim_gets_a_verdict(finished):
    found = {
        (record["claim"], record["parameters"]["regime"]): record["verdict"]
        for record in RunDirectory(finished).verdicts()
    }
    expected = {("lm.replace_grows", "replace"), ("lm.edit_bounded", "edit")}
    expected |= {("lm.edit_bounded", name) for name in ("edit_anchored", "edit_share")}
    expected |= {("lm.replace_worst", name) for name in REGIMES if name != "replace"}
    assert found.keys() == expected
    assert set(found.values()) <= {"holds", "violated", "undecided"}


def test_the_first_generation_is_the_same_in_every_regime(finished):
    chains = RunDirectory(finished).chains()
    first = (chains["generation"] == 1) & (chains["measure"] == "held_out_loss")
    assert first.sum() == len(REGIMES)
    assert len(set(chains["mean"][first])) == 1
    later = (chains["generation"] == 3) & (chains["measure"] == "held_out_loss")
    # edit_share is edit where no threshold is given
    assert len(set(chains["mean"][later])) == len(REGIMES) - 1


def test_regimes_do_to_the_text_what_they_say(finished):
    """Told by the first model's perplexity and by how many pairs of tokens are different."""
    human = values(finished, "control", "distinct_2")
    assert len(set(human)) == 1  # the same text every time
    new = values(finished, "replace", "distinct_2")
    assert (new[1:] > human[1:] + 0.2).all()  # a model that knows little says anything
    for regime in ("keep_human", "accumulate", "subsample"):
        found = values(finished, regime, "distinct_2")
        assert found[0] == human[0]
        assert (human[1:] < found[1:]).all() and (found[1:] < new[1:] + 0.02).all()


def test_an_eighth_of_the_tokens_is_edited(finished):
    """By share, as `edit` does where no threshold is given and `edit_share` always."""
    cases = ("chained", "confident"), ("anchored", "confident"), ("chained", "share")
    for variant, mask in cases:
        eligible = values(finished, "edit", "eligible", variant, mask)
        changed = values(finished, "edit", "changed", variant, mask)
        assert len(eligible) == 2  # the first generation is human
        np.testing.assert_allclose(eligible, 0.125, atol=0.015)
        assert (changed <= eligible).all() and (changed > 0.05).all()


def test_output_fits_80_columns_and_shows_no_progress_off_a_terminal(corpus, tmp_path, capfd):
    folder = tmp_path / "run"
    assert command(*TINY, "--corpus", corpus, "--out", str(folder)) == 0
    shown = capfd.readouterr()
    assert shown.err == ""
    tables = shown.out.partition(str(tmp_path))[0]
    assert max(map(len, tables.splitlines())) <= 80
    assert "lm.replace_grows" in tables and "control" in tables


def test_another_seed_is_another_run(finished, corpus, tmp_path):
    folder = tmp_path / "run"
    flags = ("--regimes", "control", "--generations", "2", "--seed", "1", "--out", str(folder))
    assert command(*TINY, "--corpus", corpus, *flags) == 0
    found = [values(run, "control", "held_out_loss")[:2] for run in (finished, folder)]
    assert (found[0] != found[1]).all()


@pytest.mark.parametrize("strategy", ["revise_drop", "filter"])
def test_deleting_strategies(strategy, corpus, tmp_path):
    """Thresholds at the first model's own level, so that a fair share is deleted."""
    folder = tmp_path / "run"
    flags = ("--regimes", "control", "edit", "--strategy", strategy, "--drop-below", "0.01")
    assert command(*TINY, "--corpus", corpus, *flags, "--out", str(folder)) == 0
    assert values(folder, "edit", "changed", "chained").size == 0  # texts of another size
    edited = values(folder, "edit", "distinct_2", "chained")
    assert edited[0] == values(folder, "control", "distinct_2")[0] and edited[1] != edited[0]


def test_thresholds_instead_of_a_share(corpus, tmp_path):
    """Both are too far out for any token of these models: nothing is edited."""
    folder = tmp_path / "run"
    flags = ("--regimes", "control", "edit", "--threshold", "0.999")
    assert command(*TINY, "--corpus", corpus, *flags, "--out", str(folder)) == 0
    np.testing.assert_array_equal(values(folder, "edit", "changed", "chained"), [0, 0])
    for measure in ("held_out_loss", "distinct_2"):
        np.testing.assert_array_equal(
            values(folder, "edit", measure, "chained"), values(folder, "control", measure)
        )


def test_going_on_from_the_first_model_learns_more(finished, corpus, tmp_path):
    folder = tmp_path / "run"
    flags = ("--regimes", "control", "--init", "base", "--out", str(folder))
    assert command(*TINY, "--corpus", corpus, *flags) == 0
    fresh, base = (values(run, "control", "held_out_loss") for run in (finished, folder))
    assert base[0] == fresh[0]
    assert (base[1:] < fresh[1:] - 0.1).all()


def test_the_python_corpus(tmp_path):
    """Text that every Python carries, in four domains."""
    folder = tmp_path / "run"
    flags = ("--regimes", "control", "--generations", "2", "--tokens", "8000", "--corpus", "python")
    assert command(*TINY, *flags, "--out", str(folder)) == 0
    domains = set(RunDirectory(folder).config()["data"]["train"])
    assert domains == {"reference", "docstrings", "comments", "code"}
    measures = set(RunDirectory(folder).chains()["measure"])
    assert {f"held_out_loss/{domain}" for domain in domains} <= measures


# Interruptions


class Interrupted:
    """Raises KeyboardInterrupt just before or just after a run's write of this number."""

    def __init__(self, patch, number: int, after: bool):
        self.left, self.after = number, after
        self.names: list[str] = []
        for owner, name in ((Checkpoints, "save"), (RunDirectory, "save_checkpoint")):
            patch.setattr(owner, name, self._counted(getattr(owner, name)))

    def _counted(self, write):
        def counted(owner, name, *values):
            self.left -= 1
            if self.left < 0 and not self.after:
                raise KeyboardInterrupt
            write(owner, name, *values)
            self.names.append(name)
            if self.left < 0:
                raise KeyboardInterrupt

        return counted


THREE = (*TINY, "--regimes", "replace", "subsample", "edit")


@pytest.fixture(scope="module")
def two_parts():
    """Every fit in two parts with a checkpoint after each."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(fitting, "REPORT_STEPS", 4)
        patch.setattr(fitting, "CHECKPOINT_SECONDS", -1.0)
        yield


@pytest.fixture(scope="module")
def whole(two_parts, corpus, tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("runs") / "whole"
    assert command(*THREE, "--corpus", corpus, "--out", str(folder)) == 0
    return folder


@pytest.mark.parametrize(
    ("number", "after", "name"),
    [
        (0, True, "base-1"),  # in the middle of the first fit
        (6, True, "replace-2-measures"),
        (12, True, "subsample-2"),  # in the middle of another
        (15, False, "subsample-2-measures"),  # before the pool of all text is written
        (26, True, "edit-3-measures"),  # only the report is missing
    ],
)
def test_ctrl_c_leaves_a_run_that_resumes(
    number, after, name, whole, corpus, tmp_path, monkeypatch, capfd
):
    folder = tmp_path / "run"
    arguments = (*THREE, "--corpus", corpus, "--out", str(folder))
    with monkeypatch.context() as patch:
        interrupted = Interrupted(patch, number, after)
        assert command(*arguments) == 130
    assert interrupted.names[-1] == name
    assert "interrupted; the same command with --resume goes on" in capfd.readouterr().err
    assert not (folder / "verdicts.json").exists()
    assert command(*arguments, "--resume") == 0
    assert_same_results(folder, whole)
    assert command(*arguments, "--resume") == 0
    assert "finished before" in capfd.readouterr().out


def test_a_run_without_resume_starts_again(two_parts, corpus, tmp_path, monkeypatch):
    """Whatever an interrupted one has left."""
    folder = tmp_path / "run"
    arguments = (*THREE, "--corpus", corpus, "--out", str(folder))
    with monkeypatch.context() as patch:
        Interrupted(patch, 3, True)
        assert command(*arguments) == 130
    with monkeypatch.context() as patch:
        again = Interrupted(patch, 1, True)
        assert command(*arguments) == 130
    assert again.names == ["base-1", "base-1"]
    assert sorted(path.name for path in (folder / "checkpoints").iterdir()) == ["base-1.orbax"]


def test_resuming_after_kill_9_ends_with_the_same_bytes(corpus, tmp_path):
    def arguments(folder):
        flags = ("--corpus", corpus, "--regimes", "edit")
        return [sys.executable, str(SCRIPT), *TINY, *flags, "--out", str(folder)]

    environment = os.environ | {"PYTHONPATH": str(SCRIPT.parents[1])}
    whole, broken = tmp_path / "whole", tmp_path / "broken"
    subprocess.run(arguments(whole), env=environment, check=True, capture_output=True)
    process = subprocess.Popen(arguments(broken), env=environment, stdout=subprocess.DEVNULL)
    saved = broken / "checkpoints" / "edit-2-data.npz"
    while not saved.exists() and process.poll() is None:
        time.sleep(0.01)
    process.send_signal(signal.SIGKILL)
    assert process.wait() == -signal.SIGKILL
    assert not (broken / "verdicts.json").exists()
    resumed = [*arguments(broken), "--resume"]
    subprocess.run(resumed, env=environment, check=True, capture_output=True)
    assert_same_results(broken, whole)
    assert not (broken / "checkpoints").exists()


# Bad input: one line, exit status 2, nothing written


def refused(folder: Path, capfd, *arguments: str) -> str:
    """What is said of arguments that nothing can be done with."""
    assert command(*arguments, "--out", str(folder)) == 2
    shown = capfd.readouterr()
    assert shown.out == "" and shown.err.count("\n") == 1
    assert shown.err.startswith("transformer_collapse.py: error: ")
    return shown.err


SHARE = "accepted is [0, 1]"
FINITE = "accepted are finite numbers > 0"
POSITIVE = "accepted are integers >= 1"


@pytest.mark.parametrize(
    ("flags", "says"),
    [
        (["--generations", "1"], "--generations 1: accepted are integers >= 2"),
        (["--seeds", "1"], "--seeds 1: accepted are integers >= 2"),
        (["--seed", "-1"], "--seed -1: accepted are integers >= 0"),
        (["--context", "1"], "--context 1: accepted are integers >= 2"),
        (["--batch", "0"], f"--batch 0: {POSITIVE}"),
        (["--tokens", "1"], "--tokens 1: accepted are integers >= 2"),
        (["--vocabulary", "1"], "--vocabulary 1: accepted are integers >= 2"),
        (["--prompt", "0"], f"--prompt 0: {POSITIVE}"),
        (["--human-share", "1.5"], f"--human-share 1.5: {SHARE}"),
        (["--human-share", "nan"], f"--human-share nan: {SHARE}"),
        (["--threshold", "-0.1"], f"--threshold -0.1: {SHARE}"),
        (["--edit-share", "2"], f"--edit-share 2.0: {SHARE}"),
        (["--threshold-below", "1.1"], f"--threshold-below 1.1: {SHARE}"),
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
        (["--preset", "best"], "--preset best: accepted are default, tiny"),
        (["--resume"], "--resume: there is no run in"),
        (["--size", "7b"], "size=7b: accepted are 0.1m, 0.5m"),
        (["--vocabulary", "100"], "vocabulary=100: accepted are integers >= 257"),
        (["--vocabulary", "90000"], "vocabulary=90000: accepted are at most"),
        (["--corpus", "none.txt"], "--corpus none.txt: no such file"),
        (["--corpus", "book.pdf"], "--corpus book.pdf: accepted are python, hf:NAME"),
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
        ("x.txt", b"caf\xe9", "is not UTF-8 at byte 3: accepted is UTF-8"),
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
    assert "a folder without .txt files" in says


def test_another_run_in_the_directory_is_left_alone(finished, corpus, capfd):
    before = (finished / "config.json").read_bytes()
    flags = (*TINY, "--corpus", corpus, "--regimes", *REGIMES)
    assert "holds a run with seed=0, asked is seed=7" in refused(
        finished, capfd, *flags, "--seed", "7"
    )
    assert "holds a run with batch=16" in refused(
        finished, capfd, *flags, "--batch", "8", "--resume"
    )
    assert (finished / "config.json").read_bytes() == before


def test_directories_with_something_else_in_them_are_left_alone(corpus, tmp_path, capfd):
    (tmp_path / "thesis.tex").write_text("important")
    says = refused(tmp_path, capfd, *TINY, "--corpus", corpus)
    assert "accepted is an empty or new directory" in says
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.tex"]


def test_divergence_is_told_in_one_line_and_leaves_a_run_to_resume(corpus, tmp_path, capfd):
    folder = tmp_path / "run"
    says = refused(folder, capfd, *TINY, "--corpus", corpus, "--peak-rate", "1e30")
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
