"""Every family that decides claims of its own, as one list: its claims, and wrong ones seen."""

import sys
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from importlib import import_module
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from collapse_sim.certify import FAMILY_ERROR, LawEvidence
from collapse_sim.run_directory import RunDirectory
from experiments import claims, curse_of_recursion, recursion
from experiments.recursion.families import family_of
from experiments.recursion.family import Column, Family
from experiments.recursion.names import ALL, FAMILIES
from experiments.recursion.settings import Settings
from tests.experiments.evidence import evidence_of, family_processes, off, simulated
from theory.distributions import gaussian


@dataclass(frozen=True)
class Case:
    """What one family has to decide, and its processes that are quick enough for a test."""

    decided: str
    """Ids of all its claims."""
    quick: Mapping[str, int]
    """Processes that compile and run quickly, and replicates that decide them."""
    among: int
    """Verdicts that share the error."""
    run: tuple[str, ...]
    """Processes of a whole run of the command."""
    verdicts: str
    """Ids of this run, in its order."""
    off: float | None = 0.06
    """Share by which a wrong number is off, to be violated; None: its control, not to hold."""
    found: Mapping[str, str] = field(default_factory=dict)
    """Claims that do not hold."""
    none: str = ""
    """A measure that is 0 in every replicate."""
    seed: int = 7
    replicates: int = 2000
    sizes: Mapping[str, int] = field(default_factory=dict)
    """Constants of its module that make the run short."""
    said: str = ""


CASES = {
    "forgetting": Case(
        decided="""
        suresh2025.vocab suresh2025.poisson kazdan2025.discrete ref.two_types
        seddik2024.absorb_least seddik2024.absorb ref.mix_prob ref.unigram_fixed ref.zipf_error
        dohmatob2024b.thm21 dohmatob2024b.cor22 alemohammad2024.bias kazdan2025.gauss_acc_limit
        ref.gauss_acc_mean ref.gauss_edit_mean ref.gauss_edit_fixed_path ref.gauss_edit_fixed
        suresh2025.gmm ref.kde_mean ref.kde_silverman
        """,
        quick={
            "replace, Poisson counts": 2**20,
            "fresh human, ten types": 2**17,
            "replace, a far cut": 2**14,
            "accumulate, max likelihood": 2**18,
            "replace, a fixed kernel": 2**18,
            "keep human, the same tokens": 2**15,
        },
        among=22,
        off=None,
        seed=5,
        run=("replace, words", "replace, Poisson counts"),
        verdicts="suresh2025.vocab suresh2025.poisson",
    ),
    "contamination": Case(
        decided="""
        ref.debiased kanabar2025.minimax ref.pooled wang2026.rate bertrand2024.stab ref.mixed_rate
        barzilai2025.thm41 dohmatob2024b.thm32
        """,
        quick={
            "keep human, 0.25 drawn": 2**17,
            "keep human, 2 drawn": 2**17,
            "accumulate, max likelihood": 2**13,
            "replace, on the plateau": 2**12,
        },
        among=20,
        run=("debiased, 10 % human", "pooled, 10 % human", "keep human, 2 drawn"),
        verdicts="bertrand2024.stab ref.mixed_rate",
        sizes={"BATCHES": 4},
    ),
    "corpora": Case(
        decided="""
        ref.kept_excess ref.polya ref.missing_mass ref.smoothing ref.posterior_rate
        griffiths2007.prior ref.innovation ref.models_pooled ref.models_spread
        ref.temperature_state ref.contaminated_mean
        """,
        quick={
            "keep human, 126 drawn": 2**16,
            "accumulate, an urn": 2**16,
            "replace, posterior draws": 2**17,
        },
        among=20,
        run=("keep human, 126 drawn", "accumulate, an urn"),
        verdicts="ref.kept_excess ref.polya ref.polya",
    ),
    "estimates": Case(
        decided="""
        ref.coverage neon2026.gauss ref.neon_error dhoot2026.fixedpoint dhoot2026.fixedpoint_mean
        raisa2024.m ferbach2024.gain ref.curation_rate ref.one_pass ref.two_stage
        rezaei2026.mean_shift rezaei2026.covariance_shift
        """,
        quick={
            "replace, nine for each": 2**18,
            "fresh human, exactly 3 of 10": 2**18,
            "choose, one of 2": 2**12,
            "choose, two types": 2**13,
            "wider, inputs": 2**10,
        },
        among=20,
        run=("replace, equal sizes", "average, several sets"),
        verdicts=" ".join(["ref.coverage"] * 3 + ["raisa2024.m"] * 3),
    ),
    "regressions": Case(
        decided="dey2024.discard dey2024.augment",
        quick={
            f"{regime}, {name}": 2**16
            for name in ("logistic", "Poisson")
            for regime in ("replace", "accumulate")
        },
        among=4,
        off=0.05,  # of the sum of 1 / k^2 one more fit makes 3 %, and one less 5 %
        none="separated",
        run=("replace, Poisson", "accumulate, Poisson"),
        verdicts="dey2024.discard dey2024.augment",
        replicates=512,
        said="Poisson regression",
    ),
    "ridge": Case(
        decided="""
        garg2026.minnorm dohmatob2024a.overparam ref.overparam_shared ref.ridge_chain
        ref.ridge_memory dohmatob2024a.linear dohmatob2024a.ridgeless ref.strong_T dohmatob2025.thm1
        dohmatob2025.cor1 dohmatob2025.cor2 ref.weighted dohmatob2025.cor3
        """,
        quick={
            "mixture, few rows": 2**15,
            "mixture, 10,000 rows": 2**12,
            "mixture, weight 0.1": 2**12,
        },
        among=22,
        found={"dohmatob2025.cor2": "violated"},
        run=("replace, ridge", "mixture, 1,000,000 rows"),
        verdicts="ref.ridge_chain ref.ridge_chain ref.ridge_memory dohmatob2025.cor1",
        replicates=1024,
    ),
}


