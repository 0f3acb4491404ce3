"""Timing tasks that take turns, in wall and CPU seconds."""

import os
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
from threadpoolctl import ThreadpoolController

CORES = os.cpu_count() or 1
ROUNDS = 3


@dataclass(frozen=True)
class Task:
    """Something to time: `run(units)` makes `units` times `fits` fits with so many BLAS threads.

    `long`: one unit is enough of a measurement, and needs no run before it.
    """

    run: Callable[[int], object]
    fits: int
    threads: int = CORES
    long: bool = False


@dataclass(frozen=True)
class Stopwatch:
    """Times tasks, and adds up the wall and CPU seconds of their rounds by side."""

    wall: Counter[str] = field(default_factory=Counter)
    cpu: Counter[str] = field(default_factory=Counter)
    blas: ThreadpoolController = field(default_factory=ThreadpoolController)

    def seconds(self, task: Task, units: int) -> tuple[float, float]:
        """Wall and CPU seconds of one run."""
        with self.blas.limit(limits=task.threads):
            wall, cpu = time.perf_counter(), time.process_time()
            task.run(units)
            return time.perf_counter() - wall, time.process_time() - cpu

    def trial(self, task: Task, seconds: float) -> float:
        """Fits per second, of a run of a quarter of `seconds` or more after one that compiles."""
        task.run(1)
        units, (wall, _) = 1, self.seconds(task, 1)
        while wall < seconds / 4:
            units *= int(np.clip(seconds / wall / 2, 2, 100))
            wall, _ = self.seconds(task, units)
        return units * task.fits / wall

    def race(self, tasks: list[Task], seconds: float, rounds: int = ROUNDS) -> np.ndarray:
        """Fits per second, (rounds, tasks), of tasks that take turns; the first one is ours.

        A turn lasts about so many seconds, and at least one unit.
        """
        units = [
            1 if task.long else max(round(self.trial(task, seconds) * seconds / task.fits), 1)
            for task in tasks
        ]
        rates = np.empty((rounds, len(tasks)))
        for turn in range(rounds):
            for i, task in enumerate(tasks):
                wall, cpu = self.seconds(task, units[i])
                side = "baselines" if i else "ours"
                self.wall[side] += wall
                self.cpu[side] += cpu
                rates[turn, i] = units[i] * task.fits / wall
        return rates

    def busy(self, side: str) -> float:
        """CPU seconds of one second of wall time."""
        return self.cpu[side] / self.wall[side]
