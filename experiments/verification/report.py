"""Decisions in the terminal: of named claims, or of the whole ledger with a table by paper."""

from collections.abc import Sequence
from itertools import groupby

from rich.console import Console
from rich.table import Table
from rich.text import Text

from collapse_sim.verdict import Verdict
from experiments.claims import NARROW, author
from experiments.claims import decided as how_decided
from experiments.latex import plain
from experiments.plain_table import plain_table
from experiments.seeds import how_sure_over_seeds
from experiments.verdicts import COLOURS, controls_caught, how_sure, process_of, verdict_table
from experiments.verification.answers import answers
from experiments.verification.outcomes import NEEDS_A_RUN, Decision, tally


def counts(decided: Sequence[Decision]) -> str:
    """Number of claims with each label."""
    by = tally(decided)
    cited, needs = by.pop("cited", 0), by.pop(NEEDS_A_RUN, 0)
    every = sum(by.values())
    share = sum(decision.is_decided for decision in decided) / max(every, 1)
    plural = "" if every == 1 else "s"
    parts = ", ".join(f"{count} {name}" for name, count in by.items())
    return (
        f"{every} claim{plural} that can be decided: {parts}; {share:.0%} decided. "
        + (f"{needs} more need hours of training: see --runs. " if needs else "")
        + f"{cited} more are only cited."
    )


def table(decided: Sequence[Decision], width: int) -> Table:
    """A line a claim, by paper."""
    shown = plain_table(show_header=False, expand=True)
    shown.add_column(no_wrap=True)
    if width > NARROW:
        shown.add_column(ratio=1, no_wrap=True, overflow="ellipsis")
    shown.add_column(no_wrap=True)
    for _, members in groupby(decided, lambda decision: decision.claim.id.partition(".")[0]):
        members = list(members)
        shown.add_row(Text(author([m.claim for m in members]), style="bold"))
        for decision in members:
            says = [Text(plain(decision.claim.says), style="dim")] if width > NARROW else []
            shown.add_row(f"  {decision.claim.id}", *says, outcome(decision))
    return shown


def outcome(decision: Decision) -> Text:
    """Outcomes in words; a star marks one that the ledger does not expect."""
    star = "*" if decision.unexpected else ""
    return Text(decision.words + star, style=COLOURS.get(decision.outcomes[0], "yellow"))


def print_report(decided: Sequence[Decision], console: Console | None = None) -> None:
    """Answers, the table, counts, and everything that is not as expected."""
    console = console or Console(highlight=False)
    for line in answers(decided):
        console.print(line, markup=False)
    console.print()
    console.print(table(decided, console.width))
    console.print()
    verdicts = [verdict for decision in decided for verdict in decision.verdicts]
    for line in (counts(decided), *controls_caught(verdicts)):
        console.print(line, markup=False)
    for decision in decided:
        for verdict in decision.unexpected:
            console.print(
                f"Unexpected: {verdict.claim} {verdict.verdict} on "
                f"{verdict.parameters.get('process', 'this run')}; the ledger says: "
                f"{plain(decision.claim.expected)}",
                markup=False,
            )


def print_named(console: Console, found: Sequence[Decision], verdicts: Sequence[Verdict]) -> None:
    """Every verdict, and how each other claim is decided."""
    for decision in found:
        if not decision.verdicts:
            certified = decision.certified
            known = "" if certified is None else f"{decision.outcomes[0]}, "
            console.print(
                f"{decision.claim.id}: {known}{how_decided(decision.claim)}", markup=False
            )
    if not verdicts:
        return
    console.print(verdict_table(verdicts, process_of))
    console.print()
    by_seeds = [verdict for verdict in verdicts if "seeds" in verdict.parameters]
    others = [verdict for verdict in verdicts if "seeds" not in verdict.parameters]
    if others:
        console.print(how_sure(others), markup=False)
    if by_seeds:
        console.print(how_sure_over_seeds(by_seeds), markup=False)
