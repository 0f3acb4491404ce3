"""Report of a study of editing, in at most 80 columns."""

from collections.abc import Mapping, Sequence
from functools import partial

import numpy as np
from rich.console import Console
from rich.table import Table

from collapse_sim.verdict import Verdict
from experiments.editing.corpora import Corpora
from experiments.editing.evidence import Difference, differences
from experiments.editing.settings import RULES, TokenEditingSettings
from experiments.editing.stages import Arms
from experiments.editing.tables import BETAS, PASSES, SAMPLERS, STRATEGIES
from experiments.plain_table import plain_table
from experiments.seeds import how_sure_over_seeds, spread
from experiments.study.study import Values
from experiments.verdicts import process_of, verdict_table
from theory.language import printed as published

columns = partial(plain_table, "", gap=2)
"""Table with these columns of words, then these of numbers."""

PASS_ARMS = ("chained", "anchored", "chained beta 1.5")


def print_report(
    settings: TokenEditingSettings,
    corpora: Corpora,
    table: Mapping[str, Values],
    arms: Mapping[str, Arms],
    verdicts: Sequence[Verdict],
) -> None:
    """All tables, then what they say."""
    console = Console(width=80, highlight=False, markup=False)
    perplexity = np.exp(table["prior"]["held_out_loss"].mean())
    console.print(
        f"Means over {settings.seeds} seeds ± 2 standard errors. The prior "
        f"({settings.prior_size.upper()} parameters) has a perplexity of {perplexity:.1f} on "
        "held-out text; the text it edits it has not seen.\n"
    )

    def show(title: str, shown: Table) -> None:
        console.print(title)
        console.print(shown)
        console.print()

    show("Tokens of human text by probability under the prior, %", decile_table(table["human"]))
    show("Tokens that a rule would edit, % of all", rule_table(table["human"]))
    show(
        f"Passes under the frozen prior, P >= {settings.edit_above:g}, {sampler_name(settings)}: "
        "% of all tokens",
        pass_table(table),
    )
    if not table["chained"]["eligible"][:, 0].any():
        console.print(
            "No token is so probable under this prior: a lower --edit-above finds some.\n"
        )
    show(
        "Replacements: changed, % of tokens to be edited, and loss of the text under the prior "
        f"in nats per token ({table['human']['loss'].mean():.4f} before)",
        sampler_table(table),
    )
    show(
        f"The authors' strategies, % of all tokens; deleted are those of P <= "
        f"{settings.drop_below:g}",
        strategy_table(table),
    )
    if arms:
        found = differences(settings, arms)
        show(
            "Training on edited text against unedited, nats per token; the difference from its "
            "smallest to its largest seed",
            stage_table(found),
        )
        if "finetune" in arms:
            show("Answers to held-out prompts", answer_table(arms["finetune"]))
            console.print(pairs_line(corpora))
        console.print(published_line())
        for difference in found:
            if difference.arm == "edited":
                console.print(sentence(difference))
        console.print()
    if verdicts:
        console.print(verdict_table(verdicts, _about))
        console.print("\n" + how_sure_over_seeds(verdicts))


def sampler_name(settings: TokenEditingSettings) -> str:
    name = f"beta {settings.edit_temperature:g}"
    return name if settings.edit_top_k is None else f"{name}, top-k {settings.edit_top_k}"


def decile_table(human: Values) -> Table:
    """The U-shape."""
    table = columns([], ["P below", "here", "published"])
    for decile, printed in enumerate(published.PROBABILITY_DECILES):
        here = _per_cent(human[f"probability/{decile}"])
        table.add_row(f"{(decile + 1) / 10:.1f}", here, f"{printed:.1f}")
    return table


def rule_table(human: Values) -> Table:
    """The thresholds of the paper's ablation, whose scores are of tasks."""
    table = columns(["rule"], ["tokens", "published score"])
    for name in RULES:
        side, _, threshold = name.partition("-")
        rule = f"{'>=' if side == 'above' else '<='} {threshold}"
        score = published.THRESHOLDS.get(rule)
        here = _per_cent(human[f"eligible/{name}"])
        table.add_row(f"P {rule}", here, "-" if score is None else f"{score:.2f}")
    return table


