"""Tables and sentences for the terminal, in at most 80 columns."""

import math
from collections.abc import Callable, Sequence

import numpy as np
from rich.console import Console
from rich.table import Table

from collapse_sim.experiment.process import Result
from collapse_sim.verdict import Verdict
from experiments.plain_table import plain_table
from experiments.seeds import CONDITIONS, at_most, how_sure_over_seeds, spread
from experiments.transformer.answers import answers
from experiments.transformer.ladder_report import (
    NOTE,
    about,
    ladder_answers,
    ladder_table,
    title_of,
)
from experiments.transformer.pretrained import PARTS
from experiments.transformer.settings import Settings
from experiments.verdicts import how_sure, process_of, verdict_table

NO_NOISE = 0.02
"""Largest standard deviation of the control's loss at which differences are worth reading."""

MOST_GENERATIONS = 5
"""That a table has columns for."""

ORACLE = "one source"
"""What verdicts over seeds are conditional on where the text is made up."""

ASYMPTOTIC = "for asymptotic confidence sequences and independent replicates"
"""What verdicts on the token rule rest on."""


def measure_of(results: Sequence[Result]) -> str:
    """The test error: exact where the true law is known, on held-out text elsewhere."""
    return "kl" if "kl" in results[0].summary.moments else "held_out_loss"


def control_spread(results: Sequence[Result]) -> float | None:
    """Standard deviation of the control's loss over generations and seeds."""
    for result in results:
        if result.process.regime == "human_only":
            return float(result.summary.sample[measure_of(results)].std(ddof=1))
    return None


def shown_generations(generations: int) -> list[int]:
    """All generations, or as many as a table has room for: first and last among them."""
    every = np.linspace(1, generations, min(generations, MOST_GENERATIONS))
    return [round(number) for number in every]


def loss_table(settings: Settings, results: Sequence[Result]) -> Table:
    """Test error of every arm and generation, and the text its last model was trained on."""
    measure = measure_of(results)
    numbers, columns = shown_generations(settings.generations), _columns(results, measure)
    table = plain_table(
        title_of(settings, measure, "generation"),
        ["regime"],
        [*map(str, numbers), "± 2 s.e.", *columns],
    )
    for result in results:
        means = result.mean(measure)
        table.add_row(
            result.process.name,
            *(f"{means[number - 1]:.3f}" for number in numbers),
            plus_minus(result.summary.sample[measure][:, -1]),
            *(shown(result) for shown in columns.values()),
        )
    return table


def _columns(results: Sequence[Result], measure: str) -> dict[str, Callable[[Result], str]]:
    """Columns of the last generation: of text, or of a language whose law is known."""

    def share(name: str, digits: int) -> Callable[[Result], str]:
        return lambda result: (
            f"{100 * result.mean(name)[-1]:.{digits}f}%" if name in result.summary.moments else "-"
        )

    perplexity = {"perplexity": lambda r: f"{math.exp(r.mean('held_out_loss')[-1]):.1f}"}
    types = {"types": share("surviving_vocabulary", 1)}
    bigrams = {"bigrams": lambda result: f"{result.mean('distinct_2')[-1]:.3f}"}
    changed = {"changed": share("changed", 2)}
    if measure != "kl":
        return perplexity | changed | types | bigrams
    sure = "sure_share" in results[0].summary.moments
    return changed | ({"sure": share("sure_share", 1)} if sure else types) | bigrams


def _note(settings: Settings) -> str:
    return (
        "± 2 s.e.: two standard errors over seeds, last generation; changed: tokens by\n"
        "the last edit; types: human token types left in the last text; sure: tokens of\n"
        f"the language to which the last model gives P >= {settings.edit_above}; bigrams: share\n"
        "distinct in the last text.\n"
    )


def plus_minus(values: np.ndarray) -> str:
    """Two standard errors of the mean, where there are several values."""
    return f"±{spread(values):.3f}" if len(values) > 1 else "-"


def paired_table(results: Sequence[Result]) -> Table | None:
    """Loss of each arm against human text at equal training; None without a control or parts.

    By parts of the held-out text: how far the difference depends on the text, not on training.
    """
    control = next((r for r in results if r.process.regime == "human_only"), None)
    parts = [name for name in results[0].summary.sample if name.startswith("held_out_part/")]
    if control is None or not parts:
        return None
    title = "Less human text only, last generation: nats per token"
    table = plain_table(title, ["regime"])
    for name in ("mean", "± 2 s.e. over parts", "seeds that lose", "perplexity ratio"):
        table.add_column(name, justify="right")
    for result in results:
        if result is control:
            continue
        by_seed = _last_less(result, control, "held_out_loss")
        by_part = np.array([_last_less(result, control, part).mean() for part in parts])
        mean = by_seed.mean()
        losing = f"{np.count_nonzero(by_seed > 0)} of {len(by_seed)}"
        ratio = f"{math.exp(mean):.3f}"
        table.add_row(result.process.name, f"{mean:+.4f}", plus_minus(by_part), losing, ratio)
    return table


def _last_less(result: Result, other: Result, measure: str) -> np.ndarray:
    """A measure less that of another arm, seed by seed, in the last generation."""
    return result.summary.sample[measure][:, -1] - other.summary.sample[measure][:, -1]


def print_report(
    settings: Settings, results: Sequence[Result], verdicts: Sequence[Verdict]
) -> None:
    """The answer, both tables, how noisy training is and how sure the verdicts are.

    Verdicts on the token rule have no seeds: they rest on replicates under a frozen prior.
    """
    console = Console(width=80, highlight=False)
    is_ladder = bool(settings.sizes)
    said = ladder_answers(settings, verdicts) if is_ladder else answers(settings, results, verdicts)
    for sentence in said:
        console.print(sentence)
    if is_ladder:
        console.print(ladder_table(settings, results, measure_of(results)))
        console.print(NOTE)
    else:
        console.print(loss_table(settings, results))
        console.print(_note(settings))
    paired = paired_table(results)
    if paired is not None:
        console.print(paired)
        level = at_most(2.0 ** (1 - settings.seeds))
        console.print(
            f"Errors are over {PARTS} parts of the held-out text, for these models: the noise of "
            f"training is not in them. {settings.seeds} seeds that agree are wrong with a chance "
            f"of at most {level}.\n"
        )
    if verdicts:
        console.print(verdict_table(verdicts, about if is_ladder else process_of))
    spread = control_spread(results)
    if spread is not None:
        quiet = "small" if spread <= NO_NOISE else "too large for small differences to mean much"
        console.print(
            f"\nThe control's loss has a standard deviation of {spread:.4f} nats over seeds and "
            f"generations: {quiet}."
        )
    by_seeds = [verdict for verdict in verdicts if "seeds" in verdict.parameters]
    exact = [verdict for verdict in verdicts if "seeds" not in verdict.parameters]
    console.print(how_sure_over_seeds(by_seeds, ORACLE if exact else CONDITIONS))
    if exact:
        console.print(f"Of the token rule (no seeds): {how_sure(exact, ASYMPTOTIC)}")
