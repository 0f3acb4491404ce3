"""What a verifier can and cannot repair, and a family for which accumulation is not safe."""

from collections.abc import Iterator
from dataclasses import replace

import jax.numpy as jnp
import numpy as np

from collapse_sim.design import GivenDesign
from collapse_sim.distributions.spikes import SpikeLearner
from collapse_sim.distributions.verification import NearCentre, VerifiedLabels, VerifiedLearner
from collapse_sim.loop import Chain, Trace
from collapse_sim.regimes import Accumulate, EditSubset, Verify
from experiments.recursion.process import Derived, Process
from experiments.recursion.settings import Settings
from theory import accumulation_failure, selection

KEEP = {"keep_correct": 0.5, "keep_wrong": 0.25}
DIM, LABELS = 10, 100
"""Of the classifier."""

CENTRE, WIDTH, ROWS, VERIFIED, NEAR = 1.0, 1.0, 1000, 10, 2
"""The verifier's centre (the truth is 0), half the width of what it lets pass, rows, fits, and the
fit that is between truth and centre: later ones are at the centre, where the bound is reached."""

POINTS, ROUNDS = 64, 4
REPLICATES = 2**17


def processes(settings: Settings) -> list[Process]:
    return [*_labels(settings), _centre(settings), *_spikes(settings)]


def _labels(settings: Settings) -> Iterator[Process]:
    """A classifier on verified labels, at the share of wrong ones where it breaks down."""
    breakdown = selection.breakdown_share(**KEEP)
    shares = (breakdown - 0.1, breakdown, breakdown + 0.1)
    where = {**KEEP, "samples": LABELS, "dim": DIM}
    verified = VerifiedLabels.of(
        shares, dim=DIM, samples=LABELS, dtype=jnp.dtype(settings.precision), **KEEP
    )
    curve = [selection.verified_accuracy(wrong_share=share, **where) for share in shares]
    process = Process(
        "selection", "verified labels", Derived(verified, _all_new),
        settings.replicates or REPLICATES, closed={"accuracy": np.array(curve)},
        parameters={**where, "wrong_shares": shares},
    )  # fmt: skip
    note = "the generations are three shares of wrong labels: below, at and above p*"
    yield process.deciding(
        process.claim("feng2025.pstar", "accuracy", 2, 0.5, note=f"{note} = {breakdown:.4g}"),
        process.claim("ref.verified_accuracy", "accuracy", 1, curve[0], relation="==", note=note),
        process.claim("ref.verified_accuracy", "accuracy", 3, curve[2], relation="==", note=note),
    )


def _all_new(trace: Trace) -> Trace:
    return {"edited_fraction": jnp.ones_like(trace["accuracy"])}


def _centre(settings: Settings) -> Process:
    """A mean estimated again and again from what a verifier lets pass."""
    # Not a shared one: its rows would be whitened, and a verifier looks at them as they are.
    design = replace(GivenDesign.of(np.ones((ROWS, 1))), shared=False)
    learner = VerifiedLearner(
        design, centre=np.array([CENTRE]), dtype=jnp.dtype(settings.precision)
    )
    verifier = NearCentre.of([CENTRE], WIDTH)
    where = {"truth": 0.0, "centre": CENTRE, "width": WIDTH}
    process = Process(
        "selection", "verified rows", Chain(learner, Verify(verifier), VERIFIED),
        settings.replicates or 2**12, parameters={**where, "samples": ROWS},
    )  # fmt: skip
    means = selection.verified_means(**where, generations=VERIFIED)
    size = {**where, "samples": ROWS}
    error = selection.verified_error(**size, generation=VERIFIED)
    bound = selection.verified_error_bound(**size, generation=NEAR)
    note = f"the error goes to the verifier's own, {CENTRE**2:g}"
    return replace(process, closed={"first_weight": means}).deciding(
        process.claim("ref.verified_mean", "first_weight", NEAR, means[NEAR - 1]),
        process.claim("ref.verified_mean", "first_weight", VERIFIED, means[-1]),
        process.claim("yi2026.contract", "centre_error", NEAR, bound),
        process.claim("ref.verified_error", "test_error", VERIFIED, error, note=note),
    )


def _spikes(settings: Settings) -> Iterator[Process]:
    learner = SpikeLearner(POINTS, dtype=jnp.dtype(settings.precision))
    for name, regime in (
        ("accumulate", Accumulate()),
        ("replace", EditSubset(POINTS)), ("control", EditSubset(0)),  # one compiled program
    ):  # fmt: skip
        process = Process(
            "selection", name, Chain(learner, regime, ROUNDS), settings.replicates or REPLICATES,
            "spiked family", parameters={"samples": POINTS},
        )  # fmt: skip
        if name == "accumulate":
            floor = accumulation_failure.collapse_floor(generation=2)
            curve = [
                accumulation_failure.collapse_probability(samples=POINTS, generation=n)
                for n in range(1, ROUNDS + 1)
            ]
            process = replace(process, closed={"collapsed": np.array(curve)}).deciding(
                process.claim("barzilai2025.thm51", "collapsed", 2, floor),
                process.claim("ref.accumulate_fails", "collapsed", ROUNDS, curve[-1]),
            )
        yield process
