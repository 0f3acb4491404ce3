"""Draws of the design behind closed forms that still depend on it.

Their average is a simulation of designs alone: no label is drawn, and all else is theory.
"""

from functools import cache, partial

import numpy as np
from jaxtyping import Float, Int

from collapse_sim.experiment.process import Drawn
from collapse_sim.masks import blocks_of
from experiments.linear.settings import Settings

DESIGNS = 8192
"""Draws of the design behind an averaged closed form of d x d matrices."""

MOST = 10**7
"""Numbers of designs that are in memory at a time."""

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
    """Overlaps from the Gram matrices of rows that all masks treat alike: no row is drawn."""
    masks = np.frombuffer(packed, dtype=bool).reshape(count, samples)
    sizes, blocks = blocks_of(masks)
    rng = np.random.default_rng([seed, 2])
    batch = max(MOST // (len(sizes) * dim**2), 1)
    parts = []
    for done in range(0, DESIGNS, batch):
        grams = _wishart(rng, sizes, dim, min(batch, DESIGNS - done))
        whiten = np.linalg.inv(np.linalg.cholesky(grams.sum(axis=1)))[:, None]
        edited = blocks.astype(float) @ grams.reshape(*grams.shape[:2], dim**2)
        edited = edited.reshape(-1, count, dim, dim)
        parts.append(whiten @ edited @ np.swapaxes(whiten, -1, -2))
    found = np.concatenate(parts)
    return found[:, 0] if count == 1 else found


def _wishart(
    rng: np.random.Generator, sizes: Int[np.ndarray, " blocks"], dim: int, draws: int
) -> Float[np.ndarray, "draws blocks dim dim"]:
    """X'X of blocks of standard normal rows, by Bartlett's decomposition.

    Apart from the simulations' own, so that a mistake in one of the two shows.
    """
    column = np.arange(dim)
    degrees = np.maximum(sizes[:, None] - column, 0)
    factor = np.tril(rng.standard_normal((draws, len(sizes), dim, dim)), -1)
    factor[..., column, column] = np.sqrt(
        2 * rng.standard_gamma(degrees / 2, (draws, *degrees.shape))
    )
    factor *= (column < sizes[:, None])[:, None, :]  # fewer rows than columns: singular
    return factor @ np.swapaxes(factor, -1, -2)
