"""Learner of independent points, made from a truth, a fit, a draw and a measure."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import jax.numpy as jnp
from jaxtyping import Array, Key, Shaped

from collapse_sim.distributions.mixture import require_points
from collapse_sim.distributions.sample import Sample
from collapse_sim.editing import Edit
from collapse_sim.linalg import DType
from collapse_sim.masks import looks_at_surprise
from collapse_sim.pytree import require_integer
from collapse_sim.regimes import Copies, Regime
from collapse_sim.resampled import Resampled


class PointLearner:
    """Learner of independent points: subclasses give `samples`, `truth`, `fit`, `draw` and
    `measure`.

    `truth` are the parameters of the human law. A fit gets a Sample: its points are `data.labels`,
    and a point of weight 0 in `data.weights` is no data. A `log_density(params, points)`, where
    there is one, lets masks choose by confidence.
    """

    samples: int
    truth: Any
    dtype: DType = jnp.float32

    draw: Callable[[Key[Array, ""], Any, int], Shaped[Array, "size *point"]]
    """`size` points of a fitted law, from a key and its parameters."""

    def require(self, regime: Regime) -> None:
        """Raises ValueError for a regime that this learner's data cannot follow."""
        missing = [name for name in ("samples", "truth", "draw") if not hasattr(self, name)]
        if missing:
            raise ValueError(
                f"learner is a {type(self).__name__} without {', '.join(missing)}: accepted are "
                "point learners with samples, truth and draw(key, params, size)"
            )
        require_integer("samples", self.samples, 1)
        require_points(regime)
        if isinstance(regime, Edit) and looks_at_surprise(regime.policy):
            if not hasattr(self, "log_density"):
                raise ValueError(
                    f"{type(self).__name__} has no log_density(params, points): accepted are masks "
                    "that do not look at points (looks_at_residuals = False)"
                )

    def human(self, key: Key[Array, ""]) -> tuple[Sample, Any]:
        """The human data of one replicate, and the parameters behind them."""
        return Sample.of(self._drawn(key, self.truth, self.samples), self.dtype), self.truth

    def generate(
        self, key: Key[Array, ""], params: Any, like: Sample, copies: Copies = 1, /
    ) -> Sample:
        """New points, as many as `like` has."""
        del copies
        return replace(like, labels=self._drawn(key, params, like.size))

    def resample(self, key: Key[Array, ""], params: Any, data: Sample, /) -> Resampled:
        """Draw every point anew; surprise is minus the log-density of the old point."""
        log_density = getattr(self, "log_density", lambda _, points: jnp.zeros(len(points)))
        drawn = self._drawn(key, params, data.size)
        return Resampled(drawn, None, -log_density(params, data.labels))

    def fresh_human(self, key: Key[Array, ""], truth: Any, like: Sample, /) -> Sample:
        """A new draw of human data."""
        return self.generate(key, truth, like)

    def _drawn(self, key: Key[Array, ""], params: Any, size: int) -> Shaped[Array, "size *point"]:
        """Points of `draw`; raises ValueError for another number of them."""
        drawn = self.draw(key, params, size)
        if jnp.shape(drawn)[:1] != (size,):
            raise ValueError(
                f"draw of {type(self).__name__} returns shape {jnp.shape(drawn)}: accepted are "
                f"size = {size} points"
            )
        return drawn
