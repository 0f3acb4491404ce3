"""Beginning and end of an experiment: its run directory, its files, its figure and its report."""

import importlib
import shutil
import textwrap
from collections.abc import Callable, Iterable, Mapping, Sequence
from threading import Thread
from typing import TYPE_CHECKING, Any

from collapse_sim.run_directory import RunDirectory
from collapse_sim.verdict import Verdict
from experiments import command_line

if TYPE_CHECKING:
    from matplotlib.figure import Figure

FIRST = ("verdicts.json", "chains.parquet", "config.json")
"""Files that are named before all others."""

AT_THE_END = (
    "paper_figs.style",
    "matplotlib.backends.backend_pdf",
    "matplotlib.backends.backend_svg",
)
"""Modules that are needed at the end alone, where a core would wait for them."""


def begin(
    settings: command_line.Settings,
    config: Mapping[str, Any],
    show: Callable[[RunDirectory], None] = lambda run: None,
) -> RunDirectory | None:
    """The run directory; None where --resume finds the run finished, which is said after `show`."""
    run = command_line.open_run(settings.directory(), config, resume=settings.resume)
    if settings.resume and run.is_finished():
        show(run)
        print(f"{run.path}: finished before, nothing to resume")
        return None
    Thread(target=_load).start()  # XLA compiles meanwhile, and leaves Python free
    return run


def _load() -> None:
    """Load what writes tables and figures."""
    import pyarrow.parquet

    pyarrow.array([0])  # the first array looks for pandas
    for name in AT_THE_END:
        importlib.import_module(name)


def finish(
    run: RunDirectory,
    rows: Iterable[tuple] | None,
    verdicts: Sequence[Verdict],
    draw: "Callable[[RunDirectory], Figure] | None",
    report: Callable[[], None],
) -> None:
    """Write tables, verdicts and figure, forget the checkpoints, print the report and the files."""
    if rows is not None:
        run.write_chains(list(rows))
    run.write_verdicts([vars(verdict) for verdict in verdicts])
    if draw is not None:
        save_figure(run, draw)
    run.clear_checkpoints()
    report()
    # Lines are broken between words alone: paths stay whole.
    lines = textwrap.TextWrapper(
        shutil.get_terminal_size().columns, break_long_words=False, break_on_hyphens=False
    )
    print(lines.fill(f"{run.path}: {', '.join(_files(run))}"))


def save_figure(run: RunDirectory, draw: "Callable[[RunDirectory], Figure]") -> None:
    """Draw the figure of what the run has written."""
    from paper_figs.style import save

    save(draw(run), run.path, "figure")


def _files(run: RunDirectory) -> list[str]:
    """Names of what a run has left; of files that differ in their endings only, the endings."""
    found = sorted(run.path.iterdir(), key=lambda path: (path.stem, path.suffix != ".png", path))
    names = [path.name + "/" * path.is_dir() for path in found if not path.name.startswith(".")]
    names = [*(name for name in FIRST if name in names), *(n for n in names if n not in FIRST)]
    stems = [name.rpartition(".")[0] for name in names]
    return [
        name.removeprefix(stem) if stem and stem == before else name
        for name, stem, before in zip(names, stems, ["", *stems], strict=False)
    ]
