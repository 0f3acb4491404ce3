"""The published rule with a pretrained prior: `collapse-sim editing --prior smollm2`."""

import jax

from collapse_sim.experiment.decide import chain_rows, decide
from collapse_sim.language import corpus
from collapse_sim.language.fitting import token_progress
from collapse_sim.language.pretrained.load import load
from collapse_sim.language.pretrained.readings import Reader
from experiments import command_line
from experiments.editing.moved_contexts import of_documents
from experiments.editing.pretrained_arms import CHAINED, measured, pairs_of
from experiments.editing.pretrained_evidence import make_processes
from experiments.editing.pretrained_report import print_report
from experiments.editing.pretrained_settings import PretrainedSettings
from experiments.editing.pretrained_students import student_processes, student_texts, students
from experiments.editing.pretrained_text import human_text
from experiments.editing.stages import Arms
from experiments.finish import begin, finish
from paper_figs import editing
from theory.claims import ledger

PACKAGES = ("jax", "jaxlib", "flax", "optax", "numpy", "tokenizers")


def study(settings: PretrainedSettings) -> None:
    """Measure, decide, report. Raises ValueError where the model or the corpus cannot be read."""
    hint = "; without --prior a small one is trained"
    with command_line.in_flags("--prior", "model", settings.prior, hint):
        model = load(settings.prior)
    read = corpus.read_corpus(settings.corpus)
    reader = Reader(model, seed=settings.seed, devices=jax.devices())
    text = human_text(read.documents, reader, settings.tokens)
    texts = student_texts(settings, text, reader.pieces)
    inputs = {
        f"--prior {settings.prior}": model.digest,
        f"--corpus {settings.corpus}": text.digest,
    }
    sources = {"tokens": text.tokens, "documents": len(text.ids)}
    config = command_line.config("token_editing", settings, PACKAGES, inputs, data=sources)
    run = begin(settings, config)
    if run is None:
        return
    print(read.note)
    found = measured(settings, reader, text, run)
    shifts = {arm: of_documents(pairs_of(found, arm), settings.edit_above) for arm in CHAINED}
    processes = make_processes(found, text, settings, shifts)
    arms: Arms = {}
    with token_progress(0) as bar:
        if texts is not None:
            small = students(settings, text, texts, reader.pieces, run, bar)
            bar.reset(small.tokens)
            arms = small.arms(found)
            processes += student_processes(small.study, settings, arms)
    results, verdicts = decide(processes, ledger(), seed=settings.seed, run=run)
    finish(
        run,
        chain_rows(results),
        verdicts,
        editing.draw,
        lambda: print_report(settings, text, found, shifts, arms, verdicts),
    )
