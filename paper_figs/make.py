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
    categorical_collapse,
    edited_share,
    error_sources,
    gaussian_collapse,
    language_generations,
    linear_collapse,
    mask_regimes,
    mixture_collapse,
    oracle_language,
    phase_diagram,
    picture_generations,
    scale_ladder,
    synthetic_fraction,
    text_analysis,
    token_probabilities,
)
from paper_figs.panels import WIDTHS
from paper_figs.runs import design_size
from paper_figs.style import save

RUNS = Path("runs") / "linear_bound"
COMMAND = "collapse-sim bound"
LANGUAGE_RUNS = Path("runs") / "transformer_collapse"
LANGUAGE_COMMAND = "collapse-sim transformer"
RECURSION_RUNS = Path("runs") / "curse_of_recursion"
RECURSION_COMMAND = "collapse-sim curse"
FRACTION_RUNS = Path("runs") / "synthetic_fraction"
FRACTION_COMMAND = "collapse-sim fraction"
EDITING_RUNS = Path("runs") / "token_editing"
EDITING_COMMAND = "collapse-sim editing"
PHASE_RUNS = Path("runs") / "phase_diagram"
PHASE_COMMAND = "collapse-sim phase"
ALL_RUNS = [RUNS, LANGUAGE_RUNS, RECURSION_RUNS, FRACTION_RUNS, EDITING_RUNS, PHASE_RUNS]
MOST_SIZES = 3
SMALL_PRESETS = ("quick", "tiny")
"""Presets for trying a command out: their runs are drawn only where there is no other."""


class Recipe(NamedTuple):
    """Recipe of a figure: the runs of an experiment that it is drawn from, the best first, and
    how."""

    experiment: str
    command: str
    """Command that makes a run with this figure."""
    choose: Callable[[list[RunDirectory]], list[RunDirectory]]
    draw: Callable[[Sequence[RunDirectory], float], Figure]
    """Draw the chosen runs, so many inches wide."""


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


def _newest_language(runs: list[RunDirectory]) -> list[RunDirectory]:
    """Runs on real text before runs on the oracle's."""
    shown = [run for run in runs if language_generations.can_draw(run)]
    return sorted(shown, key=oracle_language.can_draw)[:1]


def _newest_for(module: Any, folder: Path, command: str) -> Recipe:
    """The newest run of an experiment that a module can draw."""
    return Recipe(
        folder.name,
        command,
        lambda runs: [run for run in runs if module.can_draw(run)][:1],
        _first(module),
    )


def _first(module: Any) -> Callable[[Sequence[RunDirectory], float], Figure]:
    return lambda runs, width: module.draw(runs[0], width)


def _of_family(module: Any, family: str = "all") -> Recipe:
    return _newest_for(module, RECURSION_RUNS, f"{RECURSION_COMMAND} --family {family}")


FIGURES = {
    "linear_collapse": Recipe(RUNS.name, COMMAND, _newest, _first(linear_collapse)),
    "bound_violation": Recipe(RUNS.name, COMMAND, _newest_of_each_size, bound_violation.draw),
    "mask_regimes": Recipe(RUNS.name, COMMAND, _newest_with_edits, _first(mask_regimes)),
    "language_generations": Recipe(
        LANGUAGE_RUNS.name,
        f"{LANGUAGE_COMMAND} --corpus python",
        _newest_language,
        _first(language_generations),
    ),
    "oracle_language": _newest_for(oracle_language, LANGUAGE_RUNS, LANGUAGE_COMMAND),
    "scale_ladder": _newest_for(scale_ladder, LANGUAGE_RUNS, f"{LANGUAGE_COMMAND} --preset ladder"),
    "gaussian_collapse": _of_family(gaussian_collapse),
    "categorical_collapse": _of_family(categorical_collapse),
    "mixture_collapse": _of_family(mixture_collapse),
    "error_sources": _of_family(error_sources, "sources"),
    "picture_generations": _of_family(picture_generations, "vae"),
    "synthetic_fraction": _newest_for(synthetic_fraction, FRACTION_RUNS, FRACTION_COMMAND),
    "text_analysis": _newest_for(text_analysis, FRACTION_RUNS, f"{FRACTION_COMMAND} --analyse"),
    "token_probabilities": Recipe(
        EDITING_RUNS.name, EDITING_COMMAND, _newest, _first(token_probabilities)
    ),
    "edited_share": Recipe(EDITING_RUNS.name, EDITING_COMMAND, _newest, _first(edited_share)),
    "phase_diagram": Recipe(PHASE_RUNS.name, PHASE_COMMAND, _newest, _first(phase_diagram)),
}


def parse(arguments: Sequence[str]) -> argparse.Namespace:
    """Flags from the command line."""
    parser = argparse.ArgumentParser(
        prog=PROGRAM.get(), description="Draw all figures from finished runs."
    )
    parser.add_argument("--only", choices=FIGURES, help="draw this figure alone")
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
        own = [run for run in runs if run.config()["experiment"] == recipe.experiment]
        chosen = recipe.choose(own)
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
    found, experiments = {}, {recipe.experiment for recipe in FIGURES.values()}
    for folder in folders:
        below = sorted(folder.iterdir()) if folder.is_dir() else []
        for path in [folder, *below]:
            run = RunDirectory(path)
            if run.has_config() and run.is_finished() and _experiment(run) in experiments:
                found[path.resolve()] = run
    if not found:
        where = ", ".join(map(str, folders))
        raise RunError(
            f"no finished run in {where}; '{COMMAND}', '{LANGUAGE_COMMAND}', "
            f"'{RECURSION_COMMAND}', '{FRACTION_COMMAND}', '{EDITING_COMMAND}' or "
            f"'{PHASE_COMMAND}' makes one"
        )
    newest = sorted(found.values(), key=_finished_at, reverse=True)
    return sorted(newest, key=lambda run: _preset(run) in SMALL_PRESETS)


def _experiment(run: RunDirectory) -> str | None:
    """Name of a run's experiment; None, and a line with the reason, without a config."""
    try:
        return run.config().get("experiment")
    except RunError as error:
        print(error, file=sys.stderr)
        return None


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
