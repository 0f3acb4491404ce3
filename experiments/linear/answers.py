"""The answer of a run in plain sentences, from its own verdicts."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from collapse_sim.experiment.process import Result
from collapse_sim.run_directory import RunDirectory
from collapse_sim.verdict import Verdict
from experiments.linear.world import ERRORS
from theory.editing.frozen import frozen_confident_crossing


def mean_error(result: Result) -> np.ndarray:
    """Mean test error of every generation, by the measure without the heavy tail if it is there."""
    return result.mean(reported_measure(result))


def reported_measure(result: Result) -> str:
    """The last of ERRORS that was recorded."""
    return next(name for name in reversed(ERRORS) if name in result.summary.moments)


def last_errors(results: Sequence[Result], base: float) -> dict[str, float]:
    """Mean test error of the last generation by process, in units of b."""
    return {r.process.name: float(mean_error(r)[-1] / base) for r in results}


def stored_answers(run: RunDirectory, verdicts: Sequence[Verdict]) -> Iterator[str]:
    """Answer of a finished run."""
    config, columns = run.config(), run.chains()
    last, errors = config["parameters"]["generations"], {}
    for measure in ERRORS:
        for i in np.flatnonzero((columns["measure"] == measure) & (columns["generation"] == last)):
            names = (str(columns[name][i]) for name in ("regime", "mask", "variant"))
            name = " ".join(part for part in names if part and part != "chained")
            errors[name.replace("_", " ")] = float(columns["mean"][i] / config["base_error"])
    return answers(config["parameters"], errors, verdicts)


def answers(
    parameters: Mapping[str, Any], errors: dict[str, float], verdicts: Sequence[Verdict]
) -> Iterator[str]:
    """Answer in three to six sentences, on simulated and decided claims only.

    `errors` is the mean test error of the last generation by process, in units of b.
    """
    n = parameters["generations"]
    if "replace" in errors and _has_interval(verdicts, "replace"):
        yield (
            f"Full resampling: after {n} generations the test error is {errors['replace']:.1f} b, "
            "b being the error of the fit on human data."
        )
    yield from _published(errors, _decided(verdicts, "zhu2025.thm2a"))
    held = _decided(verdicts, "zhu2025.thm2a_frozen")
    broken = [on for on, verdict in held if verdict.verdict == "violated"]
    kept = [verdict for _, verdict in held if verdict.verdict == "holds"]
    if held and not broken and len(kept) == len(held):
        worst = max(_measured(verdict) for verdict in kept)
        few = {1: "this schedule", 2: "both of these schedules"}
        schedules = few.get(len(kept), f"all {len(kept)} of these schedules")
        yield (
            f"Written by the first model for ever (frozen), they keep it for {schedules} of rows: "
            f"at most {worst:.2f} b."
        )
    elif broken:
        yield f"Written by the first model for ever they break it too: {_list(broken, errors)}."
    external = [verdict for _, verdict in _decided(verdicts, "ref.edit_external")]
    if external and all(verdict.observed is not None for verdict in external):
        error = parameters["prior_error"]
        yield (
            f"Written by another frozen model, of error {error:g} b, they end at "
            f"{max(map(_measured, external)):.2f} b at most, however often: a good prior helps."
        )
    yield from _confident(_decided(verdicts, "zhu2025.thm2a_conf"), errors)
    if kept and any(v.verdict == "violated" for _, v in _decided(verdicts, "zhu2025.thm2a")):
        yield "What matters is who writes the edits, not how many there are."


def _has_interval(verdicts: Sequence[Verdict], process: str) -> bool:
    """Tell whether the mean of a process is known up to an interval: few replicates say nothing."""
    intervals = (
        verdict.interval
        for verdict in verdicts
        if verdict.parameters["process"] == process and verdict.relation != "~"
    )
    return any(found is not None and np.isfinite(found).all() for found in intervals)


def _published(errors: dict[str, float], found: list[tuple[str, Verdict]]) -> Iterator[str]:
    broken = [on for on, verdict in found if verdict.verdict == "violated"]
    kept = [on for on, verdict in found if verdict.verdict == "holds"]
    if broken:
        yield (
            f"Token edits written by the latest model, again and again, break the published bound "
            f"2b: {_list(broken, errors)}."
        )
    if kept:
        yield f"They keep it here: {_list(kept, errors)}."


def _confident(found: list[tuple[str, Verdict]], errors: dict[str, float]) -> Iterator[str]:
    broken = [on for on, verdict in found if verdict.verdict == "violated" and on in errors]
    if broken:
        _, share = frozen_confident_crossing()
        yield (
            "Edits of the rows of which the model is sure look at the labels, and may break it "
            f"even so: {_list(broken, errors)}. Theory: a frozen model keeps the bound for ever "
            f"while it is sure of less than {100 * share:.1f} % of the rows."
        )


def _decided(verdicts: Sequence[Verdict], claim: str) -> list[tuple[str, Verdict]]:
    """Verdicts on one claim and the process each is on, ladders of sizes left out."""
    return [
        (str(v.parameters["process"]), v)
        for v in verdicts
        if v.claim == claim and "design" in v.parameters
    ]


def _measured(verdict: Verdict) -> float:
    """The mean that a verdict is on, in its unit."""
    assert verdict.observed is not None
    return verdict.observed / verdict.unit


def _list(names: list[str], errors: dict[str, float]) -> str:
    return ", ".join(f"{name.removeprefix('edit ')} {errors[name]:.2f} b" for name in names)
