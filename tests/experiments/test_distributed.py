"""Several processes, as on several hosts, write the bytes of one; when one dies, all say so."""

import itertools
import os
import shutil
import signal
import socket
import subprocess
import sys
from pathlib import Path

import jax
import numpy as np
import pytest

from experiments import linear_bound, many_hosts
from experiments.many_hosts import Place, place_of, require_same, what_ended
from tests.collapse_sim.language.pretrained import tiny
from tests.experiments.evidence import XLA_FLAGS
from tests.experiments.shared_work import SEEDS, WORKS, losses, without_figure

ROOT = Path(__file__).parents[2]
DEVICES = 2
"""Virtual devices of each process."""

BOUND = (
    *("--dim", "2", "--samples", "20", "--generations", "3", "--replicates", "9000"),
    *("--no-limits", "--no-early-stop", "--regimes", "replace", "edit", "--masks", "one"),
    *("--writers", "latest"),
)
"""No multiple of a block: the last one is cut."""

FILES = "verdicts.json", "chains.parquet", "arrays.npz"
HEARTBEAT_SECONDS = 10
PATIENT_SECONDS = 300
"""Where no process dies: a busy machine kills none."""


def bound(out: Path, patch: pytest.MonkeyPatch, *more: str) -> None:
    """The regression, without its figure."""
    without_figure(patch)
    linear_bound.main(linear_bound.parse([*BOUND, "--out", str(out), *more]))


def worker(address: str, index: int, out: str) -> None:
    """One process of two."""
    from tests.conftest import compile_streams

    jax.config.update("jax_num_cpu_devices", DEVICES)
    many_hosts.HEARTBEAT_SECONDS = PATIENT_SECONDS
    many_hosts.join("", Place(address, 2, index))
    assert (jax.process_count(), jax.process_index()) == (2, index)
    assert (jax.device_count(), jax.local_device_count()) == (2 * DEVICES, DEVICES)
    with pytest.MonkeyPatch.context() as patch:
        compile_streams(patch)
        for name, work in WORKS.items():
            work(Path(out) / name, Path(out), jax.devices())
    for seeds in SEEDS:
        np.save(Path(out) / f"losses {seeds} {index}.npy", losses(jax.devices(), seeds))
    jax.distributed.shutdown()


