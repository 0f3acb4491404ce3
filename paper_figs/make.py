"""Draw every figure from finished runs of the experiments.

    python paper_figs/make.py

takes the newest run under runs/EXPERIMENT that shows a figure and writes
figures/NAME.{png,pdf,svg}, in a few seconds: as wide as a text of two columns or, with `--width
column`, as one of them. A run of a preset for trying out (quick, tiny) is
taken only where there is no other; `--runs DIR` names the run to be taken. `bound_violation` takes
such a run of each size of the data.
"""

import argparse
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from matplotlib.figure import Figure

from collapse_sim.run_directory import RunDirectory, RunError
from collapse_sim.terminal import PROGRAM, run_command
from paper_figs import (
    bound_violation,
    edited_share,
    language_generations,
    linear_collapse,
    mask_regimes,
    oracle_language,
    phase_diagram,
    picture_generations,
    recursion,
    scale_ladder,
    synthetic_fraction,
    text_analysis,
    token_probabilities,
)
from paper_figs.panels import WIDTHS
from paper_figs.runs import design_size
from paper_figs.style import save

COMMANDS = {
    "linear_bound": "bound",
    "transformer_collapse": "transformer",
    "curse_of_recursion": "curse",
    "synthetic_fraction": "fraction",
    "token_editing": "editing",
    "phase_diagram": "phase",
}
"""Commands of collapse-sim by the experiment whose runs they make."""

ALL_RUNS = [Path("runs") / experiment for experiment in COMMANDS]

MOST_SIZES = 3
SMALL_PRESETS = ("quick", "tiny")
"""Presets for trying a command out: their runs are drawn only where there is no other."""


def _newest(runs: list[RunDirectory]) -> list[RunDirectory]:
    return runs[:1]


def _newest_of_each_size(runs: list[RunDirectory]) -> list[RunDirectory]:
    chosen: dict[tuple[int, int], RunDirectory] = {}
    for run in runs:
        chosen.setdefault(design_size(run), run)
    return list(chosen.values())[:MOST_SIZES]


def _newest_language(runs: list[RunDirectory]) -> list[RunDirectory]:
    """Runs on real text before runs on the oracle's."""
    return sorted(runs, key=oracle_language.can_draw)[:1]


class Recipe(NamedTuple):
    """Recipe of a figure: the experiment whose runs it is drawn from, which of them, and how."""

    experiment: str
    figure: Any
    """Module or object with `draw(run, width)`, and `can_draw(run)` unless it draws every run."""
    flags: str = ""
    """Flags of the command that makes a run with this figure."""
    choose: Callable[[list[RunDirectory]], list[RunDirectory]] = _newest
    """The runs to be drawn, of those that can be: the best come first."""
    several: bool = False
    """Whether `draw` takes all of them, and not one."""

    @property
    def command(self) -> str:
        return f"collapse-sim {COMMANDS[self.experiment]}{self.flags}"

    def chosen(self, runs: list[RunDirectory]) -> list[RunDirectory]:
        """The runs that the figure is drawn from; empty where none shows it."""
        can_draw = getattr(self.figure, "can_draw", lambda run: True)
        own = (run for run in runs if run.config()["experiment"] == self.experiment)
        return self.choose([run for run in own if can_draw(run)])

    def draw(self, runs: list[RunDirectory], width: float) -> Figure:
        return self.figure.draw(runs if self.several else runs[0], width)


FIGURES = {
    "linear_collapse": Recipe("linear_bound", linear_collapse),
    "bound_violation": Recipe(
        "linear_bound", bound_violation, choose=_newest_of_each_size, several=True
    ),
    "mask_regimes": Recipe("linear_bound", mask_regimes),
    "language_generations": Recipe(
        "transformer_collapse", language_generations, " --corpus python", _newest_language
    ),
    "oracle_language": Recipe("transformer_collapse", oracle_language),
    "scale_ladder": Recipe("transformer_collapse", scale_ladder, " --preset ladder"),
    **{
        name: Recipe(
            "curse_of_recursion",
            figure,
            f" --family {'sources' if name == 'error_sources' else 'all'}",
        )
        for name, figure in recursion.FIGURES.items()
    },
    "picture_generations": Recipe("curse_of_recursion", picture_generations, " --family vae"),
    "synthetic_fraction": Recipe("synthetic_fraction", synthetic_fraction),
    "text_analysis": Recipe("synthetic_fraction", text_analysis, " --analyse"),
    "token_probabilities": Recipe("token_editing", token_probabilities),
    "edited_share": Recipe("token_editing", edited_share),
    "phase_diagram": Recipe("phase_diagram", phase_diagram),
}


