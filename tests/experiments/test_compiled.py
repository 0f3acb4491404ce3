"""Compiled programs are kept where the user wants it and it can be done, and mended after kills."""

import os
import subprocess
import sys
from pathlib import Path

import jax
import pytest

from experiments.compiled import keep_compiled

RUN = ["bound", "--regimes", "replace_fresh", "--generations", "2", "--replicates", "512"]


@pytest.fixture
def no_directory():
    """JAX as a command finds it, without the directory that the tests share."""
    before = jax.config.jax_compilation_cache_dir
    jax.config.update("jax_compilation_cache_dir", None)
    yield
    jax.config.update("jax_compilation_cache_dir", before)


def chosen() -> str | None:
    return jax.config.jax_compilation_cache_dir


def test_a_directory_chosen_before_stands(tmp_path):
    before = chosen()
    assert before is not None
    keep_compiled(tmp_path / "other")
    assert chosen() == before and not (tmp_path / "other").exists()


def test_where_nothing_can_be_written_nothing_is_kept(tmp_path, no_directory):
    (tmp_path / "file").write_text("no directory")
    keep_compiled(tmp_path / "file" / "below")
    assert chosen() is None


def test_programs_that_a_kill_left_unfinished_are_removed(tmp_path, no_directory):
    for name in ("whole-cache", "whole-atime", "half-cache"):
        (tmp_path / name).write_bytes(b"\0" * 8)
    keep_compiled(tmp_path)
    assert chosen() == str(tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["whole-atime", "whole-cache"]


@pytest.fixture
def verdicts(tmp_path):
    """Function that runs a command with a cache of its own, for its verdicts."""
    ours = {"JAX_COMPILATION_CACHE_DIR", "JAX_COMPILATION_CACHE_MAX_SIZE"}
    environment = {name: value for name, value in os.environ.items() if name not in ours}
    environment["XDG_CACHE_HOME"] = str(tmp_path / "cache")

    def run() -> str:
        command = [sys.executable, "-m", "collapse_sim", *RUN, "--out", str(tmp_path / "run")]
        subprocess.run(command, env=environment, check=True, capture_output=True)
        return (tmp_path / "run" / "verdicts.json").read_text()

    return run


def kept(folder: Path) -> tuple[dict[str, int], dict[str, int]]:
    """Simulations that JAX has kept and that are kept by fingerprint, and when they were written.

    Smaller programs are kept where they took long enough, which on a busy machine they do.
    """
    kinds = "jit_blocks_*-cache", "programs/*"
    of_each = (folder.rglob(kind) for kind in kinds)
    by_jax, by_fingerprint = ({p.name: p.stat().st_ino for p in paths} for paths in of_each)
    return by_jax, by_fingerprint


def test_a_second_run_compiles_nothing_and_finds_the_same(tmp_path, verdicts):
    first = verdicts()
    before = kept(tmp_path)
    assert [len(paths) for paths in before] == [1, 1]
    assert verdicts() == first and kept(tmp_path) == before


def test_what_jax_has_loaded_is_not_written_again(tmp_path, verdicts):
    """XLA would write less than the whole, and the next run would fail."""
    first = verdicts()
    (path,) = tmp_path.rglob("programs/*")
    path.unlink()
    assert verdicts() == first == verdicts()
    by_jax, by_fingerprint = kept(tmp_path)
    assert len(by_jax) == 1 and not by_fingerprint
