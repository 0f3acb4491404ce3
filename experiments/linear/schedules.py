"""Which rows an edit touches: the masks that the flags name, and what is known of them."""

from dataclasses import dataclass, replace

import numpy as np

from collapse_sim import masks as policies
from experiments.linear.inputs import read_masks
from experiments.linear.settings import Settings


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


def make_masks(settings: Settings, name: str, rows: int) -> Masks:
    """The masks of one name, or of a file; raises ValueError for a file that holds none."""
    edits = settings.generations - 1
    default = {"disjoint": 1.0, "halves": 1.0, "random": 0.3}.get(name, 0.5)
    share = default if settings.edit_fraction is None else settings.edit_fraction
    if name == "random":
        rate, pairs = share * rows, share**2 * rows * (rows - 1)
        policy = policies.random_masks(rows, edits, share)
        return Masks(policy, (rate,) * edits, (pairs,) * edits)
    if name == "geometric":
        counts = policies.geometric_counts(rows, edits, share, settings.decay)
        pairs = tuple(count * (count - 1) for count in counts)
        return Masks(policies.random_subsets(rows, counts), counts, pairs)
    if name == "confident":
        return Masks(once(policies.confident(rows, edits, settings.once_threshold)))
    if name in ("nested", "free"):
        nested = name == "nested"
        return Masks(policies.confident(rows, edits, settings.threshold, nested=nested))
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
    counts = tuple(int(count) for count in schedule.sum(axis=1))
    pairs = tuple(count * (count - 1) for count in counts)
    return Masks(policies.MaskPolicy.of(schedule), counts, pairs, schedule)


def once(policy: policies.MaskPolicy) -> policies.MaskPolicy:
    """The same policy for the first edit, and none after it."""
    schedule = np.array(policy.schedule)
    schedule[1:] = False
    return replace(policy, schedule=schedule)
