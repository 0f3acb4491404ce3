"""How long a first look takes: `collapse-sim bound`, with nothing compiled before and again.

    python tests/benchmarks/first_look.py [--rounds 3]

Whole commands, as a shell starts them, on a quiet machine; medians over the rounds. Each round
begins with an empty cache of compiled programs.
"""

import argparse
import os
import platform
import resource
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from pathlib import Path

import numpy as np

CHECKOUT = Path(__file__).parents[2]
COMMANDS = {
    "--help": ["--help"],
    "bound --preset quick": ["bound", "--preset", "quick"],
    "bound": ["bound"],
}
AIMS = {"--help": 1.0, "bound --preset quick": 8.0, "bound": 20.0}
"""Seconds, with nothing compiled before."""
AGAIN = 0.6
"""Aim of the ratio of a second run to the first."""


def seconds(arguments: list[str], folder: Path) -> tuple[float, float]:
    """Wall and CPU seconds of one command, whose compiled programs are kept in the folder."""
    environment = os.environ | {"JAX_COMPILATION_CACHE_DIR": str(folder / "compiled")}
    environment |= {
        "JAX_COMPILATION_CACHE_MAX_SIZE": str(2**29),
        "JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS": "0.2",
        "PYTHONPATH": str(CHECKOUT),
    }
    command = [sys.executable, "-m", "collapse_sim", *arguments]
    if "bound" in arguments:
        command += ["--out", str(folder / "run")]
    used, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    subprocess.run(command, env=environment, cwd=folder, check=True, capture_output=True)
    wall, now = time.perf_counter() - began, resource.getrusage(resource.RUSAGE_CHILDREN)
    return wall, now.ru_utime + now.ru_stime - used.ru_utime - used.ru_stime


def measure(rounds: int) -> dict[tuple[str, str], np.ndarray]:
    """Wall and CPU seconds, (rounds, 2), by command and by first and second run."""
    found = defaultdict(list)
    for _ in range(rounds):
        for name, arguments in COMMANDS.items():
            with tempfile.TemporaryDirectory() as folder:
                for run in ("first", "again"):
                    found[name, run].append(seconds(arguments, Path(folder)))
    return {key: np.array(rows) for key, rows in found.items()}


def main() -> None:
    parser = argparse.ArgumentParser(description="How long a first look takes.")
    parser.add_argument("--rounds", type=int, default=3)
    found = measure(parser.parse_args().rounds)
    print("| command | run | seconds | CPU seconds | ratio to the first | aim |")
    print("| --- | --- | --- | --- | --- | --- |")
    for (name, run), rows in found.items():
        wall, cpu = np.median(rows, axis=0)
        if run == "first":
            ratio, aim, met = "", f"<={AIMS[name]:g} s", wall <= AIMS[name]
        else:
            share = np.median(rows[:, 0] / found[name, "first"][:, 0])
            ratio, aim, met = f"{share:.2f}", f"<={AGAIN:g}", share <= AGAIN
            if name == "--help":  # which compiles nothing
                aim, met = f"<={AIMS[name]:g} s", wall <= AIMS[name]
        verdict = f"{aim} {'met' if met else 'missed'}"
        print(f"| {name} | {run} | {wall:.1f} | {cpu:.1f} | {ratio} | {verdict} |")
    print(f"\n{os.cpu_count()} cores, {_processor()}, Python {platform.python_version()}")


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
        return next(line.split(":")[1].strip() for line in lines if line.startswith("model name"))
    except (OSError, StopIteration):
        return platform.processor() or platform.machine()


if __name__ == "__main__":
    main()
