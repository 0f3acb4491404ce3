"""How do Gaussians, categorical laws and mixtures lose their tails, and then everything?

    python experiments/curse_of_recursion.py

A model fitted again and again to its own draws loses the tails first (early collapse) and ends as a
point (late collapse): Shumailov et al. 2023 (arXiv 2305.17493). Every family runs under full
resampling, accumulation, token-like editing and with human data kept, beside its closed forms.
Writes a run directory with verdicts.json, chains.parquet, config.json and figure.{png,pdf,svg}.
"""

import sys
from functools import partial

from experiments import command_line, devices
from experiments.recursion.settings import Settings, parse


def main(settings: Settings) -> None:
    """Run, or finish, one experiment and report it."""
    # Imported here so that --help and bad flags answer at once.
    from collapse_sim.experiment.decide import chain_rows, decide
    from experiments.finish import begin, finish
    from experiments.recursion.families import arrays_of, make_processes
    from experiments.recursion.report import print_report
    from paper_figs import recursion
    from theory.claims import ledger

    processes, sources, note = make_processes(settings)
    packages = ("jax", "jaxlib", "numpy", "scipy", "pyarrow", "matplotlib")
    read = [f"--{flag} {source}" for flag, source in list(sources.items())[:1]]
    inputs = {name: command_line.digest(sources) for name in read}
    config = command_line.config("curse_of_recursion", settings, packages, inputs, data=sources)
    run = begin(settings, config)
    if run is None:
        return
    if note:
        print(note)
    results, verdicts = decide(
        processes, ledger(), seed=settings.seed, run=run, early_stop=settings.early_stop
    )
    if arrays := arrays_of(settings, processes):
        run.write_arrays(arrays)
    finish(
        run,
        chain_rows(results),
        verdicts,
        recursion.draw,
        lambda: print_report(settings, results, verdicts),
    )


command = partial(
    command_line.command,
    "curse_of_recursion.py",
    parse,
    main,
    configure=devices.configure_simulation,
)
"""Parse and run; returns the exit status."""


if __name__ == "__main__":
    raise SystemExit(command(sys.argv[1:]))
