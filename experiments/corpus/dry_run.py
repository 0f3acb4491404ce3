"""Edit a sample and show what the edit does, before a corpus is edited: terminal and one page."""

from collections.abc import Iterable
from itertools import groupby
from pathlib import Path
from typing import Any

import numpy as np
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from rich.console import Console
from rich.table import Table
from rich.text import Text

from collapse_sim.language.pretrained.edited import Document, EditedDocument, Rejected, TokenTrace
from collapse_sim.language.pretrained.editor import Editor
from collapse_sim.language.pretrained.pieces import Pieces
from collapse_sim.language.pretrained.rule import STRATEGIES
from collapse_sim.language.pretrained.survey import ENOUGH_CHANGES, MARKUP, Change, Survey, survey
from collapse_sim.run_directory import write_atomically
from experiments.corpus.dry_run_theory import Prediction, prediction
from theory.language.printed import PROBABILITY_DECILES

PAGE = "dry-run.html"
SHOWN = 12
"""Changes in the terminal; the page has them all."""
TEXTS = 20
"""Documents whose text the page shows, those with a change first."""


def dry_run(
    editor: Editor, documents: Iterable[Document], out: Path, console: Console | None = None
) -> None:
    """Edit a sample with an editor that traces; prints, and writes `dry-run.html` into `out`.

    Raises ValueError where no document can be processed.
    """
    console = console or Console(highlight=False)
    results = list(editor.edit(documents))
    edited = [result for result in results if isinstance(result, EditedDocument)]
    rejected = [result for result in results if isinstance(result, Rejected)]
    if not edited:
        reason = rejected[0].reason if rejected else "no document"
        raise ValueError(f"sample: {reason}: accepted is at least one document of two tokens")
    found = survey(edited, editor.pieces, editor.rule.threshold)
    expected = prediction(found, editor.rule, editor.passes)
    for reject in rejected:
        console.print(f"left out {reject.id}: {reject.reason}", markup=False)
    show(console, editor, found, expected)
    out.mkdir(parents=True, exist_ok=True)
    path, text = out / PAGE, page(editor, edited, found, expected)
    write_atomically(path, lambda aside: aside.write_text(text, encoding="utf-8"))
    console.print(f"\nEvery edit in its text: {path}", markup=False, soft_wrap=True)


def described(editor: Editor) -> str:
    """Words for the rule."""
    return f"{editor.rule.strategy}: {STRATEGIES[editor.rule.strategy]}".replace("`", "")


def sentence(editor: Editor, found: Survey) -> str:
    """Effect of the edit, in one sentence."""
    rule, tokens = editor.rule, found.tokens
    if not rule.revises:
        return f"{rule.strategy} would delete {found.dropped / tokens:.2%} of the tokens."
    told = (
        f"At {rule.threshold:g} this model would change "
        f"{significant(found.expected_changed / tokens)} of the tokens"
    )
    told += f" and delete {found.dropped / tokens:.1%}" if rule.drops else ""
    name, share = max(found.kinds.items(), key=lambda item: item[1])
    if found.kinds[MARKUP] >= 0.2:
        name, share = MARKUP, found.kinds[MARKUP]
    return told + (f"; of what it may change {share:.0%} is {name}." if found.eligible else ".")


def significant(share: float) -> str:
    """A share in per cent, to two digits, without an exponent; a dash where there is none."""
    if not np.isfinite(share):
        return "-"
    percent = 100 * share
    size = abs(percent)
    digits = 2 if size >= 1 or size == 0 else 1 - int(np.floor(np.log10(size)))
    return f"{percent:.{digits}f} %"


def warning(found: Survey) -> str | None:
    """Warning where too few changes are expected for their effect to be measured."""
    if found.is_enough:
        return None
    edits = found.expected_edits
    told = f"Only {edits:.1f} changes are expected in this sample: "
    told += f"under about {ENOUGH_CHANGES} a run can show nothing about training."
    if not edits:  # the candidates may be the old token alone, as of `top-p` where it is sure
        return told
    return told + f" That needs some {int(found.tokens * ENOUGH_CHANGES / edits):,} tokens."


def facts(editor: Editor, found: Survey, expected: Prediction | None) -> list[tuple[str, str]]:
    """The numbers of the sample, and what theory says beside them."""
    share = lambda count: f"{count:,} ({significant(count / found.tokens)})"  # noqa: E731
    rows = [
        ("documents, tokens", f"{found.documents:,}, {found.tokens:,}"),
        ("perplexity", f"{found.perplexity:.2f}"),
        ("eligible", share(found.eligible)),
        (
            "changed: expected",
            f"{found.expected_changed:.1f} ± {found.expected_changed**0.5:.1f} "
            f"({significant(found.expected_changed / found.tokens)})",
        ),
        ("changed: drawn here", share(found.changed)),
    ]
    if editor.rule.drops:
        rows.append(("deleted", share(found.dropped)))
    if expected is not None:
        of = "" if expected.is_exact else ", were it the paper's rule"
        kept = ", ".join(f"{mass:.4f}" for mass in expected.kept)
        rows += [
            (
                f"theory: changed of the eligible{of}",
                f"{significant(expected.changed)} = 1 - mean P",
            ),
            ("theory: at most (total variation)", significant(expected.most_changed)),
            ("theory: mass of the sure token, by pass", kept),
            ("theory: entropy gained there, at least", f"{expected.entropy:.4f} nats a pass"),
        ]
        if found.eligible:
            measured = significant(found.expected_changed / found.eligible)
            rows.append(("measured: changed of the eligible", measured))
    if found.sure:
        error = (found.sure_probability * (1 - found.sure_probability) / found.sure) ** 0.5
        rows.append(
            (
                f"calibration where P >= {editor.rule.threshold:g}",
                f"right {found.sure_right:.4f} at mean P {found.sure_probability:.4f} "
                f"± {error:.4f}",
            )
        )
    return rows


