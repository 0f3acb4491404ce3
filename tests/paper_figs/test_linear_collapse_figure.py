"""Curves read from a run, and the figure of them: coordinates and words, not pixels."""

from itertools import pairwise

import matplotlib
import numpy as np
import pytest
from matplotlib.figure import Figure
from matplotlib.text import Annotation

from paper_figs import linear_collapse, mask_regimes, style
from paper_figs.runs import plain_name, read_errors
from tests.paper_figs.axes import curve_of, forbidden, key_of, levels, points, words
from tests.paper_figs.runs import BASE, CORRECTED, EDITED, ERROR, inflations, make_run, predictions


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    return make_run(tmp_path_factory.mktemp("runs") / "all")


@pytest.fixture(scope="module")
def collapse(run):
    return linear_collapse.draw(run)


# Reading a run


def test_curves_are_in_units_of_b_and_without_the_heavy_tail(run):
    for curve in read_errors(run):
        np.testing.assert_allclose(curve.mean, inflations(curve.name))
        np.testing.assert_allclose(curve.half_width, 1.959964 * ERROR / BASE)
        if curve.kind:
            np.testing.assert_allclose(curve.predicted, predictions(curve.name))


def test_processes_are_named_in_plain_words(run):
    parameters = run.config()["parameters"]
    names = {curve.name: plain_name(curve, parameters) for curve in read_errors(run)}
    assert names == {
        "edit one": "one edit of half the rows",
        "edit halves": "two halves",
        "edit disjoint": "four disjoint blocks",
        "edit random": "random 30 % each time",
        "edit random anchored": "random 30 %, rest human",
        "edit random additive": "random 30 %, noise added",
        "edit fixed": "the same half each time",
        "edit geometric": "random 50, 25, 12, ... %",
        "edit confident": "confident rows (≤ 1.82σ), once",
        "edit nested": "confident rows (≤ σ), nested",
        "edit free": "confident rows (≤ σ), free",
        "replace": "full resampling",
        "accumulate": "accumulate",
    }


def test_every_regime_and_the_masks_of_a_file_have_names(tmp_path):
    names = ["replace_fresh", "halfway", "subsample", "mix_fresh", "mix_fixed", "edit my/own.npy"]
    run = make_run(tmp_path / "run", names)
    found = [plain_name(curve, run.config()["parameters"]) for curve in read_errors(run)]
    assert found == [
        "full resampling, fresh design",
        "resampling $nT$ rows",
        "accumulate, subsample",
        "mix with fresh labels",
        "mix with the first labels",
        "masks of own.npy",
    ]
    linear_collapse.draw(run)


def test_no_two_processes_look_alike():
    assert len(set(style.MARKS.values())) == len(style.MARKS)


# linear_collapse


def test_points_are_simulated_means_with_normal_intervals(collapse):
    left, right = collapse.axes
    for ax, names in (
        (left, ("replace", "edit one", "edit halves", "edit disjoint", "edit random")),
        (right, ("replace", "accumulate", "edit random anchored", "edit nested", "edit free")),
    ):
        shown = points(ax)
        for name in names:
            x, y, half_width = shown["".join(style.MARKS[name])]
            np.testing.assert_array_equal(x, [1, 2, 3, 4, 5])
            np.testing.assert_allclose(y, inflations(name))
            np.testing.assert_allclose(half_width, 1.959964 * ERROR / BASE)
    assert len(points(left)) + len(points(right)) == len(EDITED) + 1  # resampling twice


def test_lines_are_closed_forms_dashed_where_they_are_approximate(collapse):
    left, right = collapse.axes
    halves = curve_of(left, style.MARKS["edit halves"].colour)
    np.testing.assert_allclose(halves, predictions("edit halves"))
    nested = curve_of(right, style.MARKS["edit nested"].colour, "--")
    np.testing.assert_allclose(nested, predictions("edit nested"))
    free = curve_of(right, style.MARKS["edit free"].colour, ":")
    np.testing.assert_allclose(free, inflations("edit free"))


