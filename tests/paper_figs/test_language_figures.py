"""What the figures of language runs show: coordinates and words, not pixels."""

import os
from itertools import combinations, pairwise
from pathlib import Path

import numpy as np
import pytest
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import StepPatch
from matplotlib.text import Annotation, Text

from collapse_sim.language.repetition import PERPLEXITIES
from paper_figs import language_generations, make, oracle_language, style
from paper_figs.language_runs import arm_name, read_frozen, read_trends, run_name
from tests.paper_figs.axes import key_of, levels, points, words
from tests.paper_figs.language_runs import (
    DECILES,
    ERROR,
    LEVELS,
    PRIOR_TOP,
    REGIMES,
    SLOPES,
    blocks,
    deciles,
    make_language_run,
    means,
)
from tests.paper_figs.runs import make_run

MARKED = {name: name for name in SLOPES} | {
    "edit": "edit confident", "edit_anchored": "edit confident anchored",
}  # fmt: skip
NAMES = {
    "human_only": "human text only", "replace": "full resampling", "keep_human": "keep 10 % human",
    "accumulate": "accumulate", "subsample": "subsample", "edit": "edits, chained",
    "edit_anchored": "edits, anchored",
}  # fmt: skip


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    return make_language_run(tmp_path_factory.mktemp("runs") / "run", tuple(SLOPES))


@pytest.fixture(scope="module")
def oracle(tmp_path_factory):
    path = tmp_path_factory.mktemp("runs") / "oracle"
    return make_language_run(path, corpus="oracle", frozen=3)


@pytest.fixture(scope="module")
def figure(run):
    return language_generations.draw(run)


@pytest.fixture(scope="module")
def oracle_figure(oracle):
    return oracle_language.draw(oracle)


def mark(regime: str) -> str:
    return "".join(style.MARKS[MARKED[regime]])


def title(ax: Axes) -> Text:
    (found,) = [text for text in ax.findobj(Text) if text.get_text() == ax.get_title(loc="left")]
    return found


def check_trends(ax: Axes, measure: str, regimes, generations: int = 4) -> None:
    """All points of these arms and no other: at their generations but for a little."""
    shown = points(ax)
    assert set(shown) == {mark(regime) for regime in regimes}
    for regime in regimes:
        x, y, half_width = shown[mark(regime)]
        np.testing.assert_allclose(x, np.arange(1, generations + 1), atol=0.16)
        assert x[0] == 1  # the first model is the same
        np.testing.assert_allclose(y, means(measure, regime, generations))
        np.testing.assert_allclose(half_width, 2 * ERROR * LEVELS[measure], rtol=1e-6)


def check_layout(figure: Figure) -> None:
    """Nothing is outside the page, and no label lies on another or on any panel."""
    figure.draw_without_rendering()
    renderer, panels = (
        figure.canvas.get_renderer(),
        [ax.get_window_extent() for ax in figure.axes],
    )
    for ax in figure.axes:
        texts = [title(ax), ax.xaxis.label]
        notes = [text for text in ax.texts if isinstance(text, Annotation)]
        boxes = [super(Annotation, note).get_window_extent(renderer) for note in notes]
        for box in [*boxes, *(text.get_window_extent(renderer) for text in texts)]:
            assert box.x0 >= 0 and box.x1 <= figure.bbox.x1 and box.y0 >= 0
        for box in boxes:
            assert not any(panel.overlaps(box) for panel in panels)
        boxes.sort(key=lambda box: box.y0)
        assert all(low.y1 <= high.y0 + 0.5 for low, high in pairwise(boxes))  # half a pixel
    titles = [title(ax).get_window_extent(renderer) for ax in figure.axes]
    assert not any(first.overlaps(second) for first, second in combinations(titles, 2))
    for ax in figure.axes:
        notes = [text for text in ax.texts if isinstance(text, Annotation)]
        for note in notes:  # as the name of the highest line once did
            assert (
                not super(Annotation, note)
                .get_window_extent(renderer)
                .overlaps(title(ax).get_window_extent(renderer))
            )
    key = key_of(figure).get_window_extent(renderer)
    assert key.x0 >= 0 and key.x1 <= figure.bbox.x1 and key.y1 <= figure.bbox.y1
    assert not any(panel.overlaps(key) for panel in panels)


