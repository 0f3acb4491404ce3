"""Two processes, as on two machines, train what one process with as many devices trains."""

import json
import os
import socket
import subprocess
import sys
from pathlib import Path

import jax
import numpy as np

from collapse_sim.language.blocks import Blocks
from collapse_sim.language.learner import LanguageLearner
from collapse_sim.language.programs import make_mesh
from collapse_sim.language.training import Training
from collapse_sim.language.transformer import TransformerConfig

ROOT = Path(__file__).parents[3]
DEVICES = 4


def losses(devices: list, seeds: int) -> np.ndarray:
    """Of a few steps: what every process runs, and this one too.

    One seed is spread over both processes; of two each process has its own.
    """
    learner = LanguageLearner(
        TransformerConfig(16, 12, 1, 2, 16), Training(6, batch=8), make_mesh(seeds, devices)
    )
    tokens = np.random.default_rng(4).integers(0, 16, (20, 12)).astype(np.int32)
    keys = jax.random.split(jax.random.key(1), seeds)
    parts = learner.train(keys, Blocks.of(tokens, seeds), learner.start(keys), steps=3)
    return np.concatenate([part.losses for part in parts], axis=1)


def worker(address: str, number: int) -> None:
    """One of two processes; prints the losses it sees."""
    jax.config.update("jax_platforms", "cpu")
    jax.config.update("jax_num_cpu_devices", DEVICES // 2)
    jax.config.update("jax_cpu_collectives_implementation", "gloo")
    jax.distributed.initialize(address, num_processes=2, process_id=number)
    assert jax.device_count() == DEVICES and jax.local_device_count() == DEVICES // 2
    print(json.dumps([losses(jax.devices(), seeds).tolist() for seeds in (1, 2)]))
    jax.distributed.shutdown()


def free_port() -> int:
    with socket.socket() as sock:
        sock.bind(("localhost", 0))
        return sock.getsockname()[1]


def test_two_processes_train_as_one():
    address = f"localhost:{free_port()}"
    environment = os.environ | {"PYTHONPATH": str(ROOT), "JAX_PLATFORMS": "cpu"}
    code = "import sys; from tests.collapse_sim.language.test_processes import worker; "
    code += "worker(sys.argv[1], int(sys.argv[2]))"
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", code, address, str(number)],
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for number in range(2)
    ]
    try:
        outputs = [process.communicate(timeout=120) for process in processes]
    finally:
        for process in processes:
            process.kill()
    for process, (_, errors) in zip(processes, outputs, strict=True):
        assert process.returncode == 0, errors[-2000:]
    first, second = (json.loads(out.splitlines()[-1]) for out, _ in outputs)
    assert first == second  # both see all seeds
    for seeds, found in zip((1, 2), first, strict=True):
        expected = losses(jax.devices()[:DEVICES], seeds)
        assert expected.shape == (seeds, 6) and np.ptp(expected) > 0.01
        np.testing.assert_allclose(found, expected, rtol=1e-4)
