"""The command: fractions, verdicts, resuming, and what is refused."""

from pathlib import Path

import jax
import numpy as np
import pytest

from collapse_sim.language.blocks import Blocks
from collapse_sim.language.pretrained.load import load
from collapse_sim.run_directory import RunDirectory
from experiments import synthetic_fraction
from experiments.fraction import selections, similarity
from experiments.fraction.arms import mixed
from experiments.fraction.settings import PRESETS, parse
from experiments.study import intervals
from paper_figs import synthetic_fraction as figure
from tests.experiments.interruptions import assert_same_results, stopped_again_and_again

TINY = (
    *("--preset", "tiny", "--vocabulary", "262", "--context", "16", "--tokens", "1600"),
    *("--epochs", "1", "--temperatures", "0.7"),
)


def command(*arguments: str) -> int:
    """The command's exit status, in this process (whose devices are already chosen)."""
    return synthetic_fraction.command(list(arguments), configure=lambda settings: None)


@pytest.fixture(scope="module")
def corpus(tmp_path_factory) -> str:
    """Thirty documents in two domains."""
    folder = tmp_path_factory.mktemp("corpus")
    random = np.random.default_rng(0)
    for domain, words in (("[a$^$]", "abcde"), ("right", "vwxyz")):
        documents = [
            " ".join("".join(random.choice(list(words), 3)) for _ in range(120)) for _ in range(15)
        ]
        (folder / f"{domain}.txt").write_text("\n\n\n".join(documents))
    return str(folder)