# Reading a run


def test_bars_are_two_standard_errors(run):
    for curve in read_trends(run, "held_out_loss"):
        np.testing.assert_allclose(curve.error, ERROR * 3.0, rtol=1e-6)


def test_arms_and_runs_are_named_in_plain_words(run, oracle, tmp_path):
    curves = read_trends(run, "held_out_loss")
    assert [arm_name(curve, run) for curve in curves] == list(NAMES.values())
    assert run_name(run) == (
        "4 seeds, 0.1M parameters, 100k human tokens, an edit changes 3.4 – 4.1 % of tokens"
    )
    assert run_name(oracle).startswith("4 seeds, 0.1M parameters, 100k source tokens, an edit")
    given = make_language_run(tmp_path / "given", ("replace",), corpus="hf:owner/words")
    assert run_name(given) == "4 seeds, 0.1M parameters, 100k human tokens (words)"


def test_edits_under_a_frozen_prior_are_no_arm(oracle):
    assert not read_trends(oracle, "top_mass")
    (frozen,) = read_frozen(oracle, "top_mass")
    np.testing.assert_allclose(frozen.predicted, PRIOR_TOP ** np.arange(1, 5))


def test_a_regime_has_the_colour_that_it_has_in_the_linear_figures():
    shared = set(MARKED.values()) & {"replace", "accumulate", "subsample", "edit confident"}
    assert len(shared) == 4 and shared <= set(style.MARKS)


# language_generations


def test_losses_and_tails_of_every_arm_are_points_with_intervals(figure):
    loss, tail, _ = figure.axes
    check_trends(loss, "held_out_loss", SLOPES)
    check_trends(tail, "tail_mass", [name for name in SLOPES if name != "human_only"])
    assert levels(tail) == [LEVELS["tail_mass"]]
    low, high = tail.get_ylim()
    assert low == 0 or low > high / 2  # from 0 on, unless most of the panel were empty


def test_every_line_has_its_name(figure):
    loss, tail, text = figure.axes
    assert sorted(words(loss)) == sorted(NAMES.values())
    moving = [name for regime, name in NAMES.items() if regime != "human_only"]
    assert sorted(words(tail)) == sorted(["human text", *moving])
    compared = ["human text", "full resampling", "edits, chained", "edits, anchored"]
    assert sorted(words(text)) == sorted(compared)


def test_the_last_texts_are_compared_with_human_text_by_decile(figure):
    ax = figure.axes[2]
    (human,) = ax.patches
    np.testing.assert_allclose(human.get_data().values, DECILES)
    np.testing.assert_allclose(human.get_data().edges, np.arange(11) / 10)
    shown = {line.get_color() + line.get_marker(): line.get_ydata() for line in ax.lines}
    assert set(shown) == {mark("replace"), mark("edit"), mark("edit_anchored")}
    for regime in ("replace", "edit", "edit_anchored"):
        np.testing.assert_allclose(shown[mark(regime)], deciles(regime, 4))
    assert ax.get_yscale() == "log" and title(ax).get_text() == "Text of generation 4 by $P$(token)"


@pytest.mark.parametrize(
    ("regimes", "generations"),
    [
        (("human_only",), 2),
        (("replace",), 3),
        (("edit_anchored", "human_only"), 2),
        (("accumulate", "keep_human"), 7),
        (tuple(SLOPES), 20),
        (REGIMES, 2),
    ],
)
def test_any_arms_and_any_number_of_generations_fit_on_the_page(tmp_path, regimes, generations):
    run = make_language_run(tmp_path / "run", regimes, generations=generations)
    figure = language_generations.draw(run)
    check_trends(figure.axes[0], "held_out_loss", regimes, generations)
    assert len(figure.axes) == (2 if regimes == ("human_only",) else 3)
    check_layout(figure)


def test_a_first_model_that_is_never_sure_leaves_the_histogram_out(tmp_path):
    flat = np.array([0.995, 0.005, *[0.0] * 8])
    run = make_language_run(tmp_path / "run", ("human_only", "subsample"), shape=flat)
    assert len(language_generations.draw(run).axes) == 2


