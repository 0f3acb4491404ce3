"""How does perplexity grow with the share of synthetic text, and how does that text differ?

    python experiments/synthetic_fraction.py
    python experiments/synthetic_fraction.py --analyse
    python experiments/synthetic_fraction.py --analyse --human A.txt --synthetic B.txt

Generators trained on human text write synthetic text; fresh models are trained on 0 to 100 % of it
at equal numbers of tokens, over several seeds (Zhu et al. 2025, arXiv 2412.14689, section 3).
Writes a run directory with verdicts.json, chains.parquet, config.json and figure.{png,pdf,svg};
model/ is the (first) generator, which `collapse-sim edit --model DIR/model` edits with; --analyse
adds analysis.json and analysis.{png,pdf,svg}.
"""

import sys
from functools import partial

from collapse_sim.run_directory import RunDirectory
from experiments import command_line, devices
from experiments.fraction.settings import Settings, parse

PACKAGES = ("jax", "jaxlib", "flax", "optax", "numpy", "scipy", "tokenizers", "orbax-checkpoint")


def main(settings: Settings) -> None:
    """Run, or finish, one study and report it."""
    if settings.human is None:
        _study(settings)
    else:
        _two_files(settings)


def _study(settings: Settings) -> None:
    # Imported here so that --help and bad flags answer at once.
    from collapse_sim.experiment.decide import chain_rows, decide
    from collapse_sim.language.fitting import token_progress
    from collapse_sim.language.tokenizer import save as tokenizer_json
    from experiments.finish import begin, finish
    from experiments.fraction.analysed import analyse_study
    from experiments.fraction.analysis_report import print_analysis
    from experiments.fraction.arms import Author, fraction_arms
    from experiments.fraction.evidence import make_processes
    from experiments.fraction.report import print_report
    from experiments.kept_model import keep_model
    from experiments.study.study import Study
    from experiments.study.texts import make_texts
    from paper_figs import synthetic_fraction
    from theory.claims import ledger

    texts = make_texts(settings, ("student", "generator", "judge"))
    inputs = {f"--corpus {settings.corpus}": command_line.digest(texts.sources)}
    run = begin(settings, _config(settings, texts.sources, inputs))
    if run is None:
        return
    print(*texts.notes, sep="\n")
    authors, analysed = [Author(*author) for author in settings.written_by()], None
    with token_progress(0) as bar:
        study = Study(settings, texts, run, bar)
        bar.total = settings.fits() * study.tokens_of_a_fit
        arms = list(fraction_arms(study, authors, settings.fractions))
        if settings.analyse:
            analysed = analyse_study(study, authors[0])
            arms += analysed.arms
        coverage = None if analysed is None else analysed.coverage
        processes = make_processes(study, settings, arms, coverage)
        results, verdicts = decide(processes, ledger(), seed=settings.seed, bar=bar)
    if analysed:
        _save_analysis(run, analysed.analysis)
    size = authors[0].size
    keep_model(
        run, f"generator-{size}", study.learner(size), study.seeds, tokenizer_json(texts.tokenizer)
    )

    def report() -> None:
        if analysed:
            print_analysis(None, analysed.analysis)
        print_report(results, verdicts)

    finish(run, chain_rows(results), verdicts, synthetic_fraction.draw, report)


def _two_files(settings: Settings) -> None:
    """Two given texts side by side; nothing is claimed of them."""
    from collapse_sim.language.fitting import token_progress
    from experiments.finish import begin, finish
    from experiments.fraction.analysis_report import print_analysis
    from experiments.fraction.files import compare_files, read_files

    files = read_files(settings)
    sources = files.texts.sources
    inputs = {
        f"--human {settings.human}": command_line.digest([sources["judge"], sources["human"]]),
        f"--synthetic {settings.synthetic}": command_line.digest(sources["synthetic"]),
    }
    run = begin(settings, _config(settings, sources, inputs))
    if run is None:
        return
    print(*files.texts.notes, sep="\n")
    with token_progress(0) as bar:
        analysis = compare_files(settings, files, run, bar)
    _save_analysis(run, analysis)
    finish(run, None, [], None, lambda: print_analysis(None, analysis))


def _save_analysis(run: RunDirectory, analysis) -> None:
    from paper_figs import text_analysis
    from paper_figs.style import save

    run.write_json("analysis.json", analysis.to_json())
    save(text_analysis.draw(run), run.path, "analysis")


def _config(settings: Settings, sources: dict, inputs: dict[str, str]) -> dict:
    return command_line.config("synthetic_fraction", settings, PACKAGES, inputs, data=sources)


command = partial(
    command_line.command, "synthetic_fraction.py", parse, main, configure=devices.configure_training
)
"""Parse and run; returns the exit status."""


if __name__ == "__main__":
    raise SystemExit(command(sys.argv[1:]))
