"""Report of a study of a pretrained prior: measured, published and predicted side by side."""

import json
from collections.abc import Mapping, Sequence

import numpy as np
from rich.console import Console
from rich.table import Table

from collapse_sim.corpus.sums import Estimate, Sums, student
from collapse_sim.language.pretrained.survey import ENOUGH_CHANGES
from collapse_sim.verdict import Verdict
from collapse_sim.workplace import Arrays
from experiments.corpus.dry_run import significant, visible
from experiments.editing.moved_contexts import Moved
from experiments.editing.pretrained_arms import BETAS, CHAINED, PASSES, SAMPLERS
from experiments.editing.pretrained_evidence import (
    EXACT,
    by_document,
    human_values,
    mean_probability,
    redraws,
)
from experiments.editing.pretrained_settings import PretrainedSettings
from experiments.editing.pretrained_student_report import print_students
from experiments.editing.pretrained_text import HumanText
from experiments.editing.report import columns
from experiments.editing.settings import RULES
from experiments.editing.stages import Arms
from experiments.seeds import at_most
from experiments.verdicts import process_of, verdict_table
from theory.language import printed as published
from theory.language.edited_text import changed_of_eligible

PUBLISHED_CHANGES = {"chained": 1.0, "chained beta 1.5": 1.5}


def print_report(
    settings: PretrainedSettings,
    text: HumanText,
    found: Arrays,
    shifts: Mapping[str, tuple[Moved, Moved]],
    arms: Arms,
    verdicts: Sequence[Verdict],
) -> None:
    """All tables, then what they say."""
    console = Console(width=80, highlight=False, markup=False)
    human = human_values(found, text)
    print_headline(console, settings, text, found)

    def show(title: str, table: Table) -> None:
        console.print(f"\n{title}")
        console.print(table)

    perplexity = np.exp(human["loss"].mean())
    console.print(
        f"{text.tokens:,} tokens of {len(text.ids)} documents, perplexity {perplexity:.2f}. Shares "
        "± half a 95 %\ninterval over documents."
    )
    show("Tokens of human text by probability under the prior, %", decile_table(human))
    show("Tokens that a rule would edit, % of all", rule_table(human))
    show(
        f"Passes, P >= {settings.edit_above:g}, % of all tokens; left: not changed, and to be "
        "edited no\nmore, as the context moved",
        pass_table(text, found),
    )
    show("Changed in one pass, expected, % of the tokens to be edited", sampler_table(found))
    show("The authors' strategies, % of all tokens, expected", strategy_table(settings, found))
    if len(set(text.domains)) > 1:
        show("Domains", domain_table(settings, text, found))
    show("Contexts that move: tokens for each changed token", moved_table(shifts))
    console.print(FALLS)
    console.print(moved_sentence(found))
    print_commonest(console, found)
    print_students(console, settings, arms)
    console.print()
    console.print(verdict_table(verdicts, process_of))
    missed = at_most(sum(1 - verdict.confidence for verdict in verdicts))
    console.print(
        f"\nThe chance that any of the {len(verdicts)} verdicts is wrong is at most {missed}: "
        "trends\nare about medians over documents, or over seeds of small models, of this corpus."
    )


def print_headline(
    console: Console, settings: PretrainedSettings, text: HumanText, found: Arrays
) -> None:
    """Print how many tokens the published rule changes, and whether that can show anything."""
    expected = float(found[f"{EXACT}/expected"].sum())
    share, eligible = expected / text.tokens, int(found[f"{EXACT}/eligible"][:, 0].sum())
    console.print(
        f"At P >= {settings.edit_above:g} and beta = 1 a pass changes {1e4 * share:.1f} tokens in "
        f"10,000: {expected:.1f} of {text.tokens:,}."
    )
    if eligible:
        changed, mean, deviation, chance = redraws(found, settings)
        predicted = changed_of_eligible(mean_probability=mean_probability(found, settings))
        console.print(
            f"Of the {eligible} eligible {significant(expected / eligible)} are expected to "
            f"change; theory: 1 - mean P = {significant(predicted)}.\n"
            f"Drawn {found['anchored/changed'].shape[1]} times: {changed} changes, expected "
            f"{mean:.0f} ± {deviation:.0f}; so far off or farther with a chance of {chance:.2f}."
        )
    if expected < ENOUGH_CHANGES:
        console.print(
            f"Under about {ENOUGH_CHANGES} changes nothing can be shown about training on the text."
        )


def decile_table(human: Mapping[str, np.ndarray]) -> Table:
    table = columns([], ["P below", "here", "published"])
    for tenth, printed in enumerate(published.PROBABILITY_DECILES):
        table.add_row(
            f"{(tenth + 1) / 10:.1f}", _share(human[f"probability/{tenth}"]), f"{printed:.1f}"
        )
    return table


def rule_table(human: Mapping[str, np.ndarray]) -> Table:
    table = columns(["rule"], ["here", "published score"])
    for name in RULES:
        side, _, threshold = name.partition("-")
        rule = f"{'>=' if side == 'above' else '<='} {threshold}"
        score = published.THRESHOLDS.get(rule)
        told = "-" if score is None else f"{score:.2f}"
        table.add_row(f"P {rule}", _share(human[f"eligible/{name}"]), told)
    return table


def pass_table(text: HumanText, found: Arrays) -> Table:
    """Eligible, changed, and left because the context changed; and what was published."""
    tokens = np.array([len(ids) - 1 for ids in text.ids.values()])
    table = columns(["arm", "tokens"], [f"pass {number}" for number in range(1, PASSES + 1)])
    names = {"eligible": "to be edited", "changed": "changed", "left": "left"}
    for arm in (*CHAINED, "anchored"):
        for measure, name in names.items():
            if arm == "anchored" and measure == "left":
                continue
            cells = [
                _estimate(_ratio(found[f"{arm}/{measure}"][:, n], tokens)) for n in range(PASSES)
            ]
            table.add_row(arm if measure == "eligible" else "", name, *cells)
    printed = (f"{share:.2f}" for share in published.EDITED_SHARE)
    table.add_row("published, 8 B", "to be edited", *printed)
    return table


