"""Least squares on real rows and on rows of a model off the truth, mixed, weighted, penalised."""

import math
from collections.abc import Iterator
from typing import Any

import numpy as np

from collapse_sim.experiment.process import Check, Process
from collapse_sim.linear.mixture_chain import MixtureChain
from experiments.recursion.ridge_ladder import ladder
from experiments.recursion.settings import Settings
from theory.linear import mixture_scaling, strong_collapse
from theory.linear.wishart import base_error

AVERAGED = 2**17
"""Most replicates."""

MIXED: dict[str, Any] = {"dim": 4, "samples": 14, "synthetic_rows": 6}
NOISES: dict[str, Any] = {"noise_std": 0.5, "synthetic_noise_std": 1.0}

MANY: dict[str, Any] = {"dim": 4, "samples": 10_000}
"""Many rows for each column."""


def processes(settings: Settings) -> Iterator[Process]:
    yield from _mixtures(settings)
    yield _iterated(settings)
    yield from _proportional(settings)


def _mixtures(settings: Settings) -> Iterator[Process]:
    """Least squares on real rows and rows of a model off the truth, or of the last fit."""
    dim, samples, synthetic = (MIXED[name] for name in ("dim", "samples", "synthetic_rows"))
    yield Process(
        "mixture",
        _mixture(settings, dim, samples, synthetic, 1.0, **NOISES),
        AVERAGED,
        variant="few rows",
        where=MIXED | NOISES | {"shift_norm": 1.0},
        checks=[Check("ref.strong_T", "test_error")],
        closed={"test_error": [strong_collapse.mixture_error(**MIXED, **NOISES, shift_norm=1.0)]},
    )
    # Rows at which noise and floor are alike, and so many that the floor alone is left.
    for samples, fraction, shift in ((MANY["samples"], 0.3, 0.07), (10**6, 0.01, 1.0)):
        where = MANY | {"samples": samples, "synthetic_fraction": fraction, "shift_norm": shift}
        where |= {"noise_std": 1.0}
        floor = mixture_scaling.scaling_plateau(synthetic_fraction=fraction, shift_norm=shift)
        yield Process(
            "mixture",
            _mixture(settings, MANY["dim"], samples, fraction * samples, shift),
            AVERAGED,
            variant=f"{samples:,} rows",
            where=where,
            checks=[Check("dohmatob2025.cor1", "test_error", note=f"its floor: {floor:.3g}")],
            closed={"test_error": [mixture_scaling.scaling_error(**where)]},
        )
    for weight in (0.1, 0.5):
        where: dict[str, Any] = MANY | {
            "synthetic_fraction": 0.25,
            "shift_norm": 0.05,
            "synthetic_weight": weight,
        }
        where |= {"noise_std": 1.0, "synthetic_noise_std": 2.0}
        rows = MANY["samples"]
        yield Process(
            "mixture",
            _mixture(
                settings,
                MANY["dim"],
                rows,
                0.25 * rows,
                0.05,
                synthetic_noise_std=2.0,
                real_weight=(1 - weight) / 0.75,
                synthetic_weight=weight / 0.25,
            ),
            AVERAGED,
            variant=f"weight {weight:g}",
            where=where,
            checks=[
                Check("ref.weighted", "test_error"),
                Check("dohmatob2025.cor2", "test_error", note="as recalled"),
            ],
            closed={"test_error": [mixture_scaling.weighted_mixing_error(**where)]},
        )


def _iterated(settings: Settings) -> Process:
    """Fresh rows in every round, a part of them labelled by the last fit."""
    rows, fraction, rounds = 2000, 0.6, 8
    clean = base_error(dim=MANY["dim"], samples=rows)
    shift = math.sqrt(10 * clean)
    return Process(
        "mixture",
        _mixture(settings, MANY["dim"], rows, fraction * rows, shift, generations=rounds),
        AVERAGED,
        variant="the last fit's",
        where={
            "dim": MANY["dim"],
            "samples": rows,
            "clean_error": clean,
            "synthetic_fraction": fraction,
            "shift_norm": shift,
        },
        checks=[Check("dohmatob2025.cor3", "test_error")],
        closed={"test_error": mixture_scaling.iterated_mixing_error},
    )


def _mixture(
    settings: Settings, dim: int, samples: int, synthetic: float, shift: float, **more: Any
) -> MixtureChain:
    """Isotropic rows, and a first writer off the truth by the length `shift`."""
    return MixtureChain.of(
        dim=dim,
        real_rows=float(samples - synthetic),
        synthetic_rows=float(synthetic),
        shift_variances=shift**2 / dim,
        dtype=settings.dtype,
        **more,
    )


def _proportional(settings: Settings) -> Iterator[Process]:
    """Rows and columns that grow together: columns of two variances, the shift in one kind."""
    noises = {"noise_std": 0.5, "synthetic_noise_std": 1.0}
    for name, ratio, penalty in (("ridge, d > T", 0.75, 1.0), ("no ridge, d < T", 2.25, 0.0)):

        def of(dim: int, rows_per_column: float = ratio, penalty: float = penalty):
            halves = np.repeat([1.5, 0.5], dim // 2)
            return {
                "dim": dim,
                "samples": round(rows_per_column * dim),
                "covariance_eigenvalues": halves,
                "shift_variances": np.repeat([0.25, 1.25], dim // 2) / dim,
                "true_weights": np.repeat([1.0, 2.0], dim // 2) / math.sqrt(dim),
                "penalty": penalty,
                "synthetic_fraction": 1 / 3,
                **noises,
            }

        def simulate(dim: int, of=of) -> MixtureChain:
            where = of(dim)
            names = ("dim", "shift_variances", "true_weights", "penalty")
            return MixtureChain.of(
                real_rows=where["samples"] * 2 / 3,
                synthetic_rows=where["samples"] / 3,
                variances=where["covariance_eigenvalues"],
                dtype=settings.dtype,
                **noises,
                **{name: where[name] for name in names},
            )

        yield from ladder(settings, f"mixture, {name}", "dohmatob2025.thm1", simulate, of, 2**18)
