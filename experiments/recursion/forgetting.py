"""Forgetting of a type, a tail or a spread: the laws that no other family decides.

Sizes are those at which each law differs from its neighbours by more than its tolerance, so of the
flags only --replicates, --precision and --sampling-variance say anything here.
"""

import math
from collections.abc import Iterator
from functools import partial
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
from collapse_sim.distributions.rare_words import Memoriser, PoissonWord
from collapse_sim.experiment.process import Check, Process, Recording, only
from collapse_sim.loop import Chain, Trace
from collapse_sim.masks import MaskPolicy
from collapse_sim.regimes import Edit, EditSubset, FreshHuman, Regime, Replace
from experiments.recursion.points import family_process, truth, truth_variance
from experiments.recursion.settings import Settings
from theory.distributions import categorical, kernel_density, survival, zipf_tails

REPLICATES, MANY = 2**18, 2**20
"""Replicates of most processes, and of short ones with measures that vary much."""

LIFETIMES = 9
"""Generations, in units of the samples, after which next to no language has two types left."""

DISTINCT, PAIR = 10, 20
"""Tokens of languages that are followed until one type is left."""

EXPONENT, RANKS = 2.0, 512
"""Exponent of the Zipf law, and ranks that are told apart."""

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
    yield from _tails(settings)
    yield from _gaussians(settings)
    yield _mixture(settings)
    yield from _kernels(settings)


_process = partial(family_process, "forgetting", replicates=REPLICATES)


def _until_one(trace: Trace) -> Trace:
    """Trace of the fits made while several types were left, and of whether several are left."""
    several = 1 - trace["absorbed"]
    return {"fits": 1 + jnp.cumsum(several), "several": several}


def _types(settings: Settings) -> Iterator[Process]:
    """Make full resampling of words: types that are left, and the time until one type is left."""
    dtype, replaced = jnp.dtype(settings.precision), partial(_process, settings, "replace")

    def chain(law: np.ndarray, tokens: int, generations: int) -> Chain:
        return Chain(CategoricalLearner(law, tokens, dtype=dtype), Replace(), generations)

    def until_one(law: np.ndarray, tokens: int) -> Recording:
        return Recording(chain(law, tokens, LIFETIMES * tokens), _until_one, alone=True)

    law = type_laws.zipf(50, 1.0)
    yield replaced(
        "words",
        only(chain(law, 100, 20), "surviving_types"),
        {"samples": 100, "probabilities": law, "types": 50, "law": "zipf"},
        Check("suresh2025.vocab", "surviving_types"),
    )
    yield replaced(
        "Poisson counts",
        PoissonWord(0.05 * 50, 10, dtype),
        {"rate": 0.05, "samples": 50},
        Check("suresh2025.poisson", "alive"),
        closed={"alive": survival.poisson_survival},
        replicates=MANY,
    )
    yield replaced(
        "distinct types",
        until_one(type_laws.uniform(DISTINCT), DISTINCT),
        {"samples": DISTINCT},
        Check("kazdan2025.discrete", "fits", note=f"2 N is {2 * DISTINCT}"),
    )
    pair: dict[str, Any] = {"probability": 0.5, "samples": PAIR}
    limit = categorical.absorption_time_two_types(**pair)
    yield replaced(
        "a pair",
        until_one(np.full(2, 0.5), PAIR),
        pair,
        Check("ref.two_types", "fits", note=f"the diffusion limit is {limit:.4g}"),
        Check("seddik2024.absorb_least", "several", PAIR),
        Check("seddik2024.absorb", "several", 6 * PAIR, note="above 1 for the first 2 N fits"),
    )


def _anchored(settings: Settings) -> Iterator[Process]:
    """Make processes with human tokens beside the drawn ones: fresh ones, or always the same."""
    dtype, law = jnp.dtype(settings.precision), type_laws.uniform(10)
    learner = CategoricalLearner(law, 50, representation="rows", dtype=dtype)
    yield _process(
        settings,
        "fresh_human",
        "ten types",
        Chain(learner, FreshHuman(0.1), 30),
        {"samples": 50, "human_share": 0.1, "probabilities": law},
        Check("ref.mix_prob", "squared_distance", note="its limit, reached within 1e-3"),
    )
    law = np.array([0.4, 0.3, 0.2, 0.1])
    learner = CategoricalLearner(law, 40, sizes=np.array([24, 16]), dtype=dtype)
    yield _process(
        settings,
        "keep_human",
        "the same tokens",
        Chain(learner, _second_block(20), 20),
        {"samples": 40, "edited": 16, "probabilities": law},
        Check("ref.unigram_fixed", "heterozygosity", note="averaged over the anchors"),
    )


def _second_block(generations: int) -> Regime:
    """Regime on two blocks: the second is drawn anew each time."""
    return Edit.of(MaskPolicy.of(np.tile([False, True], (generations - 1, 1))))


