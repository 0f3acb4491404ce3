"""Report in the terminal: 80 columns, whatever the terminal's width."""

import math
from collections.abc import Sequence

import numpy as np
from rich.console import Console
from rich.table import Table

from collapse_sim.experiment.process import Result
from collapse_sim.intervals import Interval
from collapse_sim.verdict import Verdict
from experiments.fraction.evidence import SELECTED
from experiments.plain_table import plain_table
from experiments.seeds import how_sure_over_seeds, spread
from experiments.verdicts import verdict_table
from theory.language.printed import SELECTIONS as PUBLISHED
from theory.language.printed import SYNTHETIC_FRACTION

SHORT = {"GPT-2 124M, 22 domains of the Pile": "GPT-2", "OLMo 237M, Wikitext-103": "OLMo"}
HUMAN = SYNTHETIC_FRACTION["OLMo 237M, Wikitext-103"][0]
DOMAINS = 5
"""Most domains that are shown."""


def perplexity(result: Result, domain: str = "") -> tuple[float, Interval | None]:
    """On held-out text: exp of the mean loss, and its interval over documents and seeds."""
    measure = f"held_out_loss/{domain}" if domain else "held_out_loss"
    interval = result.process.intervals.get(measure)
    ends = None if interval is None else (math.exp(interval[0]), math.exp(interval[1]))
    return math.exp(result.mean(measure)[-1]), ends


def losses(result: Result) -> np.ndarray:
    """Held-out loss of every seed, in nats per token."""
    return result.summary.sample["held_out_loss"][:, -1]


def rise(after: Result, before: Result) -> str:
    """Loss that a further share of synthetic text adds, in nats, ± 2 standard errors."""
    values = losses(after) - losses(before)
    return f"{values.mean():+.3f}±{spread(values):.3f}"


def fraction_table(results: Sequence[Result]) -> Table:
    """Perplexity by synthetic share, beside the published."""
    generator = results[0].process.family
    table = plain_table(
        f"Perplexity on held-out human text, generator {generator}",
        ["synthetic"],
        ["perplexity", "95 %", "rise", "training"],
    )
    for name in SYNTHETIC_FRACTION:
        table.add_column(SHORT[name], justify="right", style="dim")
    for i, result in enumerate(results):
        share, (mean, interval) = result.process.regime, perplexity(result)
        published = [
            {f"{share} %": value for share, value in row.items()}.get(share)
            for row in SYNTHETIC_FRACTION.values()
        ]
        table.add_row(
            share,
            f"{mean:.2f}",
            _ends(interval),
            rise(result, results[i - 1]) if i else "",
            f"{result.mean('training_loss')[-1]:.3f}",
            *("-" if value is None else f"{value:g}" for value in published),
        )
    return table


def domain_table(results: Sequence[Result]) -> Table:
    """Perplexity by synthetic share in each domain."""
    prefix = "held_out_loss/"
    measures = [name for name in results[0].summary.moments if name.startswith(prefix)]
    domains = [name.removeprefix(prefix) for name in measures][:DOMAINS]
    title = f"By domain, generator {results[0].process.family}"
    table = plain_table(title, ["synthetic"], [domain[:12] for domain in domains])
    for result in results:
        cells = (f"{perplexity(result, domain)[0]:.2f}" for domain in domains)
        table.add_row(result.process.regime, *cells)
    return table


def selection_table(results: Sequence[Result]) -> Table:
    """Students of selections from synthetic text, beside the published."""
    title = f"Trained on a selection of text by {results[0].process.family}"
    table = plain_table(title, ["selected by"])
    for name in ("perplexity", "95 %", "less random, nats"):
        table.add_column(name, justify="right")
    table.add_column("OLMo", justify="right", style="dim")
    by_name = {result.process.regime: result for result in results}
    reference = losses(by_name["random"])
    for name in ("0 %", "random", *SELECTED):
        mean, interval = perplexity(by_name[name])
        less = losses(by_name[name]) - reference
        published = PUBLISHED["none" if name == "random" else name] if name != "0 %" else HUMAN
        table.add_row(
            "human text" if name == "0 %" else name,
            f"{mean:.2f}",
            _ends(interval),
            "-" if name == "random" else f"{less.min():+.3f} to {less.max():+.3f}",
            f"{published:g}",
        )
    return table


def _ends(interval: Interval | None) -> str:
    return "" if interval is None else f"{interval[0]:.2f}-{interval[1]:.2f}"


def _about(verdict: Verdict) -> str:
    """The generator, and the arm where it is about one."""
    family, process = verdict.parameters["family"], verdict.parameters["process"]
    return family if "fractions" in verdict.parameters else f"{family}, {process}"


def print_report(results: Sequence[Result], verdicts: Sequence[Verdict]) -> None:
    """Tables for each generator, and every verdict."""
    console = Console(width=80, highlight=False, markup=False)
    families = list(dict.fromkeys(result.process.family for result in results))
    for family in families:
        own = [result for result in results if result.process.family == family]
        mine = [result for result in own if result.process.regime.endswith("%")]
        console.print(fraction_table(mine))
        if family == families[0]:
            console.print(domain_table(mine))
        console.print()
    first = [result for result in results if result.process.family == families[0]]
    if any(result.process.regime in SELECTED for result in first):
        console.print(selection_table(first))
        console.print()
    console.print(
        "Rise: of the held-out loss over the row before, nats per token, ± 2 standard errors over "
        "seeds. Training: loss on the model's own training text, nats per token. Perplexity: with "
        "its 95 % interval over documents and seeds. Less random: from the smallest seed to the "
        "largest. GPT-2 (22 domains of the Pile), OLMo (Wikitext-103): published perplexities of "
        "models a thousand times larger.\n"
    )
    console.print(verdict_table(verdicts, _about))
    console.print("\n" + how_sure_over_seeds(verdicts))
