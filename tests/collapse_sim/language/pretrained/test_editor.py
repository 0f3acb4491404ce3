"""The editor: equal results however documents come, passes, windows, text, refusals."""

from dataclasses import asdict, replace

import jax
import numpy as np
import pytest

from collapse_sim.language.pretrained import batches
from collapse_sim.language.pretrained.edited import (
    Document,
    EditedDocument,
    PassCounts,
    Rejected,
)
from collapse_sim.language.pretrained.editor import Editor
from collapse_sim.language.pretrained.load import load
from collapse_sim.language.pretrained.passes import EditTask, Plan, Task
from collapse_sim.language.pretrained.pieces import Pieces
from collapse_sim.language.pretrained.rows import document_key, row_lengths, windows
from collapse_sim.language.pretrained.rule import EditRule
from collapse_sim.language.pretrained.scores import Scores, by_row
from tests.collapse_sim.language.pretrained import plain_decoder, tiny

WORDS = "the quick brown fox jumps over the lazy dog and then the other one walks away ".split()
RULE = EditRule("revise-above-drop-below", threshold=0.005, drop_below=1e-5)
"""About a fifth of the tokens redrawn and a twentieth deleted, with the tiny model."""


def words(seed, count):
    return " ".join(np.random.default_rng(seed).choice(WORDS, count))


DOCUMENTS = [Document(f"d{i}", words(i, 4 + i * 17 % 31)) for i in range(14)]


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    folder = tmp_path_factory.mktemp("model")
    return load(tiny.write_folder(folder, tiny.LLAMA, tiny.tensors(tiny.LLAMA)))


def editor(model, rule=RULE, **options):
    options = {"devices": jax.devices()[:1], "max_length": 32, "batch_tokens": 128} | options
    return Editor(model, rule, seed=5, **options)


def comparable(results):
    return {r.id: {**asdict(replace(r, trace=None))} for r in results}


def test_a_document_becomes_the_same_in_any_order_company_or_number_of_devices(model):
    options = {"passes": 3, "score_after": True}
    found = list(editor(model, **options).edit(DOCUMENTS))
    assert [r.id for r in found] == [d.id for d in DOCUMENTS]
    assert sum(r.changed for r in found) > 20 and sum(r.dropped for r in found) > 5
    expected = comparable(found)
    assert comparable(editor(model, **options).edit(DOCUMENTS[::-1])) == expected
    eight = editor(model, devices=jax.devices(), **options)
    assert comparable(eight.edit(DOCUMENTS)) == expected
    halves = [editor(model, **options).edit(DOCUMENTS[part::2]) for part in (0, 1)]
    assert comparable(halves[0]) | comparable(halves[1]) == expected
    other = comparable(editor(model, **options).edit([replace(d, id="x") for d in DOCUMENTS[:3]]))
    assert other["x"]["text"] != expected["d2"]["text"]


def one_by_one(editing, document, passes):
    """Tokens after passes that each ask the model anew, for a document of one window."""
    (ids,) = editing.model.encode([document.text])
    key, asked = document_key(5, document.id), editing._batches
    for number in range(passes):
        waiting = batches.Waiting(Task(document.id, ids, key), 1)
        length = next(size for size in row_lengths(32) if size >= len(ids))
        rows = asked.rows(length)
        batch = batches.stacked([(waiting, *windows(len(ids), 32, 4))], length, rows)
        computed = asked.compute(batch, RULE, passes)
        scores = by_row(*computed, length=length, devices=1)[0]
        scores = Scores(*(part[: len(ids)] for part in scores))
        keep = scores.eligible | (scores.log_probability > np.log(RULE.drop_below))
        keep[0] = True
        ids = np.where(scores.eligible, scores.drawn[:, number], ids)[keep]
    return ids


def test_passes_are_what_one_pass_after_another_makes(model):
    editing = editor(model, passes=3)
    three = {r.id: r for r in editing.edit(DOCUMENTS)}
    two = {r.id: r for r in editor(model, passes=2, trace=True).edit(DOCUMENTS)}
    assert any(r.passes[0].changed == r.passes[0].dropped == 0 for r in three.values())
    for document in DOCUMENTS:
        long, short = three[document.id], two[document.id]
        assert long.passes[:2] == short.passes
        first, second = short.passes
        assert second.tokens == first.tokens - first.dropped and first.left == 0
        trace = short.trace
        assert trace.eligible.sum() == first.eligible and trace.dropped.sum() == first.dropped
        assert ((trace.before != trace.after) & trace.eligible).sum() == first.changed
        assert np.isclose(np.log(trace.probability[1:]).sum(), short.log_probability)
        if len(trace.before) <= 32:
            last = one_by_one(editing, document, 3)
            assert long.text == model.tokenizer.decode(last.tolist(), skip_special_tokens=False)