def show(console: Console, editor: Editor, found: Survey, expected: Prediction | None) -> None:
    """The sample in the terminal."""
    console.print(f"[bold]{sentence(editor, found)}[/bold]")
    console.print(described(editor), style="dim")
    if told := warning(found):
        console.print(f"Warning: {told}", style="yellow")
    table = Table(box=None, show_header=False, padding=(0, 1), pad_edge=False)
    table.add_column(ratio=1)
    table.add_column(ratio=1)
    for row in facts(editor, found, expected):
        table.add_row(*(Text(cell) for cell in row))
    console.print(table)
    console.print("\n[bold]Tokens by probability, %[/bold] (published: 8 B parameters)")
    width = max(min(console.width - 28, 50), 10)
    for place, (share, printed) in enumerate(zip(found.deciles, PROBABILITY_DECILES, strict=True)):
        bar = "█" * round(share * width)
        label = f"{place / 10:.1f}-{(place + 1) / 10:.1f}"
        console.print(f"{label} {100 * share:5.1f}  [cyan]{bar:<{width}}[/cyan] {printed:5.1f}")
    if found.commonest:
        console.print("\n[bold]Commonest eligible tokens[/bold]")
        told = ", ".join(f"{visible(token)} {count:,}" for token, count in found.commonest)
        console.print(told, markup=False)
        kinds = ", ".join(f"{name} {share:.0%}" for name, share in found.kinds.items() if share)
        console.print(kinds, markup=False, style="dim")
    if found.changes:
        shown = min(len(found.changes), SHOWN)
        console.print(f"\n[bold]Edits[/bold]: {shown} of {len(found.changes)}")
    for change in found.changes[:SHOWN]:
        console.print(line(change, console.width))


def line(change: Change, width: int) -> Text:
    """A change in its context, in one line."""
    new = "" if change.new is None else change.new
    numbers = f" {change.probability:.4f}" + ("" if not new else f" → {change.new_probability:.1g}")
    room = max(width - len(visible(change.old)) - len(visible(new)) - len(numbers) - 6, 8)
    after = visible(change.after, quoted=False)[: room // 4]
    before = visible(change.before, quoted=False)[-(room - len(after)) :]
    text = Text("…" + before, no_wrap=True, overflow="ellipsis")
    text.append("[" + visible(change.old, quoted=False), style="red strike")
    text.append("→" + visible(new, quoted=False) + "]", style="green")
    text.append(after + "…")
    return text.append(numbers, style="dim")


def visible(text: str, *, quoted: bool = True) -> str:
    """A text in one line of printable characters."""
    told = "".join(c if c.isprintable() else repr(c)[1:-1] for c in text)
    return f"'{told}'" if quoted else told


def page(
    editor: Editor, edited: list[EditedDocument], found: Survey, expected: Prediction | None
) -> str:
    """One HTML file that needs no network."""
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    order = sorted(edited, key=lambda document: not (document.changed or document.dropped))
    return environment.get_template("dry_run.html.jinja").render(
        sentence=sentence(editor, found),
        warning=warning(found),
        rule=editor.rule,
        what=described(editor),
        facts=facts(editor, found, expected),
        deciles=list(zip(found.deciles, PROBABILITY_DECILES, strict=True)),
        largest=max(*found.deciles, max(PROBABILITY_DECILES) / 100),
        commonest=[(visible(token), count) for token, count in found.commonest],
        kinds=found.kinds,
        texts=[(d.id, spans(d.trace, editor.pieces)) for d in order[:TEXTS] if d.trace],
        documents=len(edited),
    )


def spans(trace: TokenTrace, pieces: Pieces) -> list[dict[str, Any]]:
    """A text in runs: untouched, or one token that was eligible or deleted, with its numbers."""
    touched = trace.eligible | trace.dropped
    place = np.where(touched, np.arange(len(touched)), -1)
    runs = []
    for at, members in groupby(range(len(place)), key=lambda i: int(place[i])):
        ids = np.fromiter(members, int)
        run: dict[str, Any] = {"old": pieces.text(trace.before[ids]), "kind": "", "title": ""}
        if at >= 0:
            changed = trace.before[at] != trace.after[at]
            run["kind"] = "deleted" if trace.dropped[at] else "changed" if changed else "eligible"
            run["new"] = pieces.text(trace.after[ids])
            run["title"] = f"P = {trace.probability[at]:.6f}"
            if run["kind"] == "changed":
                run["title"] += f", of the new token {trace.redraw_probability[at]:.2g}"
        runs.append(run)
    return runs
