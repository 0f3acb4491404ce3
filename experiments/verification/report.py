"""The whole ledger in the terminal: counts, exceptions, and a table by paper."""

from collections.abc import Sequence
from itertools import groupby

from rich.console import Console
from rich.table import Table
from rich.text import Text

from experiments.claims import NARROW, author
from experiments.latex import plain
from experiments.verdicts import COLOURS, percent
from experiments.verification.outcomes import NEEDS_A_RUN, NOT_REACHED, OUTCOMES, Decision

ANSWERS = (
    (
        "Is token editing safe?",
        "zhu2025.thm2a",
        {
            "violated": "Not where the latest model writes the edits: the published bound 2b is "
            "exceeded from the second pass on.",
        },
    ),
    (
        "",
        "zhu2025.thm2a_frozen",
        {"holds": "Where one model that never changes writes them, the bound holds."},
    ),
    (
        "Is accumulating?",
        "gerst2024.accumulate_bound",
        {"holds": "Yes for least squares: the error stays below its published limit."},
    ),
    (
        "",
        "barzilai2025.thm51",
        {"holds": "Not for every model: a family of spikes collapses with all human data kept."},
    ),
    (
        "How much human data must I keep?",
        "shum2024.kept_human",
        {"holds": "A tenth of it in every generation loses less than none."},
    ),
)
"""Questions, and the sentences that verdicts on claims give in answer."""


def answers(decided: Sequence[Decision]) -> list[str]:
    """Sentences that follow from the verdicts; a question that nothing answers says so."""
    by_id = {decision.claim.id: decision for decision in decided}
    lines = []
    for question, name, sentences in ANSWERS:
        decision = by_id.get(name)
        said = [sentences.get(outcome) for outcome in decision.outcomes] if decision else []
        said = [f"{sentence} [{name}]" for sentence in said if sentence]
        if question and not said:
            said = [f"Not decided in this run [{name}]."]
        lines += [" ".join(filter(None, (question, sentence))) for sentence in said]
    return lines


def counts(decided: Sequence[Decision]) -> str:
    """How many claims have which outcome."""
    every = [decision for decision in decided if decision.is_decidable]
    by = {
        name: sum(decision.outcomes == (name,) for decision in every)
        for name in (*OUTCOMES, "undecided", NOT_REACHED)
    }
    mixed = sum(len(decision.outcomes) > 1 for decision in every)
    parts = [f"{count} {name}" for name, count in by.items() if count]
    parts += [f"{mixed} by case"] if mixed else []
    share = sum(decision.is_decided for decision in every) / max(len(every), 1)
    plural = "" if len(every) == 1 else "s"
    other = [decision.outcomes for decision in decided if not decision.is_decidable]
    needs, cited = other.count((NEEDS_A_RUN,)), other.count(("cited",))
    return (
        f"{len(every)} claim{plural} that can be decided: {', '.join(parts)}; {share:.0%} decided. "
        + (f"{needs} more need hours of training: see --runs. " if needs else "")
        + f"{cited} more are only cited."
    )


def table(decided: Sequence[Decision], width: int) -> Table:
    """A line a claim, by paper."""
    shown = Table(box=None, padding=(0, 1, 0, 0), show_header=False, expand=True)
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
    words = " or ".join(decision.outcomes)
    if decision.outcomes == ("holds",) and decision.within:
        words = f"holds within {percent(decision.within)}"
    star = "*" if decision.unexpected else ""
    return Text(words + star, style=COLOURS.get(decision.outcomes[0], "yellow"))


def print_report(decided: Sequence[Decision], console: Console | None = None) -> None:
    """Answers, the table, counts, and everything that is not as expected."""
    console = console or Console(highlight=False)
    for line in answers(decided):
        console.print(line, markup=False)
    console.print()
    console.print(table(decided, console.width))
    console.print()
    console.print(counts(decided), markup=False)
    for decision in decided:
        for verdict in decision.unexpected:
            console.print(
                f"Unexpected: {verdict.claim} {verdict.verdict} on "
                f"{verdict.parameters.get('process', 'this run')}; the ledger says: "
                f"{plain(decision.claim.expected)}",
                markup=False,
            )
