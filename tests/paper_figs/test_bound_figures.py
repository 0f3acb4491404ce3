"""Figures of the bound: schedules that pass it, and every edit beside its printed line."""

import math

import numpy as np
import pytest

from paper_figs import bound_violation, mask_regimes, style
from tests.paper_figs.axes import curve_of, forbidden, levels, points, words
from tests.paper_figs.runs import BASE, CORRECTED, EDITED, ERROR, inflations, make_run


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    return make_run(tmp_path_factory.mktemp("runs") / "all")


# bound_violation


@pytest.fixture(scope="module")
def violation(run, tmp_path_factory):
    other = make_run(tmp_path_factory.mktemp("runs") / "other", ["edit halves"], samples=200)
    return bound_violation.draw([run, other])


def test_disjoint_schedules_are_shown_against_rows_edited(violation):
    left, _ = violation.axes
    colour, marker = style.MARKS["edit disjoint"]
    x, y, half_width = points(left)[colour + marker]
    np.testing.assert_allclose(x, [0, 0.25, 0.5, 0.75, 1])
    np.testing.assert_allclose(y, inflations("edit disjoint"))
    np.testing.assert_allclose(half_width, 1.959964 * ERROR / BASE)
    colour, marker = style.MARKS["edit halves"]
    x, y, _ = points(left)[colour + marker]
    np.testing.assert_allclose(x, [0, 0.5, 1])  # what does not change is drawn once
    np.testing.assert_allclose(y, inflations("edit halves")[:3])
    colour, marker = style.MARKS["edit one"]
    assert colour + marker not in points(left)


def test_the_bounds_cross_at_the_share_where_the_published_one_fails(violation):
    left, right = violation.axes
    assert levels(left) == [2]
    corrected = curve_of(left, style.CORRECTED["color"])
    np.testing.assert_allclose(corrected[[0, -1]], [1, CORRECTED])
    crossing = np.interp(2, corrected, np.linspace(0, 1, len(corrected)))
    assert crossing == pytest.approx(math.log(1.5), abs=1e-4)  # of linear interpolation
    np.testing.assert_allclose(levels(right), [2, CORRECTED])


def test_what_the_published_bound_forbids_is_grey_in_every_panel(run, violation):
    for ax in [*violation.axes, *mask_regimes.draw(run).axes]:
        assert forbidden(ax) == [(2.0, pytest.approx(ax.get_ylim()[1]))]


def test_exact_halves_pass_the_published_bound_at_every_size(violation):
    _, right = violation.axes
    colour = style.MARKS["edit halves"].colour
    lines = [line for line in right.lines if line.get_color() == colour and len(line.get_xdata())]
    exact = [line for line in lines if line.get_marker() == "None"]
    assert len(exact) == 2
    for line in exact:
        assert (line.get_ydata() > 2).all() and (line.get_ydata() < CORRECTED).all()
    smallest = {line.get_xdata()[0]: line.get_ydata()[0] for line in exact}
    assert smallest[1.2] == pytest.approx(12665 / 6006)  # docs/theory.md, Finite T
    assert right.get_xlim()[1] > 100  # the other run's T/d


def test_every_line_of_both_panels_has_a_name(violation):
    left, right = violation.axes
    assert set(words(left)) == {
        "published bound: 2",
        "corrected bound: $2e^\\tau-1$",
        "row by row, $d=1$, $T=10$",
        "row by row, $d=1$, $T=40$",
        "two halves, $T/d=10$",
        "two halves, $T/d=100$",
        "four disjoint blocks, $T/d=10$",
    }
    assert set(words(right)) == {
        "published bound: 2",
        "corrected bound: $2e-1$",
        "row by row, $d=1$",
        "two halves, $d=10$ (thin: $d=1$)",
        "two halves, simulated",
        "four disjoint blocks, simulated",
    }


def test_only_runs_with_disjoint_edits_can_show_a_violation(run, tmp_path):
    assert bound_violation.can_draw(run)
    for number, names in enumerate((["replace"], ["edit one"], ["edit random", "edit fixed"])):
        assert not bound_violation.can_draw(make_run(tmp_path / str(number), names))


# mask_regimes


def test_each_edit_has_a_panel_with_law_points_and_the_printed_line(run):
    figure = mask_regimes.draw(run)
    names = [name for name in EDITED if name.startswith("edit")]
    assert len(figure.axes) == len(names)
    for ax, name in zip(figure.axes, names, strict=True):
        ((_, y, _),) = points(ax).values()
        np.testing.assert_allclose(y, inflations(name))
        assert levels(ax) == [2]
        printed = curve_of(ax, mask_regimes.PRINTED["color"], ":")
        np.testing.assert_allclose(printed, 1 + np.cumsum([0, *EDITED[name]]))
    notes = {name: words(ax)[0] for ax, name in zip(figure.axes, names, strict=True)}
    assert notes["edit one"] == "$v_{5}=1.40<2$, stays finite"
    assert notes["edit random"] == "$v_{5}=2.60>2$, grows without end"
    assert notes["edit free"].endswith("finite? unproved")


def test_a_fixed_mask_that_leaves_too_few_rows_has_no_finite_mean(tmp_path):
    for samples, fate in ((6, "grows without end"), (8, "stays finite")):
        run = make_run(tmp_path / str(samples), ["edit fixed"], dim=2, samples=samples)
        assert words(mask_regimes.draw(run).axes[0])[0].endswith(fate)


def test_given_designs_have_no_printed_line(tmp_path):
    figure = mask_regimes.draw(make_run(tmp_path / "run", ["edit one"], design="rows.csv"))
    assert not [line for line in figure.axes[0].lines if line.get_color() == style.BLACK]
