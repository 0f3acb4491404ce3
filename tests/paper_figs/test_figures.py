"""What the figures show: coordinates and words, not pixels; and that their files never change."""

import math
import os
import subprocess
import sys
from itertools import pairwise
from pathlib import Path

import matplotlib
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.text import Annotation

from paper_figs import bound_violation, linear_collapse, make, mask_regimes, style
from paper_figs.runs import plain_name, read_curves
from tests.paper_figs.runs import BASE, EDITED, ERROR, inflations, make_run, predictions

ROOT = Path(__file__).parents[2]
CORRECTED = 2 * math.e - 1


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    return make_run(tmp_path_factory.mktemp("runs") / "all")


@pytest.fixture(scope="module")
def collapse(run):
    return linear_collapse.draw(run)


def points(ax: Axes) -> dict[str, tuple[np.ndarray, np.ndarray, np.ndarray]]:
    """x, y and half-widths of all error bars, by colour and marker; the key's have no points."""
    found = {}
    for container in ax.containers:
        line, _, (bars,) = container.lines
        x, y = line.get_data()
        if len(x):
            ends = np.array([segment[:, 1] for segment in bars.get_segments()])
            found[line.get_color() + line.get_marker()] = (x, y, (ends[:, 1] - ends[:, 0]) / 2)
    return found


def curve_of(ax: Axes, colour: str, style_of_line: str = "-") -> np.ndarray:
    """y of the line of a colour and style."""
    (found,) = [
        line
        for line in ax.lines
        if (line.get_color(), line.get_linestyle()) == (colour, style_of_line)
    ]
    return np.asarray(found.get_ydata())


def levels(ax: Axes) -> list[float]:
    """Heights of the horizontal lines across the axes."""
    return [
        float(line.get_ydata()[0])
        for line in ax.lines
        if line.get_transform() == ax.get_yaxis_transform(which="grid")
    ]


def words(ax: Axes) -> list[str]:
    return [text.get_text() for text in ax.texts]


# Reading a run


def test_curves_are_in_units_of_b_and_without_the_heavy_tail(run):
    for curve in read_curves(run):
        np.testing.assert_allclose(curve.mean, inflations(curve.name))
        np.testing.assert_allclose(curve.half_width, 1.959964 * ERROR / BASE)
        if curve.kind:
            np.testing.assert_allclose(curve.predicted, predictions(curve.name))


def test_processes_are_named_in_plain_words(run):
    parameters = run.config()["parameters"]
    names = {curve.name: plain_name(curve, parameters) for curve in read_curves(run)}
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
    found = [plain_name(curve, run.config()["parameters"]) for curve in read_curves(run)]
    assert found == [
        "full resampling, fresh design", "resampling $nT$ rows", "accumulate, subsample",
        "mix with fresh labels", "mix with the first labels", "masks of own.npy",
    ]  # fmt: skip
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
        np.testing.assert_allclose(sorted(levels(ax)), [2, CORRECTED])
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
    key, design = collapse.legends
    assert [text.get_text() for text in key.get_texts()] == [
        "simulated mean, 95 % interval", "closed form", "closed form for $T\\gg d$",
        "no closed form",
    ]  # fmt: skip
    assert design.get_title().get_text() == "$d=2$, $T=20$, $b=\\sigma^2d/(T-d-1)$"


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
    title = figure.legends[1].get_title().get_text()
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
        assert figure.legends[1].get_title().get_text().startswith("$d=1$, $T=12$")


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
        "published bound: 2", "corrected bound: $2e^\\tau-1$", "row by row, $d=1$, $T=10$",
        "row by row, $d=1$, $T=40$", "two halves, $T/d=10$", "two halves, $T/d=100$",
        "four disjoint blocks, $T/d=10$",
    }  # fmt: skip
    assert set(words(right)) == {
        "published bound: 2", "corrected bound: $2e-1$", "row by row, $d=1$",
        "two halves, $d=1$ and $d=10$",
    }  # fmt: skip


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


# Style


@given(
    st.lists(st.floats(0, 1), min_size=1, max_size=12),
    st.floats(0.001, 0.08),
)
def test_spread_labels_keep_their_order_distance_and_frame(values, gap):
    placed = style.spread(values, gap, 0.0, 1.0)
    order = np.argsort(values, kind="stable")
    rounding = 1e-9
    assert (np.diff(placed[order]) >= gap - rounding).all()
    assert placed.min() >= -rounding and placed.max() <= 1 + rounding
    np.testing.assert_allclose(style.spread(placed, gap, 0.0, 1.0), placed, atol=rounding)


def test_spread_moves_a_pair_by_equal_parts_and_leaves_the_rest():
    placed = style.spread([0.52, 0.5, 0.9], 0.1, 0.0, 1.0)
    np.testing.assert_allclose(placed, [0.56, 0.46, 0.9])


@pytest.fixture(scope="module")
def files(tmp_path_factory) -> list[dict[str, bytes]]:
    """The files of a figure drawn twice, the first of which is saved twice."""
    run = make_run(tmp_path_factory.mktemp("runs") / "run", ["replace", "edit halves"])
    first, again = linear_collapse.draw(run), linear_collapse.draw(run)
    found = []
    for figure in (first, again, first):
        folder = tmp_path_factory.mktemp("files")
        style.save(figure, folder, "figure")
        found.append({path.name: path.read_bytes() for path in sorted(folder.iterdir())})
    return found


