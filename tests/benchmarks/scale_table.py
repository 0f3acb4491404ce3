"""How the work of a process falls with the number of processes, beside docs/scale.md's model.

    python tests/benchmarks/scale_table.py

Processes on this machine, each with one virtual device, simulate the same replicates together. The
seconds are those that a process computes (user and system time of all its threads), after it has
compiled; so they hold on a machine that does other work, and where cores are fewer than processes.
The model has two numbers, seconds of a device and of a host for each replicate, from the first two
lines; the last one is predicted.
"""

import json
import socket
import subprocess
import sys
import time
from pathlib import Path

import jax

sys.path.insert(0, str(Path(__file__).parents[2]))
from collapse_sim.linear.design import GaussianDesign
from collapse_sim.linear.learner import LinearLearner
from collapse_sim.loop import Chain
from collapse_sim.regimes import Replace
from collapse_sim.replicates import EMPTY, Stream
from experiments import many_hosts
from experiments.many_hosts import Place

COUNTS = (1, 2, 4)
REPLICATES = 2**15
CHUNK = 2**12
GENERATIONS = 10


def worker(address: str, count: int, index: int) -> None:
    """One process; prints the seconds that it computes, alone and with its reductions."""
    jax.config.update("jax_num_cpu_devices", 1)
    if count > 1:
        many_hosts.join("", Place(address, count, index))
    chain = Chain(LinearLearner(GaussianDesign(10, 100, shared=False)), Replace(), GENERATIONS)
    stream, key = Stream.of(chain, chunk=CHUNK), jax.random.key(0)
    for _ in stream.extend(EMPTY, key, CHUNK):
        pass
    before = time.process_time()
    for _ in stream.extend(EMPTY, key, REPLICATES):
        pass
    print(json.dumps(time.process_time() - before), file=sys.__stderr__)
    if count > 1:
        jax.distributed.shutdown()


def seconds(count: int) -> float:
    """Mean over the processes."""
    with socket.socket() as sock:
        sock.bind(("localhost", 0))
        address = f"localhost:{sock.getsockname()[1]}"
    command = [sys.executable, __file__, address, str(count)]
    pipes = {"stdout": subprocess.DEVNULL, "stderr": subprocess.PIPE, "text": True}
    begun = [subprocess.Popen([*command, str(index)], **pipes) for index in range(count)]
    said = [process.communicate()[1] for process in begun]
    return sum(float(text.splitlines()[-1]) for text in said) / count


def main() -> None:
    measured = {count: seconds(count) for count in COUNTS}
    device = 2 * (measured[1] - measured[2])
    host = measured[1] - device
    print("| processes | seconds of one | model |")
    print("| --- | --- | --- |")
    for count, own in measured.items():
        print(f"| {count} | {own:.2f} | {device / count + host:.2f} |")
    each = ", ".join(f"{1e6 * x / REPLICATES:.3g}" for x in (device, host))
    print(f"device, host: {each} microseconds for each replicate of {GENERATIONS} fits")


if __name__ == "__main__":
    if sys.argv[1:]:
        worker(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))
    else:
        main()
