"""What a person sees in the terminal: 80 columns, whatever the terminal's width."""

from rich.console import Console
from rich.table import Table

from collapse_sim.certify import Verdict
from experiments.fraction.arms import Arm
from experiments.fraction.evidence import WORSE_THAN_HUMAN as SELECTIONS
from experiments.study.rows import Estimates
from experiments.trends import arm_of, how_sure_over_seeds, seed_range, spread
from experiments.verdicts import verdict_table
from theory.published import SELECTIONS as PUBLISHED
from theory.published import SYNTHETIC_FRACTION

SHORT = {"GPT-2 124M, 22 domains of the Pile": "GPT-2", "OLMo 237M, Wikitext-103": "OLMo"}
HUMAN = SYNTHETIC_FRACTION["OLMo 237M, Wikitext-103"][0]
DOMAINS = 5
"""Most domains that are shown."""


def rise(after: Arm, before: Arm) -> str:
    """What a further share of synthetic text adds to the loss, in nats, ± 2 standard errors."""
    values = after.values["held_out_loss"] - before.values["held_out_loss"]
    return f"{values.mean():+.3f}±{spread(values):.3f}"


def _table(title: str, first: str) -> Table:
    table = Table(
        title=title, title_justify="left", box=None, padding=(0, 1, 0, 0), header_style="bold"
    )
    table.add_column(first, no_wrap=True)
    return table


def fraction_table(arms: list[Arm], estimated: dict[str, Estimates]) -> Table:
    """Perplexity by synthetic share, beside the published."""
    table = _table(f"Perplexity on held-out human text, generator {arms[0].generator}", "synthetic")
    for name in ("perplexity", "95 %", "rise", "training"):
        table.add_column(name, justify="right", no_wrap=True)
    for name in SYNTHETIC_FRACTION:
        table.add_column(SHORT[name], justify="right", style="dim")
    for i, arm in enumerate(arms):
        whole, own = (estimated[arm.name][name] for name in ("perplexity", "training_loss"))
        published = [
            {f"{share} %": value for share, value in row.items()}.get(arm.text)
            for row in SYNTHETIC_FRACTION.values()
        ]
        table.add_row(
            arm.text, f"{whole.mean:.2f}", f"{whole.low:.2f}-{whole.high:.2f}",
            rise(arm, arms[i - 1]) if i else "", f"{own.mean:.3f}",
            *("-" if value is None else f"{value:g}" for value in published),
        )  # fmt: skip
    return table


def domain_table(arms: list[Arm], estimated: dict[str, Estimates]) -> Table:
    """Perplexity by synthetic share in each domain."""
    table = _table(f"By domain, generator {arms[0].generator}", "synthetic")
    names = [name for name in estimated[arms[0].name] if name.startswith("perplexity/")][:DOMAINS]
    for name in names:
        table.add_column(name.partition("/")[2][:12], justify="right", no_wrap=True)
    for arm in arms:
        table.add_row(arm.text, *(f"{estimated[arm.name][name].mean:.2f}" for name in names))
    return table


def selection_table(arms: list[Arm], measures: dict[str, Estimates]) -> Table:
    """Students of selections from synthetic text, beside the published."""
    main = arms[0].generator
    table = _table(f"Trained on a selection of text by {main}", "selected by")
    for name in ("perplexity", "95 %", "less random, nats"):
        table.add_column(name, justify="right")
    table.add_column("OLMo", justify="right", style="dim")
    by_name = {arm.text: arm for arm in arms}
    reference = by_name["random"].values["held_out_loss"]
    for name in ("0 %", "random", *SELECTIONS):
        arm = by_name[name]
        whole, less = measures[arm.name]["perplexity"], arm.values["held_out_loss"] - reference
        low, high = seed_range(less)
        published = PUBLISHED["none" if name == "random" else name] if name != "0 %" else HUMAN
        table.add_row(
            "human text" if name == "0 %" else name, f"{whole.mean:.2f}",
            f"{whole.low:.2f}-{whole.high:.2f}",
            "-" if name == "random" else f"{low:+.3f} to {high:+.3f}", f"{published:g}",
        )  # fmt: skip
    return table


def print_report(arms: list[Arm], measures: dict[str, Estimates], verdicts: list[Verdict]) -> None:
    """Tables for each generator, and every verdict."""
    console = Console(width=80, highlight=False)
    for generator in dict.fromkeys(arm.generator for arm in arms):
        mine = [arm for arm in arms if arm.generator == generator and arm.text.endswith("%")]
        console.print(fraction_table(mine, measures))
        if generator == arms[0].generator:
            console.print(domain_table(mine, measures))
        console.print()
    if any(arm.text in SELECTIONS for arm in arms):
        console.print(selection_table(arms, measures))
        console.print()
    console.print(
        "Rise: of the held-out loss over the row before, nats per token, ± 2 standard errors over "
        "seeds. Training: loss on the model's own training text, nats per token. Perplexity: with "
        "the bootstrap's 95 % interval over documents and seeds, which is approximate. Less "
        "random: from the smallest seed to the largest. GPT-2 (22 domains of the Pile), OLMo "
        "(Wikitext-103): published perplexities of models a thousand times larger.\n"
    )
    console.print(verdict_table(verdicts, arm_of))
    console.print("\n" + how_sure_over_seeds(verdicts))
