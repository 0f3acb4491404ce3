"""Figures of token editing: which bars, lines and points are drawn, from which numbers."""

import json
from typing import Any

import numpy as np
import pytest

from collapse_sim.run_directory import CHAIN_COLUMNS, RunDirectory
from paper_figs import corpus_edit, edited_share, editing, make, style, token_probabilities
from paper_figs.style import save
from tests.paper_figs.axes import key_of
from theory.language.printed import EDITED_SHARE, PROBABILITY_DECILES

ARMS = ("chained", "anchored", "chained beta 1.5")
DECILES = np.array([0.45, 0.12, 0.07, 0.05, 0.04, 0.035, 0.035, 0.03, 0.05, 0.12])
DIFFERENCES = {
    ("pretrain", "edited - unedited", "held-out loss", 1): -0.02,
    ("pretrain", "below-0.1 - unedited", "held-out loss", 1): 0.9,
    ("continual", "edited - unedited", "loss on reference", 1): 0.01,
    ("finetune", "edited - unedited", "response loss", 1): 0.03,
}


def share(arm: str, measure: str, number: int) -> float:
    """A mean that tells arm, measure and pass."""
    return (0.1 if measure == "eligible" else 0.01) - 0.001 * ARMS.index(arm) - 0.0005 * number


@pytest.fixture(params=[True, False], ids=["stages", "tables alone"])
def run(tmp_path, request) -> RunDirectory:
    """Intervals reach 1 % below each mean and 2 % above it."""
    parameters = {"seeds": 8, "prior_size": "0.5m", "edit_above": 0.8}
    config = {"experiment": "token_editing", "parameters": parameters}
    made = RunDirectory.open(tmp_path / "runs" / "run", config, resume=False)
    means = {("", "human", f"probability/{i}", 1): value for i, value in enumerate(DECILES)}
    means |= {
        ("", arm, measure, number): share(arm, measure, number)
        for arm in ARMS
        for measure in ("eligible", "changed")
        for number in (1, 2, 3)
    }
    means |= DIFFERENCES if request.param else {}
    made.write_chains([_row(*names, mean) for names, mean in means.items()])
    made.write_verdicts([])
    made.clear_checkpoints()
    return made


def _row(family: str, regime: str, measure: str, generation: int, mean: float) -> tuple:
    row: dict[str, Any] = dict.fromkeys(CHAIN_COLUMNS, 0.0)
    row |= dict.fromkeys(("mask", "variant", "predicted_kind"), "")
    row |= {"family": family, "regime": regime, "measure": measure, "generation": generation}
    row |= {"mean": mean, "low": mean - 0.01 * abs(mean), "high": mean + 0.02 * abs(mean)}
    return tuple(row.values())


def reaches(container) -> np.ndarray:
    """Ends of the error bars of one container, (points, 2), along the value."""
    (bars,) = container.lines[2]
    ends = np.array(bars.get_segments())
    return np.sort(ends[:, :, 1] if container.has_yerr else ends[:, :, 0], axis=1)


def around(means) -> np.ndarray:
    means = np.asarray(means)
    return np.stack([means - 0.01 * abs(means), means + 0.02 * abs(means)], axis=-1)


def check_deciles(ax):
    bars = [container for container in ax.containers if hasattr(container, "patches")]
    here, published = ([bar.get_height() for bar in own.patches] for own in bars)
    np.testing.assert_allclose(here, DECILES)
    np.testing.assert_allclose(published, np.array(PROBABILITY_DECILES) / 100)
    np.testing.assert_allclose(reaches(bars[0].errorbar), around(DECILES))
    for own in bars:  # each decile's bars stand inside it
        places = [bar.get_x() + bar.get_width() / 2 for bar in own.patches]
        assert np.floor(places).tolist() == list(range(10))


def check_shares(ax, measure: str):
    for arm, container in zip(ARMS, ax.containers, strict=True):
        means = [share(arm, measure, number) for number in (1, 2, 3)]
        np.testing.assert_allclose(np.asarray(container.lines[0].get_ydata(), float), means)
        places = np.asarray(container.lines[0].get_xdata(), float)
        np.testing.assert_allclose(places, [1, 2, 3], atol=0.1)
        np.testing.assert_allclose(reaches(container), around(means))
    drawn = [np.asarray(line.get_ydata(), float) for line in ax.lines]
    decay = np.array(EDITED_SHARE) / 100
    published = any(len(line) == 3 and np.allclose(line, decay) for line in drawn)
    assert published == (measure == "eligible")
    names = {text.get_text() for text in ax.texts}
    expected = {"chained", "anchored", "chained, $\\beta = 1.5$"}
    assert names == expected | ({"published, P ≥ 0.99"} if measure == "eligible" else set())


def test_deciles_stand_beside_the_published_ones(run):
    (ax,) = token_probabilities.draw(run).axes
    check_deciles(ax)


def test_shares_are_drawn_pass_by_pass(run):
    panels = edited_share.draw(run).axes
    for ax, measure in zip(panels, ("eligible", "changed"), strict=True):
        check_shares(ax, measure)


