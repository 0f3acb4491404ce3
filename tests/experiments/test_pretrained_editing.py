"""`collapse-sim editing` with a pretrained prior: numbers, readings, cache, and every bad input."""

import json

import jax
import numpy as np
import pytest

from collapse_sim.language import corpus
from collapse_sim.language.pretrained import smollm2
from collapse_sim.language.pretrained.batches import Batches
from collapse_sim.language.pretrained.edited import Document
from collapse_sim.language.pretrained.editor import Editor
from collapse_sim.language.pretrained.kept_scores import KeptScores
from collapse_sim.language.pretrained.load import load
from collapse_sim.language.pretrained.readings import Arm, Reader
from collapse_sim.language.pretrained.rule import EditRule
from collapse_sim.language.tokenizer import train_tokenizer
from collapse_sim.run_directory import RunDirectory
from experiments import token_editing
from experiments.editing import moved_contexts, pretrained_arms
from experiments.editing.moved_contexts import moved
from experiments.editing.pretrained_arms import pairs_of, read
from experiments.editing.pretrained_evidence import linearised
from experiments.editing.pretrained_students import GROUP, grouped
from experiments.editing.pretrained_text import HumanText
from experiments.study.texts import Texts
from tests.collapse_sim.language.pretrained import tiny

ABOVE = 0.005
WORDS = "the quick brown fox jumps over a lazy dog and then another one walks".split()


def command(*arguments: str) -> int:
    return token_editing.command(list(arguments), configure=lambda settings: None)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    made = tmp_path_factory.mktemp("model")
    return tiny.write_folder(made, tiny.LLAMA, tiny.tensors(tiny.LLAMA))


@pytest.fixture(scope="module")
def reader(folder):
    return Reader(load(folder), seed=5, devices=jax.devices()[:1])


def words(seed: int, count: int) -> str:
    return " ".join(np.random.default_rng(seed).choice(WORDS, count))


@pytest.fixture(scope="module")
def read_by_two_arms(reader):
    """Forty documents of one window, under two rules."""
    texts = {f"d{i}": words(i, 12 + i % 7) for i in range(40)}
    ids = {name: reader.model.encode([text])[0][: reader.window] for name, text in texts.items()}
    arms = {
        "chained full": Arm(EditRule(threshold=ABOVE, temperature=0.3), 3),  # many stay
        "anchored": Arm(EditRule(threshold=ABOVE), 3, anchored=True),
    }
    return ids, arms, read(arms, reader, HumanText(ids, ["x"] * 40, ""))


def test_arms_that_share_a_reading_are_what_the_editor_makes_of_each(reader, read_by_two_arms):
    ids, arms, found = read_by_two_arms
    documents = [Document(name, reader.pieces.text(own)) for name, own in ids.items()]
    for name, arm in arms.items():
        editor = Editor(
            reader.model, arm.rule, seed=5, passes=3, anchored=arm.anchored,
            max_length=reader.window, devices=jax.devices()[:1],
        )  # fmt: skip
        results = list(editor.edit(documents))
        for measure in ("eligible", "changed", "left"):
            counts = [[getattr(p, measure) for p in result.passes] for result in results]
            assert found[f"{name}/{measure}"].tolist() == counts
    assert found["chained full/changed"].sum() > 50 and found["chained full/left"].any()
    with pytest.raises(ValueError, match="a: 1 tokens: accepted are 2 to"):
        reader.edit({"a": np.zeros(1, np.int32)}, [])


def test_successive_readings_give_the_counts_of_those_that_left(read_by_two_arms):
    """`left` is counted pass by pass as well, by other code."""
    _, _, found = read_by_two_arms
    value = moved(pairs_of(found, "chained full"), ABOVE)
    passes = found["chained full/changed"]
    assert value.changed == passes[:, :2].sum()
    assert value.left * value.changed == pytest.approx(found["chained full/left"].sum())


class Asked:
    """Counts the windows that a model is asked for; may stop a run, or be short of memory."""

    def __init__(self, patch, batches: int = 10**9, most_tokens: int = 10**9):
        self.windows, self.batches, score = 0, batches, Batches.score

        def counted(own, rows):
            if own.batch_tokens > most_tokens:
                raise jax.errors.JaxRuntimeError("RESOURCE_EXHAUSTED: out of memory")
            self.batches -= 1
            if self.batches < 0:
                raise KeyboardInterrupt
            self.windows += int((rows.length > 0).sum())
            return score(own, rows)

        patch.setattr(Batches, "score", counted)


