"""`--config RUN/config.json`: every program takes the parameters of an earlier run from it."""

import importlib.metadata
import json
from dataclasses import replace
from pathlib import Path

import pytest

import collapse_sim
from experiments import command_line, conjecture_search, linear_bound
from experiments.editing import settings as editing
from experiments.fraction import settings as fraction
from experiments.linear import settings as linear
from experiments.phase import settings as phase
from experiments.recursion import settings as recursion
from experiments.transformer import settings as transformer

QUICK = linear.PRESETS["quick"]


def store(folder: Path, settings, experiment="linear_bound", **changed) -> str:
    """A run directory that holds only the config of such a run; returns its path."""
    config = {
        "experiment": experiment,
        "parameters": command_line.parameters(settings),
        "version": collapse_sim.__version__,
        "packages": {"numpy": importlib.metadata.version("numpy")},
    }
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "config.json").write_text(json.dumps(config | changed))
    return str(folder / "config.json")


CASES = [
    (module, settings)
    for module in (linear, recursion, transformer, fraction, editing, phase)
    for settings in module.PRESETS.values()
]
CASES += [
    (linear, replace(QUICK, limits=True, early_stop=False, masks=(), regimes=("replace",))),
    (linear, replace(QUICK, design="diabetes", labels="target", intercept=True, noise_std=1e-9)),
    (linear, replace(QUICK, design="a b=c.npy", no_header=True, budget_seconds=0.5)),
    (recursion, replace(recursion.PRESETS["default"], samples=7, sampling_variance=0.25)),
    (transformer, replace(transformer.PRESETS["tiny"], edit_above=None, top_p=0.5)),
    (editing, replace(editing.PRESETS["tiny"], edit_top_k=None, ablation=())),
    (conjecture_search, conjecture_search.Settings(dims=(4,), totals=(0.25, 1.0))),
]


@pytest.mark.parametrize(("module", "settings"), CASES)
def test_parameters_are_those_of_the_run(module, settings, tmp_path):
    path = store(tmp_path, settings)
    found = module.parse(["--config", path])
    assert command_line.parameters(found) == command_line.parameters(settings)
    assert command_line.parameters(module.parse([f"--config={tmp_path}"])) == (
        command_line.parameters(settings)
    )


@pytest.mark.parametrize(
    ("flags", "changed"),
    [
        (("--seed", "3"), {"seed": 3}),
        (("--masks", "one"), {"masks": ("one",)}),
        (("--no-limits",), {"limits": False}),
        (("--early-stop", "--noise-std", "None"), {"early_stop": True, "noise_std": None}),
        (("--out", "there", "--resume"), {"out": Path("there"), "resume": True}),
    ],
)
def test_flags_beside_it_override(flags, changed, tmp_path):
    stored = replace(
        QUICK, masks=("halves", "fixed"), limits=True, early_stop=False, noise_std=2.0, seed=9
    )
    path = store(tmp_path, stored)
    assert linear.parse(["--config", path, *flags]) == replace(stored, **changed)
    assert linear.parse([*flags, "--config", path]) == replace(stored, **changed)


def refused(tmp_path, capfd, *flags: str) -> str:
    """The one line that linear_bound refuses such flags with."""
    out = tmp_path / "out"
    assert linear_bound.command([*flags, "--out", str(out)]) == 2
    shown = capfd.readouterr()
    assert shown.out == "" and shown.err.count("\n") == 1 and not out.exists()
    return shown.err.removeprefix("linear_bound.py: error: ")


@pytest.mark.parametrize("experiment", ["curse_of_recursion", None])
def test_the_config_of_another_experiment_is_refused(experiment, tmp_path, capfd):
    path = store(tmp_path, recursion.PRESETS["quick"], experiment)
    assert refused(tmp_path, capfd, "--config", path) == (
        f"--config {path}: is of {experiment}, accepted are runs of linear_bound\n"
    )


def test_unknown_missing_and_wrong_parameters_are_named(tmp_path, capfd):
    parameters = command_line.parameters(QUICK)
    path = store(tmp_path, QUICK, parameters=parameters | {"sample": 3})
    says = "no parameter is called sample now; the nearest is samples"
    assert says in refused(tmp_path, capfd, "--config", path)
    path = store(tmp_path, QUICK, parameters=parameters | {"dim": "ten"})
    assert "dim='ten' is not accepted" in refused(tmp_path, capfd, "--config", path)
    for preset in ("huge", []):
        path = store(tmp_path, QUICK, parameters=parameters | {"preset": preset})
        says = f"--preset {preset}: accepted are quick"
        assert says in refused(tmp_path, capfd, "--config", path)
    del parameters["dim"], parameters["once_residual_threshold"]
    path = store(tmp_path, QUICK, parameters=parameters)
    assert "lacks --dim, --once-residual-threshold: accepted are all parameters, or" in refused(
        tmp_path, capfd, "--config", path
    )
    given = linear.parse(["--config", path, "--dim", "4", "--once-residual-threshold=2"])
    assert (given.dim, given.once_residual_threshold) == (4, 2.0)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("{", "config.json cannot be read (not JSON at column 2"),
        ("[]", "config.json cannot be read (no object)"),
        ('{"experiment": "linear_bound"}', "holds no parameters, accepted is a run's config.json"),
    ],
)
def test_files_that_are_no_config_are_refused(text, says, tmp_path, capfd):
    (tmp_path / "config.json").write_text(text)
    assert says in refused(tmp_path, capfd, "--config", str(tmp_path))


def test_ways_to_ask_for_it_wrongly(tmp_path, capfd):
    path = store(tmp_path, QUICK)
    for flags, says in {
        ("--config",): "--config: accepted is one config.json",
        ("--config", path, "--config", path): "accepted is one config.json of an earlier run",
        ("--config", "nowhere"): "--config nowhere: accepted is the config.json of a run",
        ("--config", path, "--preset", "quick"): "--preset beside --config: accepted is one",
    }.items():
        assert says in refused(tmp_path, capfd, *flags)


def test_a_run_of_another_version_says_what_changed_and_runs(tmp_path, capfd):
    ran = []

    def start(settings):
        ran.append(settings)
        raise ValueError("enough")

    store(tmp_path, QUICK, version="0.0.1", packages={"numpy": "1.0", "no-such-package": "2"})
    assert linear_bound.command(["--config", str(tmp_path)], configure=start) == 2
    assert ran == [QUICK]
    now = importlib.metadata.version("numpy")
    assert capfd.readouterr().out == (
        f"--config {tmp_path / 'config.json'}: made by collapse_sim 0.0.1 (now "
        f"{collapse_sim.__version__}), numpy 1.0 (now {now}), no-such-package 2 (now none); "
        "numbers may differ\n"
    )
    store(tmp_path, QUICK)
    linear_bound.command(["--config", str(tmp_path)], configure=start)
    assert capfd.readouterr().out == ""
