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
from collections.abc import Callable, Sequence

from collapse_sim.run_directory import RunDirectory
from experiments import command_line, devices
from experiments.fraction.settings import Settings, parse

ANALYSIS = "analysis.json, analysis.png, .pdf, .svg"
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
    from experiments.fraction.analysed import analyse_study
    from experiments.fraction.analysis_report import print_analysis
    from experiments.fraction.arms import Author, fraction_arms
    from experiments.fraction.evidence import make_processes
    from experiments.fraction.report import print_report
    from experiments.kept_model import keep_model
    from experiments.study.study import Study
    from experiments.study.texts import make_texts
    from paper_figs import synthetic_fraction
    from paper_figs.style import save
    from theory.claims import ledger

    texts = make_texts(settings, ("student", "generator", "judge"))
    inputs = {f"--corpus {settings.corpus}": command_line.digest(texts.sources)}
    run = _open(settings, texts.sources, inputs)
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
    run.write_chains(list(chain_rows(results)))
    save(synthetic_fraction.draw(run), run.path, "figure")
    run.write_verdicts([vars(verdict) for verdict in verdicts])
    size = authors[0].size
    keep_model(
        run, f"generator-{size}", study.learner(size), study.seeds, tokenizer_json(texts.tokenizer)
    )
    run.clear_checkpoints()
    if analysed:
        print_analysis(None, analysed.analysis)
    print_report(results, verdicts)
    _say(run, "chains.parquet, figure.png, .pdf, .svg, model/", *([ANALYSIS] if analysed else []))


def _two_files(settings: Settings) -> None:
    """Two given texts side by side; nothing is claimed of them."""
    from collapse_sim.language.fitting import token_progress
    from experiments.fraction.analysis_report import print_analysis
    from experiments.fraction.files import compare_files, read_files

    files = read_files(settings)
    sources = files.texts.sources
    inputs = {
        f"--human {settings.human}": command_line.digest([sources["judge"], sources["human"]]),
        f"--synthetic {settings.synthetic}": command_line.digest(sources["synthetic"]),
    }
    run = _open(settings, sources, inputs)
    if run is None:
        return
    print(*files.texts.notes, sep="\n")
    with token_progress(0) as bar:
        analysis = compare_files(settings, files, run, bar)
    _save_analysis(run, analysis)
    run.write_verdicts([])
    run.clear_checkpoints()
    print_analysis(None, analysis)
    _say(run, ANALYSIS)


def _save_analysis(run: RunDirectory, analysis) -> None:
    from paper_figs import text_analysis
    from paper_figs.style import save

    run.write_json("analysis.json", analysis.to_json())
    save(text_analysis.draw(run), run.path, "analysis")


def _say(run: RunDirectory, *files: str) -> None:
    print(f"{run.path}: config.json, verdicts.json,")
    print(", ".join(files))


def _open(settings: Settings, sources: dict, inputs: dict[str, str]) -> RunDirectory | None:
    """The run directory, or nothing where the run is finished."""
    config = command_line.config("synthetic_fraction", settings, PACKAGES, inputs, data=sources)
    directory = settings.directory()
    run = command_line.open_run(directory, config, resume=settings.resume)
    if settings.resume and run.is_finished():
        print(f"{run.path}: finished before, nothing to resume")
        return None
    return run


def command(
    arguments: Sequence[str],
    *,
    configure: Callable[[Settings], None] = devices.configure_training,
) -> int:
    """Parse and run; returns the exit status."""
    return command_line.command("synthetic_fraction.py", arguments, parse, configure, main)


if __name__ == "__main__":
    raise SystemExit(command(sys.argv[1:]))
