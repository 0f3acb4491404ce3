"""collapse-sim transformer --base: a pretrained model through the command, tiny."""

import os
import signal
import subprocess
import sys
import time

import jax
import numpy as np
import pytest

from collapse_sim.language.pretrained import smollm2
from collapse_sim.run_directory import RunDirectory
from experiments.transformer import pretrained
from experiments.transformer.processes import make_learner
from experiments.transformer.settings import parse
from experiments.transformer.world import make_world
from tests.collapse_sim.language.pretrained import tiny
from tests.experiments.interruptions import assert_same_results, stopped
from tests.experiments.language_runs import command, refused, values
from tests.experiments.test_transformer_collapse_resume import SCRIPT

SMALL = (
    "--context", "8", "--prompt", "8", "--tokens", "128", "--held-out", "256", "--seeds", "2",
    "--generations", "2", "--epochs", "1", "--regimes", "human_only", "replace", "edit_frozen",
    "--edit-above", "0.001",
)  # fmt: skip


@pytest.fixture(scope="module")
def base(tmp_path_factory) -> str:
    """A folder with a random model of the Llama family."""
    folder = tmp_path_factory.mktemp("base") / "llama"
    return str(tiny.write_folder(folder, tiny.LLAMA, tiny.tensors(tiny.LLAMA)))


@pytest.fixture(scope="module")
def flags(base, corpus) -> tuple[str, ...]:
    return ("--preset", "curse", "--base", base, "--corpus", corpus, *SMALL)


@pytest.fixture(scope="module")
def finished(flags, tmp_path_factory):
    folder = tmp_path_factory.mktemp("runs") / "whole"
    assert command(*flags, "--out", str(folder)) == 0
    return folder


def test_arms_are_compared_with_human_text_part_by_part(finished, flags, capfd, tmp_path):
    folder = tmp_path / "run"
    stopped(command, (*flags, "--out", str(folder)), "base-seed-1-1")
    assert command(*flags, "--out", str(folder), "--resume") == 0
    assert_same_results(folder, finished)
    shown = capfd.readouterr().out
    assert "Less human text only, last generation" in shown
    assert "2 seeds that agree are wrong with a chance of at most 50 %" in " ".join(shown.split())
    human, replaced = (
        values(finished, name, "held_out_loss") for name in ("human_only", "replace")
    )
    parts = [f"held_out_part/{i}" for i in range(pretrained.PARTS)]
    own = [values(finished, "replace", part)[-1] - values(finished, "human_only", part)[-1]
           for part in parts]  # fmt: skip
    assert np.mean(own) == pytest.approx(replaced[-1] - human[-1], rel=1e-5)
    assert f"{np.mean(own):+.4f}" in shown


def test_resuming_after_kill_9_ends_with_the_same_bytes(flags, finished, tmp_path):
    """Killed while text is generated; the rest is run in this process."""
    folder = tmp_path / "run"
    arguments = [sys.executable, str(SCRIPT), *flags, "--out", str(folder)]
    environment = os.environ | {"PYTHONPATH": str(SCRIPT.parents[1])}
    process = subprocess.Popen(arguments, env=environment, stdout=subprocess.DEVNULL)
    saved = folder / "checkpoints" / "base-seed-0-1.npz"
    while not saved.exists() and process.poll() is None:
        time.sleep(0.01)
    process.send_signal(signal.SIGKILL)
    assert process.wait() == -signal.SIGKILL
    assert saved.exists() and not (folder / "verdicts.json").exists()
    assert command(*flags, "--out", str(folder), "--resume") == 0
    assert_same_results(folder, finished)
    assert not (folder / "checkpoints").exists()


def test_what_is_measured_of_the_text(finished):
    run = RunDirectory(finished)
    assert len(run.config()["data"]["digest"]) == 64
    bins = [values(finished, "replace", f"block_perplexity/bin{i:02d}") for i in range(11)]
    np.testing.assert_allclose(np.sum(bins, axis=0), 1)
    human, new = (values(finished, name, "longest_repeat") for name in ("human_only", "replace"))
    assert (human >= 1).all() and new[0] == human[0] and new[1] < human[1]
    changed = values(finished, "edit_frozen", "changed", "frozen")
    eligible = values(finished, "edit", "eligible", "frozen")
    assert changed.size == 0 and 0 < eligible[1] < 1  # its regime is `edit`, its variant frozen


def test_blocks_and_what_stands_before_them_are_successive_tokens(flags):
    settings = parse(flags)
    text = make_world(settings).text
    assert text.train.shape == text.before.shape == (16, 8)
    assert text.held_out["text"].shape == (32, 8)
    everything = make_world(parse([*flags, "--tokens", "100000"])).text
    np.testing.assert_array_equal(everything.before[1:], everything.train[:-1])


def test_the_preset_for_accelerators_trains_on_all_devices(flags):
    settings = parse([*flags, "--preset", "curse_gpu", "--batch", "8"])
    assert settings.generations == 2 and parse(["--preset", "curse_gpu"]).seeds >= 6
    learner = make_learner(settings, make_world(settings), jax.devices()[:8])
    assert learner.mesh.shape == {"seed": 1, "batch": 8}
    assert {len(leaf.devices()) for leaf in jax.tree.leaves(learner.config)} == {8}


def test_weights_that_are_not_installed(flags, tmp_path, monkeypatch, capfd):
    monkeypatch.setattr(smollm2, "find", lambda: None)
    says = refused(tmp_path / "run", capfd, *flags, "--base", "smollm2")
    assert "weights are not installed: run `collapse-sim model smollm2`" in says
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize(
    ("more", "says"),
    [
        (["--rank", "0"], "--rank 0: accepted are integers >= 1"),
        (["--rank", "32", "--fine-tune", "lora"], "--rank 32: accepted are integers from 1 to 31"),
        (["--context", "60"], "--context 60: accepted are at most 56"),
        (["--corpus", "oracle"], "--corpus oracle: accepted with --base are texts"),
        (["--strategy", "filter"], "--strategy filter: accepted with --base is revise"),
        (["--base", "nowhere"], "--base nowhere: accepted are smollm2, a .gguf file"),
        (["--held-out", "1"], "--held-out 1: accepted are integers >= 2"),
        (["--held-out", "127"], "--held-out 127: accepted are at least 128, 16 blocks of"),
        (["--lora-rate", "0"], "--lora-rate 0.0: accepted are finite numbers > 0"),
    ],
)
def test_bad_flags(more, says, flags, tmp_path, capfd):
    assert says in refused(tmp_path / "run", capfd, *flags, *more)
