"""Selection by a verifier: its use and its limits; and a family for which accumulation is
unsafe."""

from collections.abc import Iterator
from dataclasses import replace

import jax.numpy as jnp
import numpy as np

from collapse_sim.distributions.spikes import SpikeLearner
from collapse_sim.distributions.verification import NearCentre, VerifiedLabels, VerifiedLearner
from collapse_sim.editing import EditSubset
from collapse_sim.experiment.process import Check, Process, Recording
from collapse_sim.linear.design import GivenDesign
from collapse_sim.loop import Chain, Trace
from collapse_sim.regimes import Accumulate, Verify
from experiments.recursion.family import Column, Family, Found
from experiments.recursion.settings import Settings
from theory.distributions import accumulation_failure, selection, verified_labels

KEEP = {"keep_correct": 0.5, "keep_wrong": 0.25}
DIM, LABELS = 10, 100
"""Dimensions and training labels of the classifier."""

VERIFIER_CENTRE = 1.0
"""Centre of the verifier; the truth is 0."""

VERIFIER_WIDTH = 1.0
"""Half the width of the interval that the verifier passes."""

ROWS, FITS = 1000, 10
"""Rows of a generation, and fits in a chain on verified rows."""

NEAR_TRUTH = 2
"""Generation whose fit lies between truth and centre. Later fits are at the centre, where the bound
is reached."""

POINTS, ROUNDS = 64, 4
REPLICATES = 2**17


def processes(settings: Settings) -> Iterator[Process]:
    yield _labels(settings)
    yield _centre(settings)
    yield from _spikes(settings)


def _labels(settings: Settings) -> Process:
    """Process of a classifier on verified labels, at the share of wrong labels where it breaks
    down."""
    breakdown = verified_labels.breakdown_share(**KEEP)
    shares = (breakdown - 0.1, breakdown, breakdown + 0.1)
    where = {**KEEP, "samples": LABELS, "dim": DIM}
    verified = VerifiedLabels.of(shares, dim=DIM, samples=LABELS, dtype=settings.dtype, **KEEP)
    note = "the generations are three shares of wrong labels: below, at and above p*"
    return Process(
        "verified labels",
        Recording(verified, _all_new),
        REPLICATES,
        where={**where, "wrong_shares": shares},
        checks=[
            Check("feng2025.pstar", "accuracy", 2, note=f"{note} = {breakdown:.4g}"),
            Check("ref.verified_accuracy", "accuracy", 1, note=note),
            Check("ref.verified_accuracy", "accuracy", 3, note=note),
        ],
        closed={"accuracy": verified_labels.verified_accuracy_at},
    )


def _all_new(trace: Trace) -> Trace:
    return {"edited_fraction": jnp.ones_like(trace["accuracy"])}


def _centre(settings: Settings) -> Process:
    """Process of a mean estimated again and again from the rows that a verifier passes."""
    # Not a shared one: its rows would be whitened, and a verifier looks at them as they are.
    design = replace(GivenDesign.of(np.ones((ROWS, 1))), shared=False)
    learner = VerifiedLearner(design, centre=np.array([VERIFIER_CENTRE]), dtype=settings.dtype)
    verifier = NearCentre.of([VERIFIER_CENTRE], VERIFIER_WIDTH)
    where = {"truth": 0.0, "centre": VERIFIER_CENTRE, "width": VERIFIER_WIDTH}
    note = f"the error goes to the verifier's own, {VERIFIER_CENTRE**2:g}"
    return Process(
        "verified rows",
        Chain(learner, Verify(verifier), FITS),
        2**12,
        where={**where, "samples": ROWS},
        checks=[
            Check("ref.verified_mean", "first_weight", NEAR_TRUTH),
            Check("ref.verified_mean", "first_weight"),
            Check("yi2026.contract", "centre_error", NEAR_TRUTH),
            Check("ref.verified_error", "test_error", note=note),
        ],
        closed={"first_weight": selection.verified_means(**where, generations=FITS)},
    )


def _spikes(settings: Settings) -> Iterator[Process]:
    learner = SpikeLearner(POINTS, dtype=settings.dtype)
    checks = [
        Check("barzilai2025.thm51", "collapsed", 2),
        Check("ref.accumulate_fails", "collapsed"),
    ]
    for name, regime in (
        ("accumulate", Accumulate()),
        ("replace", EditSubset(POINTS)),
        ("human_only", EditSubset(0)),  # one compiled program
    ):
        fails = name == "accumulate"
        yield Process(
            name,
            Chain(learner, regime, ROUNDS),
            REPLICATES,
            variant="spiked family",
            where={"samples": POINTS},
            checks=checks if fails else [],
            closed={"collapsed": accumulation_failure.collapse_probability} if fails else {},
        )


def _sentences(found: Found) -> Iterator[str]:
    if found.has("verified rows"):
        yield (
            "A verifier that lets pass what is near its own centre takes the fit there: an error "
            f"of {found.mean('verified rows', 'test_error')} where 0 is right"
            f"{found.cite('ref.verified_error')}."
        )
    spiked = "accumulate, spiked family"
    if found.has(spiked):
        share = found.percent(spiked, "collapsed")
        yield (
            f"In a family made of spikes {share:.0f} % of the chains have collapsed at fit "
            f"{found.fits(spiked)} although all data are kept{found.cite('ref.accumulate_fails')}."
        )


FAMILY = Family(
    processes,
    table=(
        Column("test error", "test_error"),
        Column("collapsed", "collapsed"),
        Column("variation", "total_variation"),
        Column("accuracy", "accuracy"),
    ),
    sentences=_sentences,
)