def started(code: str, *arguments: object, **variables: str) -> subprocess.Popen:
    return subprocess.Popen(
        [sys.executable, "-c", f"import sys; from {__name__} import *; {code}"]
        + [str(argument) for argument in arguments],
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": str(ROOT)} | variables,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )


def ended(processes: list[subprocess.Popen]) -> list[str]:
    """What each says to its end."""
    try:
        return [process.communicate(timeout=500)[1] for process in processes]
    finally:
        for process in processes:
            process.kill()


def free_port() -> int:
    with socket.socket() as sock:
        sock.bind(("localhost", 0))
        return sock.getsockname()[1]


def results(folder: Path) -> list[bytes]:
    return [path.read_bytes() for name in FILES if (path := folder / name).exists()]


@pytest.fixture(scope="module")
def alone(tmp_path_factory) -> Path:
    """The regression, of this process."""
    out = tmp_path_factory.mktemp("alone") / "bound"
    with pytest.MonkeyPatch.context() as patch:
        bound(out, patch)
    return out


def by_slurm(count: int) -> list[dict[str, str]]:
    """What SLURM sets for each of its tasks on one node, with a job of which JAX makes a free
    port."""

    def is_free(port: int) -> bool:
        with socket.socket() as sock:
            return sock.connect_ex(("localhost", port)) != 0

    first = 2**16 - 2**12
    job = next(job for job in range(2**12) if is_free(first + job))
    about = {"JOB_ID": str(job), "STEP_NODELIST": "localhost", "NTASKS": str(count)}
    tasks = [about | {"PROCID": str(i), "LOCALID": "0"} for i in range(count)]
    return [{f"SLURM_{name}": value for name, value in task.items()} for task in tasks]


@pytest.fixture(scope="module")
def two(tmp_path_factory, corpus) -> Path:
    """What two processes leave of every work, beside what these read."""
    folder, address = tmp_path_factory.mktemp("two"), f"localhost:{free_port()}"
    tiny.write_folder(folder / "llama", tiny.LLAMA, tiny.tensors(tiny.LLAMA))
    shutil.copy(corpus, folder / "few.txt")
    code = "worker(sys.argv[1], int(sys.argv[2]), sys.argv[3])"
    begun = [started(code, address, index, folder) for index in range(2)]
    for process, said in zip(begun, ended(begun), strict=True):
        assert process.returncode == 0, said[-2000:]
    return folder


@pytest.mark.parametrize("name", WORKS)
def test_two_processes_write_the_bytes_of_one(name, two, tmp_path):
    """Of one with as many devices."""
    WORKS[name](tmp_path / "one", two, jax.devices()[: 2 * DEVICES])
    found = results(tmp_path / "one")
    assert found and results(two / name) == found


@pytest.mark.parametrize("seeds", SEEDS)
def test_two_processes_train_as_one(seeds, two):
    found, other = (np.load(two / f"losses {seeds} {index}.npy") for index in range(2))
    np.testing.assert_array_equal(found, other)  # both see all seeds
    expected = losses(jax.devices()[: 2 * DEVICES], seeds)
    assert expected.shape == (seeds, 6) and np.ptp(expected) > 0.01
    np.testing.assert_allclose(found, expected, rtol=1e-4)


# A process that dies


def dying(dies: bool):
    """What configures a command of which a process dies in the second simulation."""

    def configure(settings) -> None:
        from collapse_sim.experiment import streaming
        from collapse_sim.replicates import Stream
        from experiments.devices import configure_simulation

        without_figure(pytest.MonkeyPatch())
        configure_simulation(settings)
        streaming.CHECKPOINT_SECONDS = -1.0
        made, blocks = Stream.blocks_from, itertools.count()

        def blocks_from(self, *arguments):
            for block in made(self, *arguments):
                if dies and next(blocks) == 4:
                    os.kill(os.getpid(), signal.SIGKILL)
                yield block

        Stream.blocks_from = blocks_from

    return configure


def command(place: str, out: str, dies: str, *more: str) -> int:
    many_hosts.HEARTBEAT_SECONDS = PATIENT_SECONDS if "--resume" in more else HEARTBEAT_SECONDS
    arguments = [*BOUND, "--distributed", place, "--out", out, *more]
    return linear_bound.command(arguments, configure=dying(dies == "dies"))


def test_when_a_process_dies_every_other_says_so_and_any_number_goes_on(
    alone, tmp_path, monkeypatch, without_progress
):
    """Four with --resume, who ask SLURM's variables who they are; and one alone."""

    def run(
        arguments: list[tuple[str, ...]], tasks: list[dict[str, str]]
    ) -> tuple[list[int], list[str]]:
        code = "sys.exit(command(*sys.argv[1:]))"
        processes = [
            started(code, *given, XLA_FLAGS=XLA_FLAGS, **task)
            for given, task in zip(arguments, tasks, strict=True)
        ]
        said = ended(processes)
        return [process.returncode for process in processes], said

    out, address = str(tmp_path / "run"), f"localhost:{free_port()}"
    two = [(f"{address},2,0", out, "lives"), (f"{address},2,1", out, "dies")]
    status, said = run(two, [{}, {}])
    assert status == [2, 2]
    assert without_progress(said[0]).count("\n") == 1
    assert "process 1 was lost" in said[0] and "--resume" in said[0]
    assert "this process was ended by SIGKILL" in said[1]
    assert (tmp_path / "run" / "checkpoints").is_dir()
    shutil.copytree(out, tmp_path / "other")
    status, said = run([("auto", out, "lives", "--resume")] * 4, by_slurm(4))
    assert status == [0] * 4, said
    assert results(tmp_path / "run") == results(alone)
    bound(tmp_path / "other", monkeypatch, "--resume")
    assert results(tmp_path / "other") == results(alone)


@pytest.mark.parametrize(
    ("log", "lost"),
    [
        ("x tasks are unhealthy (stopped sending heartbeats):\n2\nThe tasks have crashed.", "2"),
        ("are unhealthy (no):\n/job:jax_worker/replica:0/task:3\nThe tasks have crashed", None),
        (
            "tasks are unhealthy:\n/job:jax_worker/replica:0/task:3\n/job:jax_worker/replica:0/"
            "task:11\nThe tasks have crashed",
            "3 11",
        ),
        ("Failed to send RPC to coordination service. Either the leader task died", "0"),
        ("[Gloo] Rank 0\nF1129 09:29.3 12643 client.h:80] Check failed: x\n*** Check", None),
    ],
)
def test_what_jax_logs_is_said_in_one_line(log, lost):
    said = what_ended("a:1,4,0", log, signal.SIGABRT)
    assert "\n" not in said and "--resume" in said
    assert (f"process {lost} was lost" in said) == (lost is not None)
    assert ("SIGABRT (Check failed: x)" in said) == ("Check" in log)


# What fails at once


@pytest.mark.parametrize(
    ("asked", "says"),
    [
        ("here", "accepted is auto or HOST:PORT,COUNT,INDEX"),
        ("localhost:1,2", "accepted is auto or"),
        ("localhost,2,0", "accepted is auto or"),
        ("localhost:x,2,0", "accepted is auto or"),
        ("localhost:99999,2,0", "port 99999"),
        ("localhost:8476,2,2", "INDEX 2: accepted are 0 to COUNT - 1"),
        ("localhost:8476,0,0", "INDEX 0"),
        ("nowhere.invalid:8476,2,1", "no host nowhere.invalid is known"),
    ],
)
def test_an_address_that_cannot_work_fails_at_once(asked, says, capsys):
    assert linear_bound.command(["--distributed", asked]) == 2
    said = capsys.readouterr().err
    assert f"--distributed {asked}: " in said and says in said and said.count("\n") == 1


def test_auto_where_there_is_no_cluster_fails_at_once():
    code = "many_hosts.LAST_WORDS_SECONDS = 10**6; sys.exit(linear_bound.command(sys.argv[1:]))"
    process = started(code, "--distributed", "auto")
    (said,) = ended([process])
    assert process.returncode == 2 and said.count("\n") == 1
    assert "--distributed auto: found neither Cloud TPU nor SLURM nor Open MPI; accepted" in said


def test_a_port_in_use_fails_at_once():
    with socket.socket() as taken:
        taken.bind(("", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(ValueError, match="in use; accepted is a free one"):
            place_of(f"localhost:{port},2,0")
        assert place_of(f"localhost:{port},2,1") == (f"localhost:{port}", 2, 1)


def test_settings_that_differ_are_named(monkeypatch):
    monkeypatch.setattr(
        "collapse_sim.hosts.texts_of_all", lambda own: [own, own, own.replace("1", "7")]
    )
    require_same({"seed": 0})
    with pytest.raises(ValueError, match="seed is 1 in process 0 and 7 in process 2"):
        require_same({"dim": 2, "seed": 1})
