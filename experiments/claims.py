"""Claims of the ledger: statement, assumptions, and the command that decides each.

collapse-sim claims                 one line a claim
collapse-sim claims zhu2025         those of one source
collapse-sim claims zhu2025.thm2a   all about one
"""

import difflib
import functools
import inspect
import re
import sys
from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import groupby
from pathlib import Path

from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from collapse_sim.terminal import run_command
from experiments.latex import plain
from experiments.plain_table import plain_table
from experiments.recursion.names import FAMILIES
from theory import Claim, ledger

NARROW, WIDE = 72, 110
"""Widths of a terminal, in columns: up to the first, statements get a line of their own; from the
second on, findings are shown in full."""

COLOURS = {"holds": "green", "violated": "red"}
"""Colours of findings by their first word; others are yellow."""

COMMANDS = {
    "linear": "bound",
    "recursion": "curse",
    "transformer": "transformer",
    "fraction": "fraction",
    "editing": "editing",
    "conjecture_search.py": "search",
}
"""Commands by the part of this package whose checks name the claims."""

OF_PRETRAINED = "pretrained", "moved_contexts"
"""Beginnings of the files of `collapse-sim editing` that run with a pretrained prior alone."""

REGIMES = {
    "gerst2024.replace": "replace_fresh",
    "ref.accumulate_fresh": "accumulate_fresh",
    "gerst2024.halfway": "halfway",
    "ref.subsample": "subsample",
    "he2025.weight": "mix_fresh",
    "garg2026.fixedreal": "mix_fixed",
}
"""Regimes of `collapse-sim bound` that do not run unless asked for."""

FORMATTED = {
    "zhu2025.edit_pretrain": "editing/stages.py",
    "zhu2025.edit_continual": "editing/stages.py",
    "zhu2025.edit_finetune": "editing/stages.py",
}
"""Checks whose claims no source names in full: ids made of parts, and bounds beside equalities."""

RELATIONS = {
    "==": "the measured mean is the formula's number",
    "->": "the measured mean tends to the formula's number",
    "<=": "the measured mean is at most the formula's number",
    ">=": "the measured mean is at least the formula's number",
    "~": "what is measured has the formula's law",
    "assumption": "the formula says whether an assumption is met",
}

PROVENANCES = {
    "read": "read: in its source's own text, abstract, reviews or code",
    "recalled": "recalled: published, but its wording was not at hand",
    "derived": "derived in this project",
}


def show(arguments: Sequence[str]) -> None:
    """List all claims, or the ones whose ids begin with an argument; explain each claim named in
    full.

    Raises ValueError for an argument that no id begins with, before anything is printed.
    """
    console = Console(highlight=False)
    if arguments and arguments[0] in ("-h", "--help"):
        console.print(__doc__, markup=False)
        return
    claims = ledger()
    for argument in arguments:
        if argument not in claims and not beginning_with(argument, claims.values()):
            raise ValueError(unknown(argument, claims))
    for argument in arguments:
        if argument in claims:
            console.print(Text.assemble((argument, "bold"), f"  {claims[argument].source}"))
            console.print(explanation(claims[argument]))
        else:
            listing(console, beginning_with(argument, claims.values()))
    if not arguments:
        listing(console, list(claims.values()))


def beginning_with(prefix: str, claims: Iterable[Claim]) -> list[Claim]:
    """Claims whose ids begin so."""
    return [claim for claim in claims if claim.id.startswith(prefix)]


def unknown(name: str, claims: Iterable[str]) -> str:
    """Message for an unknown id, with the nearest ids."""
    ids = {claim.lower(): claim for claim in claims}
    near = [ids[found] for found in difflib.get_close_matches(name.lower(), ids, n=3, cutoff=0.5)]
    hint = f"the nearest are {', '.join(near)}" if near else "collapse-sim claims lists them"
    return f"unknown claim {name}: {hint}"


def listing(console: Console, claims: list[Claim]) -> None:
    """Lines of the list: one a claim, two in a narrow terminal, grouped by source."""
    longest = max(len(claim.id) for claim in claims)
    for group, members in groupby(claims, lambda claim: claim.id.partition(".")[0]):
        members = list(members)
        console.print(Text(f"{group}: {author(members)}", style="bold"), overflow="ellipsis")
        if console.width > NARROW:
            console.print(_lines(members, longest, wide=console.width >= WIDE))
            continue
        for claim in members:
            outcome = _outcome(claim, in_full=False)
            console.print(
                Text.assemble(f"{claim.id:{longest}} ", (claim.decided, "dim"), " ", outcome)
            )
            console.print(Padding(Text(plain(claim.says)), (0, 0, 0, 2)))
    console.print(f"{tally(claims)} collapse-sim claims ID explains one.")


def tally(claims: Iterable[Claim]) -> str:
    """Sentence on how many claims are decided in which way."""
    by = Counter(claim.decided for claim in claims)
    return (
        f"{by.total()} claims: {by['check']} decided by checks of experiments, {by['exact']} by "
        f"exact arithmetic, {by['cited']} only cited."
    )


def author(claims: Sequence[Claim]) -> str:
    """Authors of a source, without the place; what stands for them where there are none."""
    if claims[0].id.startswith("ref."):
        return "derived in this project"
    if claims[0].id.startswith("lm."):
        return "measured on language models"
    sources = [re.split(r" \(|[:;]|(?<=\d{4}),", claim.source)[0] for claim in claims]
    return max(dict.fromkeys(sources), key=sources.count).removeprefix("after ")


