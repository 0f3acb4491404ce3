"""A verification that is killed ends with the ledger of one in one go.

Each kill costs the start of a process: here is one, and `tests/benchmarks/kill_verify.py` does 20.
"""

import random
import subprocess
import time
from pathlib import Path

from experiments import verify
from tests.benchmarks.kill_verify import Verification, differences, ledger_of
from tests.experiments.evidence import XLA_FLAGS

CLAIMS = ("kazdan2025.gauss_replace", "ref.golden_identity")


def wait_for_first_write(process: subprocess.Popen, out: Path) -> None:
    """Until the run is begun: most of a process's life is its start."""
    while process.poll() is None and not (out / "config.json").exists():
        time.sleep(0.01)


def test_a_verification_killed_at_random_ends_with_the_same_ledger(tmp_path, monkeypatch):
    monkeypatch.setenv("XLA_FLAGS", XLA_FLAGS)
    whole, out, verification = tmp_path / "whole", tmp_path / "killed", Verification(CLAIMS)
    begun = verification.start(whole)
    wait_for_first_write(begun, whole)
    since = time.monotonic()
    _, said = begun.communicate()
    assert begun.returncode == 0, said
    length = time.monotonic() - since
    process = verification.start(out)
    wait_for_first_write(process, out)
    time.sleep(random.uniform(0, 0.4 * length))
    process.kill()
    process.communicate()
    assert process.returncode < 0 and not (out / "verdicts.json").exists()
    expected = ledger_of(whole) | {"exit status": 0}
    assert differences(expected, verification.finish(out)) == []
    again = (*CLAIMS, "--budget", "1h", "--out", str(out), "--resume")
    status = verify.command(again, configure=lambda settings: None)  # nothing left to do
    assert differences(expected, ledger_of(out) | {"exit status": status}) == []
    assert differences(expected, expected | {"exit status": 3}) == ["exit status"]
