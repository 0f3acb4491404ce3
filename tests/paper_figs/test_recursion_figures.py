"""Figures of the curse of recursion: which lines are drawn, from which numbers."""

import numpy as np
import pytest
from matplotlib.axes import Axes

from collapse_sim.run_directory import CHAIN_COLUMNS, RunDirectory
from paper_figs import recursion
from paper_figs.recursion import FIGURES
from paper_figs.style import save
from tests.paper_figs import axes

GENERATIONS = 6
PROCESSES = {
    "gaussian": [("replace", ""), ("keep_human", ""), ("replace", "max likelihood")],
    "categorical": [("replace", "words"), ("replace", "four types")],
    "mixture": [("replace", ""), ("edit", "")],
    "kde": [("replace", ""), ("accumulate", "")],
    "sources": [("replace", "none"), ("replace", "float16 sums")],
    "selection": [("accumulate", "spiked family"), ("human_only", "spiked family")],
    "contamination": [("debiased", "10%"), ("pooled", "10%"), ("pooled", "80%")],
    "corpora": [("keep_human", "20 drawn"), ("accumulate", "an urn"), ("keep_human", "126 drawn")],
    "regressions": [("replace", "logistic"), ("accumulate", "logistic"), ("replace", "Poisson")],
    "a new one": [("replace", "two"), ("replace", "four"), ("edit", "two")],
}
MEASURES = {
    "gaussian": ("variance", "tail_mass"),
    "categorical": ("surviving_types", "heterozygosity"),
    "mixture": ("kl",),
    "kde": ("kl",),
    "sources": ("kl",),
    "selection": ("collapsed",),
    "contamination": ("squared_distance",),
    "corpora": ("excess",),
    "regressions": ("scaled_error",),
    "a new one": ("shown_alone", "mean_error"),
}


def level(family: str, place: int, generation: int) -> float:
    """A mean that tells family, process and generation."""
    return 0.1 + 0.01 * list(PROCESSES).index(family) + 0.05 * place + 0.001 * generation


@pytest.fixture(scope="module")
def run(tmp_path_factory) -> RunDirectory:
    config = {"experiment": "curse_of_recursion", "parameters": {"human_share": 0.1}}
    made = RunDirectory.open(tmp_path_factory.mktemp("figures") / "run", config, resume=False)
    rows = []
    for family, members in PROCESSES.items():
        for place, (regime, variant) in enumerate(members):
            for measure in MEASURES[family]:
                for n in range(1, GENERATIONS + 1):
                    mean = level(family, place, n)
                    known = regime == "replace" and family != "sources" and "shown" not in measure
                    row = {
                        "family": family, "regime": regime, "variant": variant, "mask": "",
                        "measure": measure,
                        "generation": n, "replicates": 9, "mean": mean, "standard_error": 0.001,
                        "q05": mean / 2, "q50": mean / 1.5, "q95": 2 * mean,
                        "low": mean / 3, "high": 3 * mean,
                        "edited_fraction": 1.0, "predicted": mean if known else float("nan"),
                        "predicted_kind": "exact" if known else "",
                    }  # fmt: skip
                    rows.append(tuple(row[name] for name in CHAIN_COLUMNS))
    made.write_chains(rows)
    made.write_verdicts([])
    made.clear_checkpoints()
    return made


@pytest.fixture(scope="module")
def panels(run) -> dict[str, Axes]:
    """Panels of the run's figure by family."""
    return dict(zip(PROCESSES, recursion.draw(run).axes, strict=True))


def drawn(ax) -> list[list[float]]:
    """Heights of every plotted line."""
    return [np.asarray(line.get_ydata(), float).round(6).tolist() for line in ax.lines]


def means(family: str, place: int) -> list[float]:
    return [round(level(family, place, n), 6) for n in range(1, GENERATIONS + 1)]


