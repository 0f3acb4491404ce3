"""What the page on two texts shows: coordinates and words, and that none lies on another."""

import copy
from itertools import combinations
from pathlib import Path

import numpy as np
import pytest
from matplotlib.figure import Figure

from collapse_sim.run_directory import RunDirectory, RunError, dump_json
from paper_figs import make, style, text_analysis
from paper_figs.text_analysis import HUMAN, SYNTHETIC, TOP, most_changed, shown

RANKS = [1, 10, 100, 1000, 10_000]
STRANGE = ["$ x_ _ $", "\x1b[31m 語", "averyveryverylongword another", "[b] _^_"]


def histograms(edges: np.ndarray, seed: int) -> dict:
    random = np.random.default_rng(seed)
    shares = random.dirichlet(np.ones(len(edges) - 1), 2)
    quantiles = np.quantile(edges, (0.1, 0.2, 0.4, 0.5, 0.6, 0.7, 0.8))
    return {"edges": edges, "shares": shares, "quantiles": np.stack([quantiles, 0.9 * quantiles])}


def bigrams(first: int) -> list[dict]:
    words = [*STRANGE, *(f"word{i} pair{i}" for i in range(36))]
    return [
        {"words": pair, "count": 1000 // (i + 2), "other": (first * i) % 300}
        for i, pair in enumerate(words)
    ]


def as_lists(value):
    if isinstance(value, dict):
        return {name: as_lists(item) for name, item in value.items()}
    return value.tolist() if isinstance(value, np.ndarray) else value


def analysis() -> dict:
    random = np.random.default_rng(0)
    return as_lists(
        {
            "documents": 1250,
            "tokens": 80_000,
            "perplexity": histograms(np.geomspace(3, 200, 41), 1),
            "density": histograms(np.geomspace(1, 4000, 41), 2),
            "importance": histograms(np.linspace(-30, 20, 41), 3),
            "coverage": {
                "human": {"value": 0.742, "low": 0.7, "high": 0.78},
                "synthetic": {"value": 0.991, "low": 0.98, "high": 1.0},
            },
            "ranks": RANKS,
            "curves": {
                "unigram": np.array([[0.1, 0.3, 0.6, 0.9, 1.0], [0.2, 0.4, 0.7, 0.95, 1.0]]),
                "bigram": np.array([[0.01, 0.05, 0.2, 0.6, 1.0], [0.03, 0.1, 0.3, 0.7, 1.0]]),
            },
            "bigrams": {"human": bigrams(7), "synthetic": bigrams(11)},
            "maps": {kind: random.standard_normal((2, 50, 2)) for kind in ("pca", "tsne")},
        }
    )


def make_run(path: Path, values: dict | None = None) -> RunDirectory:
    config = {"experiment": "synthetic_fraction", "parameters": {"analyse": True}}
    run = RunDirectory.open(path, config, resume=False)
    (run.path / "analysis.json").write_text(dump_json(values or analysis()))
    run.write_verdicts([])
    run.clear_checkpoints()
    return run


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    return make_run(tmp_path_factory.mktemp("runs") / "run")


@pytest.fixture(scope="module")
def figure(run):
    return text_analysis.draw(run)


def check_layout(figure: Figure) -> None:
    """No panel with its labels, key or caption lies on another or outside the page, nor does a
    label of an axis lie on the next."""
    figure.draw_without_rendering()
    renderer = figure.canvas.get_renderer()
    boxes = [ax.get_tightbbox(renderer) for ax in figure.axes]
    boxes += [legend.get_window_extent(renderer) for legend in figure.legends]
    boxes.append(figure._supxlabel.get_window_extent(renderer))
    for box in boxes:
        assert box.x0 >= 0 and box.x1 <= figure.bbox.x1
        assert box.y0 >= 0 and box.y1 <= figure.bbox.y1
    assert not any(first.overlaps(second) for first, second in combinations(boxes, 2))
    for axis in (axis for ax in figure.axes for axis in (ax.xaxis, ax.yaxis)):
        labels = [tick.label1.get_window_extent(renderer) for tick in axis._update_ticks()]
        assert not any(first.overlaps(second) for first, second in combinations(labels, 2))


def line_of(ax, colour: str, linestyle: str):
    (found,) = [
        line for line in ax.lines if (line.get_color(), line.get_linestyle()) == (colour, linestyle)
    ]
    return found


def test_histograms_hold_every_share(figure):
    values = analysis()
    for ax, name in zip(figure.axes[:2], ("perplexity", "importance"), strict=True):
        human, synthetic = (patch.get_data() for patch in ax.patches)
        np.testing.assert_allclose([human.values, synthetic.values], values[name]["shares"])
        for found in (human, synthetic):
            np.testing.assert_allclose(found.edges, values[name]["edges"])
        assert [patch.get_fill() for patch in ax.patches] == [True, False]
    assert [ax.get_xscale() for ax in figure.axes[:2]] == ["log", "linear"]
    levels = [line.get_xdata()[0] for line in figure.axes[0].lines]
    quantiles = values["perplexity"]["quantiles"][1]
    assert levels == [quantiles[0], quantiles[-1]]  # the synthetic 1 and 99 %
    medians = [row[3] for row in values["importance"]["quantiles"]]
    title = "Importance: medians {:+.1f} and {:+.1f}".format(*medians)
    assert figure.axes[1].get_title(loc="left") == title


def test_curves_of_words_are_solid_and_of_pairs_dashed(figure):
    for name, linestyle in (("unigram", "-"), ("bigram", "--")):
        for colour, curve in zip((HUMAN, SYNTHETIC), analysis()["curves"][name], strict=True):
            line = line_of(figure.axes[2], colour, linestyle)
            np.testing.assert_allclose(line.get_xdata(), RANKS)
            np.testing.assert_allclose(line.get_ydata(), curve)


def test_the_pairs_that_change_most_stand_with_both_counts(figure):
    ax, values = figure.axes[3], analysis()["bigrams"]
    counts = {}
    for name in ("human", "synthetic"):
        for pair in values[name]:
            both = pair["count"], pair["other"]
            counts[pair["words"]] = both if name == "human" else both[::-1]
    pairs = most_changed(analysis())
    assert {
        words: (human, synthetic) for words, human, synthetic in pairs
    }.items() <= counts.items()
    changes = [abs(human - synthetic) for _, human, synthetic in pairs]
    assert changes == sorted((abs(a - b) for a, b in counts.values()), reverse=True)[:TOP]
    for line, place, marker in zip(ax.lines, (1, 2), "ox", strict=True):
        assert line.get_marker() == marker
        np.testing.assert_array_equal(line.get_xdata(), [pair[place] for pair in pairs])
    labels = [label.get_text() for label in ax.get_yticklabels()]
    assert labels == [shown(words) for words, *_ in pairs]
    assert ax.get_ylim() == (TOP - 0.5, -0.5)  # the largest change on top


def test_words_that_no_font_or_panel_holds():
    assert [shown(words) for words in STRANGE] == [
        "$ x_ _ $",
        "□[31m □",
        "averyveryverylong…",
        "[b] _^_",
    ]


def test_the_caption_has_what_was_measured_and_what_was_published(figure):
    caption = " ".join(figure._supxlabel.get_text().split())
    assert "74.2 % of the human blocks lie between the dotted lines" in caption
    assert "99.1 % of the synthetic ones" in caption
    assert "human text from 1 to above 100, of synthetic text from 0 to 14" in caption
    (key,) = figure.legends
    assert key.get_title().get_text() == "1,250 blocks and 80,000 tokens of each text"


def test_both_texts_differ_without_colour():
    """Lightness of grey: a third of the scale apart."""
    grey = [np.dot([0.299, 0.587, 0.114], style.to_rgb(colour)) for colour in (HUMAN, SYNTHETIC)]
    assert grey[0] - grey[1] > 0.33


def few_words(values: dict) -> None:
    for name in ("human", "synthetic"):
        values["bigrams"][name] = values["bigrams"][name][:2]


def narrow(values: dict) -> None:
    """All documents alike."""
    for name, edges in (("perplexity", [20.0, 20.0]), ("density", [1.0, 1.0])):
        quantiles = [[edges[0]] * 7] * 2
        values[name] = {"edges": edges, "shares": [[1.0], [1.0]], "quantiles": quantiles}


def wide(values: dict) -> None:
    values["perplexity"]["edges"] = np.geomspace(1.5, 3e6, 41).tolist()
    for pair in values["bigrams"]["human"]:
        pair["words"] = "W" * 30 + " x"
        pair["count"] *= 100_000


@pytest.mark.parametrize("change", [copy.copy, few_words, narrow, wide])
def test_nothing_overlaps_whatever_the_texts(change, tmp_path):
    values = analysis()
    change(values)
    figure = text_analysis.draw(make_run(tmp_path / "run", values))
    assert len(figure.axes) == 4
    check_layout(figure)


def test_one_run_gives_the_same_bytes(run, tmp_path):
    for folder in ("first", "again"):
        (tmp_path / folder).mkdir()
        style.save(text_analysis.draw(run), tmp_path / folder, "figure")
    first, again = (
        {path.name: path.read_bytes() for path in (tmp_path / folder).iterdir()}
        for folder in ("first", "again")
    )
    assert first == again and len(first) == 3
    assert b"/Type3" not in first["figure.pdf"]


def test_make_draws_it_from_a_run_that_compared_texts(run, tmp_path, monkeypatch, capsys):
    drawn = []
    monkeypatch.setattr(make, "save", lambda figure, folder, name: drawn.append(name))
    other = make_run(tmp_path / "other")
    (other.path / "analysis.json").unlink()
    assert text_analysis.can_draw(run) and not text_analysis.can_draw(other)
    flags = ["--out", str(tmp_path / "out"), "--only", "text_analysis", "--runs"]
    make.main([*flags, str(run.path), str(other.path)])
    assert drawn == ["text_analysis"] and str(run.path) in capsys.readouterr().out
    with pytest.raises(RunError, match="collapse-sim fraction --analyse' makes one"):
        make.main([*flags, str(other.path)])


def test_a_broken_file_is_named_in_one_line(tmp_path):
    broken = make_run(tmp_path / "run")
    (broken.path / "analysis.json").write_text("{")
    with pytest.raises(RunError, match="analysis.json cannot be read"):
        text_analysis.draw(broken)
