"""Two files, one by people and one by a model, compared under a judge that read neither."""

import json
import re
from dataclasses import replace

import jax
import numpy as np
import pytest

from collapse_sim.language.checkpoints import Checkpoints
from collapse_sim.language.fitting import token_progress
from collapse_sim.language.programs import make_mesh
from collapse_sim.run_directory import RunDirectory
from experiments.fraction import similarity
from experiments.fraction.files import compare_files, read_files
from experiments.fraction.settings import DEFAULT
from experiments.study import study

TINY = replace(
    DEFAULT, seeds=2, size="0.1m", vocabulary=270, context=16, tokens=1600, batch=16, epochs=4.0,
    analyse=True,
)  # fmt: skip


@pytest.fixture(autouse=True)
def quickly(monkeypatch):
    """A device for each seed, few tables and no t-SNE."""
    mesh = make_mesh(2, jax.devices()[:2])
    monkeypatch.setattr(study, "make_mesh", lambda seeds, **_: mesh)
    monkeypatch.setattr(similarity, "TABLES", 20)
    monkeypatch.setattr(similarity, "KINDS", ("pca",))


def sentences(seed: int, count: int, words: str = "data model loss text human edit") -> list[str]:
    """Documents of few words in which each word is followed by the same one three times in four."""
    random, texts = np.random.default_rng(seed), []
    for _ in range(count):
        place, own = 0, words.split()
        chosen = []
        for _ in range(40):
            step = 1 if random.random() < 0.75 else random.integers(len(own))
            place = (place + step) % len(own)
            chosen.append(own[place])
        texts.append(" ".join(chosen))
    return texts


def write_lines(path, texts: list[str], domains: list[str] | None = None) -> str:
    rows = [{"text": text} for text in texts]
    for row, domain in zip(rows, domains or [], strict=domains is not None):
        row["domain"] = domain
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return str(path)


@pytest.fixture
def files(tmp_path):
    """Human text, and the same words in any order."""
    human = sentences(0, 40)
    shuffled = [" ".join(np.random.default_rng(1).permutation(text.split())) for text in human]
    (tmp_path / "human.txt").write_text("\n\n\n".join(human))
    synthetic = write_lines(tmp_path / "synthetic.jsonl", shuffled)
    return replace(TINY, human=str(tmp_path / "human.txt"), synthetic=synthetic)


def compare(settings, path, *, resume: bool = False):
    run = RunDirectory.open(path, {"parameters": settings.parameters()}, resume=resume)
    with token_progress(0) as bar:
        return compare_files(settings, read_files(settings), run, bar)


def test_a_judge_is_surprised_by_words_in_another_order(files, tmp_path, monkeypatch):
    found = compare(files, tmp_path / "run")
    assert found.tokens == 1600 and found.documents == 100
    assert found.coverage_by_judge.shape == (2, 2)
    assert 0 < found.coverage_by_judge.min() and found.coverage_by_judge.max() <= 1
    assert not np.array_equal(*found.coverage_by_judge)  # the judges of two seeds differ
    human, synthetic = found.perplexity.quantiles
    assert synthetic[3] > 1.1 * human[3] > 3  # more than its logarithm
    assert {bigram.words for bigram in found.bigrams["human"][:6]} == {
        "data model", "model loss", "loss text", "text human", "human edit", "edit data",
    }  # fmt: skip
    monkeypatch.setattr(Checkpoints, "save", None)  # nothing is left to fit
    assert compare(files, tmp_path / "run", resume=True).to_json() == found.to_json()


def test_what_is_compared_is_not_what_the_judge_reads(tmp_path):
    """Forty documents, each of its own word."""
    texts = [f"n{number:02d} " * 30 for number in range(40)]
    path = write_lines(tmp_path / "same.jsonl", texts)
    read = read_files(replace(TINY, human=path, synthetic=path, tokens=8000))
    judge, human, synthetic = (
        set(re.findall(r"n\d\d", "|".join(read.texts.written(blocks))))
        for blocks in (read.texts.roles["judge"].blocks, read.human.blocks, read.synthetic.blocks)
    )
    assert len(judge) >= 15 and len(human) >= 15 and len(synthetic) >= 30
    assert not judge & human
    for text in (read.human, read.synthetic):
        words = [re.match(r"n\d\d", block) for block in read.texts.written(text.blocks)]
        begun = {(w[0], d) for w, d in zip(words, text.documents, strict=True) if w}
        assert len(begun) == len({w for w, _ in begun}) == len({d for _, d in begun}) >= 5
    assert len({source["digest"] for source in read.texts.sources.values()}) == 3
    assert read.human.blocks.shape == read.synthetic.blocks.shape


