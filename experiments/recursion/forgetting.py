"""Forgetting of a type, a tail or a spread: the laws that no other family decides.

Sizes are those at which each law differs from its neighbours by more than its tolerance, so of the
flags only --replicates, --precision and --sampling-variance say anything here.
"""

import math
from collections.abc import Iterator
from typing import Any

import jax.numpy as jnp
import numpy as np

from collapse_sim.distributions import type_laws
from collapse_sim.distributions.categorical import CategoricalLearner
from collapse_sim.distributions.divergences import Mixture
from collapse_sim.distributions.gaussian import GaussianLearner
from collapse_sim.distributions.gaussian_law import GaussianLaw
from collapse_sim.distributions.kernel_density import KernelDensityLearner
from collapse_sim.distributions.mixture import MixtureLearner
from collapse_sim.distributions.rare_words import PoissonWord
from collapse_sim.editing import Edit, EditSubset
from collapse_sim.experiment.process import Check, Process, Recording, only
from collapse_sim.loop import Chain, Trace
from collapse_sim.masks import MaskPolicy
from collapse_sim.regimes import FreshHuman, Regime, Replace
from experiments.recursion import forgetting_tails
from experiments.recursion.family import Column, Family, Found
from experiments.recursion.points import truth, truth_variance
from experiments.recursion.settings import Settings
from theory.distributions import categorical, kernel_density, survival

REPLICATES, MANY = 2**18, 2**20
"""Replicates of most processes, and of short ones with measures that vary much."""

LIFETIMES = 9
"""Generations, in units of the samples, after which next to no language has two types left."""

DISTINCT, PAIR = 10, 20
"""Tokens of languages that are followed until one type is left."""

POINTS, EARLY = 20, 3
"""Points of a Gaussian, and the generation of its verdict: later, few chains carry a mean."""

KEPT, REDRAWN = 10, 30
"""Points of a Gaussian that are always kept, and points that are always drawn anew."""

COORDINATES = 8
"""Dimensions of a kernel density: the error of its mean is averaged over them."""

FEW, SPREAD, LATE = 10, 1.0, 40
"""Points of a mixture; the standard deviation whose chance of being exceeded is bounded (the truth
has 2.24); a generation at which the bound is below 1 and some chains still exceed it."""


def processes(settings: Settings) -> Iterator[Process]:
    yield from _types(settings)
    yield from _anchored(settings)
    yield from forgetting_tails.processes(settings)
    yield from _gaussians(settings)
    yield _mixture(settings)
    yield from _kernels(settings)


def _until_one(trace: Trace) -> Trace:
    """Trace of the fits made while several types were left, and of whether several are left."""
    several = 1 - trace["absorbed"]
    return {"fits": 1 + jnp.cumsum(several), "several": several}


def _types(settings: Settings) -> Iterator[Process]:
    """Make full resampling of words: types that are left, and the time until one type is left."""
    dtype = settings.dtype

    def chain(law: np.ndarray, tokens: int, generations: int) -> Chain:
        return Chain(CategoricalLearner(law, tokens, dtype=dtype), Replace(), generations)

    def until_one(law: np.ndarray, tokens: int) -> Recording:
        return Recording(chain(law, tokens, LIFETIMES * tokens), _until_one, alone=True)

    law = type_laws.zipf(50, 1.0)
    yield Process(
        "replace",
        only(chain(law, 100, 20), "surviving_types"),
        REPLICATES,
        variant="words",
        where={"samples": 100, "probabilities": law, "types": 50, "law": "zipf"},
        checks=[Check("suresh2025.vocab", "surviving_types")],
    )
    yield Process(
        "replace",
        PoissonWord(0.05 * 50, 10, dtype),
        MANY,
        variant="Poisson counts",
        where={"rate": 0.05, "samples": 50},
        checks=[Check("suresh2025.poisson", "alive")],
        closed={"alive": survival.poisson_survival},
    )
    yield Process(
        "replace",
        until_one(type_laws.uniform(DISTINCT), DISTINCT),
        REPLICATES,
        variant="distinct types",
        where={"samples": DISTINCT},
        checks=[Check("kazdan2025.discrete", "fits", note=f"2 N is {2 * DISTINCT}")],
    )
    pair: dict[str, Any] = {"probability": 0.5, "samples": PAIR}
    limit = categorical.absorption_time_two_types(**pair)
    yield Process(
        "replace",
        until_one(np.full(2, 0.5), PAIR),
        REPLICATES,
        variant="a pair",
        where=pair,
        checks=[
            Check("ref.two_types", "fits", note=f"the diffusion limit is {limit:.4g}"),
            Check("seddik2024.absorb_least", "several", PAIR),
            Check("seddik2024.absorb", "several", 6 * PAIR, note="above 1 for the first 2 N fits"),
        ],
    )


def _anchored(settings: Settings) -> Iterator[Process]:
    """Make processes with human tokens beside the drawn ones: fresh ones, or always the same."""
    dtype, law = settings.dtype, type_laws.uniform(10)
    learner = CategoricalLearner(law, 50, representation="rows", dtype=dtype)
    yield Process(
        "fresh_human",
        Chain(learner, FreshHuman(0.1), 30),
        REPLICATES,
        variant="ten types",
        where={"samples": 50, "human_share": 0.1, "probabilities": law},
        checks=[Check("ref.mix_prob", "squared_distance", note="its limit, reached within 1e-3")],
    )
    law = np.array([0.4, 0.3, 0.2, 0.1])
    learner = CategoricalLearner(law, 40, sizes=np.array([24, 16]), dtype=dtype)
    yield Process(
        "keep_human",
        Chain(learner, _second_block(20), 20),
        REPLICATES,
        variant="the same tokens",
        where={"samples": 40, "edited": 16, "probabilities": law},
        checks=[Check("ref.unigram_fixed", "heterozygosity", note="averaged over the anchors")],
    )