def test_deciles_without_tokens_are_left_out(tmp_path):
    """The label of an arm stands at the last decile that has any."""
    shape = np.array([0.8, 0.15, 0.05, *[0.0] * 7])
    run = make_language_run(tmp_path / "run", ("replace",), shape=shape)
    ax = language_generations.draw(run).axes[-1]
    (line,) = ax.lines
    expected = deciles("replace", 4) + shape - DECILES
    assert np.isnan(line.get_ydata()[3:]).all() and (expected[3:] < 0).all()
    np.testing.assert_allclose(line.get_ydata()[:3], expected[:3])
    assert ax.get_xlim() == (0, pytest.approx(0.3))
    check_layout(ax.figure)


# oracle_language


def test_divergence_and_true_tail_of_every_arm(oracle_figure):
    divergence, tail, _ = oracle_figure.axes
    check_trends(divergence, "kl", REGIMES)
    check_trends(tail, "oracle_tail_mass", REGIMES[1:])
    assert levels(tail) == [LEVELS["oracle_tail_mass"]]
    assert {"source text", "keep 10 % source"} <= set(words(tail))
    assert divergence.get_xlabel() == "generation (1: source text)"
    check_layout(oracle_figure)


def test_the_frozen_rule_stands_beside_its_closed_form(oracle_figure):
    ax = oracle_figure.axes[2]
    ((x, y, half_width),) = points(ax).values()
    exact = PRIOR_TOP ** np.arange(1, 5)
    np.testing.assert_allclose(x, [0, 1, 2, 3])
    np.testing.assert_allclose(y, exact + 0.001)
    np.testing.assert_allclose(half_width, 2 * ERROR / 20, rtol=1e-6)
    colour = style.MARKS["frozen_edit"].colour
    (line,) = [
        line for line in ax.lines if line.get_color() == colour and line.get_linestyle() == "-"
    ]
    np.testing.assert_allclose(line.get_ydata(), exact)
    assert levels(ax) == [pytest.approx(PRIOR_TOP)]
    assert set(words(ax)) == {"published: kept", "exact: $a^{n+1}$"}


def test_without_a_frozen_rule_its_panel_is_left_out(tmp_path):
    run = make_language_run(tmp_path / "run", ("replace", "edit"), corpus="oracle", generations=2)
    figure = oracle_language.draw(run)
    assert len(figure.axes) == 2
    check_layout(figure)


def test_the_published_language_shows_how_sure_models_are_and_who_writes(tmp_path):
    """The first model's line is dashed; the share of sure tokens stands where the tail did."""
    arms = ("human_only", "replace", "edit", "edit_frozen")
    run = make_language_run(tmp_path / "run", arms, corpus="published")
    divergence, sure = oracle_language.draw(run).axes
    assert sure.get_title(loc="left") == "Tokens of which the model is sure"
    assert levels(sure) == [LEVELS["sure_share"]]
    assert {"edits, chained", "edits, frozen", "source text only"} <= set(words(divergence))
    by_style = {
        line.get_linestyle(): line.get_ydata()
        for line in divergence.lines
        if line.get_color() == style.MARKS["edit confident"].colour and len(line.get_ydata()) == 4
    }
    np.testing.assert_allclose(by_style["-"], means("kl", "edit"))
    np.testing.assert_allclose(by_style["--"], means("kl", "edit_frozen"))


def test_only_runs_on_the_oracle_have_exact_laws(run, oracle):
    assert oracle_language.can_draw(oracle) and not oracle_language.can_draw(run)
    assert language_generations.can_draw(oracle) and language_generations.can_draw(run)


def verdict(claim: str, process: str, *values: float) -> dict:
    observed, low, high = values
    return {
        "claim": claim,
        "parameters": {"process": process},
        "observed": observed,
        "interval": [low, high],
    }


