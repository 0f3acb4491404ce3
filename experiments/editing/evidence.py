"""Tables, stages and their differences as processes, and what is claimed of them."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from collapse_sim.experiment.process import Check, Process
from collapse_sim.medians import LEAST_SEEDS, Statistic
from experiments.editing.settings import TokenEditingSettings
from experiments.editing.stages import Arms, domain_loss
from experiments.editing.tables import PASSES
from experiments.study.arms import process_of
from experiments.study.study import Study, Values


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
        """Words for a measure that is better if less, as a loss: a sign that all seeds share."""
        low, high = self.values.min(), self.values.max()
        count = len(self.values)
        if count < LEAST_SEEDS or low <= 0 <= high:
            lower = np.count_nonzero(self.values < 0)
            largest = f"larger than {np.abs(self.values).max():.2g} nats"
            none = "shown" if count < LEAST_SEEDS else largest
            return f"no difference {none}, better in {lower} of {count} seeds"
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
    """Differences of every stage and measure, and of every arm that is edited."""
    found = []
    for stage, own in arms.items():
        for measure, values in compared(settings, stage, own).items():
            unedited = values["unedited"]["value"]
            for arm in values:
                if arm not in ("base", "unedited"):
                    edited = values[arm]["value"]
                    found.append(Difference(stage, arm, measure, unedited, edited))
    return found


def make_processes(
    study: Study,
    settings: TokenEditingSettings,
    table: Mapping[str, Values],
    arms: Mapping[str, Arms],
) -> list[Process]:
    """Tables, arms by stage, and differences; nothing is claimed of edits that touch no token."""
    checks = {"human": [_u_shape()], "chained": _falling(settings, table["chained"])}
    found = [
        process_of(study, "", name, values, checks.get(name, ())) for name, values in table.items()
    ]
    for stage, own in arms.items():
        found += [process_of(study, stage, name, values) for name, values in own.items()]
    by_arm: dict[tuple[str, str], list[Difference]] = {}
    for difference in differences(settings, arms):
        by_arm.setdefault((difference.stage, difference.arm), []).append(difference)
    for (stage, name), (first, *rest) in by_arm.items():
        claimed = name == "edited" and arms[stage]["edited"]["changed"].any()
        of = [_stage_check(settings, first)] if claimed else []
        values = {difference.measure: difference.values for difference in (first, *rest)}
        found.append(process_of(study, stage, f"{name} - unedited", values, of))
    return found


def _u_shape() -> Check:
    note = "share of tokens with a probability above 0.9 minus those from 0.8 to 0.9"
    return Check("zhu2025.ushape", "last_tenth_rise", note=note)


def _falling(settings: TokenEditingSettings, chained: Values) -> list[Check]:
    """Check that each pass finds fewer tokens to edit than the one before."""
    if not chained["eligible"][:, 0].any():
        return []
    return [
        Check(
            "zhu2025.edited_share",
            "eligible",
            at=number,
            statistic=_rise_to(number),
            given={"threshold": settings.edit_above},
            note=f"share of tokens to be edited, pass {number} minus pass {number - 1}",
        )
        for number in range(2, PASSES + 1)
    ]


def _rise_to(number: int) -> Statistic:
    return lambda shares: shares[:, number - 1] - shares[:, number - 2]


def _stage_check(settings: TokenEditingSettings, difference: Difference) -> Check:
    return Check(
        f"zhu2025.edit_{difference.stage}",
        difference.measure,
        given={"threshold": settings.edit_above},
        note=f"{difference.measure}, edited minus unedited, nats per token",
    )