def _tails(settings: Settings) -> Iterator[Process]:
    """Make memorisers of a Zipf law: cut far out, cut near, and with a human part."""
    replaced = partial(_process, settings, "replace")
    far: dict[str, Any] = {"exponent": EXPONENT, "samples": 10**3, "cut": 10**5}
    near: dict[str, Any] = {"exponent": EXPONENT, "samples": 10**9, "cut": 100}
    clean = far | {"cut": 8, "human_fraction": 0.05}
    slope, human = "the error, not its slope", {"human_samples": far["samples"]}
    yield replaced(
        "a far cut",
        memoriser(settings, **far),
        far,
        Check("ref.zipf_error", "test_error", 1),
        Check("dohmatob2024b.thm21", "test_error", 1, note=slope),
        Check("dohmatob2024b.cor22", "test_error", 2, human, note="multinomial: off by O(1/T)"),
    )
    yield replaced(
        "a near cut",
        memoriser(settings, **near),
        near,
        Check(  # a mass, and next to never another one
            "dohmatob2024b.thm21", "test_error", 1, note=slope, support=(0.0, 1.0)
        ),
    )
    yield replaced(
        "a clean part",
        memoriser(settings, **clean),
        clean,
        Check("ref.zipf_error", "test_error", 1, note="below the floor of the cut"),
    )


def memoriser(
    settings: Settings, *, exponent: float, samples: int, cut: int, human_fraction: float = 0.0
) -> Chain:
    """Chain of two generations of a memoriser on a Zipf law, cut at a rank, with a human part."""

    def with_rest(law: np.ndarray) -> np.ndarray:
        return np.append(law, max(1 - law.sum(), 0.0))

    ranks = np.arange(1, RANKS + 1)
    tested = ranks**-exponent * (1 - zipf_tails.tail_mass(exponent=exponent, rank=1))
    kept = 1 - zipf_tails.tail_mass(exponent=exponent, rank=cut)
    drawn = tested * (human_fraction + (1 - human_fraction) * (ranks <= cut) / kept)
    learner = Memoriser(
        with_rest(drawn), samples, dtype=jnp.dtype(settings.precision), tested=with_rest(tested)
    )
    return Chain(learner, Replace(), 2)


def _gaussians(settings: Settings) -> Iterator[Process]:
    dtype, bias = jnp.dtype(settings.precision), settings.sampling_variance
    replaced = partial(_process, settings, "replace")
    biased: dict[str, Any] = {"samples": POINTS, "sampling_variance": bias}
    learner = GaussianLearner(1, **biased, representation="statistics", dtype=dtype)
    yield replaced(
        f"{bias:g} of variance",
        Chain(learner, Replace(), EARLY),
        biased,
        Check("alemohammad2024.bias", "variance", note="tested early"),
    )
    law = GaussianLaw.of(
        "accumulate", samples=10, generations=100, estimator="maximum_likelihood", dtype=dtype
    )
    steps = "by its steps, each averaged over its own draw"
    yield _process(
        settings,
        "accumulate",
        "max likelihood",
        law,
        {"samples": 10, "unbiased": False},
        Check("kazdan2025.gauss_acc_limit", "variance", note="reached within 1e-3"),
        Check("ref.gauss_acc_mean", "squared_mean_steps", note=steps),
    )
    half: dict[str, Any] = {"samples": POINTS, "edited": POINTS // 2}
    chain = Chain(GaussianLearner(1, POINTS, dtype=dtype), EditSubset(POINTS // 2), EARLY)
    yield _process(
        settings,
        "edit",
        "a random half",
        chain,
        half,
        Check("ref.gauss_edit_mean", "squared_mean_error"),
        replicates=MANY,
    )
    learner = GaussianLearner(
        1,
        KEPT + REDRAWN,
        sizes=np.array([KEPT, REDRAWN]),
        representation="statistics",
        dtype=dtype,
    )
    yield _process(
        settings,
        "keep_human",
        "the same points",
        Chain(learner, _second_block(20), 20),
        {"samples": KEPT + REDRAWN, "edited": REDRAWN},
        Check("ref.gauss_edit_fixed_path", "variance", EARLY),
        Check("ref.gauss_edit_fixed", "variance", note="reached within 1e-3"),
    )


def _mixture(settings: Settings) -> Process:
    """Make a process of two components fitted by a few steps of EM."""
    learner = MixtureLearner(truth(1), FEW, 2, steps=5, dtype=jnp.dtype(settings.precision))
    return _process(
        settings,
        "replace",
        "two components",
        Recording(Chain(learner, Replace(), LATE), _above, alone=True),
        {"samples": FEW, "threshold": SPREAD, "human_std": math.sqrt(truth_variance(1))},
        Check("suresh2025.gmm", "exceeds", note="by EM e^{-n/(2M)} would do"),
    )


def _above(trace: Trace) -> Trace:
    return {"exceeds": (trace["variance"] > SPREAD**2).astype(trace["variance"].dtype)}


def _kernels(settings: Settings) -> Iterator[Process]:
    dtype, replaced = jnp.dtype(settings.precision), partial(_process, settings, "replace")
    fixed: dict[str, Any] = {"samples": POINTS, "bandwidth": 1.0}
    human = Mixture.of((1.0,), [np.zeros(COORDINATES)], [np.eye(COORDINATES)])
    chain = Chain(KernelDensityLearner(**fixed, truth=human, dtype=dtype), Replace(), EARLY)
    yield replaced(
        "a fixed kernel",
        only(chain, "squared_mean_error"),
        fixed,
        Check("ref.kde_mean", "squared_mean_error"),
    )
    chain = Chain(KernelDensityLearner(100, "silverman", dtype=dtype), Replace(), EARLY)
    factor = kernel_density.silverman_factor(samples=100)
    yield replaced(
        "Silverman's rule",
        only(chain, "data_variance"),
        {"samples": 100, "factor": factor, "unbiased": False},
        Check("ref.kde_silverman", "data_variance"),
    )
