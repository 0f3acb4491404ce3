"""What all command lines share: cores on every platform, and devices that are not there."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from experiments import command_line, devices

ROOT = Path(command_line.__file__).parents[1]


def test_cores_where_the_system_tells_which_are_ours(monkeypatch):
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {0, 3, 5}, raising=False)
    assert devices.cores() == 3


def test_cores_elsewhere(monkeypatch):
    monkeypatch.delattr(os, "sched_getaffinity", raising=False)
    monkeypatch.setattr(os, "process_cpu_count", lambda: 6, raising=False)
    assert devices.cores() == 6
    monkeypatch.delattr(os, "process_cpu_count")
    monkeypatch.setattr(os, "cpu_count", lambda: 8)
    assert devices.cores() == 8
    monkeypatch.setattr(os, "cpu_count", lambda: None)
    assert devices.cores() == 1


@pytest.mark.parametrize(("cores", "asked"), [(6, 6), (1, 2)])  # one device rounds otherwise
def test_training_is_configured_without_affinity(monkeypatch, cores, asked):
    import jax

    set_to = {}
    monkeypatch.delattr(os, "sched_getaffinity", raising=False)
    monkeypatch.setattr(os, "process_cpu_count", lambda: cores, raising=False)
    monkeypatch.setattr(jax.config, "update", set_to.__setitem__)
    devices.configure_training(None)  # type: ignore[arg-type]
    assert set_to == {"jax_num_cpu_devices": asked, "jax_cpu_enable_async_dispatch": False}


SIDE_BY_SIDE = """
from threading import Thread

import numpy as np
from experiments import devices

devices.configure_training(None)
import jax
from jax.sharding import Mesh, NamedSharding, PartitionSpec

mesh = Mesh(np.array(jax.devices()), ("device",))
rows = jax.device_put(
    np.ones((2, 2**14), np.float32), NamedSharding(mesh, PartitionSpec("device"))
)
large = jax.jit(lambda x: jax.lax.fori_loop(0, 300, lambda _, y: jax.numpy.sin(y), x))
small = jax.jit(lambda x: 1.0001 * x)


def simulate():
    coming = large(rows)
    for _ in range(60):
        present, coming = coming, large(rows)
        np.asarray(present)


threads = [Thread(target=simulate, daemon=True) for _ in range(3)]
for thread in threads:
    thread.start()
while any(thread.is_alive() for thread in threads):
    x = jax.numpy.ones(1000)
    for _ in range(200):
        x = small(x)
    x.block_until_ready()
"""


def test_small_computations_beside_large_ones_on_two_devices_come_to_an_end():
    """As in `verify`, where a process on the host runs beside others. Put off, they do not."""
    asked = {"PYTHONPATH": str(ROOT), "JAX_NUM_CPU_DEVICES": "2"}
    command = [sys.executable, "-c", SIDE_BY_SIDE]
    assert subprocess.run(command, env=os.environ | asked, timeout=120).returncode == 0


@pytest.mark.parametrize(
    ("script", "platform"),
    [("linear_bound.py", "tpu"), ("linear_bound.py", "nonsense"), ("token_editing.py", "nonsense")],
)
def test_platforms_that_are_not_there_are_named(script, platform, tmp_path):
    if platform == "tpu" and list(Path("/dev").glob("accel*")):
        pytest.skip("this machine may have a TPU")
    process = subprocess.run(
        [sys.executable, str(ROOT / "experiments" / script), "--out", str(tmp_path / "run")],
        env=os.environ | {"PYTHONPATH": str(ROOT), "JAX_PLATFORMS": platform},
        capture_output=True,
        text=True,
    )
    assert process.returncode == 2
    last = process.stderr.strip().splitlines()[-1]
    assert f"JAX_PLATFORMS={platform}: is not on this machine, accepted is cpu" in last
    assert "Traceback" not in process.stderr and not (tmp_path / "run").exists()