def test_an_interrupted_reading_goes_on(reader, read_by_two_arms, tmp_path):
    ids, arms, whole = read_by_two_arms
    text, windows, found = HumanText(ids, ["x"] * 40, ""), [], {}
    run = RunDirectory.open(tmp_path / "run", {"parameters": {}}, resume=False)
    for batches in (5, 4, 10**9, 0):  # in the first reading, in a later one, to the end, again
        with pytest.MonkeyPatch.context() as patch, KeptScores(run) as kept:
            asked = Asked(patch, batches)
            try:
                found = read(arms, reader, text, kept)
            except KeyboardInterrupt:
                assert batches in (5, 4)
        windows.append(asked.windows)
    assert found.keys() == whole.keys()
    for name, values in whole.items():
        np.testing.assert_array_equal(found[name], values)
    with pytest.MonkeyPatch.context() as patch:
        once = Asked(patch)
        read(arms, reader, text)
    # A batch that was on its way when the run stopped is asked for again.
    assert min(windows[:3]) > 0 and windows[3] == 0
    assert windows[2] <= once.windows - windows[0]


def test_a_reading_that_memory_does_not_hold_is_halved(folder, read_by_two_arms, monkeypatch):
    ids, arms, whole = read_by_two_arms
    few = {name: ids[name] for name in list(ids)[:6]}
    reader = Reader(load(folder), seed=5, devices=jax.devices()[:1])
    Asked(monkeypatch, most_tokens=reader.window)
    found = read(arms, reader, HumanText(few, ["x"] * 6, ""))
    for arm in arms:
        np.testing.assert_array_equal(found[f"{arm}/changed"], whole[f"{arm}/changed"][:6])
    Asked(monkeypatch, most_tokens=1)
    with pytest.raises(jax.errors.JaxRuntimeError, match="RESOURCE_EXHAUSTED"):
        read(arms, reader, HumanText(few, ["x"] * 6, ""))


