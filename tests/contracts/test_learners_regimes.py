"""Every learner under every regime, once and in small: the chain runs, or is refused in one line.

Each operation runs by itself, as nothing runs long enough here to be worth compiling, but for
a learner that draws in loops.
"""

import functools
import importlib
import math
import pkgutil

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import collapse_sim
from collapse_sim import (
    Accumulate,
    AccumulateSubsample,
    CategoricalLearner,
    Chain,
    Edit,
    EditSubset,
    FreshHuman,
    GaussianDesign,
    GaussianLearner,
    HumanOnly,
    KeepHuman,
    KernelDensityLearner,
    LinearLearner,
    LogisticLearner,
    Mix,
    MixtureLearner,
    PointLearner,
    PoissonLearner,
    Replace,
    SpikeLearner,
    Verify,
    masks,
    random,
)
from collapse_sim.distributions.columns import TableLearner
from collapse_sim.distributions.divergences import Mixture
from collapse_sim.distributions.rare_words import Memoriser
from collapse_sim.distributions.unigram_learners import (
    DirichletLearner,
    PooledLearner,
    TemperedLearner,
)
from collapse_sim.distributions.verification import NearCentre, VerifiedLearner
from collapse_sim.language.editing import EditAndDrop
from collapse_sim.language.learner import LanguageLearner
from collapse_sim.linear.generalised import GeneralisedLearner
from collapse_sim.loop import Learner
from collapse_sim.pictures.autoencoder import Architecture
from collapse_sim.pictures.learner import PictureLearner
from collapse_sim.pictures.observer import Observer
from collapse_sim.regimes import FromHuman, Regime
from tests.collapse_sim.distributions.test_points import Exponential

DIM, SAMPLES, GENERATIONS = 2, 8, 2
KEY = jax.random.key(0)
LAW = np.array([0.6, 0.4])
HALVES = np.array([4, 4])
SHARED, FRESH = GaussianDesign(DIM, SAMPLES), GaussianDesign(DIM, SAMPLES, shared=False)

TABLE = np.random.default_rng(0).normal(size=(10, DIM))
PICTURES = TABLE.astype(np.float32)
SMALLEST = Architecture(DIM, latent=1, hidden=0, steps=1, batch=2)

LEARNERS = {
    "shared rows": LinearLearner(SHARED),
    "fresh rows": VerifiedLearner(FRESH, centre=np.zeros(DIM)),
    "shared statistics": LinearLearner(SHARED, representation="statistics", sizes=HALVES),
    "fresh statistics": LinearLearner(FRESH, representation="statistics", sizes=HALVES),
    "logistic": LogisticLearner(SHARED),
    "fresh logistic": LogisticLearner(FRESH, trials=3),
    "Poisson": PoissonLearner(SHARED),
    "fresh Poisson": PoissonLearner(FRESH),
    "Gaussian points": GaussianLearner(DIM, SAMPLES),
    "Gaussian statistics": GaussianLearner(DIM, SAMPLES, representation="statistics", sizes=HALVES),
    "tokens": Memoriser(LAW, SAMPLES, "rows", tested=LAW),
    "counts": CategoricalLearner(LAW, SAMPLES),
    "smoothed": DirichletLearner(LAW, SAMPLES, "rows", prior=np.ones(2)),
    "posterior": DirichletLearner(LAW, SAMPLES, "rows", prior=np.ones(2), sampled=True),
    "pooled": PooledLearner(LAW, SAMPLES, "rows", models=2),
    "tempered": TemperedLearner(
        LAW, SAMPLES, "rows", human_law=LAW, human_share=0.5, temperature=0.5
    ),
    "mixture": MixtureLearner(Mixture.of(), SAMPLES, components=1, steps=1),
    "kernel density": KernelDensityLearner(SAMPLES, bandwidth=0.3),
    "spikes": SpikeLearner(SAMPLES),
    "one's own": Exponential(SAMPLES),
    "a table": TableLearner.of(TABLE, "gaussian", names=("a", "b"), samples=SAMPLES),
    "a copula": TableLearner.of(TABLE, "copula", names=("a", "b"), samples=SAMPLES),
    "pictures": PictureLearner(PICTURES, Observer.of(SMALLEST, KEY, PICTURES), SMALLEST, SAMPLES),
}

ELSEWHERE = {
    GeneralisedLearner: "half of a learner: `logistic` and `Poisson` are whole ones",
    PointLearner: "half of a learner: `one's own` is a whole one",
    LanguageLearner: "runs on the host, under every regime in language/test_chain.py",
}
"""Classes of learners that have no line above, and why."""


COMPILED = {"counts"}
"""Learners that loop so often that a program of their chain is cheaper."""


def regimes(positions: int, dim: int) -> dict[str, Regime]:
    """All of them, for data of so many positions and points of so many coordinates."""
    edited = masks.MaskPolicy.of(np.ones((GENERATIONS, positions)), rate=0.5)
    edits = {
        f"edit {variant}": Edit.of(edited, variant) for variant in ("chained", "additive", "frozen")
    }
    return {
        "replace": Replace(),
        "replace growing": Replace(growing=True),
        "verify": Verify(NearCentre.of(np.zeros(dim).tolist(), radius=1e3)),
        "human only": HumanOnly(),
        "keep human": KeepHuman(0.5),
        "fresh human": FreshHuman(0.5),
        "accumulate": Accumulate(),
        "accumulate subsample": AccumulateSubsample(),
        "mix": Mix(0.5),
        **edits,
        "edit confident": Edit.of(masks.confident(positions, GENERATIONS, 1.0)),
        "edit subset": EditSubset(2),
        "edit and drop": EditAndDrop(edits["edit chained"], 0.1),
    }


