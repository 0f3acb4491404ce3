"""A verification that is killed again and again ends with the ledger of one in one go."""

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

from experiments import verify
from tests.experiments.evidence import XLA_FLAGS

ROOT = Path(verify.__file__).parents[1]
KILLS = int(os.environ.get("COLLAPSE_SIM_KILLS", "1"))
"""Each costs the start of a process; 20 of them are for a machine with time."""

CLAIMS = ("kazdan2025.gauss_replace", "ref.golden_identity")
LEDGER = ("verdicts.json", "chains.parquet")


def start(out: Path) -> subprocess.Popen:
    resume = ["--resume"] if (out / "config.json").is_file() else []
    return subprocess.Popen(
        [sys.executable, "-m", "experiments.verify", *CLAIMS, "--budget", "1h", "--out", out]
        + resume,
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": str(ROOT), "XLA_FLAGS": XLA_FLAGS},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    )


def ledger_of(out: Path) -> list[bytes]:
    return [(out / name).read_bytes() for name in LEDGER]


def wait_for_first_write(process: subprocess.Popen, out: Path) -> None:
    """Until the run is begun: most of a process's life is its start."""
    before = (out / "config.json").stat().st_mtime_ns if out.exists() else 0
    while process.poll() is None:
        if (out / "config.json").exists():
            if (out / "config.json").stat().st_mtime_ns > before:
                return
        time.sleep(0.01)


def test_a_verification_killed_at_random_ends_with_the_same_ledger(tmp_path):
    whole, out = tmp_path / "whole", tmp_path / "killed"
    begun = start(whole)
    wait_for_first_write(begun, whole)
    since = time.monotonic()
    _, said = begun.communicate()
    assert begun.returncode == 0, said
    length, delays, killed = time.monotonic() - since, random.Random(), 0
    for _ in range(KILLS):
        process = start(out)
        wait_for_first_write(process, out)
        time.sleep(delays.uniform(0, 0.4 * length))
        process.send_signal(signal.SIGKILL)
        process.communicate()
        killed += process.returncode == -signal.SIGKILL
        if (out / "verdicts.json").exists():
            break  # it was quicker than the one in one go
    process = start(out)
    _, said = process.communicate()
    assert killed and process.returncode == 0, said
    assert ledger_of(out) == ledger_of(whole)
