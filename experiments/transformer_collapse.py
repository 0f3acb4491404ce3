"""What happens to a small language model over generations of its own text, under each regime?

    python experiments/transformer_collapse.py                    # a language made up, 6 minutes
    python experiments/transformer_collapse.py --corpus python    # text that every Python carries

Trains model after model under human-only retraining (the control), full resampling, accumulation
and token-level editing, by the latest model or by the first, and reports the exact divergence from
the true law, or the loss on held-out text, over seeds, with verdicts. Writes a run directory with
verdicts.json, chains.parquet, config.json and figure.{png,pdf,svg}; of text also model/, the model
of human text, which `collapse-sim edit --model DIR/model` edits with.
"""

import sys
from functools import partial

from experiments import command_line, devices
from experiments.command_line import digest
from experiments.transformer.settings import Settings, parse


def main(settings: Settings) -> None:
    """Run, or finish, one experiment and report it."""
    # Imported here so that --help and bad flags answer at once.
    from collapse_sim.experiment.decide import chain_rows, decide
    from collapse_sim.language.fitting import token_progress
    from experiments.finish import begin, finish
    from experiments.kept_model import keep_model
    from experiments.transformer.processes import (
        first_model,
        make_all_processes,
        make_learners,
        total_tokens,
    )
    from experiments.transformer.report import print_report
    from experiments.transformer.token_rule import token_rule_processes
    from experiments.transformer.world import make_world
    from paper_figs import language_generations, oracle_language, scale_ladder
    from theory.claims import ledger

    world = make_world(settings)
    learners = make_learners(settings, world)
    run = begin(settings, _config(settings, world))
    if run is None:
        return
    if world.note:
        print(world.note)
    chains = make_all_processes(settings, world, learners)
    exact = token_rule_processes(world)
    total = total_tokens(settings, *learners.values()) + sum(
        process.replicates for process in exact
    )
    with token_progress(total) as bar:
        # First what is exact: beside chains, which wait for all devices, it would hold some back.
        processes = [*exact, *chains]
        results, verdicts = decide(processes, ledger(), seed=settings.seed, run=run, bar=bar)
    figure = oracle_language if exact else language_generations
    figure = scale_ladder if settings.sizes else figure
    if world.tokenizer:  # the oracle's tokens are no text
        size, learner = list(learners.items())[-1]
        keep_model(run, f"{first_model(size)}-1", learner, settings.seeds, world.tokenizer)
    finish(
        run,
        chain_rows(results),
        verdicts,
        figure.draw,
        lambda: print_report(settings, results[-len(chains) :], verdicts),
    )


def _config(settings: Settings, world) -> dict:
    packages = ("jax", "jaxlib", "flax", "optax", "numpy", "tokenizers", "orbax-checkpoint")
    # The oracle is no input: its law is made of the parameters.
    text = {} if world.text.source else {f"--corpus {settings.corpus}": digest(world.sources)}
    return command_line.config("transformer_collapse", settings, packages, text, data=world.sources)


command = partial(
    command_line.command,
    "transformer_collapse.py",
    parse,
    main,
    configure=devices.configure_training,
)
"""Parse and run; returns the exit status."""


if __name__ == "__main__":
    raise SystemExit(command(sys.argv[1:]))
