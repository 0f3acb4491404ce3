"""What a person reads of a ladder of model sizes: the answer, and what each size costs."""

from collections.abc import Iterator, Sequence

from rich.table import Table

from collapse_sim.experiment.process import Result
from collapse_sim.verdict import Verdict
from experiments.plain_table import plain_table
from experiments.seeds import seed_range
from experiments.transformer.ladder import COSTS
from experiments.transformer.settings import Settings
from experiments.verdicts import process_of

ANSWERS = {
    "lm.size_slope": "The slope of full resampling",
    "dohmatob2025.size": "The cost of one round, {share:.0f} % of its text synthetic,",
}

TRENDS = {"holds": "rises with the size of the model", "violated": "falls with the size"}
"""By the verdict on a claim that it rises."""

CANNOT_BE_TOLD = "cannot be told to rise or fall with the size"

NOTE = """\
cost: of replace the slope over generations, else what the first round adds, in
nats a token, mean over seeds and from the smallest to the largest. All sizes
see the same tokens, as often and in the same order: none is trained longer.
"""


def ladder_answers(settings: Settings, verdicts: Sequence[Verdict]) -> Iterator[str]:
    """Whether each cost rises or falls with the size, by how much, or that it cannot be told."""
    for verdict in verdicts:
        if verdict.claim in ANSWERS and verdict.interval is not None:
            what = ANSWERS[verdict.claim].format(share=100 * (1 - settings.human_share))
            low, high = verdict.interval
            yield (
                f"{what} {TRENDS.get(verdict.verdict, CANNOT_BE_TOLD)}: by "
                f"{verdict.observed:+.4f} nats per tenfold of parameters ({low:+.4f} to "
                f"{high:+.4f} over {settings.seeds} seeds)."
            )


def title_of(settings: Settings, measure: str, by: str) -> str:
    """Title of a table of test errors, by generation or by size."""
    what = "Exact KL divergence" if measure == "kl" else "Held-out loss"
    return f"{what} in nats per token by {by}, mean over {settings.seeds} seeds"


def ladder_table(settings: Settings, results: Sequence[Result], measure: str) -> Table:
    """Test error of every arm by size and generation, and its cost."""
    numbers = sorted({1, 2, settings.generations})
    table = plain_table(
        title_of(settings, measure, "size"),
        ["regime", "size"],
        [*map(str, numbers), "cost", "of a seed"],
    )
    arms = dict.fromkeys(result.process.name for result in results)
    for result in (r for arm in arms for r in results if r.process.name == arm):
        means, cost = result.mean(measure), COSTS.get(result.process.name)
        shown = ("-", "-")
        if cost is not None:
            values = cost.of(result.summary.sample[measure])
            low, high = seed_range(values)
            shown = f"{values.mean():.4f}", f"{low:.4f} - {high:.4f}"
        losses = (f"{means[number - 1]:.3f}" for number in numbers)
        table.add_row(result.process.name, result.process.family, *losses, *shown)
    return table


def about(verdict: Verdict) -> str:
    """The arm, with its size or along all of them."""
    parameters = verdict.parameters
    size = "all sizes" if "sizes" in parameters else parameters.get("family")
    return ", ".join(filter(None, (process_of(verdict), size)))
