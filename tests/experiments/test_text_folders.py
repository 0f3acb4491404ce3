"""A folder of one document a file, in every script that reads text."""

import json
from dataclasses import replace
from pathlib import Path

import jax
import numpy as np
import pytest

from collapse_sim.language.programs import make_mesh
from experiments import curse_of_recursion, synthetic_fraction, token_editing, transformer_collapse
from experiments.editing import settings as editing
from experiments.editing.corpora import make_corpora
from experiments.fraction import settings as fraction
from experiments.fraction.files import read_files
from experiments.recursion import categorical
from experiments.recursion.families import make_processes
from experiments.recursion.settings import Settings as DistributionSettings
from experiments.study import study
from experiments.study.texts import make_texts
from experiments.transformer import processes
from experiments.transformer import settings as language
from experiments.transformer.world import make_world

WORDS = "data model loss text token human edit pass grows stays under with from every".split()
SIZES = {"vocabulary": 270, "context": 16, "tokens": 1600, "seeds": 2}


def text(seed: int) -> str:
    return " ".join(str(word) for word in np.random.default_rng(seed).choice(WORDS, 80))


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    """Forty documents in two folders and nothing beside them but what no one reads."""
    folder = tmp_path_factory.mktemp("texts") / "texts"
    for number in range(40):
        place = folder / ("news" if number % 2 else "law")
        place.mkdir(parents=True, exist_ok=True)
        (place / f"{number}.{'TXT' if number % 3 else 'md'}").write_text(text(number))
    (folder / "scan.pdf").write_bytes(b"%PDF")
    (folder / ".DS_Store").write_bytes(b"\xff")
    return folder


@pytest.fixture(scope="module")
def pairs(tmp_path_factory) -> Path:
    """Pairs, one a file."""
    folder = tmp_path_factory.mktemp("pairs") / "pairs"
    folder.mkdir()
    for number in range(40):
        pair = {"prompt": f"{number}:", "response": f"answer {number}"}
        (folder / f"{number}.jsonl").write_text(json.dumps(pair))
    return folder


NOTE = "texts: 40 files (.txt, .md), 40 documents, {:,} characters; left out: 1 file (.pdf)"


@pytest.fixture(scope="module")
def note(folder) -> str:
    return NOTE.format(sum(len(text(number)) for number in range(40)))


def test_of_transformer_collapse(folder, note):
    world = make_world(replace(language.PRESETS["tiny"], corpus=str(folder), **SIZES))
    assert sorted(world.text.held_out) == ["law", "news"]
    assert world.text.train.size == 1600
    assert world.note == f"--corpus {note}"


def test_of_synthetic_fraction(folder, note):
    settings = replace(fraction.PRESETS["tiny"], corpus=str(folder), **SIZES)
    texts = make_texts(settings, ("student", "generator", "judge"))
    assert sorted(texts.held_out) == ["law", "news"] and texts.notes == (f"--corpus {note}",)
    assert min(text.blocks.size for text in texts.roles.values()) > 1000


def test_of_two_texts(folder, note):
    settings = replace(fraction.DEFAULT, human=str(folder), synthetic=str(folder / "news"), **SIZES)
    files = read_files(settings)
    assert len(files.human.blocks) == len(files.synthetic.blocks) > 50
    first, second = files.texts.notes
    assert first == f"--human {note}" and second.startswith("--synthetic news: 20 files (.txt,")


def test_of_token_editing(folder, pairs, note):
    settings = replace(
        editing.PRESETS["tiny"], corpus=str(folder), pairs=str(pairs), first_domain="law",
        second_domain="news", prior_tokens=3200, **(SIZES | {"context": 32}),
    )  # fmt: skip
    corpora = make_corpora(settings)
    assert sorted(corpora.domains) == sorted(corpora.texts.held_out) == ["law", "news"]
    assert corpora.pairs is not None and len(corpora.pairs.held_out.pairs) >= 2
    assert {pair.domain for pair in corpora.pairs.train.pairs} == {"pairs"}
    characters = sum(len(f"{n}:answer {n}") for n in range(40))
    assert corpora.notes == (
        f"--corpus {note}",
        f"--pairs pairs: 40 files (.jsonl), 40 pairs, {characters} characters",
    )


def test_of_curse_of_recursion(folder, note, monkeypatch):
    """The law is that of the words of all documents; they are read once."""
    counts = np.unique(" ".join(text(n) for n in range(40)).split(), return_counts=True)[1]
    settings = DistributionSettings(family="categorical", corpus=str(folder))
    read, reads = categorical.read_corpus, []
    monkeypatch.setattr(categorical, "read_corpus", lambda s: reads.append(s) or read(s))
    processes, sources, said = make_processes(settings)
    assert said == f"--corpus {note}" and len(sources["digest"]) == 64
    assert reads == [str(folder)]
    words = next(process for process in processes if process.variant == "words")
    expected = np.sort(counts / counts.sum())[::-1]
    np.testing.assert_allclose(np.asarray(words.simulation.learner.probabilities), expected)


@pytest.mark.parametrize(
    ("script", "flags"),
    [
        (transformer_collapse, ["--corpus", "{folder}"]),
        (synthetic_fraction, ["--corpus", "{folder}"]),
        (synthetic_fraction, ["--analyse", "--human", "{folder}", "--synthetic", "{folder}/law"]),
        (token_editing, ["--corpus", "{folder}", "--stages", "pretrain"]),
    ],
)
def test_what_was_read_is_said(script, flags, folder, note, tmp_path, monkeypatch, capfd):
    """Before anything is trained; here a rate that ends it at once."""
    mesh = make_mesh(2, jax.devices()[:2])
    monkeypatch.setattr(study, "make_mesh", lambda seeds, **_: mesh)
    monkeypatch.setattr(processes, "make_mesh", lambda seeds, *_, **__: mesh)
    flags = [flag.format(folder=folder) for flag in flags]
    sizes = ["--vocabulary", "270", "--context", "16", "--tokens", "1600", "--size", "0.1m"]
    if script is token_editing:
        sizes += ["--prior-tokens", "3200", "--prior-size", "0.1m"]
    flags = ["--preset", "tiny", *sizes, "--peak-rate", "1e30", *flags]
    out = ["--out", str(tmp_path / "run")]
    assert script.command([*flags, *out], configure=lambda settings: None) == 2
    shown = capfd.readouterr()
    assert shown.out.splitlines()[0].endswith(note) and "loss is" in shown.err


def test_what_was_read_is_said_by_curse_of_recursion(folder, note, tmp_path, capfd):
    flags = ["--family", "categorical", "--corpus", str(folder), "--regimes", "human_only"]
    sizes = ["--samples", "50", "--generations", "2", "--replicates", "64"]
    out = ["--out", str(tmp_path / "run")]
    assert curse_of_recursion.command([*flags, *sizes, *out], configure=lambda settings: None) == 0
    assert capfd.readouterr().out.splitlines()[0] == f"--corpus {note}"
