"""What is printed, in at most 80 columns, and the rows of chains.parquet."""

import math
from collections.abc import Iterator

import numpy as np
from rich.console import Console
from rich.table import Table

from collapse_sim.certify import Verdict
from experiments.transformer.evidence import control_spread, measure_of
from experiments.transformer.runner import Row
from experiments.transformer.settings import Settings
from experiments.trends import CONDITIONS, arm_of, how_sure_over_seeds, spread
from experiments.verdicts import how_sure, verdict_table

VARIANTS = {"edit": "chained", "edit_anchored": "anchored", "edit_share": "chained"}
NO_NOISE = 0.02
"""Largest standard deviation of the control's loss at which differences are worth reading."""

ORACLE = "one source and one text drawn from it"
"""What verdicts over seeds are conditional on where the text is made up."""

ASYMPTOTIC = "for asymptotic confidence sequences and independent replicates"
"""What verdicts on the token rule rest on."""


def loss_table(settings: Settings, rows: list[Row]) -> Table:
    """Test error of every arm and generation, and the text its last model was trained on."""
    measure = measure_of(rows)
    what = "Exact KL divergence" if measure == "kl" else "Held-out loss"
    table = Table(
        title=f"{what} in nats per token by generation, mean over {settings.seeds} seeds",
        title_justify="left", box=None, padding=(0, 1, 0, 0),
    )  # fmt: skip
    table.add_column("regime", no_wrap=True)
    for number in range(1, settings.generations + 1):
        table.add_column(str(number), justify="right")
    for name in ("± 2 s.e.", "perplexity", "changed", "types", "bigrams"):
        table.add_column(name, justify="right")
    for name in dict.fromkeys(row.regime for row in rows):
        mine = [row.values for row in rows if row.regime == name]
        means = [values[measure].mean() for values in mine]
        last = mine[-1]
        edited = [100 * values["changed"].mean() for values in mine if "changed" in values]
        table.add_row(
            name.replace("_", " "),
            *(f"{mean:.3f}" for mean in means),
            f"±{spread(last[measure]):.3f}",
            f"{math.exp(last['held_out_loss'].mean()):.1f}",
            f"{edited[-1]:.2f}%" if edited else "-",
            f"{100 * last['surviving_vocabulary'].mean():.1f}%",
            f"{last['distinct_2'].mean():.3f}",
        )
    return table


def print_report(settings: Settings, rows: list[Row], verdicts: list[Verdict]) -> None:
    """Both tables, how noisy training is and how sure the verdicts are.

    Verdicts on the token rule have no seeds: they rest on replicates under a frozen prior.
    """
    console = Console(width=80, highlight=False)
    console.print(loss_table(settings, rows))
    console.print(
        "± 2 s.e.: two standard errors over seeds, last generation; changed: tokens by\n"
        "the last edit; types: human token types left in the last text; bigrams: share\n"
        "distinct in it.\n"
    )
    if verdicts:
        console.print(verdict_table(verdicts, arm_of))
    spread = control_spread(rows)
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


def chain_rows(rows: list[Row]) -> Iterator[tuple]:
    """Rows of chains.parquet."""
    for row in rows:
        edited = row.values.get("eligible")
        for measure, values in row.values.items():
            values = np.asarray(values, float)
            yield (
                row.regime.split("_")[0] if row.regime.startswith("edit") else row.regime,
                _mask(row.regime),
                VARIANTS.get(row.regime, ""),
                measure,
                row.generation,
                len(values),
                float(values.mean()),
                float(values.std(ddof=1) / math.sqrt(len(values))) if len(values) > 1 else math.nan,
                *map(float, np.quantile(values, (0.05, 0.5, 0.95))),
                math.nan if edited is None else float(np.mean(edited)),
                math.nan,
                "",
            )


def _mask(regime: str) -> str:
    if not regime.startswith("edit"):
        return ""
    return "share" if regime == "edit_share" else "confident"
