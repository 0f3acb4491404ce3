"""Simulate learners trained on their own output, and hold the runs against published theory.

    import collapse_sim as cs

Names are imported when they are first used, so that this costs nothing.
"""

from importlib import import_module
from typing import TYPE_CHECKING

__version__ = "0.1.0"

NAMES = {
    "simulated": ("Simulated", "judge", "simulate"),
    "loaded": ("Loaded", "load"),
    "loop": ("Chain", "Learner"),
    "regimes": (
        "Accumulate", "AccumulateSubsample", "FreshHuman", "FromHuman", "Generation", "HumanOnly",
        "KeepHuman", "Mix", "Regime", "Replace", "Step", "Verify",
    ),
    "editing": ("Edit", "EditSubset"),
    "corpus.edit_texts": ("edit",),
    "language.pretrained.rule": ("EditRule",),
    "masks": ("MaskPolicy", "Policy"),
    "linear.design": ("GaussianDesign", "GivenDesign"),
    "linear.generalised": ("LogisticLearner", "PoissonLearner"),
    "linear.learner": ("ExternalPrior", "LinearLearner"),
    "distributions.categorical": ("CategoricalLearner",),
    "distributions.gaussian": ("GaussianLearner",),
    "distributions.kernel_density": ("KernelDensityLearner",),
    "distributions.mixture": ("MixtureLearner",),
    "distributions.points": ("PointLearner",),
    "distributions.spikes": ("SpikeLearner",),
    "language.blocks": ("Blocks",),
    "language.chain": ("LanguageChain",),
    "language.editing": ("EditAndDrop", "TokenRule"),
    "language.human_text": ("HumanText",),
    "language.learner": ("LanguageLearner",),
    "language.oracle": ("MarkovSource",),
    "language.programs": ("make_mesh",),
    "language.training": ("Training",),
    "language.transformer": ("TransformerConfig",),
    "resampled": ("Resampled",),
    "experiment.process": ("Check", "Process"),
    "experiment.decide": ("decide",),
    "certify": ("Evidence", "LawEvidence"),
    "verdict": ("Verdict",),
    "replicates": ("Summary",),
    "run_directory": ("RunDirectory", "RunError"),
}  # fmt: skip
"""The public names of each module; whatever stands in none of them may change."""

MODULES = ("masks", "pytree")
"""Modules whose names say little without theirs: `masks.disjoint`, `pytree.static`."""

HOMES = {name: module for module, names in NAMES.items() for name in names}

__all__ = [*HOMES, *MODULES]  # pyright: ignore[reportUnsupportedDunderAll]


def __getattr__(name: str):
    if name in HOMES:
        value = getattr(import_module(f"collapse_sim.{HOMES[name]}"), name)
    elif name in MODULES:
        value = import_module(f"collapse_sim.{name}")
    else:
        raise AttributeError(f"module 'collapse_sim' has no attribute {name!r}{_hint(name)}")
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})


def _hint(name: str) -> str:
    import difflib

    near = difflib.get_close_matches(name, __all__, n=1)
    return f"; the nearest is {near[0]!r}" if near else ""


if TYPE_CHECKING:
    from collapse_sim import masks as masks
    from collapse_sim import pytree as pytree
    from collapse_sim.certify import Evidence as Evidence
    from collapse_sim.certify import LawEvidence as LawEvidence
    from collapse_sim.corpus.edit_texts import edit as edit
    from collapse_sim.distributions.categorical import CategoricalLearner as CategoricalLearner
    from collapse_sim.distributions.gaussian import GaussianLearner as GaussianLearner
    from collapse_sim.distributions.kernel_density import (
        KernelDensityLearner as KernelDensityLearner,
    )
    from collapse_sim.distributions.mixture import MixtureLearner as MixtureLearner
    from collapse_sim.distributions.points import PointLearner as PointLearner
    from collapse_sim.distributions.spikes import SpikeLearner as SpikeLearner
    from collapse_sim.editing import Edit as Edit
    from collapse_sim.editing import EditSubset as EditSubset
    from collapse_sim.experiment.decide import decide as decide
    from collapse_sim.experiment.process import Check as Check
    from collapse_sim.experiment.process import Process as Process
    from collapse_sim.language.blocks import Blocks as Blocks
    from collapse_sim.language.chain import LanguageChain as LanguageChain
    from collapse_sim.language.editing import EditAndDrop as EditAndDrop
    from collapse_sim.language.editing import TokenRule as TokenRule
    from collapse_sim.language.human_text import HumanText as HumanText
    from collapse_sim.language.learner import LanguageLearner as LanguageLearner
    from collapse_sim.language.oracle import MarkovSource as MarkovSource
    from collapse_sim.language.pretrained.rule import EditRule as EditRule
    from collapse_sim.language.programs import make_mesh as make_mesh
    from collapse_sim.language.training import Training as Training
    from collapse_sim.language.transformer import TransformerConfig as TransformerConfig
    from collapse_sim.linear.design import GaussianDesign as GaussianDesign
    from collapse_sim.linear.design import GivenDesign as GivenDesign
    from collapse_sim.linear.generalised import LogisticLearner as LogisticLearner
    from collapse_sim.linear.generalised import PoissonLearner as PoissonLearner
    from collapse_sim.linear.learner import ExternalPrior as ExternalPrior
    from collapse_sim.linear.learner import LinearLearner as LinearLearner
    from collapse_sim.loaded import Loaded as Loaded
    from collapse_sim.loaded import load as load
    from collapse_sim.loop import Chain as Chain
    from collapse_sim.loop import Learner as Learner
    from collapse_sim.masks import MaskPolicy as MaskPolicy
    from collapse_sim.masks import Policy as Policy
    from collapse_sim.regimes import Accumulate as Accumulate
    from collapse_sim.regimes import AccumulateSubsample as AccumulateSubsample
    from collapse_sim.regimes import FreshHuman as FreshHuman
    from collapse_sim.regimes import FromHuman as FromHuman
    from collapse_sim.regimes import Generation as Generation
    from collapse_sim.regimes import HumanOnly as HumanOnly
    from collapse_sim.regimes import KeepHuman as KeepHuman
    from collapse_sim.regimes import Mix as Mix
    from collapse_sim.regimes import Regime as Regime
    from collapse_sim.regimes import Replace as Replace
    from collapse_sim.regimes import Step as Step
    from collapse_sim.regimes import Verify as Verify
    from collapse_sim.replicates import Summary as Summary
    from collapse_sim.resampled import Resampled as Resampled
    from collapse_sim.run_directory import RunDirectory as RunDirectory
    from collapse_sim.run_directory import RunError as RunError
    from collapse_sim.simulated import Simulated as Simulated
    from collapse_sim.simulated import judge as judge
    from collapse_sim.simulated import simulate as simulate
    from collapse_sim.verdict import Verdict as Verdict
