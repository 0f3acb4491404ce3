"""How fast the simulators are, side by side with plain NumPy: one table.

    python tests/benchmarks/table.py [--quick] [--record] [--markdown FILE]

takes about five minutes on two quiet cores (`--quick`: under one and a half, one size only). Ours
and its baselines alternate; a ratio is the median over the rounds of a round's ratios. Compilation
is excluded, except from the peak memory's run. A baseline runs in the faster of float64 and float32
(the published loop: float64) with one BLAS thread or one for each core, whichever is faster.
"""

import argparse
import resource
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import jax
import numpy as np

sys.path.insert(0, str(Path(__file__).parents[2]))
from collapse_sim.masks import disjoint
from collapse_sim.regimes import Replace
from collapse_sim.replicates import Stream
from tests.benchmarks.baselines import Size
from tests.benchmarks.cases import (
    CASES,
    FRESH_LOOP,
    LOOP,
    SIZES,
    Case,
    Rival,
    accumulating,
    chain,
    exact_law,
    simulate,
)
from tests.benchmarks.machine import Machine
from tests.benchmarks.records import Ratio, Record
from tests.benchmarks.stopwatch import CORES, ROUNDS, Stopwatch, Task
from theory.editing.covariance import conditional_errors, conditional_errors_dense

MOST_OFF = 1e-10
"""Error of the exact recursion at which its speed means nothing."""
COLUMNS = ("what", "(d,T)", "fits/s", "baseline", "baseline fits/s", "ratio", "aim")
WIDTHS = (21, 9, 6, 13, 6, 7, 11)


@dataclass(frozen=True)
class Effort:
    """How long a measurement takes, in seconds, and how large the special ones are."""

    seconds: float
    sizes: tuple[Size, ...]
    law_replicates: int
    recursion_rounds: int


FULL = Effort(seconds=0.5, sizes=SIZES, law_replicates=10**7, recursion_rounds=ROUNDS)
QUICK = Effort(seconds=0.15, sizes=SIZES[1:2], law_replicates=10**6, recursion_rounds=1)


@dataclass(frozen=True)
class Line:
    """One line of the table."""

    what: str
    where: str
    rate: float
    baseline: str
    baseline_rate: float | None
    ratio: float
    unit: str = ""
    at_least: float | None = None
    at_most: float | None = None

    def measured(self) -> Ratio:
        return Ratio(self.what, self.where, self.baseline, self.ratio, self.at_least, self.at_most)

    def cells(self) -> tuple[str, ...]:
        theirs = "" if self.baseline_rate is None else _short(self.baseline_rate)
        ratio = _short(self.ratio) + self.unit
        aim = self.measured().aim
        return self.what, self.where, _short(self.rate), self.baseline, theirs, ratio, aim


def simulation_task(stream: Stream, generations: int) -> Task:
    """A unit is one call of the compiled stream."""
    unit = stream.block * stream.blocks
    return Task(lambda units: simulate(stream, units * unit), fits=unit * generations)


def baseline_task(watch: Stopwatch, rival: Rival, size: Size, seconds: float) -> Task:
    """The baseline in its fastest precision and number of BLAS threads; a unit is a replicate."""
    dtypes = (np.float64,) if rival.name in (LOOP, FRESH_LOOP) else (np.float64, np.float32)
    tasks = [
        Task(_baseline_run(rival, size, dtype), fits=size.generations, threads=threads)
        for dtype in dtypes
        for threads in sorted({1, CORES})
    ]
    return max(tasks, key=lambda task: watch.trial(task, seconds / 4))


def _baseline_run(rival: Rival, size: Size, dtype: type) -> Callable[[int], np.ndarray]:
    def run(replicates):
        rng = np.random.Generator(np.random.SFC64(0))
        return rival.baseline(rng, size, replicates, dtype)

    return run


