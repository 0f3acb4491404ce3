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

from experiments import conjecture_search, linear_bound, many_hosts, transformer_collapse
from experiments.many_hosts import Place, place_of, require_same, what_ended
from tests.collapse_sim.language.pretrained import tiny
from tests.experiments.evidence import XLA_FLAGS

ROOT = Path(__file__).parents[2]
DEVICES = 2
"""Virtual devices of each process."""

BOUND = (
    *("--dim", "2", "--samples", "20", "--generations", "3", "--replicates", "9000"),
    *("--no-limits", "--no-early-stop", "--regimes", "replace", "edit", "--masks", "one"),
    *("--writers", "latest"),
)
"""No multiple of a block: the last one is cut."""

SEARCH = ("--dims", "2", "--ratios", "2.5", "--blocks", "5", "--totals", "1", "--designs", "4096")
BASE = (
    *("--preset", "curse", "--context", "8", "--prompt", "8", "--tokens", "64"),
    *("--held-out", "128", "--seeds", "2", "--generations", "2", "--epochs", "1"),
    *("--regimes", "edit_frozen", "--edit-above", "0.001"),
)
FILES = "verdicts.json", "chains.parquet", "arrays.npz"
HEARTBEAT_SECONDS = 10
PATIENT_SECONDS = 300
"""Where no process dies: a busy machine kills none."""


def bound(out: Path, patch: pytest.MonkeyPatch, *more: str) -> None:
    """The regression, without its figure."""
    without_figure(patch)
    linear_bound.main(linear_bound.parse([*BOUND, "--out", str(out), *more]))


def without_figure(patch: pytest.MonkeyPatch) -> None:
    for name in ("linear_collapse.draw", "language_generations.draw", "style.save"):
        patch.setattr(f"paper_figs.{name}", lambda *_: None)


def search(out: Path, inputs: Path, devices: list) -> None:
    """The search, which has no processes: it draws designs by itself."""
    del inputs, devices
    conjecture_search.main(conjecture_search.parse([*SEARCH, "--out", str(out)]))


def base(out: Path, inputs: Path, devices: list) -> None:
    """A pretrained model, fine-tuned: hosts share the seeds, and one works on them one by one."""
    del devices
    with pytest.MonkeyPatch.context() as patch:
        without_figure(patch)
        files = ("--base", str(inputs / "llama"), "--corpus", str(inputs / "few.txt"))
        settings = transformer_collapse.parse([*BASE, *files, "--out", str(out)])
        transformer_collapse.main(settings)


def reading(out: Path, inputs: Path, devices: list) -> None:
    """A pretrained prior reads and edits documents: rows are spread over all devices.

    What it said is kept by the first process alone, and read again by all.
    """
    from collapse_sim.hosts import is_first
    from collapse_sim.language.pretrained.load import load
    from collapse_sim.language.pretrained.readings import Arm, Reader
    from collapse_sim.language.pretrained.rule import EditRule
    from collapse_sim.run_directory import RunDirectory
    from experiments.editing.pretrained_arms import kept, read
    from experiments.editing.pretrained_text import HumanText

    reader = Reader(load(inputs / "llama"), devices=devices)
    draw = np.random.default_rng(3)
    ids = {f"d{i}": draw.integers(1, 290, 10 + i % 7).astype(np.int32) for i in range(12)}
    arms = {"chained": Arm(EditRule(threshold=0.005), 2)}
    own = out if is_first() else out / "of another host"
    found = kept(own, "said", lambda: read(arms, reader, HumanText(ids, [], "")))
    again = kept(own, "said", lambda: pytest.fail("asks the model again"))
    assert found["chained/changed"].any()
    for name, values in found.items():
        np.testing.assert_array_equal(again[name], values)
    if is_first():
        RunDirectory(out).write_arrays(found)


def language(out: Path, inputs: Path, devices: list) -> None:
    """Two models of a few words, accumulated and edited: trained, sampled, scored and judged.

    On 4 devices each seed has 2 of them.
    """
    del inputs
    from collapse_sim.editing import Edit
    from collapse_sim.experiment.decide import chain_rows, decide
    from collapse_sim.experiment.process import Check, Process
    from collapse_sim.language.chain import LanguageChain
    from collapse_sim.language.editing import TokenRule
    from collapse_sim.language.human_text import HumanText
    from collapse_sim.language.learner import LanguageLearner
    from collapse_sim.language.programs import make_mesh
    from collapse_sim.language.training import Training
    from collapse_sim.language.transformer import TransformerConfig
    from experiments.command_line import open_run
    from theory.claims import ledger

    tokens = np.random.default_rng(4).integers(1, 16, (20, 12)).astype(np.int32)
    learner = LanguageLearner(
        TransformerConfig(16, 12, 1, 2, 16),
        Training(6, batch=8),
        make_mesh(2, devices, batch=8),
        text=HumanText(tokens[:16], {"text": tokens[16:]}),
    )
    chain = LanguageChain(learner, Edit.of(TokenRule(above_share=0.5)), 2)
    process = Process(
        "edit",
        chain,
        2,
        looks=(2,),
        about="median",
        where={"seeds": 2, "bounded_slope": 0.03},
        checks=[Check("lm.edit_bounded", "held_out_loss", statistic=slope)],
    )
    run = open_run(out, {"parameters": {}, "inputs": {}, "version": "0"}, resume=False)
    results, verdicts = decide([process], ledger(), run=run)
    run.write_chains(list(chain_rows(results)))
    run.write_verdicts([vars(verdict) for verdict in verdicts])


def slope(values: np.ndarray) -> np.ndarray:
    return values[:, -1] - values[:, 0]


WORKS = {"language": language, "search": search, "base": base, "reading": reading}
"""What two processes do: between them whatever commands exchange. Two run the regression as well,
where one of them dies and four go on."""

SEEDS = 1, 2


def losses(devices: list, seeds: int) -> np.ndarray:
    """Of a few steps. One seed is spread over both processes; of two each process has its own."""
    from collapse_sim.language.blocks import Blocks
    from collapse_sim.language.learner import LanguageLearner
    from collapse_sim.language.programs import make_mesh
    from collapse_sim.language.training import Training
    from collapse_sim.language.transformer import TransformerConfig

    learner = LanguageLearner(
        TransformerConfig(16, 12, 1, 2, 16), Training(6, batch=8), make_mesh(seeds, devices)
    )
    tokens = np.random.default_rng(4).integers(0, 16, (20, 12)).astype(np.int32)
    keys = jax.random.split(jax.random.key(1), seeds)
    parts = learner.train(keys, Blocks.of(tokens, seeds), learner.start(keys), steps=3)
    return np.concatenate([part.losses for part in parts], axis=1)


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