def test_what_left_the_eligible_set_unchanged_is_counted_apart(model):
    pieces = Pieces(model.tokenizer, tiny.VOCABULARY)
    rule = EditRule("revise-above-drop-below", threshold=0.5, drop_below=0.01)
    plan = Plan(rule, passes=2, anchored=False, trace=False, score_after=False, pieces=pieces)
    task = EditTask("a", np.arange(40, 46), document_key(0, "a"), plan=plan, original="")

    def scores(probability, eligible, drawn):
        log_p, drawn = np.log(np.array(probability, np.float32)), np.array(drawn)
        ones = np.ones_like(log_p)
        both = np.stack([drawn, drawn], axis=1)
        return Scores(log_p, log_p, np.array(eligible, bool), 0.1 * ones, both, both * 1.0)

    first = scores([1, 0.95, 0.95, 0.001, 0.2, 0.95], [0, 1, 1, 0, 0, 1], [40, 7, 42, 43, 44, 45])
    assert not task.finish(first) and task.ids.tolist() == [40, 7, 42, 44, 45]
    again = scores([1, 0.02, 0.4, 0.9, 0.8], [0, 0, 0, 1, 1], [40, 7, 42, 44, 9])
    assert task.finish(again)
    assert task.result.passes == (PassCounts(5, 3, 1, 1, 0), PassCounts(4, 2, 1, 0, 1))
    assert np.isclose(task.result.expected_changed, 0.3) and task.result.deciles[9] == 3


def test_log_probability_after_is_the_score_of_the_edited_tokens(model):
    rule = EditRule(threshold=0.005)
    edited = list(editor(model, rule, trace=True, score_after=True).edit(DOCUMENTS))
    assert sum(r.changed for r in edited) > 20
    for result in edited:
        if len(result.trace.after) <= 32:
            logits = plain_decoder.logits(
                tiny.LLAMA, tiny.tensors(tiny.LLAMA), result.trace.after.tolist()
            )
            shifted = logits - np.logaddexp.reduce(logits, axis=1, keepdims=True)
            exact = shifted[np.arange(len(shifted) - 1), result.trace.after[1:]].sum()
            np.testing.assert_allclose(result.log_probability_after, exact, atol=1e-3)


def test_the_seed_is_0_where_none_is_given(model):
    options = {"devices": jax.devices()[:1], "max_length": 32, "batch_tokens": 128}
    usual, zero, one = (
        comparable(Editor(model, RULE, **options, **given).edit(DOCUMENTS[:4]))
        for given in ({}, {"seed": 0}, {"seed": 1})
    )
    assert usual == zero != one


def test_anchored_passes_read_the_original_and_one_pass_is_either(model):
    rule = EditRule(threshold=0.005)
    one = list(editor(model, rule).edit(DOCUMENTS))
    three = list(editor(model, rule, passes=3, anchored=True).edit(DOCUMENTS))
    for single, many in zip(one, three, strict=True):
        assert [p.eligible for p in many.passes] == 3 * [single.eligible]
        assert many.passes[0] == single.passes[0] and many.changed == many.passes[-1].changed
    assert {r.text for r in one} != {r.text for r in three}


def test_long_documents_are_scored_in_windows(model):
    text = words(1, 90)
    (ids,) = model.encode([text])
    (edited,) = editor(model, trace=True, overlap=8).edit([Document("long", text)])
    assert edited.tokens == len(ids) - 1 > 96
    arrays = tiny.tensors(tiny.LLAMA)
    for window in windows(len(ids), 32, 8):
        part = ids[window.start : window.start + window.length]
        logits = plain_decoder.logits(tiny.LLAMA, arrays, part.tolist())
        exact = logits - np.logaddexp.reduce(logits, axis=1, keepdims=True)
        at = np.arange(window.first, window.length)
        np.testing.assert_allclose(
            np.log(edited.trace.probability[window.start + at]),
            exact[at - 1, part[at]],
            atol=1e-4,
        )


