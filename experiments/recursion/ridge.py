"""Regression with a penalty or by minimum norm, on mixed, shifted and weighted rows.

Sizes are those at which each law differs from its neighbours by more than its tolerance, so of the
flags only --replicates and --precision say anything here.
"""

import math
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import jax.numpy as jnp
import numpy as np

from collapse_sim.experiment.process import Check, Process
from collapse_sim.linear.design import GaussianDesign
from collapse_sim.linear.learner import LinearLearner, min_norm
from collapse_sim.linear.mixture_chain import MixtureChain
from collapse_sim.loop import Chain
from collapse_sim.regimes import Mix, Regime, Replace
from experiments.recursion.points import family_process
from experiments.recursion.settings import Settings
from theory.linear import mixture_scaling, ridge, strong_collapse
from theory.linear.wishart import base_error

DRAWN, AVERAGED = 2**19, 2**17
"""Most replicates with noise, and of means over noise, which vary less."""

NARROW: dict[str, Any] = {"dim": 12, "samples": 4, "noise_std": 0.5, "true_norm": 1.0}
"""Fewer rows than columns."""

WEIGHTS = (0.3, 0.618)
"""Weights of the real labels: one far from the best for every size, and that one."""

SHRUNK: dict[str, Any] = {"dim": 2, "samples": 6, "noise_std": 0.8, "true_norm": 1.0}
PENALTY = 0.3

GENERATORS: dict[str, Any] = {"generator_samples": 12, "generator_noise_std": 0.5, "generators": 7}
UNEQUAL = np.array([1.6, 0.4])
"""Variances of two columns."""

MIXED: dict[str, Any] = {"dim": 4, "samples": 14, "synthetic_rows": 6}
NOISES: dict[str, Any] = {"noise_std": 0.5, "synthetic_noise_std": 1.0}

LADDER = (4, 8, 16)
"""Columns of the sizes along which a limit is judged; rows grow with them."""

MANY: dict[str, Any] = {"dim": 4, "samples": 10_000}
"""Many rows for each column."""


def processes(settings: Settings) -> Iterator[Process]:
    yield from _interpolators(settings)
    yield from _shrunk(settings)
    yield from _downstream(settings)
    yield from _mixtures(settings)
    yield from _proportional(settings)


_process = partial(family_process, "ridge")


def _number(settings: Settings) -> Any:
    return jnp.dtype(settings.precision)


def _interpolators(settings: Settings) -> Iterator[Process]:
    """Chains of minimum-norm fits: labels mixed with fresh real ones, or replaced."""
    dim, rows = NARROW["dim"], NARROW["samples"]

    def chain(regime: Regime, generations: int, *, shared: bool) -> Chain:
        learner = LinearLearner(
            GaussianDesign(dim, rows, shared),
            NARROW["noise_std"],
            min_norm,  # type: ignore[arg-type]  # of rows, which these are
            true_weights=np.full(dim, NARROW["true_norm"] / math.sqrt(dim)),
            dtype=_number(settings),
        )
        return Chain(learner, regime, generations)

    for weight in WEIGHTS:
        yield _process(
            settings,
            "mix",
            f"{weight:g} real",
            chain(Mix(weight), 9, shared=True),
            NARROW | {"real_weight": weight},
            Check("garg2026.minnorm", "test_error", note="the limit, reached to 0.1 %"),
            replicates=DRAWN,
        )
    for shared in (False, True):
        claim = "ref.overparam_shared" if shared else "dohmatob2024a.overparam"
        form = ridge.min_norm_shared_error if shared else ridge.min_norm_error
        yield _process(
            settings,
            "replace",
            f"min norm, {'shared' if shared else 'fresh'}",
            chain(Replace(), 4, shared=shared),
            NARROW,
            Check(claim, "test_error", 2),
            Check(claim, "test_error"),
            replicates=DRAWN,
            closed={"test_error": form},
        )


def _shrunk(settings: Settings) -> Iterator[Process]:
    """Ridge in every generation, on fresh rows labelled by the last fit."""
    samples = SHRUNK["samples"]
    where = SHRUNK | {"penalty": PENALTY, "constants": _constants()}
    chain = MixtureChain.of(
        dim=SHRUNK["dim"],
        generations=8,
        synthetic_rows=float(samples),
        noise_std=SHRUNK["noise_std"],
        penalty=PENALTY,
        true_weights=np.array([0.8, 0.6]),
        dtype=_number(settings),
    )
    yield _process(
        settings,
        "replace",
        "ridge",
        chain,
        where,
        Check("ref.ridge_chain", "test_error", 3),
        Check("ref.ridge_chain", "test_error"),
        Check("ref.ridge_memory", "memory", 3),
        replicates=AVERAGED,
        closed={"test_error": ridge.ridge_chain_error, "memory": ridge.ridge_chain_memory},
    )


def _constants() -> ridge.RidgeConstants:
    return ridge.ridge_constants_two_columns(samples=SHRUNK["samples"], penalty=PENALTY)


