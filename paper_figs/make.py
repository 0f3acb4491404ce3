"""Draw every figure from finished runs of experiments/linear_bound.py.

    python paper_figs/make.py

takes the newest run under runs/linear_bound and writes figures/NAME.{png,pdf,svg}, in a few
seconds. `bound_violation` takes the newest run of each size of the data.
"""

import argparse
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

from matplotlib.figure import Figure

from collapse_sim.run_directory import RunDirectory, RunError
from paper_figs import bound_violation, linear_collapse, mask_regimes
from paper_figs.runs import design_size
from paper_figs.style import save

RUNS = Path("runs") / "linear_bound"
COMMAND = "python experiments/linear_bound.py"
MOST_SIZES = 3


class Recipe(NamedTuple):
    """Which of the runs, newest first, a figure is drawn from, and how."""

    choose: Callable[[list[RunDirectory]], list[RunDirectory]]
    draw: Callable[[Sequence[RunDirectory]], Figure]


def _newest(runs: list[RunDirectory]) -> list[RunDirectory]:
    return runs[:1]


def _newest_with_edits(runs: list[RunDirectory]) -> list[RunDirectory]:
    return [run for run in runs if mask_regimes.can_draw(run)][:1]


def _newest_of_each_size(runs: list[RunDirectory]) -> list[RunDirectory]:
    chosen: dict[tuple[int, int], RunDirectory] = {}
    for run in runs:
        if len(chosen) < MOST_SIZES and bound_violation.can_draw(run):
            chosen.setdefault(design_size(run), run)
    return list(chosen.values())


FIGURES = {
    "linear_collapse": Recipe(_newest, lambda runs: linear_collapse.draw(runs[0])),
    "bound_violation": Recipe(_newest_of_each_size, bound_violation.draw),
    "mask_regimes": Recipe(_newest_with_edits, lambda runs: mask_regimes.draw(runs[0])),
}


def main(arguments: Sequence[str]) -> None:
    """Parse, draw, and say what was read and written."""
    parser = argparse.ArgumentParser(description="Draw all figures from finished runs.")
    parser.add_argument("--only", choices=FIGURES, help="draw this figure alone")
    parser.add_argument(
        "--runs", nargs="+", type=Path, default=[RUNS], metavar="DIR",
        help=f"runs, or folders of runs (default: {RUNS})",
    )  # fmt: skip
    parser.add_argument(
        "--out", type=Path, default=Path("figures"), metavar="DIR", help="default: figures"
    )
    flags = parser.parse_args(arguments)
    runs = find_runs(flags.runs)
    flags.out.mkdir(parents=True, exist_ok=True)
    for name in [flags.only] if flags.only else FIGURES:
        chosen = FIGURES[name].choose(runs)
        if chosen:
            save(FIGURES[name].draw(chosen), flags.out, name)
            read = ", ".join(str(run.path) for run in chosen)
            print(f"{flags.out / name}.png, .pdf, .svg: from {read}")
        elif flags.only:
            raise RunError(f"--only {name}: no run shows it; '{COMMAND}' makes one that does")
        else:
            print(f"{name}: no run shows it")


def find_runs(folders: Sequence[Path]) -> list[RunDirectory]:
    """Finished runs in and directly below `folders`, newest first."""
    found = {}
    for folder in folders:
        below = sorted(folder.iterdir()) if folder.is_dir() else []
        for path in [folder, *below]:
            run = RunDirectory(path)
            finished = run.has_config() and run.is_finished()
            if finished and run.config().get("experiment") == RUNS.name:
                found[path.resolve()] = run
    if not found:
        where = ", ".join(map(str, folders))
        raise RunError(f"no finished run in {where}; '{COMMAND}' makes one")
    return sorted(found.values(), key=_finished_at, reverse=True)


def _finished_at(run: RunDirectory) -> tuple[float, str]:
    return (run.path / "verdicts.json").stat().st_mtime, str(run.path)


def run_from_command_line() -> None:
    """Turn what goes wrong into one line and exit status 2."""
    try:
        main(sys.argv[1:])
    except RunError as error:
        message = str(error)
    except OSError as error:
        message = f"{error.filename}: {error.strerror}"
    else:
        return
    print(f"make.py: error: {message}", file=sys.stderr)
    raise SystemExit(2)


if __name__ == "__main__":
    run_from_command_line()