def parse(arguments: Sequence[str]) -> argparse.Namespace:
    """Flags from the command line."""
    parser = argparse.ArgumentParser(
        prog=PROGRAM.get(), description="Draw all figures from finished runs."
    )
    parser.add_argument(
        "--only", choices=FIGURES, metavar="NAME", help=f"draw one figure: {', '.join(FIGURES)}"
    )
    parser.add_argument(
        "--runs",
        nargs="+",
        type=Path,
        default=ALL_RUNS,
        metavar="DIR",
        help=f"runs to draw from, or folders of runs (default: {' '.join(map(str, ALL_RUNS))})",
    )
    parser.add_argument(
        "--width",
        choices=WIDTHS,
        default="text",
        help="width of a text of two columns (default) or of one of them: "
        + ", ".join(f"{name} {inches:g} in" for name, inches in WIDTHS.items()),
    )
    parser.add_argument(
        "--out", type=Path, default=Path("figures"), metavar="DIR", help="default: figures"
    )
    return parser.parse_args(arguments)


def main(arguments: Sequence[str]) -> None:
    """Parse, draw, and name the runs read and the files written."""
    flags = parse(arguments)
    runs = find_runs(flags.runs)
    flags.out.mkdir(parents=True, exist_ok=True)
    for name in [flags.only] if flags.only else FIGURES:
        recipe = FIGURES[name]
        chosen = recipe.chosen(runs)
        if chosen:
            read = ", ".join(map(_described, chosen))
            try:
                figure = recipe.draw(chosen, WIDTHS[flags.width])
            except KeyError as missing:
                print(f"{name}: {read}: has no {missing}, made by another version")
                continue
            save(figure, flags.out, name)
            print(f"{flags.out / name}.png, .pdf, .svg: from {read}")
        elif flags.only:
            raise RunError(
                f"--only {name}: no run shows it; '{recipe.command}' makes one that does"
            )
        else:
            print(f"{name}: no run shows it; '{recipe.command}' makes one that does")


def find_runs(folders: Sequence[Path]) -> list[RunDirectory]:
    """Finished runs in and directly below `folders`: newest first, small presets last."""
    found = {}
    for folder in folders:
        below = sorted(folder.iterdir()) if folder.is_dir() else []
        for path in [folder, *below]:
            run = RunDirectory(path)
            if run.has_config() and run.is_finished() and _is_whole(run):
                found[path.resolve()] = run
    if not found:
        where = ", ".join(map(str, folders))
        *others, last = (f"'collapse-sim {command}'" for command in COMMANDS.values())
        raise RunError(f"no finished run in {where}; {', '.join(others)} or {last} makes one")
    newest = sorted(found.values(), key=_finished_at, reverse=True)
    return sorted(newest, key=lambda run: _preset(run) in SMALL_PRESETS)


def _is_whole(run: RunDirectory) -> bool:
    """Whether a run of an experiment with figures can be read; a line says what is broken."""
    try:
        if run.config().get("experiment") not in COMMANDS:
            return False
        run.verdicts()
        if (run.path / "chains.parquet").exists():  # a comparison of two given texts has none
            run.chains()
    except RunError as error:
        print(error, file=sys.stderr)
        return False
    return True


def _finished_at(run: RunDirectory) -> tuple[float, str]:
    return (run.path / "verdicts.json").stat().st_mtime, str(run.path)


def _preset(run: RunDirectory) -> str:
    return run.config().get("parameters", {}).get("preset", "")


def _described(run: RunDirectory) -> str:
    preset = _preset(run)
    return f"{run.path}{preset and f' (preset {preset})'}"


def command(arguments: Sequence[str]) -> int:
    """Parse and draw; returns the exit status."""
    return run_command("make.py", lambda: main(arguments))


if __name__ == "__main__":
    raise SystemExit(command(sys.argv[1:]))
