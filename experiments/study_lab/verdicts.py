"""A study's verdicts in the terminal."""

from collections.abc import Sequence

from rich.table import Table

from collapse_sim.certify import Verdict

COLOURS = {"holds": "green", "violated": "red", "undecided": "magenta"}


def verdict_table(verdicts: Sequence[Verdict]) -> Table:
    """Every verdict and what was measured, in at most 80 columns."""
    table = Table(title="Verdicts", title_justify="left", box=None, padding=(0, 1, 0, 0),
                  header_style="bold")  # fmt: skip
    for name, width in (("claim", 22), ("on", 18)):
        table.add_column(name, max_width=width, no_wrap=True)
    for name in ("predicted", "interval"):
        table.add_column(name, justify="right", no_wrap=True)
    table.add_column("verdict", no_wrap=True)
    for verdict in verdicts:
        assert verdict.predicted is not None and verdict.interval is not None
        low, high = verdict.interval
        on = next((str(v) for k, v in verdict.parameters.items() if k != "seeds"), "")
        colour = COLOURS.get(verdict.verdict, "yellow")
        table.add_row(
            verdict.claim, on, f"{verdict.relation} {verdict.predicted:g}",
            f"{low:.4f} to {high:.4f}", f"[{colour}]{verdict.verdict}[/]",
        )  # fmt: skip
    return table