def _lines(claims: Sequence[Claim], longest: int, *, wide: bool) -> Table:
    """Cells of a claim: id, statement, how it is decided, and the finding."""
    table = plain_table(show_header=False, expand=True)
    table.add_column(width=longest, no_wrap=True)
    table.add_column(ratio=3, no_wrap=True, overflow="ellipsis")
    table.add_column(width=5, no_wrap=True, style="dim")
    width, ratio = (None, 2) if wide else (10, None)
    table.add_column(width=width, ratio=ratio, no_wrap=True, overflow="ellipsis")
    for claim in claims:
        says = Text(plain(claim.says))
        table.add_row(claim.id, says, claim.decided, _outcome(claim, in_full=wide))
    return table


def _outcome(claim: Claim, *, in_full: bool) -> Text:
    """Finding, or its first word."""
    first = re.split("[ ,;:]", claim.expected)[0]
    return Text(plain(claim.expected) if in_full else first, COLOURS.get(first, "yellow"))


def explanation(claim: Claim) -> Table:
    """Table of a claim's record, in two columns."""
    table = plain_table(show_header=False)
    table.add_column(no_wrap=True, style="bold")
    table.add_column(overflow="fold")
    relation = RELATIONS[claim.relation]
    if claim.kind == "trend":
        relation = f"measured, no theorem: {relation}"
    rows = {
        "says": plain(claim.says),
        "provenance": PROVENANCES[claim.provenance],
        "relation": f"{claim.relation}  {relation}",
        "stated": plain(claim.stated),
        "needed": plain(claim.needed),
        "formula": _formula(claim),
        "tolerance": tolerance(claim),
        "decided": decided(claim),
        "found": plain(claim.expected),
    }
    for name, value in rows.items():
        table.add_row(name, Text(value))
    return table


def _formula(claim: Claim) -> str:
    """Name of the formula, its first line of documentation and its arguments."""
    formula = claim.formula
    says = plain((inspect.getdoc(formula) or "-").splitlines()[0])
    fixed = [f"{name} = {value!r}, fixed by the claim" for name, value in claim.given.items()]
    arguments = [
        name if argument.default is argument.empty else f"{name} = {argument.default!r}"
        for name, argument in claim.arguments.items()
        if name not in claim.given
    ]
    named = "; ".join([", ".join(arguments) or "no argument", *fixed])
    return f"{formula.__module__}.{formula.__qualname__}\n{says}\n{named}"


def tolerance(claim: Claim) -> str:
    """Tolerance of a run, and the size of an error in the formula that a run detects."""
    if claim.relation == "assumption":
        return "none: it is met or not"
    if claim.kind == "trend":
        return "none: a median over seeds"
    if claim.relation == "~":
        return "a distance of 0.025 between the laws (Kolmogorov's)"
    if claim.relation in ("<=", ">=") and not claim.attained:
        return "none: a bound"
    reached = "; the bound is reached" if claim.attained else ""
    leading = "; true to leading order in d/T" if claim.order == "leading" else ""
    return (
        f"{claim.tolerance:.0%} of the formula{reached}{leading}; a formula off by "
        f"{claim.control:.0%} must not hold"
    )


def decided(claim: Claim) -> str:
    """Way in which a claim is decided, with the command."""
    if claim.decided == "cited":
        return f"by nothing here: {claim.reason}"
    if claim.decided == "exact":
        found = claim.certificate
        where = f"{found.__module__}.{found.__qualname__}()" if found else "no certificate yet"
        return f"by exact arithmetic: {where}"
    commands = deciding(claim.id)
    return "\n".join(["by simulation:", *commands]) if commands else "by a check of an experiment"


def deciding(name: str) -> list[str]:
    """Commands that decide a claim: the sources of this package are searched for its id."""
    named = re.compile(rf"[\"']{re.escape(name)}[\"']")
    found = [path for path, source in _sources().items() if named.search(source)]
    found += [Path(FORMATTED[name])] if name in FORMATTED else []
    return list(dict.fromkeys(filter(None, (_command(path, name) for path in found))))


@functools.cache
def _sources() -> dict[Path, str]:
    """Sources of this package by path, without this file."""
    here = Path(__file__)
    files = sorted(path for path in here.parent.rglob("*.py") if path != here)
    return {path.relative_to(here.parent): path.read_text(encoding="utf-8") for path in files}


def _command(source: Path, name: str) -> str | None:
    """Command that a source of this package belongs to."""
    folder = source.parts[0]
    if folder == "recursion":
        family = source.stem.partition("_")[0]  # gaussian_means belongs to gaussian
        return f"collapse-sim curse --family {family}" if family in FAMILIES else None
    if folder not in COMMANDS:
        return None
    flags = f" --regimes {REGIMES[name]}" if folder == "linear" and name in REGIMES else ""
    if folder == "editing" and source.stem.startswith(OF_PRETRAINED):
        flags = " --prior smollm2"
    return f"collapse-sim {COMMANDS[folder]}{flags}"


def command(arguments: Sequence[str]) -> int:
    """List or explain; returns the exit status."""
    return run_command("claims", lambda: show(arguments))


if __name__ == "__main__":
    raise SystemExit(command(sys.argv[1:]))
