"""From measured values to differences, trends and the rows of chains.parquet."""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from experiments.editing.corpora import Corpora
from experiments.editing.settings import TokenEditingSettings
from experiments.editing.stages import Arms, domain_loss
from experiments.editing.tables import PASSES
from experiments.study.intervals import bootstrap_interval
from experiments.study.study import Values, held_out_documents
from experiments.trends import LEAST_SEEDS, Trend, seed_range


@dataclass(frozen=True, eq=False)
class Difference:
    """A measure after training on edited text minus the same after unedited text, by seed."""

    stage: str
    arm: str
    measure: str
    unedited: np.ndarray
    edited: np.ndarray

    @property
    def values(self) -> np.ndarray:
        return self.edited - self.unedited

    @property
    def words(self) -> str:
        """Of a loss, or another measure of which less is better: a sign that all seeds share."""
        low, high = seed_range(self.values)
        count = len(self.values)
        if count < LEAST_SEEDS or low <= 0 <= high:
            lower = np.count_nonzero(self.values < 0)
            return f"no difference shown, better in {lower} of {count} seeds"
        return f"{'better' if high < 0 else 'worse'} in all {count} seeds"


def compared(settings: TokenEditingSettings, stage: str, arms: Arms) -> dict[str, Arms]:
    """The measures in which a stage's arms are compared, the claimed one first."""
    if stage == "pretrain":
        return {"held-out loss": _measured(arms, "held_out_loss")}
    if stage == "finetune":
        return {"response loss": _measured(arms, "response_loss")}
    first, second = settings.first_domain, settings.second_domain
    forgotten = {
        name: {"value": domain_loss(values, first) - domain_loss(arms["base"], first)}
        for name, values in arms.items()
    }
    learnt = {name: {"value": domain_loss(values, second)} for name, values in arms.items()}
    return {f"loss on {second}": learnt, f"forgetting of {first}": forgotten}


def _measured(arms: Arms, measure: str) -> Arms:
    return {name: {"value": values[measure]} for name, values in arms.items()}


def differences(settings: TokenEditingSettings, arms: Mapping[str, Arms]) -> list[Difference]:
    """Of every stage and measure, and of every arm that is edited."""
    found = []
    for stage, own in arms.items():
        for measure, values in compared(settings, stage, own).items():
            unedited = values["unedited"]["value"]
            for arm in values:
                if arm not in ("base", "unedited"):
                    edited = values[arm]["value"]
                    found.append(Difference(stage, arm, measure, unedited, edited))
    return found


def gather(
    settings: TokenEditingSettings, table: Mapping[str, Values], arms: Mapping[str, Arms]
) -> list[Trend]:
    """Every trend that this run speaks about; of edits none where no token was touched."""
    human, chained = table["human"], table["chained"]
    right = human["probability/9"] - human["probability/8"]
    note = "share of tokens with a probability above 0.9 minus those from 0.8 to 0.9"
    trends = [Trend("zhu2025.ushape", right, ">=", 0.0, {"text": "human text"}, None, note)]
    touched = chained["eligible/1"].any()
    for number in range(2, PASSES + 1 if touched else 2):
        fallen = chained[f"eligible/{number}"] - chained[f"eligible/{number - 1}"]
        note = f"share of tokens to be edited, pass {number} minus pass {number - 1}"
        where = {"text": f"pass {number}", "threshold": settings.edit_above}
        trends.append(Trend("zhu2025.edited_share", fallen, "<=", 0.0, where, number, note))
    for stage, own in arms.items():
        if own["edited"]["changed"].any():
            difference = next(d for d in differences(settings, {stage: own}) if d.arm == "edited")
            claim = f"zhu2025.edit_{stage}"
            note = f"{difference.measure}, edited minus unedited, nats per token"
            where = {"stage": stage, "threshold": settings.edit_above}
            trends.append(Trend(claim, difference.values, "<=", 0.0, where, None, note))
    return trends


def chain_rows(
    settings: TokenEditingSettings,
    corpora: Corpora,
    table: Mapping[str, Values],
    arms: Mapping[str, Arms],
) -> Iterator[tuple]:
    """Rows of chains.parquet: tables, arms named by stage, and differences.

    Low and high are the smallest and largest seed; of a held-out loss the bootstrap's interval.
    """
    documents = {domain: text.documents for domain, text in corpora.texts.held_out.items()}
    every = held_out_documents(corpora.texts.held_out)
    named = dict(table) | {
        f"{stage} {arm}": values for stage, own in arms.items() for arm, values in own.items()
    }
    for arm, values in named.items():
        scores = [values[f"scores/{domain}"] for domain in documents if _has(values, domain)]
        for measure, found in values.items():
            if measure.startswith("scores/"):
                domain = measure.removeprefix("scores/")
                interval = bootstrap_interval(found, documents[domain])
                yield _row(arm, f"held_out_loss/{domain}", found.mean(axis=1), interval)
            elif measure == "held_out_loss":
                interval = bootstrap_interval(np.concatenate(scores, axis=1), every)
                yield _row(arm, measure, found, interval)
            else:
                yield _row(arm, measure, found, seed_range(found))
    for difference in differences(settings, arms):
        arm = f"{difference.stage} {difference.arm} - unedited"
        yield _row(arm, difference.measure, difference.values, seed_range(difference.values))


def _has(values: Values, domain: str) -> bool:
    return f"scores/{domain}" in values


def _row(arm: str, measure: str, values: np.ndarray, interval: tuple[float, float]) -> tuple:
    error = values.std(ddof=1) / math.sqrt(len(values))
    return (arm, measure, len(values), float(values.mean()), float(error), *interval)
