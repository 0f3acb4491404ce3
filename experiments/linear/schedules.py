"""Masks that the flags name: the rows that an edit touches, and facts about them."""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from jaxtyping import Bool

from collapse_sim import masks as policies
from experiments.linear.inputs import read_masks
from experiments.linear.settings import Settings
from theory.editing.frozen import random_rows_edited, rows_edited_so_far


@dataclass(frozen=True, eq=False)
class Masks:
    """A mask policy with its facts, as far as they are known before it runs.

    `counts` is the mean number of rows of each edit and `pairs` the mean number of ordered pairs of
    rows; None where the masks look at the labels. `schedule`: the masks themselves, where fixed.
    """

    policy: policies.MaskPolicy
    counts: tuple[float, ...] | None = None
    pairs: tuple[float, ...] | None = None
    schedule: np.ndarray | None = None

    @property
    def edits(self) -> int:
        """Edits that may touch a row."""
        if self.counts is not None:
            return int(np.count_nonzero(self.counts))
        return int(np.asarray(self.policy.schedule).any(axis=1).sum())

    @property
    def is_disjoint(self) -> bool:
        """True if every row is edited at most once."""
        return self.schedule is not None and bool((self.schedule.sum(axis=0) <= 1).all())

    @property
    def is_constant(self) -> bool:
        """True if the same rows are edited every time."""
        return self.schedule is not None and bool((self.schedule == self.schedule[:1]).all())

    @property
    def rows(self) -> int:
        return np.asarray(self.policy.schedule).shape[1]

    @property
    def inclusion(self) -> np.ndarray:
        """Chance that a row is edited, for each edit by exchangeable masks."""
        return np.array(self.counts) / self.rows

    @property
    def pair_inclusion(self) -> np.ndarray:
        """Chance that two given rows both are."""
        return np.array(self.pairs) / (self.rows * (self.rows - 1))

    def facts(self, generations: int) -> dict[str, Any]:
        """Arguments of formulas for masks that never look at the labels, by name.

        Of masks that are drawn afresh, means: two of them edit a row with the product of chances.
        """
        if self.counts is None:
            return {}
        facts: dict[str, Any] = {"edit_counts": list(self.counts)}
        edits = range(1, generations + 1)
        if self.schedule is not None:
            often = self.schedule.sum(axis=0, dtype=int)
            so_far = rows_edited_so_far(masks=self.schedule.astype(int))
            return facts | {
                "edited_twice": int((often * (often - 1)).sum() // 2),
                "rows_edited_so_far": [0, *so_far][:generations],
            }
        both = np.sum(self.counts) ** 2 - np.sum(np.square(self.counts))
        drawn = [
            random_rows_edited(
                samples=self.rows,
                inclusion=self.inclusion[: n - 1].tolist(),
                pair_inclusion=self.pair_inclusion[: n - 1].tolist(),
            )
            for n in edits[1:]
        ]
        return facts | {
            "edited_twice": float(both / self.rows / 2),
            "rows_edited_so_far": [0.0, *(rows for rows, _ in drawn)],
            "pairs_edited_so_far": [0.0, *(pairs for _, pairs in drawn)],
        }


def make_masks(settings: Settings, name: str, rows: int) -> Masks:
    """The masks of one name, or of a file; raises ValueError for a file that holds none."""
    edits = settings.generations - 1
    default = {"disjoint": 1.0, "halves": 1.0, "random": 0.3}.get(name, 0.5)
    share = default if settings.edit_share is None else settings.edit_share
    if name == "random":
        rate, pairs = share * rows, share**2 * rows * (rows - 1)
        policy = policies.random_masks(rows, edits, share)
        return Masks(policy, (rate,) * edits, (pairs,) * edits)
    if name == "geometric":
        counts = policies.geometric_counts(rows, edits, share, settings.decay)
        pairs = tuple(count * (count - 1) for count in counts)
        return Masks(policies.random_subsets(rows, counts), counts, pairs)
    if name == "confident":
        return Masks(once(policies.confident(rows, edits, settings.once_residual_threshold)))
    if name in ("nested", "free"):
        nested = name == "nested"
        return Masks(policies.confident(rows, edits, settings.residual_threshold, nested=nested))
    if name == "one":
        schedule = policies.single(rows, edits, share)
    elif name == "fixed":
        schedule = policies.fixed(rows, edits, share)
    elif name in ("halves", "disjoint"):
        schedule = policies.disjoint(rows, edits, share, blocks=2 if name == "halves" else None)
    else:
        schedule = read_masks(name, rows)[:edits]
        none = np.zeros((edits - len(schedule), rows), bool)
        schedule = np.concatenate([schedule.astype(bool), none])
    return scheduled(schedule)


def scheduled(schedule: Bool[np.ndarray, "edits rows"]) -> Masks:
    """Masks that are fixed before the run."""
    counts = tuple(int(count) for count in schedule.sum(axis=1))
    pairs = tuple(count * (count - 1) for count in counts)
    return Masks(policies.MaskPolicy.of(schedule), counts, pairs, schedule)


def once(policy: policies.MaskPolicy) -> policies.MaskPolicy:
    """Policy that makes the first edit and none after it."""
    schedule = np.array(policy.schedule)
    schedule[1:] = False
    return replace(policy, schedule=schedule)
