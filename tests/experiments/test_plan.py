"""Plans: every number by a recursion of its own, safe shares, calibration, what a user sees."""

import json
import math

import numpy as np
import pytest

from experiments.plan import command
from experiments.planning import options as ways
from experiments.planning.assumptions import assumptions
from experiments.planning.calibration import calibrate, compare
from experiments.planning.options import make_options, safe_synthetic_share
from experiments.planning.report import print_calibration
from experiments.planning.settings import parse
from theory.claims import ledger
from theory.linear.unequal_sizes import kept_inflation, kept_limit

PLAN = ["--human", "1e9"]


def plan(*flags: str):
    settings = parse([*PLAN, *flags])
    return settings, {option.name: option for option in make_options(settings)}


def test_costs_of_the_latest_model_follow_its_chain():
    """Error = sum of independent noises; unit: the noise of the human text, N = 2 M."""
    settings, found = plan("--synthetic", "5e8", "--rounds", "4", "--eligible", "0.25")
    replaced, added, newest, chained, anchored = [1.0], [1.0], [1.0], [1.0], [1.0]
    size, excess = 2.0, 0.0
    for _ in range(settings.rounds):
        replaced.append(replaced[-1] + 2)
        size += 1
        added.append(added[-1] + 2 / size**2)
        excess = (excess + 2) / 9  # alpha = 1/3
        newest.append(1 + excess)
        chained.append(chained[-1] + 0.25 * 1.75)
        anchored.append(1 + 0.25**2 * (anchored[-1] - 1) + 0.25 * 1.75)
    expected = {
        "replace": replaced,
        "add to all": added,
        "add the newest": newest,
        "edit, again and again": chained,
        "edit the human text": anchored,
    }
    assert set(found) == set(expected)
    for name, costs in expected.items():
        assert found[name].costs == pytest.approx(costs, rel=1e-9), name
    assert found["edit the human text"].limit == pytest.approx(1 + 0.4375 / 0.9375)
    assert math.isinf(found["replace"].limit)


def test_one_frozen_writer_costs_once():
    settings, found = plan("--writer", "frozen", "--rounds", "3", "--eligible", "0.5")
    assert found["replace"].costs == pytest.approx([1, 2, 2, 2])
    assert found["add the newest"].costs == pytest.approx([1, 1.25, 1.25, 1.25])
    # p (1 - p) of the mixture of all human text and k parts of the first model's
    assert found["add to all"].costs == pytest.approx([1, 1 + 1 / 4, 1 + 2 / 9, 1 + 3 / 16])
    edited = np.array([0, 0.5, 0.75, 0.875])
    assert found["edit, again and again"].costs == pytest.approx(
        1 + edited * (2 - edited), rel=1e-5
    )


def test_another_writer_costs_its_gap():
    _, found = plan("--writer", "external", "--gap", "0.2", "--excess", "0.4", "--rounds", "2")
    assert found["replace"].costs == pytest.approx([1, 1.5, 1.5])
    assert found["add to all"].costs == pytest.approx([1, 1 / 2 + 1 / 8, 1 / 3 + 2 / 9])
    assert found["edit, again and again"].costs == pytest.approx(
        [1, 1 + 0.5 / 64, 1 + 0.5 * (1 - 0.875**2) ** 2], rel=1e-5
    )


@pytest.mark.parametrize("allow", ["0.01", "0.1", "0.2", "0.4"])
def test_the_safe_share_of_the_latest_adds_what_is_allowed(allow):
    settings, _ = plan("--allow", allow)
    share = safe_synthetic_share(settings)
    end = kept_limit(human=1 - share, synthetic=share)
    assert end == pytest.approx(1 + settings.allow, rel=1e-12)
    assert kept_limit(human=1 - 1.02 * share, synthetic=1.02 * share) > end


@pytest.mark.parametrize("allow", ["0.01", "0.1", "0.2"])
def test_the_safe_share_of_the_first_adds_what_is_allowed(allow):
    settings, _ = plan("--allow", allow, "--writer", "frozen")
    share = safe_synthetic_share(settings)
    cost = kept_inflation(human=1 - share, synthetic=share, generation=2)
    assert cost == pytest.approx(1 + settings.allow, rel=1e-12)


def test_shares_of_another_writer_are_those_of_its_cost():
    flags = "--writer", "external", "--gap", "0.5", "--excess", "0.4", "--allow", "0.1"
    settings, _ = plan(*flags)
    cost = lambda p: 1 - p + p**2 * 1.25  # noqa: E731
    shares = np.linspace(0, 1, 10_001)
    assert ways.best_synthetic_share(settings) == pytest.approx(
        shares[np.argmin(cost(shares))], abs=1e-4
    )
    assert cost(safe_synthetic_share(settings)) == pytest.approx(1.1, rel=1e-12)
    assert safe_synthetic_share(plan(*flags[:-1], "0.5")[0]) == 1