def test_the_figure_of_a_run_shows_both_and_the_differences_there_are(run, tmp_path):
    figure = editing.draw(run)
    panels = {ax.get_title(loc="left"): ax for ax in figure.axes}
    check_deciles(panels["Tokens of human text"])
    check_shares(panels["Tokens to be edited"], "eligible")
    check_shares(panels["Tokens that change"], "changed")
    title = "Edited minus unedited: below 0 it helps"
    has_stages = any(arm.endswith("- unedited") for arm in run.chains()["regime"])
    assert (title in panels) == has_stages
    if has_stages:
        ax = panels[title]
        labels = [label.get_text() for label in ax.get_yticklabels()]
        assert labels == [
            "pretrain:\nheld-out loss",
            "pretrain, P ≤ 0.1 edited:\nheld-out loss",
            "continual:\nloss on reference",
            "finetune:\nresponse loss",
        ]
        # One is thirty times as large as the others: it stands as a number, in its row.
        assert [text.get_text() for text in ax.texts] == ["+0.89 to +0.92 →"]
        assert ax.texts[0].get_position()[1] == 1
        small = [(i, mean) for i, mean in enumerate(DIFFERENCES.values()) if abs(mean) < 0.5]
        for container, (place, mean) in zip(ax.containers, small, strict=True):
            assert container.lines[0].get_xydata().tolist() == [[mean, place]]
            np.testing.assert_allclose(reaches(container), around([mean]))
        assert ax.yaxis_inverted()  # in the order of the tables
    save(figure, tmp_path, "figure")
    assert (tmp_path / "figure.png").stat().st_size > 10_000


def test_edits_by_other_rules_are_named_by_how_they_differ(tmp_path):
    run = RunDirectory.open(tmp_path / "run", {"parameters": {}}, resume=False)
    arms = ("edited", "edited beta 1.5", "P >= 0.9", "below-0.1")
    run.write_chains([_row("pretrain", f"{arm} - unedited", "loss", 1, 0.01) for arm in arms])
    found = editing.read_differences(run)
    rules = ["", ", β = 1.5", ", P ≥ 0.9", ", P ≤ 0.1 edited"]
    assert [each.name for each in found] == [f"pretrain{rule}:\nloss" for rule in rules]
    marks = ["edit confident", "edit tempered", "edit confident", "edit below"]
    assert [each.mark for each in found] == [style.MARKS[name] for name in marks]


def test_figures_are_named_by_their_run(run):
    for module in (editing, edited_share, token_probabilities):
        title = key_of(module.draw(run)).get_title().get_text()
        assert " ".join(title.split()) == "8 seeds, prior of 0.5M parameters, edits where P ≥ 0.8"


def test_make_draws_them(run, tmp_path, capsys):
    for name in ("token_probabilities", "edited_share"):
        make.main(["--runs", str(run.path), "--only", name, "--out", str(tmp_path / "out")])
        assert f"from {run.path}" in capsys.readouterr().out
        assert (tmp_path / "out" / f"{name}.pdf").is_file()


def test_names_of_files_are_no_formulas(tmp_path):
    shares = {f"decile_{i}": [value, value, value] for i, value in enumerate(DECILES)}
    shares |= {name: [0.04, 0.03, 0.05] for name in ("eligible", "changed", "dropped")}
    names = ["a$^$.txt", "b$x$.txt"]
    report = {"all": {"shares": shares}, "files": dict.fromkeys(names, {"shares": shares})}
    (tmp_path / "report.json").write_text(json.dumps(report))
    corpus_edit.draw(RunDirectory(tmp_path)).savefig(tmp_path / "figure.svg")


def test_the_key_of_an_edited_corpus_hides_no_point(tmp_path):
    """It names the shares that are drawn, above the panels; files go by the end of their name."""
    shares = {f"decile_{i}": [value, value, value] for i, value in enumerate(DECILES)}
    shares |= {"eligible": [0.04, 0.03, 0.05], "changed": [2e-4, 1e-4, 4e-4], "dropped": [0, 0, 0]}
    names = [f"wikipedia/part-{i:05d}-of-00012.jsonl.gz" for i in range(2)]
    report = {"all": {"shares": shares}, "files": dict.fromkeys(names, {"shares": shares})}
    (tmp_path / "report.json").write_text(json.dumps(report))
    figure = corpus_edit.draw(RunDirectory(tmp_path))
    texts = [text.get_text() for text in key_of(figure).get_texts()]
    assert texts == ["eligible", "changed", "95 % of documents"]
    ax = figure.axes[1]
    assert ax.get_legend() is None
    labels = [label.get_text() for label in ax.get_yticklabels()]
    assert labels == ["all", "…00000-of-00012.jsonl.gz", "…00001-of-00012.jsonl.gz"]
    for container, share in zip(ax.containers, ("eligible", "changed"), strict=True):
        np.testing.assert_allclose(container.lines[0].get_xdata(), shares[share][0])
        np.testing.assert_allclose(reaches(container), [shares[share][1:]] * 3)