def _second_block(generations: int) -> Regime:
    """Regime on two blocks: the second is drawn anew each time."""
    return Edit.of(MaskPolicy.of(np.tile([False, True], (generations - 1, 1))))


def _gaussians(settings: Settings) -> Iterator[Process]:
    dtype, bias = settings.dtype, settings.sampling_variance
    biased: dict[str, Any] = {"samples": POINTS, "sampling_variance": bias}
    learner = GaussianLearner(1, **biased, representation="statistics", dtype=dtype)
    yield Process(
        "replace",
        Chain(learner, Replace(), EARLY),
        REPLICATES,
        variant=f"{bias:g} of variance",
        where=biased,
        checks=[Check("alemohammad2024.bias", "variance", note="tested early")],
    )
    law = GaussianLaw.of(
        "accumulate", samples=10, generations=100, estimator="maximum_likelihood", dtype=dtype
    )
    steps = "by its steps, each averaged over its own draw"
    yield Process(
        "accumulate",
        law,
        REPLICATES,
        variant="max likelihood",
        where={"samples": 10, "unbiased": False},
        checks=[
            Check("kazdan2025.gauss_acc_limit", "variance", note="reached within 1e-3"),
            Check("ref.gauss_acc_mean", "squared_mean_steps", note=steps),
        ],
    )
    half: dict[str, Any] = {"samples": POINTS, "edited": POINTS // 2}
    chain = Chain(GaussianLearner(1, POINTS, dtype=dtype), EditSubset(POINTS // 2), EARLY)
    yield Process(
        "edit",
        chain,
        MANY,
        variant="a random half",
        where=half,
        checks=[Check("ref.gauss_edit_mean", "squared_mean_error")],
    )
    learner = GaussianLearner(
        1, KEPT + REDRAWN, sizes=np.array([KEPT, REDRAWN]), representation="statistics", dtype=dtype
    )
    yield Process(
        "keep_human",
        Chain(learner, _second_block(20), 20),
        REPLICATES,
        variant="the same points",
        where={"samples": KEPT + REDRAWN, "edited": REDRAWN},
        checks=[
            Check("ref.gauss_edit_fixed_path", "variance", EARLY),
            Check("ref.gauss_edit_fixed", "variance", note="reached within 1e-3"),
        ],
    )


def _mixture(settings: Settings) -> Process:
    """Make a process of two components fitted by a few steps of EM."""
    learner = MixtureLearner(truth(1), FEW, 2, steps=5, dtype=settings.dtype)
    return Process(
        "replace",
        Recording(Chain(learner, Replace(), LATE), _above, alone=True),
        REPLICATES,
        variant="two components",
        where={"samples": FEW, "threshold": SPREAD, "human_std": math.sqrt(truth_variance(1))},
        checks=[Check("suresh2025.gmm", "exceeds", note="by EM e^{-n/(2M)} would do")],
    )


def _above(trace: Trace) -> Trace:
    return {"exceeds": (trace["variance"] > SPREAD**2).astype(trace["variance"].dtype)}


def _kernels(settings: Settings) -> Iterator[Process]:
    dtype = settings.dtype
    fixed: dict[str, Any] = {"samples": POINTS, "bandwidth": 1.0}
    human = Mixture.of((1.0,), [np.zeros(COORDINATES)], [np.eye(COORDINATES)])
    chain = Chain(KernelDensityLearner(**fixed, truth=human, dtype=dtype), Replace(), EARLY)
    yield Process(
        "replace",
        only(chain, "squared_mean_error"),
        REPLICATES,
        variant="a fixed kernel",
        where=fixed,
        checks=[Check("ref.kde_mean", "squared_mean_error")],
    )
    chain = Chain(KernelDensityLearner(100, "silverman", dtype=dtype), Replace(), EARLY)
    factor = kernel_density.silverman_factor(samples=100)
    yield Process(
        "replace",
        only(chain, "data_variance"),
        REPLICATES,
        variant="Silverman's rule",
        where={"samples": 100, "factor": factor, "unbiased": False},
        checks=[Check("ref.kde_silverman", "data_variance")],
    )


def _sentences(found: Found) -> Iterator[str]:
    if found.has("replace, a pair", "replace, distinct types"):
        pair, many = found.results["replace, a pair"], found.results["replace, distinct types"]
        yield (
            f"Of two types in {pair.process.where['samples']} tokens one is left after "
            f"{found.mean('replace, a pair', 'fits')} fits{found.cite('ref.two_types')}, of "
            f"{many.process.where['samples']} in as many tokens after "
            f"{found.mean('replace, distinct types', 'fits')}{found.cite('kazdan2025.discrete')}."
        )
    if found.has("replace, Poisson counts"):
        share = found.percent("replace, Poisson counts", "alive")
        yield (
            f"A word expected two or three times is still known by {share:.0f} % of the chains "
            f"after {found.fits('replace, Poisson counts')} generations"
            f"{found.cite('suresh2025.poisson')}."
        )


FAMILY = Family(
    processes,
    table=(
        Column("fits to one", "fits"),
        Column("several left", "several"),
        Column("test error", "test_error"),
        Column("variance", "variance"),
        Column("mean error", "squared_mean_error"),
    ),
    sentences=_sentences,
)