def test_paired_verdicts_are_drawn_as_differences(tmp_path):
    """Another claim and the comparison with an arm that is not there are left out."""
    run = make_language_run(tmp_path / "run", ("human_only", "replace", "edit"))
    run.write_verdicts(
        [
            verdict("lm.replace_worst", "replace less human only", 0.3, 0.2, 0.5),
            verdict("lm.replace_worst", "replace less edit", -0.01, -0.03, 0.04),
            verdict("lm.replace_worst", "replace less accumulate", 0.1, 0.1, 0.1),
            verdict("lm.frozen_safer", "replace less edit", 9.0, 9.0, 9.0),
        ]
    )
    ax = language_generations.draw(run).axes[1]
    assert title(ax).get_text() == "Full resampling minus the arm, at the end"
    labels = [label.get_text() for label in ax.get_yticklabels()]
    assert labels == ["human text only", "edits, chained"]
    marks = ("human_only", "edit confident")
    ends = ((0.3, 0.2, 0.5), (-0.01, -0.03, 0.04))
    for place, (container, name, (value, low, high)) in enumerate(
        zip(ax.containers, marks, ends, strict=True)
    ):
        line, _, (bars,) = container.lines
        assert line.get_xydata().tolist() == [[value, place]]
        assert line.get_color() == style.MARKS[name].colour
        np.testing.assert_allclose(bars.get_segments()[0][:, 0], [low, high])


# Files and make.py


def test_files_have_embedded_text_and_the_same_bytes_every_time(run, tmp_path):
    for folder in ("first", "again"):
        (tmp_path / folder).mkdir()
        style.save(language_generations.draw(run), tmp_path / folder, "figure")
    first, again = (
        {path.name: path.read_bytes() for path in (tmp_path / folder).iterdir()}
        for folder in ("first", "again")
    )
    assert first == again and len(first) == 3
    assert b"/FontFile2" in first["figure.pdf"] and b"/Type3" not in first["figure.pdf"]
    width = int.from_bytes(first["figure.png"][16:20], "big")
    assert width == pytest.approx(300 * style.PAGE, abs=1)


def test_make_draws_each_figure_from_runs_of_its_own_experiment(tmp_path, capsys, monkeypatch):
    drawn = []
    monkeypatch.setattr(make, "save", lambda figure, folder, name: drawn.append(name))
    monkeypatch.chdir(tmp_path)
    folder = Path("runs", "transformer_collapse")
    runs = [
        make_language_run(folder / "oracle", ("replace",), corpus="oracle"),
        make_language_run(folder / "text", ("replace",)),
        make_language_run(folder / "older", ("replace",)),
        make_run(Path("runs", "linear_bound", "linear"), ["edit one"]),
    ]
    for age, run in enumerate(runs):
        os.utime(run.path / "verdicts.json", (1e9 - age, 1e9 - age))
    make.main([])
    assert drawn == ["linear_collapse", "mask_regimes", "language_generations", "oracle_language"]
    printed = [line.rpartition(" ")[2] for line in capsys.readouterr().out.splitlines()]
    oracle, text, _, linear = (str(run.path) for run in runs)
    assert [printed[line] for line in (0, 2, 3, 4)] == [linear, linear, text, oracle]


@pytest.mark.parametrize(
    ("name", "command"),
    [
        ("oracle_language", "collapse-sim transformer"),
        ("linear_collapse", "collapse-sim bound"),
    ],
)
def test_make_names_the_command_that_makes_a_run(run, name, command, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(make.RunError, match=f"--only {name}: no run shows it; '{command}' makes"):
        make.main(["--runs", str(run.path), "--only", name])


def test_a_pretrained_run_shows_the_blocks_of_every_generation(tmp_path):
    """The paper's histogram: of full resampling, or else of the first arm that is no control."""
    run = make_language_run(tmp_path / "run", base="smollm2")
    ax = language_generations.draw(run).axes[-1]
    drawn = [patch for patch in ax.patches if isinstance(patch, StepPatch)]
    assert len(drawn) == 4
    for number, patch in enumerate(drawn, start=1):
        values, edges, _ = patch.get_data()
        np.testing.assert_allclose(values, blocks("replace", number))
        np.testing.assert_allclose(edges, 2.0 ** np.arange(12))  # the measure's, and its open ends
    assert edges[1:-1].tolist() == PERPLEXITIES.tolist()
    legend = ax.get_legend()
    assert legend is not None and legend.get_title().get_text() == "full resampling"
    assert [text.get_text() for text in legend.get_texts()] == ["1: human text", "2", "3", "4"]
    other = make_language_run(tmp_path / "other", ("human_only", "edit"), base="smollm2")
    legend = language_generations.draw(other).axes[-1].get_legend()
    assert legend is not None and legend.get_title().get_text() == "edits, chained"