def test_scores_are_those_of_the_edit_s_first_pass(model):
    scored = list(editor(model).score(DOCUMENTS))
    edited = list(editor(model).edit(DOCUMENTS))
    for score, edit in zip(scored, edited, strict=True):
        assert score.tokens == edit.tokens == sum(score.deciles)
        assert (score.log_probability, score.deciles) == (edit.log_probability, edit.deciles)
        assert np.isclose(np.log(score.perplexity), -score.log_probability / score.tokens)


ODD = [
    "é" * 9,
    "a\r\n\0\t b",
    "x² + ½ 👩‍🚀",
    "\ufeffthe dog",
    "<|endoftext|>the fox",
    "\u2028 \u3000",
]


def test_text_without_edits_comes_back_and_elsewhere_only_replaced_bytes_differ(model):
    texts = [*ODD, *(d.text for d in DOCUMENTS)]
    documents = [Document(str(i), text) for i, text in enumerate(texts)]
    never = EditRule(threshold=1.0, strict=True)
    assert [r.text for r in editor(model, never).edit(documents)] == texts
    pieces = Pieces(model.tokenizer, tiny.VOCABULARY)
    always = EditRule(threshold=0.0)
    for text, result in zip(texts, editor(model, always, trace=True).edit(documents), strict=True):
        assert isinstance(result, EditedDocument)
        assert pieces.join(result.trace.before) == text.encode()
        decoded = model.tokenizer.decode(result.trace.after.tolist(), skip_special_tokens=False)
        assert result.text == decoded != text
        assert pieces.drawable[result.trace.after[1:]].all()


def test_bytes_of_no_whole_character_become_the_replacement_character(model):
    pieces = Pieces(model.tokenizer, tiny.VOCABULARY)
    (ids,) = model.encode(["aéb"])
    assert pieces.text(ids) == "aéb" and len(ids) == 4
    assert pieces.text(ids[[0, 1, 3]]) == "a\ufffdb" and pieces.text(ids[[0, 2, 3]]) == "a\ufffdb"


def test_memory_that_does_not_last_halves_the_batch(model, monkeypatch):
    expected = list(editor(model).edit(DOCUMENTS))
    compute, asked = batches.Batches.compute, []

    def small_memory(self, rows, rule, passes):
        asked.append(rows.tokens.size)
        if rows.tokens.size > 64:
            raise jax.errors.JaxRuntimeError("RESOURCE_EXHAUSTED: Out of memory")
        return compute(self, rows, rule, passes)

    monkeypatch.setattr(batches.Batches, "compute", small_memory)
    halved = editor(model)
    for found, wanted in zip(halved.edit(DOCUMENTS), expected, strict=True):
        assert (found.text, found.passes) == (wanted.text, wanted.passes)
        assert np.isclose(found.log_probability, wanted.log_probability)
    assert halved.batch_tokens == 64 and max(asked) == 128
    monkeypatch.setattr(batches.Batches, "compute", lambda *_: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        list(editor(model).edit(DOCUMENTS))


def test_what_cannot_be_processed_is_told_in_its_place(model):
    texts = ["", "t", "a\ud800b", "the fox"]
    documents = [Document(str(i), text) for i, text in enumerate(texts)]
    found = list(editor(model).edit(documents))
    assert [r.id for r in found] == ["0", "1", "2", "3"]
    assert [r.reason for r in found if isinstance(r, Rejected)] == [
        "no text: accepted are at least two tokens",
        "1 token: accepted are at least 2, as the first has no context",
        "lone surrogate at character 1: accepted is whole Unicode",
    ]
    assert isinstance(found[3], EditedDocument)


def test_results_come_before_all_documents_are_read(model):
    read = []

    def documents():
        for i in range(2000):
            read.append(i)
            yield Document(str(i), DOCUMENTS[i % 14].text)

    first = next(iter(editor(model).score(documents())))
    assert first.id == "0" and len(read) < 500


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"max_length": 65}, "max_length=65: accepted are integers >= 2 and <= 64, the context"),
        ({"overlap": 32}, "overlap=32: accepted are integers >= 1 and <= 31, max_length - 1"),
        ({"passes": 0}, "passes=0: accepted are integers >= 1"),
        ({"batch_tokens": 31}, "batch_tokens=31: accepted are integers >= 32"),
    ],
)
def test_settings_that_make_no_sense_are_refused(model, options, message):
    with pytest.raises(ValueError) as told:
        editor(model, **options)
    assert str(told.value) == message
