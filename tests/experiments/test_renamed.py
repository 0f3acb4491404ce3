"""Renamed flags: an old one is answered with its new name; an old config is read by it."""

import json
import subprocess
import sys
from dataclasses import fields

import pytest

from experiments import linear_bound, renamed
from experiments.editing import settings as editing
from experiments.linear import settings as linear
from experiments.recursion import settings as recursion
from experiments.transformer import settings as transformer
from tests.experiments.test_repeat import store

OLD_FLAGS = [
    (linear, ["--edit-fraction", "0.3"], "--edit-fraction: is now --edit-share"),
    (linear, ["--edit_fraction=0.3"], "--edit_fraction: is now --edit-share"),
    (linear, ["--threshold", "1"], "--threshold: is now --residual-threshold"),
    (linear, ["--once-threshold", "1"], "--once-threshold: is now --once-residual-threshold"),
    (recursion, ["--kept-human", "0"], "--kept-human: is now --human-share"),
    (recursion, ["--seed", "1", "--regime", "edit"], "--regime: is now --regimes"),
    (recursion, ["--regimes", "edit", "control"], "--regimes control: is now human_only"),
    (transformer, ["--regimes=control"], "--regimes control: is now human_only"),
    (transformer, ["--threshold=0.9"], "--threshold: is now --edit-above"),
    (transformer, ["--threshold-below", "0.1"], "--threshold-below: is now --edit-below"),
    (editing, ["--threshold", "0.9"], "--threshold: is now --edit-above"),
    (editing, ["--stage", "pretrain"], "--stage: is now --stages"),
]


@pytest.mark.parametrize(("module", "flags", "answer"), OLD_FLAGS)
def test_an_old_flag_is_answered_with_its_new_name(module, flags, answer):
    with pytest.raises(ValueError, match=f"^{answer}$"):
        module.parse(flags)


def test_every_old_name_is_tried_and_no_experiment_accepts_it():
    tried = {flags[-2].strip("-").replace("-", "_") for _, flags, _ in OLD_FLAGS if len(flags) > 1}
    assert tried - {"edit"} == set(renamed.FLAGS)
    for module in (linear, recursion, transformer, editing):
        names = {field.name for field in fields(module.parse([]))}
        assert not names & set(renamed.FLAGS)
        assert all(len(names & set(new)) <= 1 for new in renamed.FLAGS.values())


@pytest.mark.parametrize("word", ["control", "threshold"])
def test_other_flags_may_have_such_values(word):
    settings = transformer.parse(["--regimes", "replace", "--corpus", f"{word}.txt"])
    assert settings.corpus == f"{word}.txt"


def test_the_answer_is_one_line(capfd):
    assert linear_bound.command(["--edit-fraction", "0.3"]) == 2
    assert (
        capfd.readouterr().err == "linear_bound.py: error: --edit-fraction: is now --edit-share\n"
    )


OLD_NAMES = {
    linear: {
        "edit_share": "edit_fraction",
        "residual_threshold": "threshold",
        "once_residual_threshold": "once_threshold",
    },
    recursion: {"human_share": "kept_human", "regimes": "regime"},
    transformer: {"edit_above": "threshold", "edit_below": "threshold_below"},
    editing: {"edit_above": "threshold", "stages": "stage"},
}


@pytest.mark.parametrize("module", OLD_NAMES)
def test_an_old_config_repeats_its_run(module, tmp_path):
    path = store(tmp_path, module.PRESETS["default"])
    config = json.loads((tmp_path / "config.json").read_text())
    old = OLD_NAMES[module]
    config["parameters"] = {
        old.get(name, name): value for name, value in config["parameters"].items()
    }
    (tmp_path / "config.json").write_text(json.dumps(config))
    assert module.parse(["--config", path]) == module.PRESETS["default"]


def test_an_old_config_says_what_is_called_otherwise_now(tmp_path, capfd):
    def start(settings):
        raise ValueError(f"human share {settings.human_share}, {settings.regimes}")

    from experiments import curse_of_recursion

    settings = recursion.PRESETS["quick"]
    path = store(tmp_path, settings, "curse_of_recursion")
    config = json.loads((tmp_path / "config.json").read_text())
    del config["parameters"]["human_share"], config["parameters"]["regimes"]
    config["parameters"] |= {"kept_human": 0.25, "regime": ["control", "edit"]}
    (tmp_path / "config.json").write_text(json.dumps(config))
    assert curse_of_recursion.command(["--config", path], configure=start) == 2
    shown = capfd.readouterr()
    assert shown.out == (
        f"--config {path}: kept_human is now human_share, regime is now regimes, control is now "
        "human_only\n"
    )
    assert "human share 0.25, ('human_only', 'edit')" in shown.err


def test_regimes_have_the_same_names_everywhere():
    """Without JAX, whose import --help must not wait for."""
    program = (
        "import sys\n"
        "from typing import get_args\n"
        "from experiments.recursion.settings import Regime as points\n"
        "from experiments.transformer.settings import Regime as texts\n"
        "assert 'jax' not in sys.modules\n"
        "print(*sorted(set(get_args(texts)) - set(get_args(points))))"
    )
    shown = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert shown.stdout == "edit_blind edit_blind_frozen edit_frozen edit_share\n"
