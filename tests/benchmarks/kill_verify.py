"""Whether a verification that is killed again and again ends with the ledger of one in one go.

    python tests/benchmarks/kill_verify.py [--kills 20] [--seed 0] [CLAIM ...]

`collapse-sim verify` decides a few claims in one go. Then it does so in another directory, is
killed with SIGKILL at a random moment of its life, and goes on with --resume, until so many kills
have hit; a run that ends before its kill is compared, and begun anew elsewhere. Verdicts and curves
must be the same bytes, and the exit status and what the run remembers the same.
"""

import argparse
import json
import os
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
CLAIMS = ("kazdan2025.gauss_replace", "shum2024.var", "ref.w2", "ref.golden_identity")
"""Three that are simulated in seconds, and one of exact arithmetic."""

SAME_BYTES = ("verdicts.json", "chains.parquet")


@dataclass(frozen=True)
class Verification:
    """The same command again and again, in one directory after the other."""

    claims: Sequence[str]

    def start(self, out: Path) -> subprocess.Popen:
        """It goes on where there is something to go on with."""
        more = ["--resume"] if (out / "config.json").is_file() else []
        return subprocess.Popen(
            [sys.executable, "-m", "experiments.verify", *self.claims]
            + ["--budget", "1h", "--out", str(out), *more],
            cwd=ROOT,
            env=os.environ | {"PYTHONPATH": str(ROOT)},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
        )

    def finish(self, out: Path) -> dict[str, object]:
        """Go on to the end; what the run comes to."""
        process = self.start(out)
        _, said = process.communicate()
        assert process.returncode in (0, 1, 3), said.decode()
        return ledger_of(out) | {"exit status": process.returncode}


def ledger_of(out: Path) -> dict[str, object]:
    """The bytes of verdicts and curves, and what is remembered but for the time."""
    assert not (out / "checkpoints").exists() and not (out / ".lock").exists()
    found: dict[str, object] = {name: (out / name).read_bytes() for name in SAME_BYTES}
    history = json.loads((out / "history.json").read_text())
    return found | {"history": [{**record, "started": ""} for record in history]}


def kill_at(process: subprocess.Popen, seconds: float) -> bool:
    """Whether the process was still there to be killed."""
    try:
        process.wait(seconds)
    except subprocess.TimeoutExpired:
        process.kill()
    process.communicate()
    return process.returncode < 0


def differences(whole: dict[str, object], broken: dict[str, object]) -> list[str]:
    return [name for name in whole if whole[name] != broken[name]]


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description="Verifications that are killed and go on.")
    parser.add_argument("claims", nargs="*", default=CLAIMS)
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--seed", type=int, default=None)
    options = parser.parse_args(arguments)
    verification, draw = Verification(options.claims), random.Random(options.seed)
    with tempfile.TemporaryDirectory() as place:
        verification.finish(Path(place) / "compiles")  # what later ones find compiled
        began = time.monotonic()
        whole = verification.finish(Path(place) / "whole")
        seconds = time.monotonic() - began
        print(f"in one go: {seconds:.1f} s, exit status {whole['exit status']}", flush=True)
        kills, runs, wrong = 0, 0, []
        out = Path(place) / "killed-0"
        while kills < options.kills:
            moment = draw.uniform(0, seconds)
            if kill_at(verification.start(out), moment):
                kills += 1
                kept = sorted(path.name for path in out.rglob("*") if path.is_file())
                print(f"kill {kills}: after {moment:.1f} s, {len(kept)} files", flush=True)
                continue
            wrong += differences(whole, verification.finish(out))
            runs, out = runs + 1, Path(place) / f"killed-{runs + 1}"
        wrong += differences(whole, verification.finish(out))
        said = f"other {', '.join(wrong)}" if wrong else "the same ledger"
        print(f"{kills} kills of {runs + 1} runs: {said}")
        return int(bool(wrong))


if __name__ == "__main__":
    raise SystemExit(main())