@pytest.mark.parametrize(
    ("name", "panels"),
    [
        ("gaussian_collapse", {"gaussian": 3}),
        ("categorical_collapse", {"categorical": 2}),
        ("mixture_collapse", {"mixture": 1, "kde": 1}),
        ("error_sources", {"sources": 1}),
    ],
)
def test_each_figure_draws_its_own_family(name, panels, run):
    assert FIGURES[name].can_draw(run)
    figure = FIGURES[name].draw(run)
    shown = figure.axes
    assert len(shown) == sum(panels.values())
    for ax, family in zip(shown, [f for f, n in panels.items() for _ in range(n)], strict=True):
        assert ax.get_xlabel() == "generation (1: human data)"
        if family not in ("gaussian", "categorical"):  # those have tests of their own
            assert means(family, 0) in drawn(ax)


def test_mean_and_median_are_told_apart(run):
    mean, median, tails = FIGURES["gaussian_collapse"].draw(run).axes
    medians = [round(value / 1.5, 6) for value in means("gaussian", 0)]
    assert means("gaussian", 0) in drawn(mean) and medians not in drawn(mean)
    assert means("gaussian", 0) in drawn(median) and medians in drawn(median)
    assert means("gaussian", 1) not in drawn(median)
    assert means("gaussian", 0) not in drawn(tails) and medians in drawn(tails)
    # the other estimator has a line in none
    assert means("gaussian", 2) not in [*drawn(mean), *drawn(median)]
    names = {"full resampling", "keep 10 % human"}
    assert set(axes.words(mean)) == names
    assert set(axes.words(median)) == {*names, "mean of full resampling"}


def test_the_key_names_every_kind_of_line_that_is_drawn(run):
    """No closed form stands in the figure of the sources, and two kinds in that of mixtures."""
    simulated, known, unknown = "simulated mean, 95 % interval", "closed form", "no closed form"
    for name, expected in (
        ("error_sources", [simulated, unknown]),
        ("mixture_collapse", [simulated, known, unknown]),
        ("gaussian_collapse", [simulated, known, unknown, "median chain"]),
    ):
        texts = axes.key_of(FIGURES[name].draw(run)).get_texts()
        assert [text.get_text() for text in texts] == expected


def test_words_stand_apart_from_the_small_language(run):
    left, right = FIGURES["categorical_collapse"].draw(run).axes
    assert means("categorical", 0) in drawn(left) and means("categorical", 1) not in drawn(left)
    assert means("categorical", 1) in drawn(right) and means("categorical", 0) not in drawn(right)


def test_two_estimates_from_the_same_batches(panels):
    ax = panels["contamination"]
    assert [means("contamination", place) in drawn(ax) for place in range(3)] == [True, True, False]
    assert {text.get_text() for text in ax.texts} == {"debiased", "pooled"}


def test_human_words_beside_few_and_many_drawn_ones(panels):
    ax = panels["corpora"]
    assert [means("corpora", place) in drawn(ax) for place in range(3)] == [True, False, True]
    assert {text.get_text() for text in ax.texts} == {"20 drawn", "126 drawn"}


def test_one_regression_of_two(panels):
    ax = panels["regressions"]
    assert [means("regressions", place) in drawn(ax) for place in range(3)] == [True, True, False]


def test_a_family_without_a_panel_of_its_own_shows_what_has_a_closed_form(panels):
    ax = panels["a new one"]
    assert ax.get_title(loc="left") == "A new one: mean error"
    assert all(means("a new one", place) in drawn(ax) for place in range(3))
    assert {text.get_text() for text in ax.texts} == {
        "full resampling, two",
        "full resampling, four",
        "edits, chained, two",
    }


def test_the_run_figure_has_a_panel_for_each_family_and_is_reproducible(panels, run, tmp_path):
    assert len(panels) == len(PROCESSES)
    for name in ("first", "second"):
        (tmp_path / name).mkdir()
        save(recursion.draw(run), tmp_path / name, "figure")
    for suffix in ("png", "pdf", "svg"):
        first, second = (tmp_path / name / f"figure.{suffix}" for name in ("first", "second"))
        assert first.read_bytes() == second.read_bytes()