def test_blocks_of_small_models_differ_by_the_edited_tokens_alone(reader):
    ids = reader.model.encode([words(0, 60), words(1, 30)])
    edited = [ids[0].copy(), ids[1].copy()]
    edited[0][GROUP + 1] = ids[0][0]
    told = [Document(name, reader.pieces.text(own)) for name, own in zip("ab", ids, strict=True)]
    texts = Texts({}, {}, train_tokenizer([corpus.Document(d.text, "") for d in told], 270), {})
    (human, scored), (other, _) = (grouped(texts, reader.pieces, own) for own in (ids, edited))
    groups = [-(-len(own) // GROUP) for own in ids]
    assert len(human) == len(other) == sum(groups) and not scored[:, 0].any()
    assert np.flatnonzero((human != other).any(axis=1)).tolist() == [1]
    joined = "".join(texts.written(human[: groups[0]]))
    assert joined == told[0].text and (human[:, 0] == 0).all()
    assert scored[:, 1:].any(axis=1).all() and (human[:, 1:][~scored[:, 1:]] == 0).all()


def test_moved_contexts_by_hand():
    """Four tokens behind a change, at logits of +.5, +3, -.5 and -.5 about the threshold."""
    line = np.log(0.99 / 0.01)
    log_p = lambda above: -np.log1p(np.exp(-(line + np.array(above))))  # noqa: E731
    pairs = {
        "document": np.zeros(6, int),
        "is_changed": np.array([0, 1, 0, 0, 0, 0], bool),
        "distance": np.array([0, 0, 1, 2, 3, 4]),
        "was_eligible": np.array([1, 1, 1, 1, 0, 0], bool),
        "before": log_p([2, 1, 0.5, 3, -0.5, -0.5]),
        "after": log_p([-9, -9, -0.1, 2.9, 0.3, -1.3]),  # the first two are not behind a change
    }
    found = moved(pairs, 0.99)
    assert (found.changed, found.left, found.entered) == (1, 1, 1)
    # Falls below the threshold: -.8 and .8. One of the two takes a room of .5, none one of 3.
    assert found.left_least == pytest.approx(0.5) and found.fall_below == pytest.approx(0.4)
    # Of log P the fall is .0202, room enough for P = .9994 of the one, not for the other's: no P
    # of at most 1 is so far above .99.
    assert found.left_most == pytest.approx(1.0)
    assert found.fall_above == pytest.approx(0.6) and found.fall_far == pytest.approx(0.1)
    assert found.entered_law == 0  # the one just above fell


def test_a_share_over_documents_has_the_mean_and_the_spread_of_a_ratio():
    part, whole = np.array([1.0, 0, 3]), np.array([10, 20, 30])
    values = linearised(part, whole)
    assert values.mean() == pytest.approx(4 / 60)
    residual = part - 4 / 60 * whole
    error = np.sqrt(3 / 2 * (residual**2).sum()) / 60
    assert values.std(ddof=1) / np.sqrt(3) == pytest.approx(error)


@pytest.fixture(scope="module")
def flags(folder, tmp_path_factory):
    rows = [{"text": words(i, 40), "domain": "xy"[i % 2]} for i in range(50)]
    place = tmp_path_factory.mktemp("texts") / "corpus.jsonl"
    place.write_text("\n".join(map(json.dumps, rows)))
    place = ["--corpus", str(place), "--tokens", "1100", "--seeds", "2", "--epochs", "1"]
    place += ["--vocabulary", "270"]
    return ["--prior", str(folder), *place, "--edit-above", str(ABOVE)]


@pytest.fixture(scope="module", autouse=True)
def quick(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.mktemp("cache")))
        patch.setattr(pretrained_arms, "REDRAWN", 4)
        patch.setattr(moved_contexts, "REPLICATES", 2048)
        for name in ("top-k 64", "top-p 0.9", "rejection"):
            patch.delitem(pretrained_arms.SAMPLERS, name)
        yield


@pytest.fixture(scope="module")
def finished(flags, tmp_path_factory):
    out = tmp_path_factory.mktemp("runs") / "run"
    assert command(*flags, "--out", str(out)) == 0
    return RunDirectory(out)


def test_the_run_has_every_arm_and_its_verdicts(finished):
    chains = finished.chains()
    arms = set(map(str, chains["regime"]))
    assert {"human", "anchored", "expected changes", "moved, chained full"} <= arms
    assert set(pretrained_arms.CHAINED) <= arms
    verdicts = {(v["claim"], v["parameters"]["process"]): v for v in finished.verdicts()}
    exact = verdicts["ref.edited_changed", "expected changes"]
    assert (exact["verdict"], exact["control"]) == ("holds", True)
    assert exact["observed"] == pytest.approx(exact["predicted"], rel=1e-3)
    assert ("ref.edited_left", "oracle, moved contexts") in verdicts
    for claim in ("zhu2025.edit_pretrain", "lm.edit_neither"):  # two seeds decide nothing
        assert verdicts[claim, "edited - unedited"]["verdict"] == "undecided"
    own = {
        str(chains["regime"][i]): chains["mean"][i]
        for i in np.flatnonzero(np.isin(chains["measure"], ("held_out_loss", "held-out loss")))
    }
    assert own["edited - unedited"] == pytest.approx(own["edited"] - own["unedited"]) != 0
    assert (finished.path / "figure.png").stat().st_size > 10_000


def test_a_second_run_asks_the_cache_alone(finished, flags, tmp_path, monkeypatch, capfd):
    monkeypatch.setattr(Reader, "edit", None)
    assert command(*flags, "--out", str(tmp_path / "again")) == 0
    told = capfd.readouterr().out
    for words_ in (
        "tokens in 10,000",
        "context moved",
        "just below the threshold",
        "Commonest tokens",
    ):
        assert words_ in told
    assert max(map(len, told.splitlines()[:-1])) <= 80 + len(str(tmp_path)) * 2
    again = RunDirectory(tmp_path / "again").chains()
    for name, column in finished.chains().items():
        np.testing.assert_array_equal(column, again[name])
    monkeypatch.undo()


def test_what_cannot_be_used_is_said_in_one_line(flags, monkeypatch, capfd, tmp_path):
    monkeypatch.setattr(smollm2, "find", lambda: None)
    assert command("--prior", "smollm2", "--out", str(tmp_path / "a")) == 2
    told = capfd.readouterr().err.strip()
    assert "--prior smollm2: its weights are not installed: run `collapse-sim model" in told
    assert "\n" not in told and "a small one is trained" in told
    assert command(*flags, "--edit-above", "1") == 2
    assert "--edit-above 1.0: accepted is (0, 1)" in capfd.readouterr().err
    assert command(*flags, "--seeds", "1") == 2
    assert "--seeds 1: accepted are 0 and integers >= 2" in capfd.readouterr().err
    assert command(*flags, "--vocabulary", "9000", "--out", str(tmp_path / "b")) == 2
    assert "vocabulary=9000: accepted are at most" in capfd.readouterr().err
    assert not (tmp_path / "b").exists()
    with pytest.raises(SystemExit):  # there are no stages
        command(*flags, "--stages", "pretrain")
    assert "stages" in " ".join(capfd.readouterr())