def pass_table(tables: Mapping[str, Values]) -> Table:
    table = columns(["arm", "tokens"], [f"pass {number}" for number in range(1, PASSES + 1)])
    for arm in PASS_ARMS:
        for measure, name in (("eligible", "to be edited"), ("changed", "changed")):
            cells = map(_per_cent, tables[arm][measure].T)
            table.add_row(arm if measure == "eligible" else "", name, *cells)
    printed = (f"{share:.2f}" for share in published.EDITED_SHARE)
    table.add_row("published, P >= 0.99", "to be edited", *printed)
    return table


def sampler_table(tables: Mapping[str, Values]) -> Table:
    numbers = [name for beta in BETAS for name in (f"changed, beta {beta:g}", "loss")]
    table = columns(["sampler"], numbers)
    for name in SAMPLERS:
        cells = []
        for beta in BETAS:
            values = tables[f"{name} beta {beta:g}"]
            cells += [_per_cent(values["changed_per_eligible"]), f"{values['loss'].mean():.4f}"]
        table.add_row(name, *cells)
    return table


def strategy_table(tables: Mapping[str, Values]) -> Table:
    table = columns(["strategy"], ["to be edited", "changed", "deleted", "left", "loss"])
    for name in STRATEGIES:
        values = tables[name]
        shares = [_per_cent(values[measure]) for measure in ("eligible", "changed", "deleted")]
        left = f"{100 * values['left'].mean():.2f}"
        table.add_row(name, *shares, left, f"{values['loss'].mean():.4f}")
    return table


def stage_table(found: Sequence[Difference]) -> Table:
    table = columns(["stage", "measure", "edited"], ["unedited", "difference"])
    for row in found:
        low, high = row.values.min(), row.values.max()
        rule = "as above" if row.arm == "edited" else row.arm
        difference = f"{low:+.4f} to {high:+.4f}"
        table.add_row(row.stage, row.measure, rule, f"{row.unedited.mean():.4f}", difference)
    return table


def answer_table(arms: Arms) -> Table:
    table = columns(["model"], ["response loss", "exact match, %", "chrF"])
    for name, values in arms.items():
        loss, exact, chrf = (
            values[measure].mean() for measure in ("response_loss", "exact_match", "chrf")
        )
        table.add_row(name, f"{loss:.4f}", f"{100 * exact:.2f}", f"{chrf:.2f}")
    return table


def pairs_line(corpora: Corpora) -> str:
    assert corpora.pairs is not None
    counts = corpora.pairs.counts
    return (
        f"{counts['train']} pairs trained on, {counts['held_out']} answered; of {counts['pairs']}, "
        f"{counts['in_the_corpus']} have responses in the text of prior or base model and "
        f"{counts['too_long']} are too long for a block.\n"
    )


def published_line() -> str:
    """Scores, so only their sign can be compared."""
    (pretrain,) = published.STAGES["pretrain"].values()
    gains = [after - before for before, after in published.STAGES["continual"].values()]
    return (
        f"Published gains of editing, in points of scores on tasks: pre-training "
        f"{pretrain[1] - pretrain[0]:+.2f}, continued {min(gains):+.2f} to {max(gains):+.2f}, "
        "fine-tuning +0.25 to +0.47. Only the sign compares: a gain is a difference below 0 here.\n"
    )


def sentence(difference: Difference) -> str:
    return f"{difference.stage}: {difference.measure} after edited text: {difference.words}."


def _about(verdict: Verdict) -> str:
    """The stage, where it is about one, and the arm."""
    return " ".join(filter(None, (verdict.parameters.get("family"), process_of(verdict))))


def _per_cent(values: np.ndarray) -> str:
    return f"{100 * values.mean():.2f} ±{100 * spread(values):.2f}"