def case_lines(watch: Stopwatch, case: Case, size: Size, effort: Effort) -> list[Line]:
    """One of our simulations against each of its baselines."""
    tasks = [simulation_task(case.stream(size), size.generations)]
    tasks += [baseline_task(watch, rival, size, effort.seconds) for rival in case.rivals]
    rates = watch.race(tasks, effort.seconds)
    ours, *theirs = np.median(rates, axis=0)
    ratios = np.median(rates[:, :1] / rates[:, 1:], axis=0)
    return [
        Line(
            case.what,
            f"({size.dim},{size.samples})",
            ours,
            rival.name,
            rate,
            ratio,
            at_least=rival.aim if size in rival.sizes else None,
        )
        for rival, rate, ratio in zip(case.rivals, theirs, ratios, strict=True)
    ]


def rows_line(watch: Stopwatch, effort: Effort) -> Line:
    """Statistics cost the same whatever the number of rows."""
    few, many = Size(20, 10**3), Size(20, 10**9)
    rates = watch.race([_statistics(many), _statistics(few)], effort.seconds)
    ours, theirs = np.median(rates, axis=0)
    ratio = float(np.median(rates[:, 1] / rates[:, 0]))
    return Line("cost, many rows", "(20,10^9)", ours, "T=10^3", theirs, ratio, at_most=1.2)


def _statistics(size: Size) -> Task:
    stream = Stream.of(chain(size, Replace(), representation="statistics"))
    return simulation_task(stream, size.generations)


def accumulation_line(watch: Stopwatch, effort: Effort) -> Line:
    """A generation of accumulation costs the same late and early.

    CPU seconds of generations 92 to 111 against 3 to 22: differences between runs of four lengths,
    each the least of several rounds.
    """
    streams = {n: Stream.of(accumulating(Size(20, 200, n))) for n in (2, 22, 91, 111)}
    tasks = [Task(lambda reps, s=s: simulate(s, reps), fits=n) for n, s in streams.items()]
    unit = max(stream.block * stream.blocks for stream in streams.values())
    for task in tasks:
        task.run(1)
    wall, _ = watch.seconds(tasks[-1], unit)
    replicates = unit * max(round(2 * effort.seconds / wall), 1)
    rounds = [[watch.seconds(task, replicates)[1] for task in tasks] for _ in range(ROUNDS)]
    start, early, middle, late = np.min(rounds, axis=0)
    ratio = (late - middle) / (early - start)
    return Line(
        "cost, accumulation",
        "(20,200)",
        CORES * 20 * replicates / (late - middle),
        "early",
        CORES * 20 * replicates / (early - start),
        float(ratio),
        at_most=1.2,
    )


def recursion_line(watch: Stopwatch, effort: Effort) -> Line:
    """The compressed exact recursion against the plain T x T one, on 20 disjoint blocks."""
    samples, dim, blocks = 2000, 20, 20
    design = np.random.default_rng(0).standard_normal((samples, dim))
    problem = {"design": design, "masks": disjoint(samples, blocks)}
    routes = {"ours": conditional_errors, "dense": conditional_errors_dense}
    errors = {}

    def repeat(name, units):
        for _ in range(units):
            errors[name] = routes[name](**problem)

    tasks = [
        Task(lambda units: repeat("ours", units), fits=blocks + 1, threads=1),
        Task(lambda units: repeat("dense", units), fits=blocks + 1, long=True),
    ]
    rates = watch.race(tasks, effort.seconds, rounds=effort.recursion_rounds)
    ours, theirs = np.median(rates, axis=0)
    ratio = float(np.median(rates[:, 0] / rates[:, 1]))
    difference = np.abs(errors["ours"] - errors["dense"]).max()
    if difference > MOST_OFF:
        raise ArithmeticError(f"the exact recursion is off by {difference:.0e}")
    print(f"the exact recursion is off by {difference:.0e}", file=sys.stderr)
    return Line(
        "recursion",
        f"({dim},{samples})",
        ours,
        "dense",
        theirs,
        ratio,
        at_least=50,
    )