def test_a_calibration_of_losses_that_obey_the_formulas_agrees():
    """And one of an arm that is 2 % off does not."""
    unit, share = 0.07, 0.25
    rounds = np.arange(4)
    risen = {
        "replace": unit * rounds,
        "accumulate": unit * np.cumsum([0, 1 / 4, 1 / 9, 1 / 16]),
        "edit_share": unit * rounds * share * (2 - share),
    }
    base = np.array([[3.0], [3.1]])
    found = compare({arm: base + rise for arm, rise in risen.items()}, share)
    for one in found:
        assert one.measured == pytest.approx(one.predicted, rel=1e-9)
        assert one.is_unit == (one.name == "replace" and one.round == 1)
    risen["accumulate"] *= 1.02
    off = compare({arm: base + rise for arm, rise in risen.items()}, share)
    assert all(
        one.measured != pytest.approx(one.predicted, rel=0.01)
        for one in off
        if one.name == "add to all"
    )


def test_assumptions_are_judged_by_what_is_told():
    settings = parse([*PLAN, "--parameters", "1e8"])
    found = {one.needs: one.status for one in assumptions(settings, make_options(settings))}
    assert found["far more tokens than parameters"] == "met"
    assert found["edits of random tokens"] == "not met"
    sharp = parse([*PLAN, "--parameters", "1e9", "--temperature", "0.9"])
    found = {one.needs: one.status for one in assumptions(sharp, make_options(sharp))}
    assert found["far more tokens than parameters"] == "not met"
    assert found["text drawn as the model says"] == "not met"


def test_a_plan_names_the_claim_behind_every_number(capsys, tmp_path):
    flags = ["--temperature", "0.9", "--right", "0.8", "--keep-right", "0.9", "--keep-wrong", "0.2"]
    assert command([*PLAN, *flags, "--out", str(tmp_path)]) == 0
    shown = " ".join(capsys.readouterr().out.split())
    assert "6.00 times the excess loss of human text alone after 5 rounds, and without end" in shown
    assert "at least 10 % of each round's text is fresh human text" in shown
    # 0.8 x 0.9 of 0.76 pass; 1 / (1 + 2/9)
    assert "94.7 % of what passes is right" in shown and "less than 82 %" in shown
    record = json.loads((tmp_path / "plan.json").read_text())
    named = [option["claim"] for option in record["options"]]
    assert len(named) == 5 and all(name in ledger() and name in shown for name in named)


@pytest.mark.parametrize(
    ("flags", "says"),
    [
        ([], "--human is missing: accepted is the number of tokens"),
        (["--human", "0"], "--human 0.0: accepted are finite numbers > 0"),
        ([*PLAN, "--rounds", "0"], "--rounds 0: accepted are integers from 1 to 1000"),
        ([*PLAN, "--rounds", "9999"], "--rounds 9999: accepted are integers from 1 to 1000"),
        ([*PLAN, "--eligible", "2"], "--eligible 2.0: accepted is [0, 1]"),
        ([*PLAN, "--writer", "external", "--gap", "1"], "--excess is missing"),
        ([*PLAN, "--gap", "1"], "--gap 1.0: accepted with --writer external"),
        ([*PLAN, "--right", "0.5"], "--right 0.5: accepted with --keep-right and --keep-wrong"),
    ],
)
def test_what_cannot_be_planned_is_said_in_one_line(capsys, flags, says):
    assert command(flags) == 2
    error = capsys.readouterr().err
    assert says in error and error.count("\n") == 1


def test_a_text_that_is_not_there_is_named_by_the_flag_of_the_plan():
    settings, _ = plan("--calibrate", "no.txt")
    with pytest.raises(ValueError, match="^--calibrate no.txt: no such file"):
        calibrate(settings)


def test_a_calibration_says_how_many_predictions_hold(capsys):
    base, rounds = np.array([[3.0], [3.1], [3.0]]), np.arange(3)
    noise = np.array([[0.001], [-0.001], [0.0]]) * (rounds > 0)
    risen = {"replace": 0.1 * rounds, "accumulate": 0.3 * rounds}
    print_calibration(compare({arm: base + rise + noise for arm, rise in risen.items()}, 0.125))
    shown = " ".join(capsys.readouterr().out.split())
    assert "replace 1 the unit +0.1000 ± 0.0012" in shown
    assert "1 of 3 predictions lie within two standard errors, 2 fall short" in shown
