"""Maps of where a model's error stays under a level: exact boundaries, sides, and whole runs."""

from dataclasses import replace

import jax
import numpy as np
import pytest

from collapse_sim.experiment import streaming
from collapse_sim.experiment.evidence import evidence
from collapse_sim.experiment.process import Check
from collapse_sim.run_directory import RunDirectory
from experiments import phase_diagram
from experiments.phase.columns import make_panels
from experiments.phase.report import boundary, contradicted, missed_points
from experiments.phase.settings import Settings, parse
from experiments.phase.strips import SideBySide, measured, sides
from tests.experiments.test_resume import command, interrupt, results
from theory.claims import ledger
from theory.distributions.temperature import return_share, stay_share
from theory.editing.repeated import anchored_limit

FEW = (
    *("--dim", "2", "--samples", "12", "--rates", "3", "--generations", "4"),
    *("--replicates", "1500"),
)
"""No multiple of a block."""

WORDS = (
    *("--map", "mixing", "--shares", "3", "--temperatures", "2", "--types", "3"),
    *("--tokens", "500", "--generations", "4", "--replicates", "1024"),
)
ERROR = 1e-6
"""Chance of a false alarm of each statistical test."""


# Boundaries that are known


def predicted(panel) -> np.ndarray:
    """In the panel's unit, across x up."""
    found = [
        process.closed_form(panel.measure, 1 if panel.last else len(panel.up))
        for columns in panel.columns
        for process in columns
    ]
    return np.reshape(found, (len(panel.across), len(panel.up))) / panel.unit


def test_boundaries_of_the_closed_forms_are_those_of_the_theorems():
    """At T >> d: 1 + (n - 1) m (2 - m) by the latest model; frozen for ever at most 2."""
    latest, frozen, anchored = make_panels(Settings(samples=1000, rates=10, generations=40))
    for rate, column in zip(latest.across, predicted(latest), strict=True):
        after, by = boundary(sides(column, column, 2.0), latest.up, True)
        first = 2 + int(np.floor(1 / (rate * (2 - rate)) + 1e-9))
        assert (after, by) == (first - 1, first)
    assert (predicted(frozen) <= 2 + 1e-9).all()
    np.testing.assert_allclose(predicted(frozen)[-1], [1, *[2] * 39])  # all rows
    for rate, column in zip(anchored.across, predicted(anchored), strict=True):
        assert (column[-1] > 2) == (anchored_limit(edit_share=rate) > 2 + 1e-9)


def test_a_finite_size_is_below_the_leading_order_and_equal_where_both_are_exact():
    at_100 = make_panels(Settings(rates=4, generations=6, writers=("latest",)))[0]
    large = make_panels(Settings(rates=4, generations=6, writers=("latest",), samples=1000))[0]
    small, leading = predicted(at_100), predicted(large)
    np.testing.assert_allclose(small[-1], np.arange(1, 7))  # full resampling: n b
    np.testing.assert_allclose(leading[-1], np.arange(1, 7))
    assert (small[:-1, 2:] < leading[:-1, 2:]).all() and (small > 0.9 * leading).all()


def test_boundaries_of_long_chains_of_words_are_the_thresholds():
    """Of a start at odds o the share that keeps o at rest; from collapse the largest of them."""
    types, level, odds = 10, 2.0, 1.2 * 9 / (10 - 1.2)
    settings = Settings(map="mixing", shares=100, temperatures=5, generations=400)
    diverse, collapsed = make_panels(settings)
    # Below it the human share alone lets the first word have no more than the level.
    most = (1 - level / types) / (1 - 1 / types)
    for heat, *columns in zip(
        diverse.across, predicted(diverse), predicted(collapsed), strict=True
    ):
        power = 1 / heat
        kept = types * odds / (odds + 9) * (odds ** (power - 1) - 1) / (odds**power - 1)
        assert stay_share(temperature=heat) < kept
        limits = kept, return_share(types=types, temperature=heat)
        for column, limit in zip(columns, limits, strict=True):
            after, by = boundary(sides(column, column, level), diverse.up, False)
            assert by - after == pytest.approx(0.01)
            assert (after + by) / 2 == pytest.approx(min(limit, most), abs=0.011)


@pytest.mark.parametrize(
    ("column", "rises", "expected"),
    [
        ([-1, -1, 0, 1], True, (2, 4)),
        ([-1, -1, -1, -1], True, (4, np.inf)),
        ([0, 1, 1, 1], True, (-np.inf, 2)),
        ([-1, 0, 0, 0], True, (1, np.inf)),
        ([1, 0, -1, -1], False, (1, 3)),
        ([0, 0, 0, 0], False, (-np.inf, np.inf)),
    ],
)
def test_a_boundary_is_between_sure_sides(column, rises, expected):
    assert boundary(np.array(column), [1, 2, 3, 4], rises) == expected


def test_a_side_needs_the_whole_interval():
    low, high = np.array([1.0, 1.9, 2.0, 2.1, -np.inf]), np.array([2.0, 2.1, 2.2, 2.2, np.inf])
    assert sides(low, high, 2.0).tolist() == [-1, 0, 0, 1, 0]


# What is simulated


def test_side_by_side_each_is_what_it_is_alone():
    panel, key = make_panels(parse(FEW))[0], jax.random.key(3)
    run = jax.jit(lambda simulation, key: simulation(key)[panel.measure])
    chains = [process.simulation for process in panel.columns[0]]
    together = run(SideBySide.of(chains, panel.measure, panel.last), key)
    alone = [run(chain, key)[-1 if panel.last else 0 :] for chain in chains]
    np.testing.assert_allclose(together, np.concatenate(alone), rtol=2e-5)


