"""What happens to a small language model over generations of its own text, under each regime?

    python experiments/transformer_collapse.py

Trains on text that every Python installation carries, 4 generations under human-only retraining
(the control), full resampling, 10 % human text kept, accumulation and token-level editing, and
reports held-out loss over seeds, with verdicts. Writes a run directory with verdicts.json,
chains.parquet, config.json and figure.{png,pdf,svg}.
"""

import sys
from collections.abc import Callable, Sequence

from experiments import command_line
from experiments.command_line import digest
from experiments.transformer.settings import Settings, parse


def main(settings: Settings) -> None:
    """Run, or finish, one experiment and report it."""
    # Imported here so that --help and bad flags answer at once.
    from experiments.fitting import token_progress
    from experiments.transformer.evidence import gather
    from experiments.transformer.report import chain_rows, print_report
    from experiments.transformer.runner import Runner, make_learner, total_tokens
    from experiments.transformer.token_rule import decide_token_rule
    from experiments.transformer.world import make_world
    from experiments.trends import judge
    from paper_figs import language_generations, oracle_language
    from paper_figs.style import save

    world = make_world(settings)
    learner = make_learner(settings, world)
    run = command_line.open_run(
        settings.directory(), _config(settings, world), resume=settings.resume
    )
    if settings.resume and run.is_finished():
        print(f"{run.path}: finished before, nothing to resume")
        return
    if world.note:
        print(world.note)
    with token_progress(total_tokens(settings, learner)) as bar:
        rows = list(Runner(settings, world, learner, run, bar).rows())
    chains, exact = list(chain_rows(rows)), []
    if world.oracle is not None:
        exact, frozen = decide_token_rule(world, settings.seed)
        chains += frozen
    verdicts = exact + judge(gather(settings, rows))
    run.write_chains(chains)
    run.write_verdicts([vars(verdict) for verdict in verdicts])
    figure = language_generations if world.oracle is None else oracle_language
    save(figure.draw(run), run.path, "figure")
    run.clear_checkpoints()
    print_report(settings, rows, verdicts)
    print(f"{run.path}: verdicts.json, chains.parquet, config.json, figure.png, .pdf, .svg")


def _config(settings: Settings, world) -> dict:
    packages = ("jax", "jaxlib", "flax", "optax", "numpy", "tokenizers", "orbax-checkpoint")
    # The oracle is no input: its law is made of the parameters.
    text = {} if world.oracle else {f"--corpus {settings.corpus}": digest(world.sources)}
    return command_line.config("transformer_collapse", settings, packages, text, data=world.sources)


def command(
    arguments: Sequence[str],
    *,
    configure: Callable[[Settings], None] = command_line.configure_training,
) -> int:
    """Parse and run; returns the exit status."""
    return command_line.command("transformer_collapse.py", arguments, parse, configure, main)


if __name__ == "__main__":
    raise SystemExit(command(sys.argv[1:]))
