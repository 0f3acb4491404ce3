"""The dry run: its numbers by hand, its words, the terminal at two widths, and the page."""

import io
from dataclasses import replace

import jax
import numpy as np
import pytest
from rich.cells import cell_len
from rich.console import Console

from collapse_sim.language.pretrained.edited import (
    Document,
    EditedDocument,
    PassCounts,
    TokenTrace,
)
from collapse_sim.language.pretrained.editor import Editor
from collapse_sim.language.pretrained.load import load
from collapse_sim.language.pretrained.rule import EditRule
from collapse_sim.language.pretrained.survey import kind, survey
from experiments.corpus.dry_run import dry_run, significant, warning
from experiments.corpus.dry_run_theory import prediction
from tests.collapse_sim.language.pretrained import tiny

RULE = EditRule("revise-above-drop-below", threshold=0.005, drop_below=1e-5)


@pytest.fixture(scope="module")
def editor(tmp_path_factory):
    folder = tmp_path_factory.mktemp("model")
    model = load(tiny.write_folder(folder, tiny.LLAMA, tiny.tensors(tiny.LLAMA)))
    options = {"devices": jax.devices()[:1], "max_length": 32, "batch_tokens": 128}
    return Editor(model, RULE, trace=True, **options)


def traced(editor, probability, top, after, eligible):
    """A document of the letters a, b, ... with these numbers of all but the first."""
    (before,) = editor.model.encode(["qzqzqz"[: len(probability) + 1]])
    with_first = lambda values: np.array([np.nan, *values])  # noqa: E731
    (new,) = editor.model.encode([after])
    trace = TokenTrace(
        before,
        np.where([False, *eligible], new, before),
        with_first(probability),
        with_first(top),
        with_first([0.004] * len(probability)),
        np.array([False, *eligible]),
        np.zeros(len(before), bool),
    )
    changed = int((trace.before != trace.after).sum())
    passes = (PassCounts(len(probability), sum(eligible), changed, 0, 0),)
    expected = float((1 - np.array(probability))[eligible].sum())
    counts = np.bincount((np.array(probability) * 10).astype(int), minlength=10)
    return EditedDocument(
        "a", after, len(probability), sum(eligible), changed, 0,
        expected, float(np.log(probability).sum()), None, tuple(counts.tolist()), passes, trace,
    )  # fmt: skip


def test_numbers_of_a_sample_by_hand(editor):
    probability, top = [0.992, 0.5, 0.996, 0.004], [0.992, 0.5, 0.996, 0.995]
    document = traced(editor, probability, top, "qxqzq", [True, False, True, False])
    found = survey([document], editor.pieces, 0.99)
    assert (found.tokens, found.eligible, found.changed) == (4, 2, 1)
    assert np.isclose(found.mean_probability, 0.994) and np.isclose(found.expected_changed, 0.012)
    assert found.deciles == (0.25, 0, 0, 0, 0, 0.25, 0, 0, 0, 0.5)
    (change,) = found.changes
    assert (change.before, change.old, change.new, change.after) == ("q", "z", "x", "qzq")
    assert (change.probability, change.new_probability) == (0.992, 0.004)
    assert found.sure == 3 and np.isclose(found.sure_right, 2 / 3)
    assert found.commonest == (("z", 2),) and found.kinds["inside a word"] == 1
    expected = prediction(found, EditRule(), passes=2)
    assert expected.is_exact and np.isclose(expected.changed, 0.006)
    np.testing.assert_allclose(expected.kept, [0.994, 0.994**2, 0.994**3])
    entropy = lambda a: -a * np.log(a) - (1 - a) * np.log(1 - a)  # noqa: E731
    np.testing.assert_allclose(expected.entropy, entropy(0.994**2) - entropy(0.994))
    assert prediction(found, EditRule("revise-below"), passes=1) is None
    with pytest.raises(ValueError, match="^documents: accepted is at least one, each with its tr"):
        survey([replace(document, trace=None)], editor.pieces, 0.99)


def test_a_warning_of_too_few_changes_counts_deletions_and_takes_none(editor):
    document = traced(editor, [0.995] * 4, [0.995] * 4, "qzqzq", [True] * 4)
    found = survey([document], editor.pieces, 0.99)
    assert "Only 0.0 changes" in warning(found) and "needs some" in warning(found)
    surest = warning(replace(found, expected_changed=0.0))  # as of --sampler top-p
    assert "Only 0.0 changes" in surest and "needs" not in surest
    filtered = replace(found, eligible=0, expected_changed=0.0, dropped=2)  # --strategy filter
    assert "Only 2.0 changes" in warning(filtered) and "some 60 tokens" in warning(filtered)
    assert warning(replace(filtered, dropped=30)) is None


def test_kinds_of_tokens_and_shares():
    kinds = {" the": "whole words", "ing": "inside a word", "7": "digits", " @": "signs and markup"}
    assert {token: kind(token) for token in kinds} == kinds
    assert (kind("\n"), kind(" a1")) == ("white space", "other")
    assert [significant(x) for x in (0.0436, 0.000192, 0.12, 0, -0.0436, -0.000192)] == [
        "4.36 %",
        "0.019 %",
        "12.00 %",
        "0.00 %",
        "-4.36 %",
        "-0.019 %",
    ]


@pytest.mark.parametrize("width", [60, 80])
def test_terminal_and_page(editor, width, tmp_path):
    texts = ["the quick <b> brown fox", "jumps over the lazy dog & then the other one walks", ""]
    documents = [Document(f"row {i}", text) for i, text in enumerate(texts)]
    stream = io.StringIO()
    console = Console(file=stream, width=width, highlight=False)
    dry_run(editor, documents, tmp_path / "out", console)
    told = stream.getvalue()
    assert max(cell_len(line) for line in told.splitlines()[:-1]) <= width
    for words in (
        "would change",
        "left out row 2: no text",
        "Warning: Only",
        "calibration",
        "Edits",
    ):
        assert words in told
    page = (tmp_path / "out" / "dry-run.html").read_text(encoding="utf-8")
    assert "would change" in page and "<del " in page and "http" not in page
    assert "<b>" not in page and [p.name for p in (tmp_path / "out").iterdir()] == ["dry-run.html"]


def test_a_sample_without_a_text_is_refused(editor, tmp_path):
    with pytest.raises(ValueError, match="^sample: no text: accepted are"):
        dry_run(editor, [Document("a", "")], tmp_path)
