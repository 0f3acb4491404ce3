"""The phase diagram: which means are coloured, which points are dotted, where theory's line is."""

import numpy as np
import pytest

from collapse_sim.run_directory import CHAIN_COLUMNS, RunDirectory, RunError
from paper_figs import phase_diagram
from paper_figs.style import BLACK, save
from theory.distributions.temperature import stay_share

UNIT = 0.5
ACROSS, UP = [0.25, 0.5, 0.75, 1.0], [1, 2, 3]
MEASURES = {"editing": "scale_averaged_error", "mixing": "first_type"}


def mean(panel: int, i: int, j: int) -> float:
    """In the run's unit; 2 is passed between the second and third generation."""
    return 1 + 0.7 * j + 0.1 * i + 0.01 * panel


def make_run(folder, which="editing", *, drop: int = 0) -> RunDirectory:
    panels = ["one", "two"]
    config = {
        "experiment": "phase_diagram",
        "parameters": {"map": which, "types": 10},
        "panels": panels,
        "across": ACROSS,
        "up": UP,
        "unit": UNIT,
        "level": 2.0,
    }
    if which == "mixing":
        config |= {"up": [0.2, 0.5, 0.8], "level": 5.0, "unit": 0.1}
    run = RunDirectory.open(folder, config, resume=False)
    rows = []
    for panel in range(2):
        for i, at in enumerate(ACROSS):
            for j in range(3):
                value = mean(panel, i, j) * UNIT
                if which == "mixing":
                    value = 0.9 - 0.35 * j
                row = {
                    "mask": f"random {at:g}", "variant": panels[panel], "generation": j + 1,
                    "measure": MEASURES[which], "mean": value, "low": value - 0.09,
                    "high": value + 0.09, "predicted": 1.01 * value, "family": "", "regime": "edit",
                    "predicted_kind": "exact",
                }  # fmt: skip
                rows.append(tuple(row.get(name, 0.0) for name in CHAIN_COLUMNS))
    run.write_chains(rows[drop:])
    run.write_verdicts([])
    run.clear_checkpoints()
    return run


def test_colours_dots_and_line_are_those_of_the_run(tmp_path):
    run = make_run(tmp_path / "run")
    figure = phase_diagram.draw(run)
    for number, (ax, title) in enumerate(zip(figure.axes[:2], ("one", "two"), strict=True)):
        assert ax.get_title(loc="left") == title
        (mesh,) = (c for c in ax.collections if c.__class__.__name__ == "QuadMesh")
        found = np.asarray(mesh.get_array()).T
        expected = [[mean(number, i, j) for j in range(3)] for i in range(4)]
        np.testing.assert_allclose(found, expected)
        dotted = ax.lines[0].get_xydata()
        near = [
            [at, n + 1]
            for i, at in enumerate(ACROSS)
            for n in range(3)
            if abs(mean(number, i, n) - 2) < 0.18
        ]
        np.testing.assert_allclose(dotted, near)
        (line,) = (c for c in ax.collections if c.__class__.__name__.endswith("ContourSet"))
        assert list(line.levels) == [2.0]
        # Theory's value is linear between generations: 1.01 (1 + .7 j + .1 i + .01 panel) = 2.
        vertices = np.concatenate([path.vertices for path in line.get_paths()])
        known = 1 + (2 / 1.01 - 1 - 0.1 * (vertices[:, 0] / 0.25 - 1) - 0.01 * number) / 0.7
        np.testing.assert_allclose(vertices[:, 1], known, rtol=1e-6)


def test_the_limits_of_endless_texts_are_drawn(tmp_path):
    figure = phase_diagram.draw(make_run(tmp_path / "run", "mixing"))
    limits = [
        next(line for line in ax.lines if line.get_linestyle() == "--" and len(line.get_xdata()))
        for ax in figure.axes[:2]
    ]
    x, y = limits[0].get_data()
    np.testing.assert_allclose(y, [stay_share(temperature=t) for t in x])
    assert (np.asarray(limits[1].get_ydata()) >= y).all() and limits[1].get_color() == BLACK


def test_the_same_run_gives_the_same_files(tmp_path):
    run = make_run(tmp_path / "run")
    for name in ("a", "b"):
        save(phase_diagram.draw(run), tmp_path, name)
    for suffix in ("png", "pdf", "svg"):
        assert (tmp_path / f"a.{suffix}").read_bytes() == (tmp_path / f"b.{suffix}").read_bytes()


def test_a_run_that_lacks_points_is_refused(tmp_path):
    run = make_run(tmp_path / "run", drop=1)
    with pytest.raises(RunError, match="chains.parquet holds 23 points, not 24"):
        phase_diagram.draw(run)