def _downstream(settings: Settings) -> Iterator[Process]:
    """One fit on the labels of the last of some least-squares generators, all on fresh rows."""
    dim, noise_std = SHRUNK["dim"], SHRUNK["noise_std"]
    constants, truth = _constants(), np.array([0.8, 0.6])
    clean = ridge.clean_ridge_error(constants=constants, noise_std=noise_std, true_norm=1.0)
    cases: list[tuple[str, Any, dict[str, Any]]] = [
        (
            "then ridge",
            1.0,
            {
                "samples": SHRUNK["samples"],
                "penalty": PENALTY,
                "clean_error": clean,
                "transfer_trace": dim * constants.kept_squared,
            },
        ),
        (
            "unequal columns",
            UNEQUAL,
            {
                "samples": 12,
                "penalty": 0.0,
                "clean_error": base_error(dim=dim, samples=12, noise_std=noise_std),
                "transfer_trace": float(dim),
            },
        ),
    ]
    for variant, variances, case in cases:
        where = {"dim": dim, "noise_std": noise_std, **GENERATORS, **case}
        yield _process(
            settings,
            "generators",
            variant,
            _generators(settings, where, variances=variances, true_weights=truth),
            where,
            Check("dohmatob2024a.linear", "test_error"),
            replicates=AVERAGED,
        )

    def of(dim: int) -> dict[str, Any]:
        rows = {"dim": dim, "samples": 3 * dim, "penalty": 0.0, "noise_std": noise_std}
        return GENERATORS | rows | {"generator_samples": 4 * dim}

    def simulate(dim: int) -> MixtureChain:
        return _generators(settings, of(dim))

    name = "generators, then least squares"
    yield from _ladder(settings, name, "dohmatob2024a.ridgeless", simulate, of, 2**15)


def _generators(settings: Settings, where: dict[str, Any], **columns: Any) -> MixtureChain:
    """Generators without a penalty, and the fit to the labels of the last."""

    def then(before: float, last: float) -> np.ndarray:
        return np.append(np.full(where["generators"], float(before)), last)

    return MixtureChain.of(
        dim=where["dim"],
        generations=where["generators"] + 1,
        synthetic_rows=then(where["generator_samples"], where["samples"]),
        noise_std=then(where["generator_noise_std"], where["noise_std"]),
        penalty=then(0, where["penalty"]),
        dtype=_number(settings),
        **columns,
    )


def _mixtures(settings: Settings) -> Iterator[Process]:
    """Least squares on real rows and rows of a model off the truth, or of the last fit."""
    dim, samples, synthetic = (MIXED[name] for name in ("dim", "samples", "synthetic_rows"))
    yield _process(
        settings,
        "mixture",
        "few rows",
        _mixture(settings, dim, samples, synthetic, 1.0, **NOISES),
        MIXED | NOISES | {"shift_norm": 1.0},
        Check("ref.strong_T", "test_error"),
        replicates=AVERAGED,
        closed={"test_error": [strong_collapse.mixture_error(**MIXED, **NOISES, shift_norm=1.0)]},
    )
    # Rows at which noise and floor are alike, and so many that the floor alone is left.
    for samples, fraction, shift in ((MANY["samples"], 0.3, 0.07), (10**6, 0.01, 1.0)):
        where = MANY | {"samples": samples, "synthetic_fraction": fraction, "shift_norm": shift}
        where |= {"noise_std": 1.0}
        floor = mixture_scaling.scaling_plateau(synthetic_fraction=fraction, shift_norm=shift)
        yield _process(
            settings,
            "mixture",
            f"{samples:,} rows",
            _mixture(settings, MANY["dim"], samples, fraction * samples, shift),
            where,
            Check("dohmatob2025.cor1", "test_error", note=f"its floor: {floor:.3g}"),
            replicates=AVERAGED,
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
        yield _process(
            settings,
            "mixture",
            f"weight {weight:g}",
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
            where,
            Check("ref.weighted", "test_error"),
            Check("dohmatob2025.cor2", "test_error", note="as recalled"),
            replicates=AVERAGED,
            closed={"test_error": [mixture_scaling.weighted_mixing_error(**where)]},
        )
    yield _iterated(settings)


def _iterated(settings: Settings) -> Process:
    """Fresh rows in every round, a part of them labelled by the last fit."""
    rows, fraction, rounds = 2000, 0.6, 8
    clean = base_error(dim=MANY["dim"], samples=rows)
    shift = math.sqrt(10 * clean)
    curve = [
        mixture_scaling.iterated_mixing_error(
            generation=n, clean_error=clean, shift_norm=shift, synthetic_fraction=fraction
        )
        for n in range(1, rounds + 1)
    ]
    return _process(
        settings,
        "mixture",
        "the last fit's",
        _mixture(settings, MANY["dim"], rows, fraction * rows, shift, generations=rounds),
        {
            "dim": MANY["dim"],
            "samples": rows,
            "clean_error": clean,
            "synthetic_fraction": fraction,
            "shift_norm": shift,
        },
        Check("dohmatob2025.cor3", "test_error"),
        replicates=AVERAGED,
        closed={"test_error": curve},
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
        dtype=_number(settings),
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
                dtype=_number(settings),
                **noises,
                **{name: where[name] for name in names},
            )

        yield from _ladder(settings, f"mixture, {name}", "dohmatob2025.thm1", simulate, of, 2**18)


def _ladder(
    settings: Settings,
    name: str,
    claim: str,
    simulate: Callable[[int], MixtureChain],
    where: Callable[[int], dict[str, Any]],
    replicates: int,
) -> Iterator[Process]:
    """A limit along processes of doubling size, each looked at once; the last carries the check."""
    steps = [f"d = {dim}" for dim in LADDER]
    along = tuple(f"ridge {name} {step}" for step in steps)
    replicates = settings.replicates or replicates
    for dim, step in zip(LADDER, steps, strict=True):
        checks = [Check(claim, "test_error", along=along)] if dim == LADDER[-1] else []
        yield Process(
            name.partition(",")[0],
            simulate(dim),
            replicates,
            family="ridge",
            where=where(dim),
            checks=checks,
            looks=(replicates,),
            title=name,
            step=step,
        )