def test_simulations_of_two_kinds_do_not_stand_side_by_side():
    chains = [make_panels(parse(f))[0].columns[0][0].simulation for f in (FEW, WORDS)]
    with pytest.raises(ValueError, match="accepted are those of one structure"):
        SideBySide.of(chains, "test_error")


def test_the_frozen_law_holds_and_two_per_cent_off_it_does_not(tmp_path):
    """Exact at T = 20, at every point; false alarm rate 1e-6 a point."""
    settings = Settings(samples=20, rates=3, generations=3, replicates=2**17, writers=("frozen",))
    (panel,) = make_panels(settings)
    run = RunDirectory.open(tmp_path / "run", {"parameters": {}}, resume=False)
    found = measured(panel, settings, run, ERROR)
    np.testing.assert_allclose(found.predicted, predicted(panel))
    assert missed_points(found, 1) == 0
    assert missed_points(found, 1.02) == missed_points(found, 0.98) == panel.points
    # A boundary by the formula off by 2 % is refused: frozen edits would pass 2 b.
    assert contradicted(found, 1.98) == 0
    wrong = replace(found, predicted=1.05 * found.predicted)
    assert contradicted(wrong, 2.02) > 0
    # The ledger's own claim, from the same numbers.
    process = panel.columns[0][0]
    of = evidence(Check("ref.edit_frozen", panel.measure), process, ledger(), ERROR)
    assert of.predicted[0] == pytest.approx(found.predicted[0, -1] * panel.unit)


# Whole runs


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    folder = tmp_path_factory.mktemp("runs") / "few"
    assert command(phase_diagram, *FEW, "--out", str(folder)) == 0
    return folder


def test_a_run_leaves_what_every_run_leaves(finished, capfd):
    run = RunDirectory(finished)
    assert run.is_finished() and all((finished / f"figure.{s}").exists() for s in ("png", "svg"))
    chains = run.chains()
    assert len(chains["mean"]) == 3 * 3 * 4 and set(chains["measure"]) == {"scale_averaged_error"}
    assert (chains["low"] <= chains["mean"]).all() and (chains["mean"] <= chains["high"]).all()
    claims = [(v["claim"], v["parameters"]["process"]) for v in run.verdicts()]
    assert len(claims) == len(set(claims)) == 6
    assert {claim for claim, _ in claims} == {"zhu2025.thm2a", "zhu2025.thm2a_frozen"}
    assert command(phase_diagram, *FEW, "--out", str(finished), "--resume") == 0
    assert "finished before, nothing to resume" in capfd.readouterr().out


def test_a_killed_run_and_other_chunks_give_the_same_bytes(finished, tmp_path, monkeypatch):
    folder = tmp_path / "run"
    with monkeypatch.context() as patch:
        patch.setattr(RunDirectory, "write_chains", interrupt)
        assert command(phase_diagram, *FEW, "--out", str(folder)) == 130
    assert len(list((folder / "checkpoints").iterdir())) == 3
    (folder / "checkpoints").joinpath("00-edit-0.333333-frozen.npz").unlink()
    monkeypatch.setattr(streaming, "CHUNK", 512)
    assert command(phase_diagram, *FEW, "--out", str(folder), "--resume") == 0
    assert results(folder) == results(finished)


@pytest.mark.parametrize(("flags", "columns"), [(FEW, 60), (FEW, 80), (FEW, 200), (WORDS, 60)])
def test_the_terminal_shows_sentences_and_a_table_of_any_width(
    flags, columns, tmp_path, monkeypatch, capsys
):
    monkeypatch.setenv("COLUMNS", str(columns))
    assert command(phase_diagram, *flags, "--out", str(tmp_path / "run")) == 0
    shown, run, files = capsys.readouterr().out.partition(str(tmp_path / "run"))
    assert max(map(len, shown.splitlines())) <= columns
    assert run and " ".join(files.split()).startswith(
        ": verdicts.json, chains.parquet, config.json"
    )
    text = " ".join(shown.split())
    starts = ["Written by one frozen model", "after - by", "Theory is on the other side at"]
    if flags is WORDS:
        starts = ["From near diversity, at temperature", "From collapse", "Human share needed"]
    assert all(start in text for start in starts)


@pytest.mark.parametrize(
    ("flags", "says"),
    [
        (("--level", "1"), "--level 1.0: accepted are finite numbers > 1"),
        (("--map", "mixing", "--level", "1"), "--level 1.0: accepted are numbers between 1.2 and"),
        (("--samples", "11"), "--samples 11: a mean test error exists only for samples >= dim + 2"),
        (("--replicates", "999"), "--replicates 999: accepted are integers >= 1000"),
        (("--rates", "1"), "--rates 1: accepted are integers >= 2"),
        (("--types", "2"), "--types 2: accepted are integers >= 3"),
        (("--tokens", str(2**31)), "accepted are integers < 2^31"),
        (("--writers", "latest", "latest"), "--writers ['latest', 'latest']: accepted is at least"),
    ],
)
def test_bad_input_is_refused_in_one_line(flags, says, tmp_path, capfd):
    assert command(phase_diagram, *flags, "--out", str(tmp_path / "run")) == 2
    shown = capfd.readouterr()
    assert says in shown.err and shown.err.count("\n") == 1 and not (tmp_path / "run").exists()
