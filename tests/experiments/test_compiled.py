"""Compiled programs are kept where the user wants it and it can be done, and mended after kills."""

import os
import subprocess
import sys

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


def test_a_second_run_compiles_nothing_and_finds_the_same(tmp_path):
    """No simulation is written again, by its fingerprint or by JAX, and verdicts are equal.

    Smaller programs are kept where they took long enough, which on a busy machine they do.
    """
    ours = {"JAX_COMPILATION_CACHE_DIR", "JAX_COMPILATION_CACHE_MAX_SIZE"}
    environment = {name: value for name, value in os.environ.items() if name not in ours}
    environment["XDG_CACHE_HOME"] = str(tmp_path / "cache")
    found = []
    for name in ("first", "second"):
        command = [sys.executable, "-m", "collapse_sim", *RUN, "--out", str(tmp_path / name)]
        subprocess.run(command, env=environment, check=True, capture_output=True)
        cache = tmp_path / "cache"
        by_jax = sorted(cache.rglob("jit_compiled_blocks-*-cache"))
        by_fingerprint = sorted(cache.rglob("programs/*"))
        assert len(by_jax) == len(by_fingerprint) == 1
        written = by_fingerprint[0].stat().st_ino
        found.append(
            (by_jax, by_fingerprint, written, (tmp_path / name / "verdicts.json").read_text())
        )
    assert found[0] == found[1]
