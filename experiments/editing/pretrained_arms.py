"""A pretrained prior on human text under every rule: counts and probabilities.

The model is asked once for the original text and again only for what an edit changed. What it said
is kept in the user's cache directory, by model, text, rules and seed: a second run asks nothing.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict
from pathlib import Path

import numpy as np
import platformdirs

from collapse_sim import __version__
from collapse_sim.hosts import copied
from collapse_sim.language.pretrained.edited import EditedDocument
from collapse_sim.language.pretrained.kept_scores import KeptScores
from collapse_sim.language.pretrained.readings import Arm, Reader, ReadTask
from collapse_sim.language.pretrained.rule import EditRule
from collapse_sim.language.pretrained.survey import survey
from collapse_sim.run_directory import RunDirectory
from collapse_sim.workplace import Arrays
from experiments import command_line
from experiments.editing.pretrained_settings import PretrainedSettings
from experiments.editing.pretrained_text import HumanText

PASSES = 3
REDRAWN = 256
"""Redrawings of the original text, whose number of changes is held against its law."""
CHAINED = {
    "chained": {"sampler": "top-k"},
    "chained full": {},
    "chained beta 1.5": {"sampler": "top-k", "temperature": 1.5},
    "chained full beta 1.5": {"temperature": 1.5},
}
"""Rules whose passes each edit the text of the one before."""
SAMPLERS = {
    "full": {},
    "top-k 8": {"sampler": "top-k"},
    "top-k 64": {"sampler": "top-k", "top_k": 64},
    "top-p 0.9": {"sampler": "top-p", "top_p": 0.9},
    "rejection": {"sampler": "rejection"},
}
BETAS = (1.0, 1.5)
EAGER = (0.9, 0.5)
"""Thresholds below the published one, whose text small models are trained on as well."""


def taught(settings: PretrainedSettings) -> list[str]:
    """Rules whose text, after one pass, small models are trained on: the published one first."""
    eager = [f"P >= {least:g}" for least in EAGER if least < settings.edit_above]
    return ["chained", "chained beta 1.5", *eager]


def arms_of(settings: PretrainedSettings) -> dict[str, Arm]:
    """All rules by name; the original text is read once for all."""

    def rule(**more) -> EditRule:
        return EditRule(threshold=settings.edit_above, **more)

    arms = {name: Arm(rule(**more), PASSES) for name, more in CHAINED.items()}
    arms["anchored"] = Arm(rule(), REDRAWN, anchored=True)
    for name, more in SAMPLERS.items():
        for beta in BETAS:
            arms[f"{name} beta {beta:g}"] = Arm(rule(**more, temperature=beta))
    for least in EAGER:
        if f"P >= {least:g}" in taught(settings):
            arms[f"P >= {least:g}"] = Arm(EditRule(threshold=least, sampler="top-k"))
    return arms


def measured(
    settings: PretrainedSettings, reader: Reader, text: HumanText, run: RunDirectory
) -> Arrays:
    """Arrays by `arm/name`, from the cache where they are there.

    Of an arm `eligible`, `changed` and `left`, (documents, passes), `expected`, (documents,), and
    `edited`, all documents after the first pass; of chained ones also the readings after an edit,
    token by token. Of `human` the first reading, and `human/survey`, a JSON text. What the model
    said is kept in the run until all is there.
    """
    arms = arms_of(settings)
    about = {
        "version": __version__,
        "model": reader.model.digest,
        "text": {name: ids.tolist() for name, ids in text.ids.items()},
        "arms": {name: [asdict(arm.rule), arm.passes] for name, arm in arms.items()},
        "seed": settings.seed,
    }
    folder = platformdirs.user_cache_path("collapse_sim") / "priors"
    with KeptScores(run) as scores:
        return kept(folder, command_line.digest(about), lambda: read(arms, reader, text, scores))


def pairs_of(found: Arrays, arm: str) -> Arrays:
    """The successive readings of a chained arm, by the names of PAIR."""
    return {name: found[f"{arm}/{name}"] for name in PAIR}


def kept(folder: Path, name: str, make: Callable[[], Arrays]) -> Arrays:
    """Arrays of that name from a folder; made and, where it can be written, kept there.

    On several hosts the folder is the first one's: all make them, or none.
    """
    place = copied(RunDirectory(folder), only=name)
    found = place.load_checkpoint(name)
    if found is None:
        found = dict(make())
        try:
            place.checkpoints.mkdir(parents=True, exist_ok=True)
            place.save_checkpoint(name, found)
        except OSError as error:  # the numbers are there all the same
            print(f"{folder}: {error.strerror}: a second run will ask the model again")
    return found


def read(
    arms: Mapping[str, Arm], reader: Reader, text: HumanText, kept: KeptScores | None = None
) -> Arrays:
    """The same from the model, or from what it said before an interruption."""
    tasks = dict(zip(arms, reader.edit(text.ids, list(arms.values()), kept), strict=True))
    found = _first(next(iter(tasks.values())), reader)
    for name, own in tasks.items():
        results = [task.result for task in own]
        for measure in ("eligible", "changed", "left"):
            counts = [[getattr(p, measure) for p in result.passes] for result in results]
            found[f"{name}/{measure}"] = np.array(counts, np.int32)
        expected = [result.expected_changed for result in results]
        found[f"{name}/expected"] = np.array(expected)
        found[f"{name}/edited"] = _joined([result.trace.after for result in results])
        if name in CHAINED:
            found |= {f"{name}/{key}": value for key, value in _later(own).items()}
    return found


def _first(tasks: list[ReadTask], reader: Reader) -> Arrays:
    """The original text: document, id, log P and log of the largest P, for each token."""
    first = [task.readings[0] for task in tasks]
    documents: list[EditedDocument] = [task.result for task in tasks]
    seen = survey(documents, reader.pieces, tasks[0].plan.rule.threshold)
    told = {
        name: getattr(seen, name)
        for name in ("commonest", "kinds", "sure", "sure_probability", "sure_right")
    }
    return {
        "human/document": np.repeat(np.arange(len(first)), [len(r.ids) - 1 for r in first]),
        "human/log_probability": _joined([r.scores.log_probability[1:] for r in first]),
        "human/survey": np.array(json.dumps(told)),
    }


def _later(tasks: list[ReadTask]) -> Arrays:
    """Each pair of successive readings, token by token: what the later says beside the earlier."""
    columns: dict[str, list[np.ndarray]] = {name: [] for name in PAIR}
    for place, task in enumerate(tasks):
        for before, after in zip(task.readings, task.readings[1:], strict=False):
            changed = before.ids != after.ids
            place_of = np.arange(len(changed))
            last = np.maximum.accumulate(np.where(changed, place_of, -1))
            behind = np.concatenate([[-1], last[:-1]])
            values = (
                np.full(len(before.ids), place),
                changed,
                np.where(behind < 0, 0, place_of - behind),
                before.scores.eligible,
                before.scores.log_probability,
                after.scores.log_probability,
            )
            for name, value in zip(PAIR, values, strict=True):
                columns[name].append(value[1:])
    return {name: _joined(values) for name, values in columns.items()}


PAIR = ("document", "is_changed", "distance", "was_eligible", "before", "after")
"""Of a token in two successive readings: its document, whether it is another one, how far it
stands behind the last one before it that is (0: there is none), whether it was eligible, and its
log P in both."""


def _joined(values: list[np.ndarray]) -> np.ndarray:
    return np.concatenate(values) if values else np.zeros(0, np.float32)
