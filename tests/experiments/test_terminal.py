"""What every script takes from the command line and shows in a terminal."""

import importlib
import os
import pty
import sys
import termios

import jax
import pytest

from collapse_sim.terminal import BEGUN, run_command
from experiments import (
    cli,
    conjecture_search,
    curse_of_recursion,
    linear_bound,
    phase_diagram,
    synthetic_fraction,
    token_editing,
    transformer_collapse,
)
from tests.experiments.test_resume import command, interrupt

SCRIPTS = (
    linear_bound,
    curse_of_recursion,
    transformer_collapse,
    synthetic_fraction,
    token_editing,
    phase_diagram,
)


@pytest.mark.parametrize("seed", ["-1", str(2**32), str(2**63), str(10**30)])
@pytest.mark.parametrize("script", SCRIPTS, ids=lambda script: script.__name__)
def test_every_seed_has_random_numbers_of_its_own(script, seed, tmp_path, capfd):
    assert command(script, "--seed", seed, "--out", str(tmp_path / "run")) == 2
    shown = capfd.readouterr().err
    assert f"--seed {seed}: accepted are integers from 0 to 4294967295" in shown
    assert shown.count("\n") == 1 and not (tmp_path / "run").exists()


def test_the_search_takes_the_same_seeds(tmp_path):
    chosen = "--seed", "4294967296", "--out", str(tmp_path / "run")
    with pytest.raises(ValueError, match="--seed 4294967296: accepted are integers from 0 to"):
        conjecture_search.parse(chosen)


def test_the_largest_seed_is_not_the_smallest():
    keys = [jax.random.key_data(jax.random.key(seed)).tolist() for seed in (0, 1, 2**31, 2**32 - 1)]
    assert len(set(map(tuple, keys))) == 4


def test_ctrl_c_is_no_error(capfd):
    def interrupt_a_run():
        BEGUN.set(True)
        interrupt()

    for main in (interrupt, interrupt_a_run, interrupt):
        assert run_command("search.py", main, interrupted="--resume goes on") == 130
    assert run_command("search.py", interrupt_a_run) == 130
    silent = "search.py: interrupted\n"
    lines = f"{silent}search.py: interrupted; --resume goes on\n{silent}{silent}"
    assert capfd.readouterr().err == lines


def test_ctrl_c_while_a_command_is_imported_is_no_error(monkeypatch, capfd):
    monkeypatch.setattr("importlib.import_module", interrupt)
    assert cli.main(["edit", "a.txt"]) == 130
    assert capfd.readouterr().err == "collapse-sim edit: interrupted\n"


def test_what_cannot_be_printed_ends_no_command(capfd):
    assert run_command("search.py", lambda: print(os.fsdecode(b"caf\xe9"))) == 0
    assert capfd.readouterr().out == "caf\\udce9\n"


@pytest.mark.parametrize(
    "make",
    ["collapse_sim.experiment.streaming.progress", "collapse_sim.language.fitting.token_progress"],
)
@pytest.mark.parametrize("columns", [40, 60, 120])
def test_the_bar_is_as_wide_as_the_terminal(make, columns, monkeypatch):
    module, _, name = make.rpartition(".")
    main, other = pty.openpty()
    termios.tcsetwinsize(other, (24, columns))
    with open(other, "w") as terminal, open(main, "rb", buffering=0) as screen:
        monkeypatch.setattr(sys, "stderr", terminal)
        with getattr(importlib.import_module(module), name)(10**6) as bar:
            bar.set_description("edit random anchored, T = 400")
            bar.update(10)
            bar.refresh()
        terminal.flush()
        shown = screen.read(10_000).decode()
    lines = [line for part in shown.split("\r") for line in part.split("\n")]
    assert max(map(len, lines)) in (columns - 1, columns)