@pytest.fixture(scope="module", autouse=True)
def quick():
    """Coarse intervals and densities: their own tests hold them against the exact ones."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(intervals, "RESAMPLES", 100)
        for module in (selections, similarity):
            patch.setattr(module, "TABLES", 100)
        yield


@pytest.fixture(scope="module")
def finished(corpus, tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("runs") / "whole"
    assert command(*TINY, "--corpus", corpus, "--analyse", "--out", str(folder)) == 0
    return folder


def arms(run: RunDirectory) -> list[str]:
    chains = run.chains()
    names = zip(chains["family"], chains["regime"], strict=True)
    return list(dict.fromkeys(f"{family}, {regime}" for family, regime in names))


def test_the_run_directory_is_whole(finished):
    run = RunDirectory(finished)
    assert run.is_finished() and run.config()["experiment"] == "synthetic_fraction"
    assert arms(run)[:3] == [f"0.1m at 0.7, {share} %" for share in (0, 50, 100)]
    assert {name.rpartition(", ")[2] for name in arms(run)[3:]} == {
        "importance", "perplexity", "density", "random", "documents",
    }  # fmt: skip
    assert load(finished / "model").config.vocabulary == 262
    for name in ("figure", "analysis"):
        assert all((finished / f"{name}.{suffix}").is_file() for suffix in ("png", "pdf", "svg"))
    assert (finished / "analysis.json").is_file()


def test_losses_lie_inside_their_intervals_and_average_over_domains(finished):
    chains = RunDirectory(finished).chains()
    measures = chains["measure"].astype(str)
    for measure in ("held_out_loss", "held_out_loss/[a$^$]", "held_out_loss/right"):
        rows = measures == measure
        assert (chains["low"][rows] < chains["mean"][rows]).all()
        assert (chains["mean"][rows] < chains["high"][rows]).all()
    mean = {name: chains["mean"][measures == name] for name in set(measures)}
    domains = np.stack([mean["held_out_loss/[a$^$]"], mean["held_out_loss/right"]])
    assert (domains.min(axis=0) <= mean["held_out_loss"]).all()
    assert (mean["held_out_loss"] <= domains.max(axis=0)).all()


def test_every_claim_of_the_study_has_a_verdict(finished):
    claims = [verdict["claim"] for verdict in RunDirectory(finished).verdicts()]
    assert claims == [
        "zhu2025.coverage", "zhu2025.fraction", "zhu2025.training_loss",
        *["zhu2025.selection"] * 3,
    ]  # fmt: skip


def test_its_figure_shows_the_verdicts_over_seeds(finished):
    ax = figure.draw(RunDirectory(finished)).axes[1]
    labels = [label.get_text() for label in ax.get_yticklabels()]
    assert labels == [f"0.1m at 0.7:\n{loss} loss" for loss in ("held-out", "training")]


STOPS = (
    "before human-measures",
    "before synthetic-0.1m-0.7-2",  # between the arms and the analysis
    "before selected-random-measures",
)


@pytest.mark.usefixtures("without_files_of_the_figure")
def test_an_interrupted_study_resumes_by_arm(corpus, finished, tmp_path, capfd):
    """In the middle of a text, of an arm and of the analysis."""
    folder = tmp_path / "run"
    flags = (*TINY, "--corpus", corpus, "--analyse")
    names = stopped_again_and_again(command, flags, folder, STOPS, capfd)
    assert_same_results(folder, finished, "analysis.json")
    done = [name for name in names if name.endswith("-measures")]
    assert len(set(done)) == len(done)  # nothing that was finished is made again


def test_output_fits_80_columns(corpus, tmp_path, capfd, without_progress):
    assert command(*TINY, "--corpus", corpus, "--out", str(tmp_path / "run")) == 0
    shown = capfd.readouterr()
    assert without_progress(shown.err) == "" != shown.err
    tables = shown.out.partition(str(tmp_path))[0]
    assert max(map(len, tables.splitlines())) <= 80
    assert "By domain" in tables and "[a$^$]" in tables and "51.93" in tables
    assert "A smoke test: 2 seeds decide nothing" in tables


def test_a_larger_fraction_replaces_more_of_the_same_places():
    human, synthetic = (Blocks(np.full((2, 40, 3), value)) for value in (0, 1))
    keys = jax.random.split(jax.random.key(0), 2)
    before = np.zeros((2, 40), int)
    for fraction in (0.0, 0.25, 0.5, 1.0):
        replaced = mixed(human, synthetic, fraction, keys).labels[:, :, 0]
        assert (replaced.sum(axis=1) == round(40 * fraction)).all()
        assert (replaced >= before).all()
        before = replaced
    quarter = mixed(human, synthetic, 0.25, keys).labels[:, :, 0]
    assert (quarter[0] != quarter[1]).any()


@pytest.mark.parametrize(
    ("fraction", "blocks", "message"),
    [
        (1.5, 40, "fraction=1.5: accepted is"),
        (float("nan"), 40, "fraction=nan: accepted is"),
        (0.5, 39, "accepted is that of the human text"),
    ],
)
def test_what_cannot_be_mixed(fraction, blocks, message):
    human, synthetic = Blocks(np.zeros((2, 40, 3), int)), Blocks(np.zeros((2, blocks, 3), int))
    with pytest.raises(ValueError, match=message):
        mixed(human, synthetic, fraction, jax.random.split(jax.random.key(0), 2))


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        (["--fractions", "0", "1.5"], "--fractions (0.0, 1.5): accepted are two or more"),
        (["--fractions", "1", "0"], "--fractions (1.0, 0.0): accepted are two or more"),
        (["--fractions", "0.5"], "--fractions (0.5,): accepted are two or more"),
        (["--analyse", "--fractions", "0.5", "1"], "accepted with --analyse are those"),
        (["--temperatures", "0"], "--temperatures (0.0,): accepted is at least one"),
        (["--human", "a.txt", "--analyse"], "--synthetic None: accepted with the other"),
        (["--human", "a.txt", "--synthetic", "b.txt"], "--human a.txt: accepted with --analyse"),
        (["--seeds", "1"], "--seeds 1: accepted are integers >= 2"),
        (["--tokens", "3"], "--tokens 3: accepted are integers >= context = 64"),
        (["--epochs", "0"], "--epochs 0.0: accepted are finite numbers > 0"),
        (["--corpus", "missing.txt"], "missing.txt"),
        (["--preset", "best"], "--preset best: accepted are default, tiny, gpu"),
    ],
)
def test_bad_input_is_one_line(flags, message, tmp_path, monkeypatch, capfd):
    monkeypatch.chdir(tmp_path)
    refused(flags, message, capfd)


def refused(flags, message, capfd):
    assert command(*flags) == 2
    error = capfd.readouterr().err
    assert message in error and error.count("\n") == 1


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        (["--generators", "1tb"], "1tb"),
        (["--resume", "--out", "nowhere"], "--resume: there is no run in"),
    ],
)
def test_bad_input_that_is_found_once_the_text_is_read(
    flags, message, corpus, tmp_path, monkeypatch, capfd
):
    monkeypatch.chdir(tmp_path)
    refused([*TINY, "--corpus", corpus, *flags], message, capfd)


def test_presets_are_valid():
    for name, settings in PRESETS.items():
        assert parse(["--preset", name]) == settings
