"""Regression with a penalty or by minimum norm, on mixed, shifted and weighted rows.

Sizes are those at which each law differs from its neighbours by more than its tolerance, so of the
flags only --replicates and --precision say anything here.
"""

import math
from collections.abc import Iterator
from typing import Any

import numpy as np

from collapse_sim.experiment.process import Check, Process
from collapse_sim.linear.design import GaussianDesign
from collapse_sim.linear.learner import LinearLearner, min_norm
from collapse_sim.linear.mixture_chain import MixtureChain
from collapse_sim.loop import Chain
from collapse_sim.regimes import Mix, Regime, Replace
from experiments.recursion import ridge_mixtures
from experiments.recursion.family import Family, Found, with_theory
from experiments.recursion.ridge_ladder import ladder
from experiments.recursion.settings import Settings
from theory.linear import ridge
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


def processes(settings: Settings) -> Iterator[Process]:
    yield from _interpolators(settings)
    yield from _shrunk(settings)
    yield from _downstream(settings)
    yield from ridge_mixtures.processes(settings)


def _interpolators(settings: Settings) -> Iterator[Process]:
    """Chains of minimum-norm fits: labels mixed with fresh real ones, or replaced."""
    dim, rows = NARROW["dim"], NARROW["samples"]

    def chain(regime: Regime, generations: int, *, shared: bool) -> Chain:
        learner = LinearLearner(
            GaussianDesign(dim, rows, shared),
            NARROW["noise_std"],
            min_norm,  # type: ignore[arg-type]  # of rows, which these are
            true_weights=np.full(dim, NARROW["true_norm"] / math.sqrt(dim)),
            dtype=settings.dtype,
        )
        return Chain(learner, regime, generations)

    for weight in WEIGHTS:
        yield Process(
            "mix",
            chain(Mix(weight), 9, shared=True),
            DRAWN,
            variant=f"{weight:g} real",
            where=NARROW | {"real_weight": weight},
            checks=[Check("garg2026.minnorm", "test_error", note="the limit, reached to 0.1 %")],
        )
    for shared in (False, True):
        claim = "ref.overparam_shared" if shared else "dohmatob2024a.overparam"
        form = ridge.min_norm_shared_error if shared else ridge.min_norm_error
        yield Process(
            "replace",
            chain(Replace(), 4, shared=shared),
            DRAWN,
            variant=f"min norm, {'shared' if shared else 'fresh'}",
            where=NARROW,
            checks=[Check(claim, "test_error", 2), Check(claim, "test_error")],
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
        dtype=settings.dtype,
    )
    yield Process(
        "replace",
        chain,
        AVERAGED,
        variant="ridge",
        where=where,
        checks=[
            Check("ref.ridge_chain", "test_error", 3),
            Check("ref.ridge_chain", "test_error"),
            Check("ref.ridge_memory", "memory", 3),
        ],
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
        yield Process(
            "generators",
            _generators(settings, where, variances=variances, true_weights=truth),
            AVERAGED,
            variant=variant,
            where=where,
            checks=[Check("dohmatob2024a.linear", "test_error")],
        )

    def of(dim: int) -> dict[str, Any]:
        rows = {"dim": dim, "samples": 3 * dim, "penalty": 0.0, "noise_std": noise_std}
        return GENERATORS | rows | {"generator_samples": 4 * dim}

    def simulate(dim: int) -> MixtureChain:
        return _generators(settings, of(dim))

    name = "generators, then least squares"
    yield from ladder(settings, name, "dohmatob2024a.ridgeless", simulate, of, 2**15)


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
        dtype=settings.dtype,
        **columns,
    )


def _sentences(found: Found) -> Iterator[str]:
    if found.has("replace, ridge"):
        yield (
            f"A ridge fitted {found.fits('replace, ridge')} times to the labels of the last fit "
            f"has a finite error, {found.mean('replace, ridge', 'test_error')}"
            f"{found.cite('ref.ridge_chain')}, and has forgotten nearly all: "
            f"{found.mean('replace, ridge', 'memory')} of the true weights are left"
            f"{found.cite('ref.ridge_memory')}."
        )
    many = "mixture, 1,000,000 rows"
    if found.has(many):
        yield (
            "One row in a hundred of a model off by 1 leaves an error of "
            f"{found.mean(many, 'test_error')} at a million rows{found.cite('dohmatob2025.cor1')}."
        )


FAMILY = Family(
    processes,
    table=(*with_theory("test error", "test_error"), *with_theory("memory", "memory")),
    sentences=_sentences,
    explained="Memory: share of true weights that are not 0 which is left in the mean fit.",
)