def memory_line(effort: Effort) -> Line:
    """Peak memory and wall time of a long run of the exact law, start and compilation included.

    Must come before any larger child of this process: the peak is that of the largest child.
    """
    generations = 50
    start = time.perf_counter()
    replicates = str(effort.law_replicates)
    subprocess.run([sys.executable, __file__, "--law", replicates], check=True)
    wall = time.perf_counter() - start
    unit = 1 if sys.platform == "darwin" else 1024
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * unit / 2**30
    print(f"{replicates} replicates of the exact law: {wall:.0f} s", file=sys.stderr)
    return Line(
        f"memory, 10^{len(replicates) - 1} x {generations}",
        "(10,100)",
        effort.law_replicates * generations / wall,
        "",
        None,
        peak,
        unit="GiB",
        at_most=2,
    )


def _short(value: float) -> str:
    for unit, name in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if value >= unit:
            return f"{value / unit:.3g}{name}"
    return f"{value:.3g}"


def measure(effort: Effort, machine: Machine) -> tuple[list[str], list[Line]]:
    """The head and the lines of the table."""
    lines = [memory_line(effort)]
    watch = Stopwatch()
    for size in effort.sizes:
        for case in CASES:
            lines.extend(case_lines(watch, case, size, effort))
            print(f"measured {case.what}, {size}", file=sys.stderr)
    for special in (rows_line, accumulation_line, recursion_line):
        lines.append(special(Stopwatch(), effort))
    lines.append(lines.pop(0))
    head = [
        *machine.head(),
        f"{jax.local_device_count()} {jax.default_backend()} devices; "
        f"CPU seconds a second: ours {watch.busy('ours'):.2f}, "
        f"baselines {watch.busy('baselines'):.2f}",
        f"medians of {ROUNDS} rounds; {SIZES[0].generations} generations a replicate",
    ]
    return head, lines


def as_text(head: list[str], lines: list[Line]) -> str:
    """The table in at most 80 columns."""
    short = [name.removeprefix("baseline ") for name in COLUMNS]
    rows = [short, ["-" * width for width in WIDTHS], *(line.cells() for line in lines)]
    pads = [[f"{cell:{width}}" for cell, width in zip(row, WIDTHS, strict=True)] for row in rows]
    return "\n".join([*head, "", *(" ".join(row).rstrip() for row in pads)])


def as_markdown(command: str, head: list[str], lines: list[Line]) -> str:
    rows = [COLUMNS, ("---",) * len(COLUMNS), *(line.cells() for line in lines)]
    table = "\n".join("| " + " | ".join(cells) + " |" for cells in rows)
    notes = "\n".join(f"- {note}" for note in head)
    return f"`{command}`\n\n{notes}\n\n{table}\n"


def main() -> None:
    parser = argparse.ArgumentParser(description="How fast the simulators are: one table.")
    parser.add_argument("--quick", action="store_true", help="small sizes, short measurements")
    parser.add_argument("--markdown", type=Path, help="also write the table to this file")
    parser.add_argument("--law", type=int, help=argparse.SUPPRESS)
    parser.add_argument("--record", action="store_true", help="keep the ratios in measured/")
    options = parser.parse_args()
    jax.config.update("jax_num_cpu_devices", CORES)
    if options.law:
        simulate(Stream.of(exact_law(SIZES[0])), options.law)
        return
    machine = Machine()
    head, lines = measure(QUICK if options.quick else FULL, machine)
    print(as_text(head, lines))
    if options.record:
        ratios = tuple(line.measured() for line in lines)
        print(Record("table.py", machine.record(), ratios).save(), file=sys.stderr)
    if options.markdown:
        command = "python tests/benchmarks/table.py" + " --quick" * options.quick
        options.markdown.write_text(as_markdown(command, head, lines))


if __name__ == "__main__":
    main()
