"""The figure of a study of synthetic fractions: every generator, every domain, nothing invented."""

import numpy as np
import pytest

from collapse_sim.run_directory import RunDirectory
from paper_figs import style, synthetic_fraction
from theory.published import SYNTHETIC_FRACTION

COLUMNS = ("arm", "measure", "seeds", "mean", "standard_error", "low", "high")
AUTHORS, SHARES = ("0.1m at 0.7", "0.5m at 0.7"), (0, 25, 50, 75, 100)


def value(author: int, share: int, measure: str) -> float:
    return {"perplexity": 14, "perplexity/code": 13, "perplexity/prose": 16, "training_loss": 2.5}[
        measure
    ] * (1 + (author + 1) * share / 500)


@pytest.fixture(scope="module")
def run(tmp_path_factory) -> RunDirectory:
    run = RunDirectory.open(
        tmp_path_factory.mktemp("runs") / "run",
        {"experiment": "synthetic_fraction", "parameters": {}},
        resume=False,
    )
    rows = [
        (f"{author}, {share} %", measure, 8, mean := value(i, share, measure), 0.1, mean - 1,
         mean + 1)
        for i, author in enumerate(AUTHORS)
        for share in SHARES
        for measure in ("perplexity/code", "perplexity/prose", "perplexity", "training_loss")
    ] + [("0.1m at 0.7, density", "perplexity", 8, 99.0, 1.0, 98.0, 100.0)]  # fmt: skip
    run.write_chains(rows, COLUMNS)
    run.write_verdicts([])
    run.clear_checkpoints()
    return run


def test_lines_are_the_means_and_ratios_of_the_run(run):
    figure = synthetic_fraction.draw(run)
    whole, ratios, training = figure.axes
    for ax, measure in ((whole, "perplexity"), (training, "training_loss")):
        for i in range(len(AUTHORS)):
            line = ax.containers[i].lines[0]
            np.testing.assert_allclose(line.get_xdata(), SHARES)
            expected = [value(i, share, measure) for share in SHARES]
            np.testing.assert_allclose(line.get_ydata(), expected)
    published, ours = ratios.lines[:2], ratios.lines[2:]
    for line, row in zip(published, SYNTHETIC_FRACTION.values(), strict=True):
        np.testing.assert_allclose(line.get_ydata(), [v / row[0] for v in row.values()])
    assert len(ours) == 2
    for line in ours:
        np.testing.assert_allclose(line.get_ydata(), [1 + share / 500 for share in SHARES])


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
