"""Which claims each process decides, and how."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from collapse_sim.certify import Evidence, LawEvidence, Verdict
from experiments.linear.plan import Process, World
from experiments.linear.predictions import Prediction
from experiments.linear.settings import Settings
from theory.claims import ledger
from theory.editing import corrected, published

FINITE = 0.003
"""Tolerance of a law at finite T whose limit is less than one per cent away."""

SMALLEST_LOOK = 100
"""Designs whose means over label noise are enough for the normal limit: they hardly vary."""


@dataclass(frozen=True, eq=False)
class Found:
    """What a process decides: on its chains, on means over their label noise, and at once."""

    chains: list[Evidence | LawEvidence] = field(default_factory=list)
    averaged: list[Evidence] = field(default_factory=list)
    decided: list[Verdict] = field(default_factory=list)

    @property
    def tests(self) -> int:
        """Verdicts that share the error."""
        return len(self.chains) + len(self.averaged)


class Bench:
    """Collects the evidence of one process, filling in what all of it shares."""

    def __init__(self, settings: Settings, world: World, process: Process):
        self.process = process
        self.where: dict[str, Any] = {
            "dim": world.design.dim, "samples": world.design.samples, "noise_std": world.noise_std,
        }  # fmt: skip
        self.unit = world.base_error
        self.parameters = self.where | {
            "process": process.name, "design": settings.design, "spectrum": settings.spectrum,
        }  # fmt: skip
        if process.edit_rows is not None:
            self.parameters["edited_rows"] = list(process.edit_rows)
        scaled = not world.given and not process.regime.endswith("_fresh")
        scaled = (scaled or process.regime == "mix_fresh") and not world.given
        scaled = scaled and process.records("scale_averaged_error")
        self.measure = "scale_averaged_error" if scaled else "test_error"
        self.last = settings.generations
        self.found = Found()

    def mean(
        self, claim: str, predicted, *, generation=None, exactly=False, **options: Any
    ) -> None:
        """Evidence on the mean test error of one generation (the last one by default).

        `exactly`: decided on means over label noise, where the process has them.
        """
        averaged = exactly and self.process.averaged is not None
        finite = self.measure == "scale_averaged_error" or averaged
        moments = np.inf if finite else self.process.finite_moments
        if moments <= 2:
            note = f"variance infinite at T = {self.where['samples']}: its law is tested instead"
            return self.assumption(claim, False, note)
        note = options.pop("note", "")
        if averaged:
            options["smallest_look"] = SMALLEST_LOOK
            note = f"{note}; mean over label noise" if note else "mean over label noise"
        evidence = Evidence.of(
            ledger()[claim],
            predicted,
            generation=generation or self.last,
            measure=self.measure,
            finite_moments=moments,
            parameters=self.parameters | options.pop("parameters", {}),
            unit=self.unit,
            note=note,
            **options,
        )
        (self.found.averaged if averaged else self.found.chains).append(evidence)

    def law(self, claim: str, generation: int, **options) -> None:
        """Evidence on the law of the test error of one generation."""
        law = ledger()[claim].formula(**self.where, generation=generation, **options)
        self.found.chains.append(
            LawEvidence(
                claim=claim,
                source=ledger()[claim].source,
                generation=generation,
                law=law.cdf,
                parameters=self.parameters,
                note="Kolmogorov distance between the laws",
            )
        )

    def assumption(self, claim: str, met: bool, note: str) -> None:
        """A claim that the masks alone decide."""
        self.found.decided.append(
            Verdict(
                claim=claim,
                source=ledger()[claim].source,
                parameters=self.parameters,
                generation=None,
                relation="assumption",
                predicted=None,
                observed=None,
                interval=None,
                confidence=1.0,
                verdict="holds" if met else "assumption not met",
                note=note,
            )
        )


def _kind(prediction: Prediction | None) -> str:
    return "" if prediction is None else prediction.kind


def gather(
    settings: Settings, world: World, process: Process, prediction: Prediction | None
) -> Found:
    """Evidence to be judged on the simulation, and what is decided without one."""
    bench = Bench(settings, world, process)
    if world.given:
        _given(bench, world, prediction)
    elif process.regime == "edit":
        _edit(bench, settings, prediction)
    else:
        _resampling(bench, prediction)
    return bench.found


def _at(prediction: Prediction | None, generation: int) -> tuple[float, float]:
    assert prediction is not None, "asked for the closed form of a process that has none"
    return float(prediction.low[generation - 1]), float(prediction.high[generation - 1])


def _resampling(bench: Bench, prediction: Prediction | None) -> None:
    exact = {
        "replace": "zhu2025.eq7",
        "replace_fresh": "gerst2024.replace",
        "accumulate": "gerst2024.accumulate",
        "accumulate_fresh": "ref.accumulate_fresh",
        "halfway": "gerst2024.halfway",
        "halfway_fresh": "gerst2024.halfway",
        "mix_fresh": "he2025.weight",
        "mix_fixed": "garg2026.fixedreal",
    }
    regime = bench.process.regime
    note = "deviation at this T is shown; the claim is about T >> d"
    if regime in exact:
        bench.mean(exact[regime], _at(prediction, bench.last), relation="==")
    if regime == "subsample":
        bench.mean("ref.subsample", _at(prediction, bench.last), relation="==", note=note)
    if regime == "replace_fresh":
        bench.law("ref.replace_law", 1, design="fresh")
    if regime == "replace":
        bench.law("ref.replace_law", bench.last)
        printed = published.section_2_error(**bench.where, generation=2)
        bench.mean("zhu2025.sec2", printed, generation=2, note="printed one generation late")
    if regime.startswith("accumulate"):
        bound = ledger()["gerst2024.accumulate"].predict(bench.where | {"generation": 10**6})
        bench.mean("gerst2024.accumulate", bound, relation="<=", note="bound b pi^2 / 6")


def _edit(bench: Bench, settings: Settings, prediction: Prediction | None) -> None:
    process, where = bench.process, bench.where
    if process.variant in ("frozen", "external"):
        return _frozen(bench, prediction)
    if process.variant == "additive":
        note = "Theorem 1 is exact here"
        return bench.mean("ref.exact_one", _at(prediction, bench.last), exactly=True, note=note)
    bound = published.theorem_2a_bound(**where)
    if process.mask == "confident":
        return bench.mean("zhu2025.thm2a_conf", bound, generation=2)
    if process.variant == "chained":
        claim = "zhu2025.thm2a_single" if process.mask == "one" else "zhu2025.thm2a"
        bench.mean(claim, bound)
    if process.edit_rows is None:
        return
    if process.variant == "chained":
        printed = published.theorem_1_error(**where, edit_counts=process.edit_rows)
        note = f"mean error by the printed formula, {printed / bench.unit:.4g} b"
        bench.mean("zhu2025.thm1", printed, note=note)
    if process.schedule is None:
        _random(bench, settings, prediction)
    else:
        _scheduled(bench, process.schedule, prediction)


def _frozen(bench: Bench, prediction: Prediction | None) -> None:
    """One model writes every edit: the bound is a theorem unless the masks look at the labels."""
    process = bench.process
    if process.variant == "external":
        given = {"prior_error": process.prior_error * bench.unit}
        return bench.mean(
            "ref.edit_external", _at(prediction, bench.last), exactly=True, parameters=given
        )
    bound = published.theorem_2a_bound(**bench.where)
    if process.edit_rows is None:
        return bench.mean("zhu2025.thm2a_conf", bound, note="again and again, by a frozen prior")
    bench.mean("zhu2025.thm2a_frozen", bound, exactly=True)
    bench.mean("ref.edit_frozen", _at(prediction, bench.last), exactly=True)


def _random(bench: Bench, settings: Settings, prediction: Prediction | None) -> None:
    process = bench.process
    claim = "ref.edit_E" if process.variant == "anchored" else "ref.edit_D"
    note = f"closed form at this T, {_kind(prediction)}; the law itself is about T >> d"
    sharp = {"tolerance": FINITE, "control": 0.02} if process.averaged is not None else {}
    bench.mean(claim, _at(prediction, bench.last), relation="==", exactly=True, note=note, **sharp)
    bench.assumption("zhu2025.eq16", False, "masks are drawn afresh: rows are edited again")
    if process.mask == "geometric":
        _geometric(bench, settings)


def _scheduled(bench: Bench, schedule: np.ndarray, prediction: Prediction | None) -> None:
    process, where = bench.process, bench.where
    rows = schedule.sum(axis=1)
    disjoint = published.masks_are_disjoint(masks=schedule)
    bench.assumption("zhu2025.eq16", disjoint, "no row twice" if disjoint else "rows edited again")
    if disjoint:
        curve = corrected.disjoint_bound(**where, edited_total=rows.sum() / where["samples"])
        note = "conjecture for d >= 2 and more than four edits of arbitrary T"
        bench.mean("ref.edit_B_const", curve, relation="<=", note=f"(2 e^tau - 1) b; {note}")
    names = {"one": "ref.edit_one_T", "halves": "ref.edit_two_T", "fixed": "ref.edit_C"}
    claim = names.get(process.mask, "ref.edit_B" if disjoint else None)
    if claim is not None:
        note = f"closed form at this T, {_kind(prediction)}"
        bench.mean(claim, _at(prediction, bench.last), relation="==", exactly=True, note=note)
    if process.mask == "fixed" and where["samples"] - rows[0] >= where["dim"] + 2:
        upper = ledger()["ref.edit_C_T"].predict(where | {"edited_rows": int(rows[0])})
        bench.mean("ref.edit_C_T", upper, relation="<=", note="upper side of the limit")


def _geometric(bench: Bench, settings: Settings) -> None:
    """The second bound of Theorem 2, about edits that shrink."""
    counts, where, base = bench.process.edit_rows, bench.where, bench.unit
    assert counts
    eta, first = float(np.sqrt(settings.decay)), counts[0]
    if first:
        loose = published.theorem_2b_bound(**where, first_count=first, norm_decay=eta)
        fractions = [count / where["samples"] for count in counts]
        true = base * corrected.random_mask_inflation(fractions=fractions)
        note = f"bound is {loose / base:.4g} b, the law 1 + sum m(2 - m) gives {true / base:.4g} b"
        bench.mean("zhu2025.thm2b", loose, trivial=true, note=note)
    possible = published.decay_is_possible(
        edit_counts=[int(count) for count in counts], norm_decay=eta
    )
    bench.assumption("zhu2025.decay", possible, f"edited rows {list(counts)}")


def _given(bench: Bench, world: World, prediction: Prediction | None) -> None:
    """The same claims, each conditional on the user's design."""
    process = bench.process
    note = "conditional on the given design"
    if process.regime in ("replace", "accumulate"):
        claim = "zhu2025.eq7" if process.regime == "replace" else "gerst2024.accumulate"
        bench.mean(claim, _at(prediction, bench.last), relation="==", note=note)
    if process.regime != "edit" or process.variant not in ("chained", "frozen"):
        return
    single = process.edit_rows is not None and np.count_nonzero(process.edit_rows) == 1
    claim = "zhu2025.thm2a_single" if single else "zhu2025.thm2a"
    if process.edit_rows is None and (process.mask == "confident" or process.variant == "frozen"):
        claim = "zhu2025.thm2a_conf"
    elif process.variant == "frozen":
        claim = "zhu2025.thm2a_frozen"
    labelled = "; distance from the fit on real labels" if world.labels is not None else ""
    bench.mean(claim, 2 * bench.unit, note=note + labelled)
    if prediction is not None:
        claim = "ref.edit_B" if process.schedule is not None else "ref.edit_D"
        claim = "ref.edit_frozen" if process.variant == "frozen" else claim
        bench.mean(
            claim, _at(prediction, bench.last), relation="==",
            note=f"exact recursion given X{labelled}",
        )  # fmt: skip
