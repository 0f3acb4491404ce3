"""Measurements of a pretrained prior as processes, and the claims on it.

Documents are the replicates. The mean over them is the share of all tokens: see `linearised`.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from jaxtyping import Float
from scipy import stats

from collapse_sim.experiment.process import Check, Process
from collapse_sim.language.pretrained.passes import deciles
from collapse_sim.language.pretrained.step import log_threshold
from collapse_sim.workplace import Arrays
from experiments.editing.moved_contexts import Moved, oracle_processes
from experiments.editing.pretrained_arms import BETAS, CHAINED, PASSES, SAMPLERS
from experiments.editing.pretrained_settings import PretrainedSettings
from experiments.editing.pretrained_text import HumanText
from experiments.editing.settings import RULES
from experiments.study.arms import Measured

SMALLEST_LOOK = 30
"""Replicates of a number that does not vary."""

EXACT = "chained full"
"""The paper's rule: temperature 1, draws from the whole vocabulary."""


def linearised(part: np.ndarray, whole: np.ndarray) -> Float[np.ndarray, " documents"]:
    """Numbers of documents whose mean is the ratio of the sums, and whose spread is its own.

    The ratio estimator (Cochran 1977, section 6.4); `part` may have further axes.
    """
    whole = whole.astype(float).reshape(-1, *[1] * (part.ndim - 1))
    share = part.sum(axis=0) / max(whole.sum(), 1)
    return share + len(part) * (part - share * whole) / max(whole.sum(), 1)


def by_document(found: Arrays, values: np.ndarray, count: int) -> np.ndarray:
    """Sums over the tokens of each document."""
    return np.bincount(found["human/document"], weights=values, minlength=count)


def human_values(found: Arrays, text: HumanText) -> dict[str, np.ndarray]:
    """Deciles, shares by rule and loss of the original text, by document."""
    count, log_p = len(text.ids), found["human/log_probability"].astype(np.float64)
    tokens = by_document(found, np.ones(len(log_p)), count)
    tenths = np.array([deciles(log_p[found["human/document"] == i]) for i in range(count)])
    values = {f"probability/{i}": linearised(tenths[:, i], tokens) for i in range(10)}
    for name, rule in RULES.items():
        ((side, threshold),) = rule.items()
        line = log_threshold(threshold)
        chosen = log_p >= line if side == "above" else log_p <= line
        values[f"eligible/{name}"] = linearised(by_document(found, chosen, count), tokens)
    values["last_tenth_rise"] = (tenths[:, 9] - tenths[:, 8]) / tokens
    return values | {"loss": linearised(-by_document(found, log_p, count), tokens)}


def arm_values(found: Arrays, arm: str, tokens: np.ndarray) -> dict[str, np.ndarray]:
    """Shares of all tokens by document and pass."""
    counts = {name: found[f"{arm}/{name}"][:, :PASSES] for name in ("eligible", "changed", "left")}
    return {name: linearised(own, tokens) for name, own in counts.items()}


def sampler_values(found: Arrays, arm: str) -> dict[str, np.ndarray]:
    """The expected share of the eligible tokens that one pass changes."""
    share = linearised(found[f"{arm}/expected"], found[f"{arm}/eligible"][:, 0])
    return {"changed_per_eligible": share}


def eligible_loss(found: Arrays, settings: PretrainedSettings, count: int) -> np.ndarray:
    """Sum over the eligible tokens of 1 - P, by document."""
    log_p = found["human/log_probability"]
    known = np.where(log_p >= log_threshold(settings.edit_above), log_p.astype(np.float64), 0.0)
    return by_document(found, -np.expm1(known), count)


def mean_probability(found: Arrays, settings: PretrainedSettings) -> float:
    """Mean probability of the eligible tokens; nan where there are none."""
    eligible = found[f"{EXACT}/eligible"][:, 0]
    lost = eligible_loss(found, settings, len(eligible)).sum()
    return float(1 - lost / eligible.sum()) if eligible.any() else float("nan")


