"""World of a run: the design, its labels and its noise, which all processes share."""

from dataclasses import dataclass
from typing import Any

import jax.numpy as jnp
import numpy as np

from collapse_sim.linear.design import GaussianDesign, GivenDesign, covariance_factor
from collapse_sim.linear.fit import fit_labels, spans_constant, to_one_scale
from collapse_sim.linear.learner import LinearLearner
from experiments.linear.inputs import read_design
from experiments.linear.settings import NOISE, Settings

ERRORS = "test_error", "scale_averaged_error"
"""Measures that are squared errors. The second is the mean over the design's scale, of equal mean
and without the heavy tail."""


@dataclass(frozen=True, eq=False)
class World:
    """Design, labels and noise that all processes of a run share.

    Simulations run in units of the noise, whatever the units of labels and columns are: no scale
    leaves the range of float32. `scale` brings their summaries back.
    """

    design: GaussianDesign | GivenDesign
    """A given one has columns of one scale; least squares does not see the difference."""
    noise_std: float
    """Standard deviation of the noise in units of the labels."""
    dtype: jnp.dtype
    labels: np.ndarray | None = None
    hashes: dict[str, str] | None = None
    note: str = ""
    """Description of the input files in one line."""

    @property
    def given(self) -> bool:
        return isinstance(self.design, GivenDesign)

    @property
    def base_error(self) -> float:
        """b, the mean test error of the fit on human data (given X, for a given design)."""
        dim, samples = self.design.dim, self.design.samples
        rows = samples if self.given else samples - dim - 1
        return self.noise_std**2 * dim / rows

    @property
    def unit_base_error(self) -> float:
        """Base error b in units of the noise, in which everything is simulated."""
        return self.base_error / self.noise_std**2

    @property
    def residuals(self) -> np.ndarray | None:
        """Real labels less their fit: least squares does not see the difference."""
        return None if self.labels is None else fit_labels(self.inputs, self.labels).residuals

    @property
    def inputs(self) -> np.ndarray:
        """The rows of a given design."""
        assert isinstance(self.design, GivenDesign)
        return np.asarray(self.design.inputs)

    @property
    def frame(self) -> np.ndarray:
        """Orthonormal columns with the span of a given design's columns."""
        assert isinstance(self.design, GivenDesign)
        return np.asarray(self.design.frame)

    def learner(self, **options: Any) -> LinearLearner:
        """Make a learner of unit noise; `human_labels` are in units of the labels."""
        design, labels = options.pop("design", self.design), options.pop("human_labels", None)
        if labels is not None:
            labels = labels / self.noise_std
        return LinearLearner(design, human_labels=labels, dtype=self.dtype, **options)

    @property
    def scale(self) -> dict[str, float]:
        """Factors that turn squared errors from units of the noise into units of the labels."""
        return dict.fromkeys(ERRORS, self.noise_std**2)

    @property
    def units(self) -> dict[str, float]:
        """Unit of errors in tables: b."""
        return dict.fromkeys(ERRORS, self.base_error)


def make_world(settings: Settings) -> World:
    """Read or build the design; raises ValueError for whatever cannot be used."""
    dtype = jnp.dtype(settings.precision)
    if settings.design == "gaussian":
        factor = covariance_factor(settings.spectrum, settings.dim)
        isotropic = settings.spectrum == "isotropic"
        design = GaussianDesign(
            settings.dim, settings.samples, factor=None if isotropic else factor
        )
        return World(design, settings.noise_std or 1.0, dtype)
    given = read_design(settings.design, settings.labels, settings.has_header)
    inputs, intercept = to_one_scale(given.inputs)[0], "no intercept"
    try:
        design = GivenDesign.of(inputs)
    except ValueError as error:
        raise ValueError(f"--design {settings.design}: {error}") from None
    if spans_constant(inputs):
        intercept = "constant among the columns"
    elif settings.add_intercept:
        inputs, intercept = np.hstack([np.ones((len(inputs), 1)), inputs]), "intercept added"
        design = GivenDesign.of(inputs)
    if design.samples < design.dim + 2:
        raise ValueError(
            f"--design {settings.design}: has {design.samples} rows and {design.dim} columns "
            f"({intercept}), accepted are at least columns + 2 rows"
        )
    noise_std = settings.noise_std or 1.0
    if given.labels is not None:
        try:
            estimate = fit_labels(inputs, given.labels).noise_std
        except ValueError as error:
            raise ValueError(f"--labels {settings.labels}: {error}") from None
        noise_std = settings.noise_std or estimate
        if not NOISE[0] <= noise_std <= NOISE[1]:
            raise ValueError(
                f"--labels {settings.labels}: have noise {noise_std:g}, accepted is "
                f"{NOISE[0]:g} to {NOISE[1]:g}"
            )
    note = f"{given.note}; {intercept}, d = {design.dim}"
    return World(design, noise_std, dtype, given.labels, given.hashes, note)
