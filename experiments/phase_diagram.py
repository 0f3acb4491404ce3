"""Is this safe? Maps of where a model's error stays under a level, theory's boundary over them.

    python experiments/phase_diagram.py
    python experiments/phase_diagram.py --map mixing

editing: share of rows that each generation edits x generations, by who writes the edits. mixing:
human share x temperature of a model of words. At every point the answer is under, over or
undecided, by an interval. Writes a run directory with chains.parquet, verdicts.json, config.json
and figure.{png,pdf,svg}.
"""

import sys
from functools import partial

from experiments import command_line, devices
from experiments.phase.settings import Settings, parse


def main(settings: Settings) -> None:
    """Run, or finish, one map and report it."""
    # Imported here so that --help and bad flags answer at once.
    from collapse_sim.certify import FAMILY_ERROR
    from collapse_sim.experiment.evidence import long_arrays
    from experiments.finish import begin, finish
    from experiments.phase.columns import make_panels
    from experiments.phase.report import print_report
    from experiments.phase.strips import measured
    from paper_figs.phase_diagram import draw

    panels = make_panels(settings)
    packages = ("jax", "jaxlib", "numpy", "scipy", "pyarrow", "matplotlib")
    config = command_line.config(
        "phase_diagram",
        settings,
        packages,
        {},
        panels=[panel.title for panel in panels],
        across=list(panels[0].across),
        up=list(panels[0].up),
        unit=panels[0].unit,
        level=settings.level,
    )
    run = begin(settings, config)
    if run is None:
        return
    error = FAMILY_ERROR / sum(panel.points for panel in panels)
    maps = [measured(panel, settings, run, error) for panel in panels]
    if arrays := long_arrays([p for panel in panels for some in panel.columns for p in some]):
        run.write_arrays(arrays)
    rows = [row for found in maps for row in found.rows]
    verdicts = [verdict for found in maps for verdict in found.verdicts]
    finish(run, rows, verdicts, draw, lambda: print_report(settings, maps))


command = partial(
    command_line.command, "phase_diagram.py", parse, main, configure=devices.configure_simulation
)
"""Parse and run; returns the exit status."""


if __name__ == "__main__":
    raise SystemExit(command(sys.argv[1:]))
