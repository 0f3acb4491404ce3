"""Draws of the design behind closed forms that still depend on it.

Their average is a simulation of designs alone: no label is drawn, and all else is theory.
"""

from functools import cache, partial

import numpy as np

from collapse_sim.experiment.process import Drawn
from experiments.linear.settings import Settings

DESIGNS = 8192
"""Draws of the design behind an averaged closed form of d x d matrices."""

FRAMES = 24
"""Gaussian designs for means of T x T matrices, whose traces hardly vary."""

FRAMES_OF_ROWS = 128
"""As many where the edited rows are given, whose part in the design varies more."""


def frames(settings: Settings, designs: int = FRAMES) -> Drawn:
    """Orthonormal columns Q of Gaussian designs, (designs, T, d)."""
    return Drawn(
        f"{designs} Gaussian designs, seed {settings.seed}",
        partial(_frames, settings.seed, designs, settings.samples, settings.dim),
    )


def overlaps(settings: Settings, masks: np.ndarray) -> Drawn:
    """Q' M Q of every mask, (designs, masks, d, d), or of the only one, (designs, d, d)."""
    return Drawn(
        f"{DESIGNS} Gaussian designs, seed {settings.seed}",
        partial(
            _overlaps, settings.seed, settings.samples, settings.dim, masks.tobytes(), len(masks)
        ),
    )


@cache
def _frames(seed: int, designs: int, samples: int, dim: int) -> np.ndarray:
    rng = np.random.default_rng([seed, 1])
    return np.linalg.qr(rng.standard_normal((designs, samples, dim)))[0]


@cache
def _overlaps(seed: int, samples: int, dim: int, packed: bytes, count: int) -> np.ndarray:
    """Draw designs in batches and keep their d x d overlaps alone: many rows fit in memory."""
    masks = np.frombuffer(packed, dtype=bool).reshape(count, samples)
    batch = max(min(DESIGNS, 10**7 // (samples * dim)), 1)
    parts, done = [], 0
    rng = np.random.default_rng([seed, 2])
    while done < DESIGNS:
        designs = np.linalg.qr(rng.standard_normal((min(batch, DESIGNS - done), samples, dim)))[0]
        parts.append(
            np.stack(
                [np.swapaxes(kept, 1, 2) @ kept for kept in (designs[:, mask] for mask in masks)],
                axis=1,
            )
        )
        done += len(designs)
    found = np.concatenate(parts)
    return found[:, 0] if count == 1 else found
