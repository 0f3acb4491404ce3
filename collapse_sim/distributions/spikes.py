"""Uniform laws with narrow spikes: accumulated maximum likelihood soon picks a wrong spike.

The form of Barzilai and Shamir 2025, Theorem 5.1: (1 - a) U[0, 1] + a U[window]. Windows of level
1 are tiny and cover little of [0, 1]; those of level 2 lie within them and are far tinier.
"""

from dataclasses import dataclass
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float, Int, Key, UInt32

from collapse_sim.distributions.mixture import require_points
from collapse_sim.distributions.sample import Sample
from collapse_sim.editing import Edit
from collapse_sim.linalg import DType
from collapse_sim.masks import looks_at_surprise
from collapse_sim.pytree import pytree, static
from collapse_sim.random import bits, uniform
from collapse_sim.regimes import Copies, Regime, Verify
from collapse_sim.resampled import Resampled

INNER = 16
"""Bits of an address that number the level-2 window within its level-1 window, from 1; 0: none."""


class Spiked(NamedTuple):
    """Law of the family: its level (0: uniform) and the address of its window."""

    level: Int[Array, ""]
    address: UInt32[Array, ""]


@pytree
@dataclass(frozen=True)
class SpikeLearner:
    """Maximum likelihood over the uniform law and all spikes, for samples of n = `samples` points.

    Level 1: weight n^-1/2, width exp(-4n), a share 1/n of [0, 1]. Level 2: `collapsed_weight`,
    exp(-n^3), a share n^-1/2 of each level-1 window. No float holds such widths, so a point is
    its address: 16 bits for its window of level 1 and 16 for that of level 2, zeros for none.
    There are far more windows than that: two points share one by chance with probability 2^-16
    here and e^-4n there. It would not change the level of a fit.
    """

    samples: int = static()
    collapsed_weight: float = static(default=0.9)
    dtype: DType = static(default=jnp.float32)

    def __post_init__(self):
        if self.samples < 2:
            raise ValueError(f"samples={self.samples}: accepted are integers >= 2")
        if not 0 < self.collapsed_weight < 1:
            raise ValueError(f"collapsed_weight={self.collapsed_weight}: accepted is (0, 1)")

    @property
    def spike_weights(self) -> np.ndarray:
        """Weight of the spike of a law of each level."""
        return np.array([0, self.samples**-0.5, self.collapsed_weight])

    @property
    def log_widths(self) -> np.ndarray:
        """Logarithm of the width of a window of levels 1 and 2."""
        return np.array([-4.0 * self.samples, -(float(self.samples) ** 3)])

    def require(self, regime: Regime) -> None:
        """Raises ValueError for a regime that addresses, all of them alike, cannot follow."""
        require_points(regime)
        if isinstance(regime, Verify):
            raise ValueError(
                "points are addresses, with no distance for a verifier: accepted is no Verify"
            )
        if isinstance(regime, Edit) and looks_at_surprise(regime.policy):
            raise ValueError(
                "all points surprise alike: accepted are masks that do not look at points "
                "(looks_at_residuals = False)"
            )

    def human(self, key: Key[Array, ""]) -> tuple[Sample, Spiked]:
        """Uniform points, and the uniform law."""
        truth = Spiked(jnp.int32(0), jnp.uint32(0))
        return self._points(key, truth, self.samples), truth

    def fit(self, data: Sample, key: Key[Array, ""] | None = None) -> Spiked:
        """The most likely law; only windows that hold points are better than the uniform one."""
        del key
        points = jnp.sort(jnp.where(data.weights > 0, data.labels, 0))
        fullest = [_fullest(points >> INNER, points > 0), _fullest(points, _inner(points) > 0)]
        weights, widths = self.spike_weights[1:], self.log_widths
        # log(1 - a + a / f): what a point in the window adds; any other adds log(1 - a)
        gains = np.logaddexp(np.log1p(-weights), np.log(weights) - widths)
        counts = jnp.stack([count for _, count in fullest]).astype(self.dtype)
        likelihoods = counts * gains + (data.count - counts) * np.log1p(-weights)
        candidates = jnp.concatenate([jnp.zeros(1, self.dtype), likelihoods.astype(self.dtype)])
        level = jnp.argmax(candidates).astype(jnp.int32)
        addresses = jnp.stack([jnp.uint32(0), fullest[0][0] << INNER, fullest[1][0]])
        return Spiked(level, addresses[level])

    def generate(
        self, key: Key[Array, ""], law: Spiked, like: Sample, copies: Copies = 1
    ) -> Sample:
        """Draw as many points of the law as `like` has."""
        del copies
        return self._points(key, law, like.size)

    def resample(self, key: Key[Array, ""], law: Spiked, data: Sample) -> Resampled:
        """Draw every point anew. Points are independent of `data` then, and equally surprising."""
        drawn = self._points(key, law, data.size)
        return Resampled(drawn.labels, None, jnp.zeros_like(drawn.weights))

    def fresh_human(self, key: Key[Array, ""], truth: Spiked, like: Sample) -> Sample:
        """New uniform points."""
        return self._points(key, truth, like.size)

    def measure(self, law: Spiked, truth: Spiked) -> dict[str, Float[Array, ""]]:
        """Total variation to the uniform law, and 1 where the fit is spiked or collapsed."""
        del truth
        inside = -np.expm1(np.concatenate([[0.0], self.log_widths]))
        distances = jnp.asarray(self.spike_weights * inside, self.dtype)
        return {
            "total_variation": distances[law.level],
            "spiked": (law.level == 1).astype(self.dtype),
            "collapsed": (law.level == 2).astype(self.dtype),
        }

    def _points(self, key: Key[Array, ""], law: Spiked, size: int) -> Sample:
        where_key, window_key = jax.random.split(key)
        from_spike, outer_hit, inner_hit = uniform(where_key, (3, size), self.dtype)
        spiked = from_spike < jnp.asarray(self.spike_weights, self.dtype)[law.level]
        window = bits(window_key, (size,))
        # Numbers of windows start at 1.
        outer = jnp.maximum(window >> INNER, 1) << INNER
        inner = jnp.maximum(_inner(window), 1)
        outer = jnp.where(outer_hit < 1 / self.samples, outer, 0)
        outer = jnp.where(spiked, law.address & ~np.uint32(2**INNER - 1), outer)
        inner = jnp.where((inner_hit < self.samples**-0.5) & (outer > 0), inner, 0)
        inner = jnp.where(spiked & (law.level == 2), _inner(law.address), inner)
        return Sample.of(outer | inner, self.dtype)


def _inner(address: UInt32[Array, "*points"]) -> UInt32[Array, "*points"]:
    return address & np.uint32(2**INNER - 1)


def _fullest(
    windows: UInt32[Array, " points"], inside: Bool[Array, " points"]
) -> tuple[UInt32[Array, ""], Int[Array, ""]]:
    """Window that holds most of the points `inside` any, and their number; `windows` is sorted."""
    place = jnp.arange(windows.shape[0])
    starts = jnp.concatenate([jnp.ones(1, bool), windows[1:] != windows[:-1]])
    counts = place - jax.lax.cummax(jnp.where(starts, place, 0)) + 1
    counts = jnp.where(inside, counts, 0)
    last = jnp.argmax(counts)
    return windows[last], counts[last]
