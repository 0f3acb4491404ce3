"""What a person sees in the terminal: 80 columns, whatever the terminal's width."""

from fraction_lab.arms import Arm
from rich.console import Console
from rich.table import Table
from study_lab.rows import Estimates
from study_lab.verdicts import verdict_table

from collapse_sim.certify import FAMILY_ERROR, Verdict
from theory.published import SYNTHETIC_FRACTION

SHORT = {"GPT-2 124M, 22 domains of the Pile": "GPT-2", "OLMo 237M, Wikitext-103": "OLMo"}
DOMAINS = 4
"""Most domains that are shown."""


def fraction_table(generator: str, arms: dict[str, Estimates]) -> Table:
    """Perplexity by synthetic share, on average and by domain, beside the published."""
    table = Table(
        title=f"Perplexity on held-out human text, generator {generator}", title_justify="left",
        box=None, padding=(0, 1, 0, 0), header_style="bold",
    )  # fmt: skip
    first = next(iter(arms.values()))
    domains = [name for name in first if name.startswith("perplexity/")][:DOMAINS]
    table.add_column("synthetic", no_wrap=True, justify="right")
    for name in ("all", "95 %", "training"):
        table.add_column(name, justify="right", no_wrap=True)
    for name in domains:
        table.add_column(name.partition("/")[2][:10], justify="right")
    for name in SYNTHETIC_FRACTION:
        table.add_column(SHORT[name], justify="right", style="dim")
    for text, measures in arms.items():
        whole, own = measures["perplexity"], measures["training_loss"]
        published = [row.get(float(text.split()[0])) for row in SYNTHETIC_FRACTION.values()]
        table.add_row(
            text, f"{whole.mean:.2f}", f"{whole.low:.2f}-{whole.high:.2f}", f"{own.mean:.3f}",
            *(f"{measures[name].mean:.2f}" for name in domains),
            *("-" if value is None else f"{value:g}" for value in published),
        )  # fmt: skip
    return table


def print_report(arms: list[Arm], measures: dict[str, Estimates], verdicts: list[Verdict]) -> None:
    """A table for each generator, and every verdict."""
    console = Console(width=80, highlight=False)
    for generator in dict.fromkeys(arm.generator for arm in arms):
        mine = {
            arm.text: measures[arm.name]
            for arm in arms
            if arm.generator == generator and arm.text.endswith("%")
        }
        console.print(fraction_table(generator, mine))
        console.print()
    console.print(
        "Training: mean loss on the model's own training text, nats per token. GPT-2 (22 domains "
        "of the Pile) and OLMo (Wikitext-103): published perplexities of models a thousand times "
        "larger. Intervals: bootstrap over documents and seeds.\n"
    )
    console.print(verdict_table(verdicts))
    console.print(
        f"\nThe chance that any of the {len(verdicts)} verdicts is wrong is at most "
        f"{FAMILY_ERROR:g}."
    )
