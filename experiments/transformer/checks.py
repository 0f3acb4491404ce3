"""Claims on each arm of a run, by its kind of text."""

from collections.abc import Iterator, Sequence

import numpy as np

from collapse_sim.experiment.process import Check
from experiments.transformer.settings import Settings
from theory.language.writers import published_sure_share

CERTAINTY_TOLERANCE = 0.01
"""Share of the tokens by which a model's certainty may miss the published one."""

Values = np.ndarray
"""A measure by seed and generation."""


def slope(values: Values) -> np.ndarray:
    """Least-squares slope over generations, for each seed."""
    return np.polyfit(np.arange(values.shape[1]), values.T, 1)[0]


def slope_of_edits(values: Values) -> np.ndarray:
    """Slope of a share that the first generation, which nothing edits, does not have."""
    return slope(values[:, 1:])


def ratio(values: Values) -> np.ndarray:
    """Last generation over the first one."""
    return values[:, -1] / values[:, 0]


def late_growth(values: Values) -> np.ndarray:
    """Growth over the second half of the generations less that over the first."""
    half = (values.shape[1] - 1) // 2
    return (values[:, -1] - values[:, -1 - half]) - (values[:, half] - values[:, 0])


def missing_certainty(values: Values) -> np.ndarray:
    """Distance of the first model's share of sure tokens from the published one."""
    return np.abs(values[:, 0] - published_sure_share())


def checks_of(settings: Settings, name: str, measure: str, is_edit: bool) -> Sequence[Check]:
    """Checks of one arm; with the writers of edits where the language is made for them."""
    published = settings.corpus == "published"
    if name == "replace":
        return [*_of_replace(settings, measure), *(_of_published_replace() if published else ())]
    if published:
        return list(_of_published(settings, name))
    if is_edit:
        return [Check("lm.edit_bounded", measure, statistic=slope, note=GROWTH)]
    return []


GROWTH = "slope of the held-out loss, nats a generation"


def _of_replace(settings: Settings, measure: str) -> Iterator[Check]:
    yield Check("lm.replace_grows", measure, statistic=slope, note=GROWTH)
    for other in settings.regimes:
        if other != "replace":
            title = other.replace("_", " ")
            note = f"loss of full resampling minus that of {title}, last generation, nats"
            yield Check("lm.replace_worst", measure, less=title, note=note)


LATE = "growth in the second half of the rounds minus that in the first, nats"


def _of_published_replace() -> list[Check]:
    return [Check("lm.replace_linear", "kl", statistic=late_growth, note=LATE)]


def _of_published(settings: Settings, name: str) -> Iterator[Check]:
    if name == "human_only":
        note = "share of tokens at P >= 0.99 under the first model, distance from 12.503 %"
        yield Check("lm.certainty", "sure_share", statistic=missing_certainty, note=note)
    if not name.startswith("edit"):
        return
    yield Check("lm.edit_twice", "kl", statistic=ratio, note="last KL divergence over the first")
    frozen = f"{name}_frozen"
    if frozen in settings.regimes:
        title = frozen.replace("_", " ")
        note = f"KL divergence minus that of {title}, last generation, nats"
        yield Check("lm.frozen_safer", "kl", less=title, note=note)
    if name == "edit_blind_frozen":
        yield Check("lm.frozen_levels", "kl", statistic=late_growth, note=LATE)
    if name in ("edit", "edit_frozen"):
        note = "slope of the eligible share from edit to edit"
        yield Check("zhu2025.edited_share", "eligible", statistic=slope_of_edits, note=note)