def make_processes(
    found: Arrays,
    text: HumanText,
    settings: PretrainedSettings,
    shifts: Mapping[str, tuple[Moved, Moved]],
) -> list[Process]:
    """The oracle's, then those of the prior: tables, passes, samplers, domains, moved contexts."""
    tokens = np.array([len(ids) - 1 for ids in text.ids.values()])
    rise = Check("zhu2025.ushape", "last_tenth_rise", note="median over documents")
    processes = [*oracle_processes(), _medians("human", human_values(found, text), [rise])]
    for arm in (*CHAINED, "anchored"):
        processes.append(_medians(arm, arm_values(found, arm, tokens)))
    processes += [_falling(found, arm, settings) for arm in CHAINED]
    for sampler in SAMPLERS:
        for beta in BETAS:
            arm = f"{sampler} beta {beta:g}"
            processes.append(_medians(arm, sampler_values(found, arm)))
    processes += [_exact(found, settings)] if found[f"{EXACT}/eligible"][:, 0].any() else []
    for arm, (value, half) in shifts.items():
        numbers = {name: np.array([own] * 2) for name, own in value._asdict().items()}
        intervals = {
            name: (getattr(value, name) - reach, getattr(value, name) + reach)
            for name, reach in half._asdict().items()
        }
        processes.append(_process(f"moved, {arm}", numbers, intervals=intervals))
    return [process for process in processes if process is not None]


def _falling(found: Arrays, arm: str, settings: PretrainedSettings) -> Process | None:
    """Documents whose number of eligible tokens an edit moved: does it fall, in the median?"""
    counts = found[f"{arm}/eligible"][:, :PASSES].astype(float)
    change = counts[:, -1] - counts[:, 0]
    moved = change != 0
    if moved.sum() < 2:
        return None
    note = f"eligible tokens of a document, pass {PASSES} minus pass 1, where there is a difference"
    check = Check(
        "zhu2025.edited_share", "change", given={"threshold": settings.edit_above}, note=note
    )
    return _medians(f"{arm}, documents", {"change": change[moved]}, [check])


def _exact(found: Arrays, settings: PretrainedSettings) -> Process:
    """The expected share of the eligible tokens that change, by the law that is drawn from.

    Nothing is drawn: of these tokens it is one number, the same for every replicate. It may differ
    from 1 - mean P, as special tokens are never drawn and the others share their probability.
    """
    expected, eligible = found[f"{EXACT}/expected"], found[f"{EXACT}/eligible"][:, 0]
    share = float(expected.sum() / eligible.sum())
    same = np.full(max(len(eligible), SMALLEST_LOOK), share)
    return _process(
        "expected changes",
        {"changed_per_eligible": same},
        checks=[Check("ref.edited_changed", "changed_per_eligible", support=(share, share))],
        where={"mean_probability": mean_probability(found, settings)},
        smallest_look=SMALLEST_LOOK,
    )


def _medians(name: str, values: Arrays, checks: Sequence[Check] = ()) -> Process:
    return _process(name, values, checks=checks, about="median")


def _process(name: str, values: Arrays, **more: Any) -> Process:
    values = {measure: np.asarray(own, float) for measure, own in values.items()}
    count = len(next(iter(values.values())))
    where = {"documents": count} | more.pop("where", {})
    return Process(name, Measured(values), count, title=name, looks=(count,), where=where, **more)


def redraws(found: Arrays, settings: PretrainedSettings) -> tuple[int, float, float, float]:
    """Tokens changed in all redrawings of the original text; their expectation, standard deviation,
    and the chance of a count that is no nearer: redrawings are independent draws."""
    changed = found["anchored/changed"]
    times = changed.shape[1]
    log_p = found["human/log_probability"]
    eligible = log_p >= log_threshold(settings.edit_above)
    lost = -np.expm1(log_p[eligible].astype(np.float64))
    expected = float(times * lost.sum())
    deviation = float(np.sqrt(times * (lost * (1 - lost)).sum()))
    score = (int(changed.sum()) - expected) / max(deviation, 1e-300)
    return int(changed.sum()), expected, deviation, float(2 * stats.norm.sf(abs(score)))
