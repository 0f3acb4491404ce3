"""Parts of pages that are made of the package: its public names, and its ledger of claims.

A page asks for them by a comment, `<!-- names: regimes masks -->` or `<!-- claims -->`.
"""

import re
from collections.abc import Iterable, Iterator
from itertools import groupby

from sphinx.application import Sphinx

from collapse_sim import MODULES, NAMES
from experiments.claims import PROVENANCES, author, decided, tally, tolerance
from theory import Claim, ledger

NAMES_OF = re.compile(r"<!-- names: (.+) -->")
CLAIMS = "<!-- claims -->"

TYPED = {"<=": "≤", ">=": "≥", "->": "→", "==": "=", "~": "∼"}
"""Relations as they are typed, and as they are printed."""


def names(modules: Iterable[str]) -> Iterator[str]:
    """Documentation of the public names of modules of collapse_sim; lines of reStructuredText."""
    yield "```{eval-rst}"
    for module in modules:
        if module in MODULES:
            own = ", ".join(NAMES.get(module, ()))
            yield from (f".. automodule:: collapse_sim.{module}", "   :members:")
            yield from (f"   :exclude-members: {own}", "")
        for name in NAMES.get(module, ()):
            if name[0].isupper():
                yield from (f".. autoclass:: collapse_sim.{name}", "   :members:", "")
            else:
                yield from (f".. autofunction:: collapse_sim.{name}", "")
    yield "```"


def claims() -> Iterator[str]:
    """The ledger, source by source; lines of Markdown."""
    every = list(ledger().values())
    yield from (tally(every), "")
    for source, members in groupby(every, lambda claim: claim.id.partition(".")[0]):
        members = list(members)
        yield from (f"## {author(members)}", "", f"Ids begin with `{source}`.", "")
        for claim in members:
            yield from entry(claim)


def entry(claim: Claim) -> Iterator[str]:
    """One claim: what it says, whose it is, and how it is decided."""
    formula = f"{claim.formula.__module__}.{claim.formula.__qualname__}"
    yield from (f"### `{claim.id}`", "", printed(claim.says), "")
    known = {
        "Relation": f"measured {TYPED.get(claim.relation, '')} formula"
        if claim.relation in TYPED
        else "an assumption: met or not",
        "Source": printed(claim.source),
        "Provenance": PROVENANCES[claim.provenance],
        "Stated": printed(claim.stated),
        "Needed": printed(claim.needed),
        "Formula": f"`{formula}`",
        "Tolerance": printed(tolerance(claim)),
        "Decided": decided_by(claim),
        "Found": printed(claim.expected),
    }
    for name, value in known.items():
        if value != "-":
            yield f":{name}: {value}"
    yield ""


def decided_by(claim: Claim) -> str:
    """How a claim is decided, with commands and calls as code."""
    if claim.decided == "cited":
        return printed(decided(claim))
    how, *ways = re.split(r":\s+|\n", decided(claim))
    return f"{how}: " + ", ".join(f"`{way}`" for way in ways) if ways else how


def printed(text: str) -> str:
    """Text of a record on one line of Markdown; commands and calls as code."""
    text = " ".join(text.replace("\n", "; ").replace(":;", ":").split())
    parts = text.split("$")
    parts[::2] = [re.sub(r"([*_<>\[\]|])", r"\\\1", part) for part in parts[::2]]
    return "$".join(parts)


def insert(app: Sphinx, name: str, source: list[str]) -> None:
    """Put generated parts where a page asks for them."""
    del app, name
    source[0] = NAMES_OF.sub(lambda found: "\n".join(names(found[1].split())), source[0])
    if CLAIMS in source[0]:
        source[0] = source[0].replace(CLAIMS, "\n".join(claims()))


def setup(app: Sphinx) -> dict[str, bool]:
    app.connect("source-read", insert)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
