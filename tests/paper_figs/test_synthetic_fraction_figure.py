"""The figure of a study of synthetic fractions: every generator, every domain, nothing invented."""

from typing import Any

import numpy as np
import pytest

from collapse_sim.run_directory import CHAIN_COLUMNS, RunDirectory
from paper_figs import style, synthetic_fraction
from theory.language.printed import SYNTHETIC_FRACTION

AUTHORS, SHARES = ("0.1m at 0.7", "0.5m at 0.7"), (0, 25, 50, 75, 100)


MEASURES = {
    "held_out_loss": 14.0,
    "held_out_loss/code": 13.0,
    "held_out_loss/prose": 16.0,
    "training_loss": 2.5,
}
"""Perplexities without synthetic text, and a loss."""


PAIRED = {
    ("zhu2025.fraction", "0.1m at 0.7"): 0.3,
    ("zhu2025.fraction", "0.5m at 0.7"): 0.2,
    ("zhu2025.training_loss", "0.5m at 0.7"): -0.6,
    ("zhu2025.selection", "0.5m at 0.7"): 0.4,
}
"""Slopes over the share of synthetic text; the last claim is about something else."""


def value(author: int, share: int, measure: str) -> float:
    """What is to be drawn."""
    return MEASURES[measure] * (1 + (author + 1) * share / 500)


def _row(author: str, share: str, measure: str, mean: float) -> tuple:
    """Of a perplexity its logarithm."""
    drawn = np.array([mean, mean - 1, mean + 1])
    mean, low, high = np.log(drawn) if measure.startswith("held") else drawn
    row: dict[str, Any] = dict.fromkeys(CHAIN_COLUMNS, 0.0)
    row |= dict.fromkeys(("mask", "variant", "predicted_kind"), "")
    row |= {"family": author, "regime": share, "measure": measure, "generation": 1}
    row |= {"mean": float(mean), "low": float(low), "high": float(high)}
    return tuple(row.values())


@pytest.fixture(scope="module")
def run(tmp_path_factory) -> RunDirectory:
    run = RunDirectory.open(
        tmp_path_factory.mktemp("runs") / "run",
        {"experiment": "synthetic_fraction", "parameters": {}},
        resume=False,
    )
    rows = [
        _row(author, f"{share} %", measure, value(i, share, measure))
        for i, author in enumerate(AUTHORS)
        for share in SHARES
        for measure in MEASURES
    ]
    run.write_chains([*rows, _row("0.1m at 0.7", "density", "held_out_loss", 99.0)])
    run.write_verdicts(
        [
            {
                "claim": claim,
                "parameters": {"family": author, "process": "100 %"},
                "observed": value,
                "interval": [value - 0.05, value + 0.1],
            }
            for (claim, author), value in PAIRED.items()
        ]
    )
    run.clear_checkpoints()
    return run


def test_lines_are_the_means_and_ratios_of_the_run(run):
    figure = synthetic_fraction.draw(run)
    whole, _, ratios, training = figure.axes
    for ax, measure in ((whole, "held_out_loss"), (training, "training_loss")):
        for i in range(len(AUTHORS)):
            line = ax.containers[i].lines[0]
            aside = line.get_xdata() - SHARES
            assert aside[0] == 0 and np.ptp(aside[1:]) < 1e-9 and abs(aside[1]) < 2
            assert aside[1] * (i - 0.5) > 0  # points of two generators stand side by side
            expected = [value(i, share, measure) for share in SHARES]
            np.testing.assert_allclose(line.get_ydata(), expected)
    published, ours = ratios.lines[:2], ratios.lines[2:]
    for line, row in zip(published, SYNTHETIC_FRACTION.values(), strict=True):
        np.testing.assert_allclose(line.get_ydata(), [v / row[0] for v in row.values()])
    assert len(ours) == 2
    for line in ours:
        np.testing.assert_allclose(line.get_ydata(), [1 + share / 500 for share in SHARES])


def test_what_synthetic_text_costs_is_drawn_seed_by_seed(run):
    ax = synthetic_fraction.draw(run).axes[1]
    labels = [label.get_text() for label in ax.get_yticklabels()]
    assert labels == [
        "0.1m at 0.7:\nheld-out loss",
        "0.5m at 0.7:\nheld-out loss",
        "0.5m at 0.7:\ntraining loss",
    ]
    for place, (container, value) in enumerate(zip(ax.containers, (0.3, 0.2, -0.6), strict=True)):
        line, _, (bars,) = container.lines
        assert line.get_xydata().tolist() == [[value, place]]
        np.testing.assert_allclose(bars.get_segments()[0][:, 0], [value - 0.05, value + 0.1])


def test_selections_are_no_fractions(run):
    assert synthetic_fraction.can_draw(run)
    assert synthetic_fraction._authors(run) == list(AUTHORS)


def test_a_run_without_arms_is_not_drawn(tmp_path):
    assert not synthetic_fraction.can_draw(RunDirectory(tmp_path))


def test_the_same_run_gives_the_same_bytes(run, tmp_path):
    for name in ("first", "second"):
        style.save(synthetic_fraction.draw(run), tmp_path, name)
    for suffix in ("png", "pdf", "svg"):
        first, second = (tmp_path / f"{name}.{suffix}" for name in ("first", "second"))
        assert first.read_bytes() == second.read_bytes()