@pytest.mark.parametrize("family", CASES)
def test_every_claim_has_evidence_and_its_command_and_the_family_is_no_part_of_all(family):
    processes = family_processes(family).values()
    joint = {check.claim for process in processes for check in process.checks if check.joint}
    decided = joint | {e.claim for process in processes for e in evidence_of(process)}
    assert decided == set(CASES[family].decided.split())
    for claim in decided:
        assert f"collapse-sim curse --family {family}" in claims.deciding(claim)
    assert family not in ALL
    assert Settings(family=family).families() == (family,)


@pytest.mark.parametrize(
    ("family", "name"), [(family, name) for family, case in CASES.items() for name in case.quick]
)
def test_claims_hold_and_numbers_six_percent_off_do_not(family, name):
    """The chance of a false alarm of a verdict is 1e-3 by how many there are; the seed is fixed."""
    case, process = CASES[family], family_processes(family)[name]
    summary, error = simulated(process, case.quick[name], seed=case.seed), FAMILY_ERROR / case.among
    assert not case.none or summary.moments[case.none].largest.max() == 0
    for evidence in evidence_of(process):
        verdict = evidence.judge(summary, error)
        is_law = isinstance(evidence, LawEvidence)
        promised = is_law or np.isfinite(evidence.predicted[0])
        expected = case.found.get(evidence.claim, "holds" if promised else "vacuous")
        assert verdict.verdict == expected, evidence.claim
        if not is_law and evidence.relation not in ("==", "->"):
            continue
        if expected == "holds":
            assert verdict.control is True, evidence.claim
            assert verdict.within is not None and verdict.tolerance is not None
            assert verdict.within <= verdict.tolerance <= (0.025 if is_law else 0.02)
        share = 0.04 if is_law else case.off or evidence.control
        for factor in (1 + share,) if is_law else (1 - share, 1 + share):
            wrong = off(evidence, factor).judge(summary, error).verdict
            assert wrong == "violated" or (case.off is None and wrong != "holds"), (
                evidence.claim,
                factor,
            )


@pytest.mark.parametrize("family", CASES)
def test_the_command_writes_a_run_and_prints_80_columns(family, tmp_path, monkeypatch, capfd):
    case, module = CASES[family], import_module(f"{recursion.__name__}.{family}")
    for name, size in case.sizes.items():
        monkeypatch.setattr(module, name, size)
    made = {process.name: process for process in module.processes(Settings())}
    few = [
        replace(
            made[name],
            replicates=case.replicates,
            checks=[c for c in made[name].checks if c.claim in case.verdicts.split()],
        )
        for name in case.run
    ]
    monkeypatch.setattr(module, "FAMILY", replace(module.FAMILY, processes=lambda settings: few))
    flags = ["--family", family, "--out", str(tmp_path / "run")]
    assert curse_of_recursion.command(flags, configure=lambda settings: None) == 0
    run = RunDirectory(tmp_path / "run")
    assert run.is_finished() and (run.path / "figure.png").is_file()
    assert [v["claim"] for v in run.verdicts()] == case.verdicts.split()
    tables = capfd.readouterr().out.partition(str(tmp_path))[0]
    assert case.said in tables
    assert max(map(len, tables.splitlines())) <= 80


@pytest.mark.parametrize(
    ("family", "name", "factor", "replicates"),
    [
        ("contamination", "accumulate, max likelihood", 1 / 3, 2**16),
        ("estimates", "choose, one of 4", 1.15, 2**12),
    ],
)
def test_a_bound_on_the_wrong_side_is_seen(family, name, factor, replicates):
    process = family_processes(family)[name]
    (evidence,) = evidence_of(process)
    wrong = off(evidence, factor).judge(simulated(process, replicates, seed=8), FAMILY_ERROR / 20)
    assert wrong.verdict == "violated"


def test_the_list_names_every_module_that_holds_a_family():
    folder = Path(curse_of_recursion.__file__).parent / "recursion"
    holding = {path.stem for path in folder.glob("*.py") if "\nFAMILY = " in path.read_text()}
    assert holding == set(FAMILIES)
    assert all(isinstance(family_of(name), Family) for name in FAMILIES)


def test_a_family_is_one_module_and_its_name(tmp_path, monkeypatch, capfd):
    """Nothing else is told of it: report, figure, run directory and verdicts follow."""
    right = [
        p for p in family_of("gaussian").processes(Settings()) if p.variant == "two draws a fit"
    ]
    module = ModuleType("toy")
    shown = [replace(right[0], replicates=512, checks=right[0].checks[:1])]
    module.FAMILY = Family(lambda settings: iter(shown), [Column("spread", "point_variance")])
    monkeypatch.setitem(sys.modules, f"{recursion.__name__}.toy", module)
    curse_of_recursion.main(Settings(family="toy", out=tmp_path / "run"))
    run = RunDirectory(tmp_path / "run")
    assert run.is_finished() and (run.path / "figure.png").is_file()
    (verdict,) = run.verdicts()
    assert verdict["parameters"]["family"] == "toy"
    assert verdict["predicted"] == gaussian.draw_variance(samples=20, generation=5)
    said = capfd.readouterr().out
    assert "toy after generation 40" in said and "spread" in said