def test_repetitions_are_kept_of_synthetic_text_alone(files, tmp_path):
    """The judge of a text written twice reads as much; what a model repeats is its fault."""
    human, synthetic = sentences(0, 40), sentences(1, 8)
    twice = write_lines(tmp_path / "h.jsonl", human * 2)
    again = replace(files, human=twice, synthetic=write_lines(tmp_path / "s.jsonl", synthetic * 9))
    once, more = read_files(files).texts, read_files(again)
    np.testing.assert_array_equal(more.texts.roles["judge"].blocks, once.roles["judge"].blocks)
    assert more.synthetic.blocks.shape == more.human.blocks.shape == (100, 16)


def test_only_common_domains_are_compared_with_as_many_blocks_of_each(tmp_path):
    """Of three domains the human text has the first two, the synthetic one the last two."""
    texts = [sentences(seed, 12, words) for seed, words in enumerate(("a b c", "d e f", "g h i"))]
    texts[2] = texts[2][:4]
    names = ["first"] * 12 + ["second"] * 12 + ["third"] * 4
    human = write_lines(tmp_path / "h.jsonl", texts[0] + texts[1], names[:24])
    more = write_lines(tmp_path / "s.jsonl", texts[1][:2] + texts[2], names[12:14] + names[24:])
    settings = replace(TINY, human=human, synthetic=more, vocabulary=260)
    read = read_files(settings)
    for text in (read.human, read.synthetic, read.texts.roles["judge"]):
        assert set("".join(read.texts.written(text.blocks))) == set("def ")
    assert read.human.blocks.shape == read.synthetic.blocks.shape
    mixed = texts[0][:2] + texts[1][:6]
    both = write_lines(tmp_path / "b.jsonl", mixed, ["first"] * 2 + ["second"] * 6)
    read = read_files(replace(settings, synthetic=both))
    human, synthetic = (
        ["a" in block for block in read.texts.written(text.blocks)]
        for text in (read.human, read.synthetic)
    )
    assert human == synthetic and 0.15 < np.mean(human) < 0.35
    assert 0.15 < np.mean(human[: len(human) // 2]) < 0.35  # spread evenly


@pytest.mark.parametrize("domains", [None, ["other"] * 8])
def test_text_without_domains_is_compared_with_all(domains, tmp_path):
    human = write_lines(tmp_path / "h.jsonl", sentences(0, 8))
    synthetic = write_lines(tmp_path / "s.jsonl", sentences(1, 8), domains)
    read = read_files(replace(TINY, human=human, synthetic=synthetic))
    assert len(read.human.blocks) == len(read.synthetic.blocks) > 20


@pytest.mark.parametrize(
    ("human", "synthetic", "message"),
    [
        ("a.jsonl", "b.jsonl", r"b.jsonl: has the domains law, web: accepted are some of those of "
         "--human, code, news$"),
        ("a.jsonl", "empty.txt", "--synthetic .*empty.txt: empty: accepted are sources that hold"),
        ("missing.txt", "b.jsonl", "--human .*missing.txt: no such file"),
        ("one.txt", "b.jsonl", "--human .*one.txt: has one document: accepted are at least two"),
        ("a.jsonl", "short.txt", "blocks of 16 tokens in common: accepted are at least 4"),
        ("a.jsonl", None, "--synthetic: missing"),
    ],
)  # fmt: skip
def test_files_that_cannot_be_compared(human, synthetic, message, tmp_path):
    texts = sentences(0, 8)
    write_lines(tmp_path / "a.jsonl", texts, ["news", "code"] * 4)
    write_lines(tmp_path / "b.jsonl", texts, ["web", "law"] * 4)
    (tmp_path / "empty.txt").write_text(" \n")
    (tmp_path / "one.txt").write_text(texts[0])
    (tmp_path / "short.txt").write_text("data model loss text")
    names = {"human": human, "synthetic": synthetic}
    paths = {key: name and str(tmp_path / name) for key, name in names.items()}
    with pytest.raises(ValueError, match=message) as refused:
        read_files(replace(TINY, **paths))
    assert len(str(refused.value).splitlines()) == 1
