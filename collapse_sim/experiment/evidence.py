"""Evidence for a check: every number that is claimed comes from the ledger's own record."""

import difflib
import hashlib
from collections.abc import Mapping, Sequence
from typing import Any, Protocol, runtime_checkable

import numpy as np
import scipy

from collapse_sim.certify import Evidence, LawEvidence, Record
from collapse_sim.experiment.process import Check, Drawn, Process
from collapse_sim.limits import LimitEvidence
from collapse_sim.medians import MedianEvidence
from collapse_sim.verdict import Verdict

AnyEvidence = Evidence | LawEvidence | MedianEvidence

LONG = 256
"""Numbers of an array up to which a file of verdicts holds them all."""


@runtime_checkable
class Predicting(Record, Protocol):
    """A claim of the ledger, whose formula predicts a number."""

    def predict(self, parameters: Mapping[str, Any], /) -> Any: ...


def require_claims(processes: Sequence[Process], ledger: Mapping[str, Predicting]) -> None:
    """Raises ValueError for a check of a claim that the ledger does not hold."""
    for name in (check.claim for process in processes for check in process.checks):
        if name not in ledger:
            near = difflib.get_close_matches(name, ledger) or ["the ids of the ledger"]
            raise ValueError(f"claim={name!r}: accepted are {', '.join(near)}")


def require_partners(processes: Sequence[Process]) -> None:
    """Raises ValueError for a check that compares its process with one that is not there."""
    keys = {process.key for process in processes}
    for process in processes:
        for check in process.checks:
            for key in filter(lambda key: key not in keys, process.partners(check)):
                field = "less" if check.less else "along"
                raise ValueError(
                    f"{field}={key!r} of {check.claim} on {process.key}: accepted are "
                    f"{', '.join(sorted(keys))}"
                )


def is_statistical(check: Check, process: Process, ledger: Mapping[str, Predicting]) -> bool:
    """Tell whether a simulation decides it: no assumption, and no mean of infinite variance."""
    relation = ledger[check.claim].relation
    finite = process.finite_moments.get(check.measure, np.inf) > 2
    return relation != "assumption" and (finite or relation == "~")


def evidence(
    check: Check, process: Process, ledger: Mapping[str, Predicting], error: float
) -> AnyEvidence:
    """The claim's own formula, relation and tolerance, at the process's own parameters.

    `error` is that of the verdict. Half of it is for the interval of a formula's mean over what is
    drawn; the other half `Evidence` leaves to what is measured.
    """
    record, at = ledger[check.claim], check.at or process.generations
    predicted = predict(check, process, record, error / 2)
    shared = {
        "generation": at,
        "measure": check.measure,
        "parameters": parameters(check, process),
        "note": check.note,
    }
    if record.relation == "~":
        law = getattr(predicted, "cdf", predicted)
        return LawEvidence(claim=record.id, source=record.source, law=law, **shared)
    if process.about == "median":
        return MedianEvidence(
            claim=record.id,
            source=record.source,
            relation=record.relation,
            predicted=float(predicted),
            statistic=check.statistic,
            looks=len(process.targets),
            **shared,
        )
    unit = process.units.get(check.measure, 1.0)
    if check.per_unit:
        pair = predicted if isinstance(predicted, tuple) else (predicted, predicted)
        predicted = unit * pair[0], unit * pair[1]
    precision = {} if check.tolerance is None else {"tolerance": check.tolerance}
    return Evidence.of(
        record,
        predicted,
        relation="==" if record.relation == "->" else record.relation,
        trivial=check.trivial,
        support=check.support,
        finite_moments=process.finite_moments.get(check.measure, np.inf),
        smallest_look=process.smallest_look,
        unit=unit,
        **(shared | precision),
    )


def predict(check: Check, process: Process, record: Predicting, error: float) -> Any:
    """Prediction of the record's formula: a number, an interval of its mean, a law or a yes."""
    where = {**process.where, **check.given, "generation": check.at or process.generations}
    drawn = any(isinstance(value, Drawn) for value in where.values())
    where = {name: v.draw() if isinstance(v, Drawn) else v for name, v in where.items()}
    predicted = record.predict(where)
    if not drawn:
        return predicted
    values = np.asarray(predicted, dtype=np.float64)
    # By scipy.special: scipy.stats takes half a second to import.
    quantile = -scipy.special.stdtrit(len(values) - 1, error / 2)
    half = quantile * values.std(ddof=1) / np.sqrt(len(values))
    return float(values.mean() - half), float(values.mean() + half)


def undecidable(check: Check, process: Process, record: Predicting) -> Verdict:
    """The verdict on an assumption, or on a mean that no simulation can decide."""
    met, note = False, check.note
    if record.relation == "assumption":
        met = bool(predict(check, process, record, 1.0))
    else:
        note = f"variance infinite at T = {process.where['samples']}: its law is tested instead"
    return Verdict(
        claim=record.id, source=record.source, parameters=parameters(check, process),
        generation=None, relation="assumption", predicted=None, observed=None, interval=None,
        confidence=1.0, verdict="holds" if met else "assumption not met", note=note,
    )  # fmt: skip


def parameters(check: Check, process: Process) -> dict[str, Any]:
    """Parameters that decide a claim's number, as a file of verdicts holds them."""
    name = f"{process.name} less {check.less}" if check.less else process.name
    family = {"family": process.family} if process.family else {}
    where = {name: _stated(value) for name, value in {**process.where, **check.given}.items()}
    return {**family, "process": name, **where}


def _stated(value: Any) -> Any:
    """Short arrays as lists, long ones by their name in arrays.npz, draws as the values drawn."""
    if isinstance(value, Drawn):
        return value.described
    if _is_long(value):
        return f"arrays.npz: {array_name(value)}"
    return value.tolist() if isinstance(value, np.ndarray | np.generic) else value


def long_arrays(processes: Sequence[Process]) -> dict[str, np.ndarray]:
    """Every array that parameters of verdicts only name, by that name."""
    given = [{**p.where, **check.given} for p in processes for check in p.checks]
    values = [value for where in given for value in where.values() if _is_long(value)]
    return {array_name(value): value for value in values}


def array_name(array: np.ndarray) -> str:
    """Twelve hexadecimal digits that its kind, shape and numbers decide."""
    about = f"{array.dtype.str} {array.shape}".encode()
    return hashlib.sha256(about + np.ascontiguousarray(array).tobytes()).hexdigest()[:12]


def _is_long(value: Any) -> bool:
    return isinstance(value, np.ndarray) and value.size > LONG


def limit_evidence(
    check: Check, rungs: Sequence[Process], ledger: Mapping[str, Predicting]
) -> LimitEvidence:
    """The same along processes of doubling size."""
    record, last = ledger[check.claim], rungs[-1]
    samples = tuple(int(rung.where["samples"]) for rung in rungs)
    return LimitEvidence(
        claim=record.id,
        source=record.source,
        generation=check.at or last.generations,
        claimed=float(predict(check, last, record, 1.0)),
        measure=check.measure,
        samples=samples,
        units=tuple(rung.units.get(check.measure, 1.0) for rung in rungs),
        tolerance=record.tolerance,
        control=record.control,
        smallest_look=last.smallest_look,
        parameters=parameters(check, last) | {"samples": list(samples)},
    )