def test_one_run_gives_the_same_bytes(files):
    first, again, later = files
    assert set(first) == {"figure.pdf", "figure.png", "figure.svg"}
    assert first == again == later


def test_text_is_embedded_and_large_enough_to_print(files):
    assert b"/FontFile2" in files[0]["figure.pdf"] and b"/Type3" not in files[0]["figure.pdf"]
    assert b"<text" not in files[0]["figure.svg"]
    width = int.from_bytes(files[0]["figure.png"][16:20], "big")
    assert width == pytest.approx(300 * 0.6 * style.PAGE, abs=1)


def test_drawing_leaves_no_trace_in_matplotlib(run):
    before = dict(matplotlib.rcParams)
    assert isinstance(linear_collapse.draw(run), Figure)
    assert dict(matplotlib.rcParams) == before


# make.py


def call(*arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    """The command, where the project is on Python's path as if it were installed."""
    path = os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])
    return subprocess.run(
        [sys.executable, str(ROOT / "paper_figs" / "make.py"), *arguments],
        cwd=cwd, env=os.environ | {"PYTHONPATH": path}, capture_output=True, text=True, check=False,
    )  # fmt: skip


def test_make_draws_every_figure_of_the_newest_run_that_shows_it(tmp_path, capsys, monkeypatch):
    saved = {}
    monkeypatch.setattr(make, "save", lambda figure, folder, name: saved.update({name: figure}))
    monkeypatch.chdir(tmp_path)
    folder = Path("runs", "linear_bound")
    for age, (name, shown) in enumerate(
        {"new": ["replace"], "old": ["edit halves"], "oldest": ["edit halves"]}.items()
    ):
        run = make_run(folder / name, shown)
        os.utime(run.path / "verdicts.json", (1e9 - age, 1e9 - age))
    make.main([])
    assert capsys.readouterr().out.splitlines() == [
        f"{Path('figures', name)}.png, .pdf, .svg: from {folder / source}"
        for name, source in (
            ("linear_collapse", "new"), ("bound_violation", "old"), ("mask_regimes", "old"),
        )
    ] + [
        f"{name}: no run shows it; 'python experiments/transformer_collapse.py{flags}' makes one "
        "that does"
        for name, flags in (("language_generations", ""), ("oracle_language", " --preset oracle"))
    ] + [
        f"{name}: no run shows it; 'python experiments/curse_of_recursion.py --family {family}' "
        "makes one that does"
        for name, family in (
            ("gaussian_collapse", "all"), ("categorical_collapse", "all"),
            ("mixture_collapse", "all"), ("error_sources", "sources"),
        )
    ] + [
        "synthetic_fraction: no run shows it; 'python experiments/synthetic_fraction.py' makes "
        "one that does",
        "text_analysis: no run shows it; 'python experiments/synthetic_fraction.py --analyse' "
        "makes one that does",
    ] + [
        f"{name}: no run shows it; 'python experiments/token_editing.py' makes one that does"
        for name in ("token_probabilities", "edited_share")
    ]  # fmt: skip
    assert {name: len(figure.axes) for name, figure in saved.items()} == {
        "linear_collapse": 1, "bound_violation": 2, "mask_regimes": 1,
    }  # fmt: skip


def test_make_without_a_run_says_which_command_makes_one(tmp_path):
    done = call(cwd=tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == (
        f"make.py: error: no finished run in {make.RUNS}, {make.LANGUAGE_RUNS}, "
        f"{make.RECURSION_RUNS}, {make.FRACTION_RUNS}, {make.EDITING_RUNS}; "
        "'python experiments/linear_bound.py', 'python experiments/transformer_collapse.py', "
        "'python experiments/curse_of_recursion.py', 'python experiments/synthetic_fraction.py' "
        "or 'python experiments/token_editing.py' makes one\n"
    )


def test_make_passes_over_what_is_no_finished_run(tmp_path):
    finished = make_run(tmp_path / "runs" / "finished", ["replace"])
    unfinished = make_run(tmp_path / "runs" / "unfinished", ["replace"])
    unfinished.checkpoints.mkdir()
    other = make_run(tmp_path / "runs" / "other", ["replace"])
    (other.path / "config.json").write_text('{"experiment": "another"}')
    (tmp_path / "runs" / "empty").mkdir()
    (found,) = make.find_runs([tmp_path / "runs", finished.path])
    assert found.path == finished.path


@pytest.mark.parametrize(
    ("names", "flags", "message"),
    [
        (["replace"], ["--only", "mask_regimes"], "--only mask_regimes: no run shows it"),
        (["edit one"], ["--only", "bound_violation"], "--only bound_violation: no run shows it"),
        (["replace"], ["--only", "nothing"], "invalid choice: 'nothing'"),
        (["replace"], ["--out", "{file}"], "file: File exists"),
    ],
)
def test_make_tells_what_is_wrong_in_one_line(tmp_path, capsys, monkeypatch, names, flags, message):
    run, file = make_run(tmp_path / "run", names), tmp_path / "file"
    file.touch()
    flags = [flag.format(file=file) for flag in flags]
    monkeypatch.setattr(sys, "argv", ["make.py", "--runs", str(run.path), *flags])
    with pytest.raises(SystemExit) as stop:
        make.run_from_command_line()
    assert stop.value.code == 2
    assert message in capsys.readouterr().err.splitlines()[-1]