def test_both_bounds_are_drawn_and_named(collapse):
    for ax in collapse.axes:
        np.testing.assert_allclose(levels(ax), [2, CORRECTED])
        assert forbidden(ax) == [(2.0, pytest.approx(ax.get_ylim()[1]))]
        assert {"published bound: $2b$", "corrected, disjoint edits: $(2e-1)b$"} <= set(words(ax))


def test_labels_stand_beside_their_lines_without_overlap(collapse):
    for ax in collapse.axes:
        renderer = collapse.canvas.get_renderer()
        collapse.draw_without_rendering()
        notes = [text for text in ax.texts if isinstance(text, Annotation)]
        boxes = [super(Annotation, note).get_window_extent(renderer) for note in notes]
        boxes.sort(key=lambda box: box.y0)
        assert all(low.y1 <= high.y0 + 0.5 for low, high in pairwise(boxes))  # half a pixel
        assert all(box.x0 > ax.get_window_extent().x1 for box in boxes)
        assert all(box.x1 <= collapse.bbox.x1 for box in boxes)


def test_the_key_tells_what_points_and_lines_are(collapse):
    key = key_of(collapse)
    assert [text.get_text() for text in key.get_texts()] == [
        "simulated mean, 95 % interval",
        "closed form",
        "closed form for $T\\gg d$",
        "no closed form",
    ]
    assert key.get_title().get_text() == "$d=2$, $T=20$, $b=\\sigma^2d/(T-d-1)$"


def test_a_long_chain_shows_few_points_but_its_last(tmp_path):
    figure = linear_collapse.draw(make_run(tmp_path / "run", ["edit random"], generations=100))
    ((x, y, _),) = points(figure.axes[0]).values()
    assert len(x) == 16 and (x[0], x[-1]) == (1, 100)
    np.testing.assert_allclose(y, inflations("edit random", 100)[x - 1])
    assert len(curve_of(figure.axes[0], style.MARKS["edit random"].colour)) == 100
    assert figure.axes[0].get_xticks().tolist() == [1, 20, 40, 60, 80, 100]


@pytest.mark.parametrize("names", [["replace"], ["accumulate"], ["edit halves"], ["edit free"]])
@pytest.mark.parametrize("generations", [2, 5])
def test_one_process_alone_is_one_panel(tmp_path, names, generations):
    figure = linear_collapse.draw(make_run(tmp_path / "run", names, generations=generations))
    (ax,) = figure.axes
    assert len(points(ax)) == 1
    assert levels(ax) == ([2, pytest.approx(CORRECTED)] if names[0].startswith("edit") else [])


def test_a_given_design_has_its_own_size_and_no_corrected_bound(tmp_path):
    names = ["replace", "edit one", "edit free"]
    run = make_run(tmp_path / "run", names, design="some/rows.csv", dim=3, samples=50)
    figure = linear_collapse.draw(run)
    assert [levels(ax) for ax in figure.axes] == [[2], [2]]
    title = key_of(figure).get_title().get_text()
    assert title == "rows.csv, $d=3$, $T=50$, $b=\\sigma^2d/T$"


def test_real_labels_start_at_no_error_which_a_log_axis_leaves_out(tmp_path):
    run = make_run(tmp_path / "run", ["edit one"], design="diabetes", labels="target")
    (ax,) = linear_collapse.draw(run).axes
    ((x, y, _),) = points(ax).values()
    assert x.tolist() == [2, 3, 4, 5]
    np.testing.assert_allclose(y, inflations("edit one")[1:] - 1)
    assert ax.get_ylabel() == "squared distance from the first fit / $b$"


def test_one_dimension(tmp_path):
    run = make_run(tmp_path / "run", ["replace", "edit disjoint"], dim=1, samples=12)
    for figure in (linear_collapse.draw(run), mask_regimes.draw(run)):
        assert key_of(figure).get_title().get_text().startswith("$d=1$, $T=12$")


def test_drawing_leaves_no_trace_in_matplotlib(run):
    before = dict(matplotlib.rcParams)
    assert isinstance(linear_collapse.draw(run), Figure)
    assert dict(matplotlib.rcParams) == before
