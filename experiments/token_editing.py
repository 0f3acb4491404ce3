"""Which tokens does token-level editing touch, and do models learn more from edited text?

    python experiments/token_editing.py
    python experiments/token_editing.py --prior smollm2

A prior, trained on documents of its own, tells how probable the tokens of other human text are and
redraws the most probable ones (Zhu et al. 2025, arXiv 2412.14689), by different thresholds,
samplers and strategies. Then models are pre-trained, trained further on another domain and
fine-tuned on responses, with edited and with unedited text. With a pretrained prior nothing is
trained: only the rule is studied. Writes a run directory with verdicts.json, chains.parquet,
config.json and figure.{png,pdf,svg}.
"""

import sys
from functools import partial

from experiments import command_line, devices
from experiments.compiled import keep_compiled
from experiments.editing.pretrained_settings import PretrainedSettings
from experiments.editing.settings import TokenEditingSettings, parse

PACKAGES = ("jax", "jaxlib", "flax", "optax", "numpy", "tokenizers")


def main(settings: TokenEditingSettings | PretrainedSettings) -> None:
    """Run, or finish, the study and report it."""
    if isinstance(settings, PretrainedSettings):
        from experiments.editing.pretrained import study

        study(settings)
    else:
        with_small_prior(settings)


def with_small_prior(settings: TokenEditingSettings) -> None:
    """The study of a prior that is trained here."""
    # Imported here so that --help and bad flags answer at once.
    from collapse_sim.experiment.decide import chain_rows, decide
    from collapse_sim.language.fitting import token_progress
    from collapse_sim.language.responses import require_sacrebleu
    from collapse_sim.language.transformer import TransformerConfig
    from experiments.editing.corpora import make_corpora
    from experiments.editing.evidence import make_processes
    from experiments.editing.report import print_report
    from experiments.editing.stages import Stages, total_tokens
    from experiments.editing.tables import tables, train_prior
    from experiments.finish import begin, finish
    from experiments.study.study import Study
    from paper_figs import editing
    from theory.claims import ledger

    packages = PACKAGES
    if "finetune" in settings.stages:  # before anything is trained
        require_sacrebleu("--stages finetune")
        packages += ("sacrebleu",)
    for size in (settings.size, settings.prior_size):
        TransformerConfig.named(size, vocabulary=settings.vocabulary, context=settings.context)
    corpora = make_corpora(settings)
    inputs = {f"--corpus {settings.corpus}": command_line.digest(corpora.texts.sources)}
    if corpora.pairs is not None:
        read = [
            vars(p) for part in (corpora.pairs.train, corpora.pairs.held_out) for p in part.pairs
        ]
        inputs[f"--pairs {settings.pairs or 'of the standard library'}"] = command_line.digest(read)
    config = command_line.config("token_editing", settings, packages, inputs, data=corpora.sources)
    run = begin(settings, config)
    if run is None:
        return
    print(*corpora.notes, sep="\n")
    with token_progress(total_tokens(settings, corpora)) as bar:
        study = Study(settings, corpora.texts, run, bar)
        prior = train_prior(study, settings)
        table = dict(tables(prior))
        stages = Stages(study, settings, corpora, prior)
        arms = {stage: stages.arms(stage) for stage in settings.stages}
        processes = make_processes(study, settings, table, arms)
        results, verdicts = decide(processes, ledger(), seed=settings.seed, bar=bar)
    finish(
        run,
        chain_rows(results),
        verdicts,
        editing.draw,
        lambda: print_report(settings, corpora, table, arms, verdicts),
    )


def configure_jax(settings: TokenEditingSettings | PretrainedSettings) -> None:
    """A device for each core, over which seeds are spread; one for a pretrained prior."""
    if isinstance(settings, PretrainedSettings):
        devices.require_devices()
        keep_compiled()
    else:
        devices.configure_training(settings)


command = partial(command_line.command, "token_editing.py", parse, main, configure=configure_jax)
"""Parse and run; returns the exit status."""


if __name__ == "__main__":
    raise SystemExit(command(sys.argv[1:]))