NAMES = tuple(regimes(SAMPLES, DIM))
EDITS = {f"edit {how}" for how in ("chained", "additive", "frozen", "confident", "subset")}
OF_POINTS = {"mix", "replace growing", "edit additive"}  # points are not averaged, grown or added
OF_ROWS = {"verify", "keep human", "fresh human", "accumulate subsample", "edit subset"}
OF_TEXTS = {"edit and drop"}
REPLACED = set(NAMES) - {"replace", "human only"}  # whole data sets of one size
BESIDE = {"keep human", "fresh human", "mix", *EDITS}  # labels beside the inputs of others

REFUSED = {
    "shared rows": {"verify"},
    "fresh rows": BESIDE | {"replace growing"},
    "shared statistics": OF_ROWS | {"edit confident"},
    "fresh statistics": OF_ROWS | BESIDE,
    "logistic": OF_POINTS,
    "fresh logistic": BESIDE | OF_POINTS,
    "Poisson": OF_POINTS,
    "fresh Poisson": BESIDE | OF_POINTS,
    "Gaussian points": OF_POINTS,
    "Gaussian statistics": OF_ROWS | {"mix", "edit additive", "edit confident"},
    "tokens": OF_POINTS,
    "counts": {"mix", "edit additive", "edit confident", "verify", "keep human"},
    "smoothed": REPLACED,
    "posterior": REPLACED,
    "pooled": REPLACED,
    "tempered": REPLACED,
    "mixture": OF_POINTS,
    "kernel density": OF_POINTS,
    "spikes": OF_POINTS | {"verify", "edit confident"},
    "one's own": OF_POINTS | {"edit confident"},
    "a table": OF_POINTS | {"edit confident"},
    "a copula": OF_POINTS | {"edit confident"},
    "pictures": OF_POINTS | {"edit confident"},
}
"""What makes no sense, or needs the other representation."""


@functools.cache
def shape(name: str) -> tuple[int, int]:
    """Positions of a learner's human data, and coordinates of its points."""
    learner = LEARNERS[name]
    labels = jax.eval_shape(lambda key: learner.human(key)[0].labels, KEY)
    is_regression = isinstance(learner, LinearLearner | GeneralisedLearner)
    return labels.shape[0], DIM if is_regression else math.prod(labels.shape[1:])


@pytest.fixture(scope="module", autouse=True)
def hashed():
    """Random words come from a program, one for each size: a hash is a hundred operations."""
    made = jax.jit(random.bits, static_argnums=1)

    def bits(key, shape):
        with jax.disable_jit(False):
            return made(key, shape)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(random, "bits", bits)
        yield


def run(name: str, regime: str):
    chain = Chain(LEARNERS[name], regimes(*shape(name))[regime], GENERATIONS)
    if name in COMPILED:
        return jax.jit(chain)(KEY)
    with jax.disable_jit():
        return chain(KEY)


@pytest.mark.parametrize("regime", NAMES)
@pytest.mark.parametrize("name", LEARNERS)
def test_a_learner_follows_a_regime_or_refuses_it_in_one_line(name, regime):
    if regime in REFUSED[name] or regime in OF_TEXTS:
        with pytest.raises(ValueError) as refused:
            run(name, regime)
        said = str(refused.value)
        assert "accepted" in said and "\n" not in said and len(said) < 200
        return
    found = run(name, regime)
    assert set(found) > {"edited_fraction"}
    for measure, values in found.items():
        assert values.shape == (GENERATIONS,) and values.dtype == jnp.float32, measure
        assert np.isfinite(values).all(), (measure, values)
    edited = np.asarray(found["edited_fraction"])
    assert edited[0] == 0 and ((edited >= 0) & (edited <= 1)).all()


def classes() -> set[type]:
    """Of all modules of the package."""
    names = [
        module.name
        for module in pkgutil.walk_packages(collapse_sim.__path__, "collapse_sim.")
        if not module.name.endswith("__main__")
    ]
    found = [vars(importlib.import_module(name)).values() for name in names]
    return {
        value
        for values in found
        for value in values
        if isinstance(value, type) and value.__module__.startswith("collapse_sim.")
    }


def members(protocol: type) -> list[str]:
    return [name for name in vars(protocol) if not name.startswith("_")]


def test_every_learner_of_the_package_has_its_line():
    """Whatever fits, and generates as a chain asks for it."""
    asked = [name for name in members(Learner) if name not in ("fit", "measure")]
    learners = {cls for cls in classes() if all(hasattr(cls, name) for name in asked)} - {Learner}
    listed = {type(learner) for learner in LEARNERS.values()} | set(ELSEWHERE)
    assert learners - listed == set()
    assert len(learners) >= 9


def test_every_regime_of_the_package_has_its_line():
    found = {cls for cls in classes() if all(hasattr(cls, name) for name in members(Regime))} - {
        Regime,
        FromHuman,
    }
    assert found == {type(regime) for regime in regimes(SAMPLES, DIM).values()}


def test_every_line_is_of_a_regime_that_is_there():
    assert set(REFUSED) == set(LEARNERS)
    assert set.union(*REFUSED.values()) <= set(NAMES)