def sampler_table(found: Arrays) -> Table:
    table = columns(["sampler"], [f"beta {beta:g}" for beta in BETAS])
    for sampler in SAMPLERS:
        cells = []
        for beta in BETAS:
            arm = f"{sampler} beta {beta:g}"
            cells.append(
                _estimate(_ratio(found[f"{arm}/expected"], found[f"{arm}/eligible"][:, 0]))
            )
        table.add_row(sampler, *cells)
    return table


def strategy_table(settings: PretrainedSettings, found: Arrays) -> Table:
    """Tokens that the script's three strategies redraw and delete; they draw from the top 8."""
    log_p = found["human/log_probability"]
    share = lambda value: significant(float(value) / len(log_p))  # noqa: E731
    deleted = share((log_p <= np.log(settings.drop_below)).sum())
    table = columns(["strategy"], ["to be edited", "changed", "deleted"])
    for name, arm, drops in (
        ("up_revise", "top-k 8 beta 1.5", False),
        ("low_drop_up_revise", "top-k 8 beta 1", True),
    ):
        eligible = share(found[f"{arm}/eligible"].sum())
        changed = share(found[f"{arm}/expected"].sum())
        table.add_row(name, eligible, changed, deleted if drops else "-")
    table.add_row("filter", "-", "-", deleted)
    return table


def domain_table(settings: PretrainedSettings, text: HumanText, found: Arrays) -> Table:
    table = columns(["domain"], ["documents", "perplexity", "to be edited, %", "last tenth, %"])
    log_p, count = found["human/log_probability"].astype(float), len(text.ids)
    tokens = by_document(found, np.ones(len(log_p)), count)
    losses = by_document(found, -log_p, count)
    last = by_document(found, log_p >= np.log(0.9), count)
    eligible = found[f"{EXACT}/eligible"][:, 0]
    for domain in sorted(set(text.domains)):
        own = np.array([name == domain for name in text.domains])
        shares = [_estimate(_ratio(part[own], tokens[own])) for part in (eligible, last)]
        perplexity = np.exp(losses[own].sum() / tokens[own].sum())
        table.add_row(domain, str(own.sum()), f"{perplexity:.2f}", *shares)
    return table


def moved_table(shifts: Mapping[str, tuple[Moved, Moved]]) -> Table:
    """Measured, and what the laws say, which look at the other side of the threshold."""
    table = columns(["arm"], ["changed", "left", "laws", "entered", "falls"])
    for arm, (value, half) in shifts.items():
        if value.changed:
            falls = (value.fall_below, value.fall_above, value.fall_far)
            table.add_row(
                arm,
                f"{value.changed:.0f}",
                f"{value.left:.2f} ±{half.left:.2f}",
                f"{value.left_least:.2f}–{value.left_most:.2f}",
                f"{value.entered:.2f}",
                " ".join(f"{fall:.2f}" for fall in falls),
            )
    return table


FALLS = (
    "laws: of falls, no fewer, and of surprises, no more. falls: of the logit, mean,\n"
    "just below the threshold, just above it and farther above."
)


def moved_sentence(found: Arrays) -> str:
    """Sentence on the direct part of a pass's decay, here and at most in the published run."""
    first, second = published.EDITED_SHARE[:2]
    told = [f"Published: {1 - second / first:.1%} of the eligible are gone after a pass."]
    for arm, beta in PUBLISHED_CHANGES.items():
        eligible, changed = (found[f"{arm}/{n}"].sum(axis=0) for n in ("eligible", "changed"))
        if eligible[0]:
            gone = (eligible[0] - eligible[PASSES - 1]) / eligible[: PASSES - 1].sum()
            direct = changed[: PASSES - 1].sum() / eligible[: PASSES - 1].sum()
            told.append(
                f"Top-k 8, beta {beta:g}, here: {gone:.1%} a pass, of which changed directly "
                f"{direct:.1%}."
            )
    return " ".join(told)


def print_commonest(console: Console, found: Arrays) -> None:
    """Print the commonest eligible tokens."""
    seen = json.loads(str(found["human/survey"]))
    if seen["commonest"]:
        told = ", ".join(f"{visible(token)} {count:,}" for token, count in seen["commonest"])
        kinds = ", ".join(f"{name} {share:.0%}" for name, share in seen["kinds"].items() if share)
        console.print(f"\nCommonest tokens to be edited: {told}", markup=False)
        console.print(f"Kinds: {kinds}.", markup=False)
    if seen["sure"]:
        console.print(
            f"Where the likeliest token has so large a P it stands there {seen['sure_right']:.4f} "
            f"of the time, at mean P {seen['sure_probability']:.4f}."
        )


def _ratio(part: np.ndarray, whole: np.ndarray) -> Estimate:
    rows = ({"part": a, "whole": b} for a, b in zip(part, whole, strict=True))
    return Sums.of(rows, ("part", "whole")).share("part", "whole")


def _estimate(found: Estimate) -> str:
    value, low, high = found
    return f"{100 * value:.3f} ±{100 * max(high - value, value - low):.3f}"


def _share(values: np.ndarray) -> str:
    """Mean of `linearised` values, with its error."""
    error = values.std(ddof=1) / np.sqrt(len(values)) if len(values) > 1 else 1.0
    return f"{100 * values.mean():.2f} ±{100 * student(len(values)) * error:.2f}"
