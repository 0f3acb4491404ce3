"""Which claims each process decides, and how."""

from typing import Any

import numpy as np

from collapse_sim.certify import Evidence, LawEvidence, Verdict
from linear_lab.plan import Process, World
from linear_lab.predictions import Prediction
from linear_lab.settings import Settings
from theory.claims import ledger
from theory.editing import corrected, published
from theory.wishart import base_error

TOLERANCE = 0.025
"""Relative tolerance of an equality: the whole interval must lie this close to the closed form."""


class Bench:
    """Collects the evidence of one process, filling in what all of it shares."""

    def __init__(self, settings: Settings, world: World, process: Process):
        self.process = process
        self.where: dict[str, Any] = {
            "dim": world.design.dim, "samples": world.design.samples, "noise_std": world.noise_std,
        }  # fmt: skip
        self.parameters = self.where | {
            "process": process.name, "design": settings.design, "spectrum": settings.spectrum,
        }  # fmt: skip
        if process.edit_rows is not None:
            self.parameters["edited_rows"] = list(process.edit_rows)
        averaged = not world.given and not process.regime.endswith("_fresh")
        averaged = averaged or process.regime == "mix_fresh"
        self.measure = "scale_averaged_error" if averaged and not world.given else "test_error"
        self.last = settings.generations
        self.found: list[Evidence | LawEvidence] = []
        self.decided: list[Verdict] = []

    def mean(self, claim: str, predicted, *, relation=None, generation=None, **options) -> None:
        """Evidence on the mean test error of one generation (the last one by default)."""
        record = ledger()[claim]
        moments = np.inf if self.measure == "scale_averaged_error" else self.process.finite_moments
        if moments <= 2:
            note = f"variance infinite at T = {self.where['samples']}: its law is tested instead"
            return self.assumption(claim, False, note)
        low, high = predicted if isinstance(predicted, tuple) else (predicted, predicted)
        self.found.append(
            Evidence(
                claim=claim,
                source=record.source,
                relation=relation or record.relation,
                generation=generation or self.last,
                predicted=(float(low), float(high)),
                measure=self.measure,
                tolerance=TOLERANCE,
                finite_moments=moments,
                parameters=self.parameters | options.pop("parameters", {}),
                **options,
            )
        )

    def law(self, claim: str, generation: int, **options) -> None:
        """Evidence on the law of the test error of one generation."""
        law = ledger()[claim].formula(**self.where, generation=generation, **options)
        self.found.append(
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
        self.decided.append(
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
) -> tuple[list[Evidence | LawEvidence], list[Verdict]]:
    """Evidence to be judged on the simulation, and what is decided without one."""
    bench = Bench(settings, world, process)
    if world.given:
        _given(bench, world, prediction)
    elif process.regime == "edit":
        _edit(bench, settings, prediction)
    else:
        _resampling(bench, prediction)
    return bench.found, bench.decided


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
    process, where, last = bench.process, bench.where, bench.last
    base, bound = base_error(**where), published.theorem_2a_bound(**where)
    if process.variant == "additive":
        bench.mean("ref.exact_one", _at(prediction, last), note="Theorem 1 is exact here")
        return
    if process.mask == "one":
        bench.mean("zhu2025.thm2a_single", bound)
    elif process.mask == "confident":
        bench.mean("zhu2025.thm2a_conf", bound, generation=2)
        return
    elif process.variant == "chained":
        bench.mean("zhu2025.thm2a", bound)
    if process.edit_rows is None:
        return
    total = sum(process.edit_rows) / where["samples"]
    if process.variant == "chained":
        printed = published.theorem_1_error(**where, edit_counts=process.edit_rows)
        note = f"mean error by the printed formula, {printed / base:.4g} b"
        bench.mean("zhu2025.thm1", printed, note=note)
    if process.schedule is None:
        claim = "ref.edit_E" if process.variant == "anchored" else "ref.edit_D"
        note = f"closed form at this T, {_kind(prediction)}; the law itself is about T >> d"
        bench.mean(claim, _at(prediction, last), relation="==", note=note)
        bench.assumption("zhu2025.eq16", False, "masks are drawn afresh: rows are edited again")
    else:
        disjoint = published.masks_are_disjoint(masks=process.schedule)
        bench.assumption(
            "zhu2025.eq16", disjoint, "no row twice" if disjoint else "rows edited again"
        )
        if disjoint:
            curve = corrected.disjoint_bound(**where, edited_total=total)
            note = "conjecture for d >= 2 and more than four edits of arbitrary T"
            bench.mean("ref.edit_B_const", curve, relation="<=", note=f"(2 e^tau - 1) b; {note}")
        names = {"one": "ref.edit_one_T", "halves": "ref.edit_two_T", "fixed": "ref.edit_C"}
        claim = names.get(process.mask, "ref.edit_B" if disjoint else None)
        if claim is not None:
            note = f"closed form at this T, {_kind(prediction)}"
            bench.mean(claim, _at(prediction, last), relation="==", note=note)
    if process.mask == "fixed":
        kept = where["samples"] - process.edit_rows[0]
        if kept >= where["dim"] + 2:
            upper = ledger()["ref.edit_C_T"].predict(where | {"edited_rows": process.edit_rows[0]})
            bench.mean("ref.edit_C_T", upper, relation="<=", note="upper side of the limit")
    if process.mask == "geometric":
        eta = float(np.sqrt(settings.decay))
        first = process.edit_rows[0]
        if first:
            loose = published.theorem_2b_bound(**where, first_count=first, norm_decay=eta)
            fractions = [count / where["samples"] for count in process.edit_rows]
            true = base * corrected.random_mask_inflation(fractions=fractions)
            note = (
                f"bound is {loose / base:.4g} b, the law 1 + sum m(2 - m) gives {true / base:.4g} b"
            )
            bench.mean("zhu2025.thm2b", loose, trivial=true, note=note)
        possible = published.decay_is_possible(
            edit_counts=[int(count) for count in process.edit_rows], norm_decay=eta
        )
        bench.assumption("zhu2025.decay", possible, f"edited rows {list(process.edit_rows)}")


def _given(bench: Bench, world: World, prediction: Prediction | None) -> None:
    """The same claims, each conditional on the user's design."""
    process = bench.process
    base = world.noise_std**2 * bench.where["dim"] / bench.where["samples"]
    note = "conditional on the given design"
    if process.regime in ("replace", "accumulate"):
        claim = "zhu2025.eq7" if process.regime == "replace" else "gerst2024.accumulate"
        bench.mean(claim, _at(prediction, bench.last), relation="==", note=note)
    if process.regime != "edit" or process.variant != "chained":
        return
    single = process.edit_rows is not None and np.count_nonzero(process.edit_rows) == 1
    claim = "zhu2025.thm2a_single" if single else "zhu2025.thm2a"
    claim = "zhu2025.thm2a_conf" if process.mask == "confident" else claim
    labelled = "; distance from the fit on real labels" if world.labels is not None else ""
    bench.mean(claim, 2 * base, note=note + labelled)
    if prediction is not None:
        claim = "ref.edit_B" if process.schedule is not None else "ref.edit_D"
        bench.mean(
            claim, _at(prediction, bench.last), relation="==",
            note=f"exact recursion given X{labelled}",
        )  # fmt: skip
