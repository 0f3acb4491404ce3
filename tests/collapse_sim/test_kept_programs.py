"""Compiled programs from files: the same bits, and never a reason to fail."""

import errno
import os
from concurrent.futures import ThreadPoolExecutor
from hashlib import sha256
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from collapse_sim import blocks, kept_programs, replicates
from collapse_sim.replicates import EMPTY, Stream, Summary
from tests.collapse_sim.test_fingerprint import CHAINS
from tests.collapse_sim.test_replicates import Walk, assert_same_bits, last
from tests.conftest import COMPILED

KEY = jax.random.key(3)
DIRECTORY, LEAST, LARGEST = (
    "jax_compilation_cache_dir",
    "jax_persistent_cache_min_compile_time_secs",
    "jax_compilation_cache_max_size",
)


@pytest.fixture
def setting():
    """Function that gives JAX another setting for one test."""
    before = {}

    def change(name: str, value) -> None:
        before.setdefault(name, getattr(jax.config, name))
        jax.config.update(name, value)

    yield change
    for name, value in before.items():
        jax.config.update(name, value)


@pytest.fixture
def folder(tmp_path, monkeypatch, setting):
    """Where programs are kept, however fast they compile."""
    setting(DIRECTORY, str(tmp_path))
    setting(LEAST, 0.0)
    monkeypatch.setattr(replicates, "run_blocks", blocks.run_blocks)
    forget()
    yield tmp_path / kept_programs.FOLDER
    forget()


def forget() -> None:
    """Know of no program, as another process."""
    blocks._kept.cache_clear()


def simulate(simulation, devices=None, count: int = 64) -> Summary:
    stream = Stream.of(simulation, devices=devices or jax.devices()[:1], block=8, chunk=16)
    return last(stream.extend(EMPTY, KEY, count))


@pytest.fixture
def compiled(monkeypatch) -> list:
    """What is compiled from now on, one entry for each program."""
    found, compile_ = [], jax.stages.Lowered.compile

    def counted(self, *options, **more):
        found.append(self)
        return compile_(self, *options, **more)

    monkeypatch.setattr(jax.stages.Lowered, "compile", counted)
    return found


@pytest.mark.parametrize("name", CHAINS)
@pytest.mark.parametrize("order", [[0], [0, 1], [3, 1]], ids=str)
def test_a_program_from_a_file_gives_the_same_bits(folder, compiled, monkeypatch, name, order):
    devices = [jax.devices()[i] for i in order]
    first = simulate(CHAINS[name], devices)
    assert len(list(folder.iterdir())) == len(compiled) == 1
    forget()
    assert_same_bits(simulate(CHAINS[name], devices), first)
    assert len(compiled) == 1
    monkeypatch.setattr(replicates, "run_blocks", blocks.compiled_blocks)
    assert_same_bits(simulate(CHAINS[name], devices), first)


def test_data_are_no_part_of_a_program(folder, compiled):
    one = simulate(Walk(step=1.0))
    for step in (2, np.float64(2), jnp.float32(2), 2.0):
        forget()
        two = simulate(Walk(step=step))
        np.testing.assert_array_equal(two.sample["place"], 2 * one.sample["place"])
    assert len(compiled) == len(list(folder.iterdir())) == 3  # integers, arrays, Python's floats


def test_what_decides_the_program_decides_the_file(folder, setting):
    def places(simulation=None, devices=1, block=8, blocks_=2) -> set[str]:
        stream = Stream.of(simulation or Walk(), devices=jax.devices()[:devices], block=block)
        stream = Stream(stream.simulation, block, blocks_, stream.mesh)
        last(stream.extend(EMPTY, KEY, 8))
        return {path.name for path in folder.iterdir()}

    count = len(places())
    for change in (
        {"simulation": Walk(generations=4)},
        {"devices": 2},
        {"block": 16},
        {"blocks_": 4},
    ):
        count += 1
        assert len(places(**change)) == count, change
    for name, value in (
        ("jax_default_matmul_precision", "highest"),
        ("jax_enable_x64", True),
        ("jax_default_prng_impl", "rbg"),
        ("jax_optimization_level", "O1"),
    ):
        setting(name, value)
        forget()
        count += 1
        assert len(places()) == count, name


def test_the_compilers_flags_and_the_processor_decide_too(folder, monkeypatch):
    simulate(Walk())
    for count, change in enumerate(("flags", "processor"), 2):
        if change == "flags":
            monkeypatch.setenv("XLA_FLAGS", os.environ["XLA_FLAGS"] + " --xla_dump_to=")
        else:
            monkeypatch.setattr(kept_programs, "processor", lambda: "another")
        kept_programs._surroundings.cache_clear()
        forget()
        simulate(Walk())
        assert len(list(folder.iterdir())) == count, change
    kept_programs._surroundings.cache_clear()


def flip(content: bytes, at: int) -> bytes:
    return content[:at] + bytes([content[at] ^ 1]) + content[at + 1 :]


DAMAGE = {
    "empty": lambda content: b"",
    "cut in its sum": lambda content: content[:7],
    "cut": lambda content: content[:-1],
    "longer": lambda content: content + b"\0",
    "one bit of the sum": lambda content: flip(content, 0),
    "one bit of the program": lambda content: flip(content, len(content) // 2),
    "the last bit": lambda content: flip(content, len(content) - 1),
    "no program": lambda content: sha256(b"text").digest() + b"text",
    "another object": lambda content: sha256(b"N.").digest() + b"N.",  # None, pickled
}


@pytest.mark.parametrize("damage", DAMAGE.values(), ids=DAMAGE)
def test_a_damaged_file_is_not_used_and_goes(folder, compiled, damage):
    """JAX has the program in its own cache then, and XLA cannot write again what JAX has loaded."""
    first = simulate(Walk())
    (path,) = folder.iterdir()
    path.write_bytes(damage(path.read_bytes()))
    for count in (2, 3):
        forget()
        assert_same_bits(simulate(Walk()), first)
        assert len(compiled) == count and list(folder.iterdir()) == []


def test_a_damaged_file_is_mended_where_jax_has_none(folder, compiled):
    first = simulate(Walk())
    (path,) = folder.iterdir()
    whole = path.stat().st_size
    path.write_bytes(b"damaged")
    for place in (Path(COMPILED[DIRECTORY]), folder.parent):  # JAX's own is where it first looked
        for of_jax in place.glob(f"jit_blocks_{path.name[:16]}*"):
            of_jax.unlink()
    for _ in range(2):
        forget()
        assert_same_bits(simulate(Walk()), first)
        assert len(compiled) == 2 and list(folder.iterdir()) == [path]
        assert path.stat().st_size > 0.99 * whole  # what JAX has loaded would be smaller


@pytest.mark.parametrize("when", ["at once", "as its arrays are awaited"])
def test_a_program_that_fails_as_it_runs_is_compiled_again(folder, compiled, monkeypatch, when):
    first = simulate(Walk())
    forget()

    def fail(*arguments):
        raise jax.errors.JaxRuntimeError("NOT_FOUND: Function iota.139_kernel not found")

    class Late:
        block_until_ready = fail

    run = fail if when == "at once" else lambda *arguments: Late()
    monkeypatch.setattr(kept_programs, "_load", lambda *arguments: run)
    assert_same_bits(simulate(Walk()), first)
    assert len(compiled) == 2


def test_a_directory_in_the_place_of_a_file_is_no_reason_to_fail(folder, compiled):
    first = simulate(Walk())
    (path,) = folder.iterdir()
    path.unlink()
    path.mkdir()
    forget()
    assert_same_bits(simulate(Walk()), first)
    assert len(compiled) == 2 and list(folder.iterdir()) == [path]


def test_a_file_in_the_place_of_the_directory_is_none_either(folder, compiled):
    folder.write_text("no directory")
    assert simulate(Walk()).count == 64 and len(compiled) == 1


def test_on_a_full_disk_nothing_is_kept_and_nothing_left(folder, monkeypatch):
    def write_bytes(self, content):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr("pathlib.Path.write_bytes", write_bytes)
    assert simulate(Walk()).count == 64
    assert list(folder.iterdir()) == []


def test_programs_that_cannot_be_written_down_still_run(folder, monkeypatch):
    def serialize(program):
        raise NotImplementedError("constants")

    monkeypatch.setattr("jax.experimental.serialize_executable.serialize", serialize)
    assert simulate(Walk()).count == 64
    assert not folder.exists()


def test_those_used_least_recently_go_first(tmp_path):
    for age, name in enumerate(("new", "middle", "old")):
        (tmp_path / name).write_bytes(bytes(100))
        os.utime(tmp_path / name, (1e9 - age, 1e9 - age))

    def left(most: int) -> set[str]:
        kept_programs._trim(tmp_path, most)
        return {path.name for path in tmp_path.iterdir()}

    assert left(-1) == left(300) == {"new", "middle", "old"}
    assert left(299) == left(200) == {"new", "middle"}
    assert left(99) == set()


def test_use_makes_a_program_young(folder, setting):
    old, other = Walk(), Walk(generations=4)
    simulate(old)
    (first,) = folder.iterdir()
    os.utime(first, (1e9, 1e9))
    forget()
    simulate(old)
    assert first.stat().st_mtime > 1e9
    os.utime(first, (1e9, 1e9))
    setting(LARGEST, first.stat().st_size + 100)  # for one of them; a setting has other files
    simulate(other)
    assert first not in set(folder.iterdir())


@pytest.mark.parametrize(
    ("name", "value"),
    [
        (DIRECTORY, None),
        (DIRECTORY, ""),
        (DIRECTORY, "gs://bucket/programs"),
        ("jax_enable_compilation_cache", False),
        (LARGEST, 0),
        (LEAST, 1e9),
        ("jax_debug_nans", True),
        ("jax_disable_jit", True),
    ],
)
def test_nothing_is_kept_that_jax_would_not_keep(folder, setting, name, value):
    setting(name, value)
    stream = Stream.of(Walk(), devices=jax.devices()[:1], block=8)
    assert kept_programs.is_kept(stream.mesh) == (name == LEAST)
    if name != "jax_disable_jit":  # under which no block of this size ends in a test's time
        simulate(Walk())
    assert not folder.exists()


def test_a_program_that_may_hide_something_is_compiled_as_ever(folder):
    def drawn(key):
        place = jax.pure_callback(np.sin, jax.ShapeDtypeStruct((3,), jnp.float32), jnp.ones(3))
        return {"place": place + jax.random.uniform(key, (3,))}

    assert simulate(drawn).count == 64
    assert not folder.exists()


def test_several_threads_compile_a_program_once(folder, compiled):
    walks = [Walk(step=step) for step in (1.0, 2.0)] * 4
    with ThreadPoolExecutor(4) as threads:
        found = list(threads.map(simulate, walks))
    assert len(compiled) == len(list(folder.iterdir())) == 1
    for i, summary in enumerate(found):
        assert_same_bits(summary, found[i % 2])
