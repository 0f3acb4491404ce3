"""What all runs of transformer_collapse.py share."""

import re

import jax
import numpy as np
import pytest

from collapse_sim.language.programs import make_mesh
from experiments.transformer import processes
from paper_figs import style


@pytest.fixture(scope="session")
def corpus(tmp_path_factory) -> str:
    """40 documents of few words, in which a sentence goes on as it begins."""
    rng = np.random.default_rng(0)
    words = "data model loss text token human edit pass grows stays under with from every".split()
    sentences = [[str(word) for word in rng.choice(words, 7)] for _ in range(30)]
    documents = [
        ". ".join(" ".join(sentences[i]) for i in rng.integers(0, 30, 12)) for _ in range(40)
    ]
    path = tmp_path_factory.mktemp("corpus") / "few.txt"
    path.write_text("\n\n\n".join(documents))
    return str(path)


def on_two_devices(patch: pytest.MonkeyPatch) -> None:
    """One for each seed: eight make it slower to compile and to save."""
    meshed = lambda seeds, *_, **__: make_mesh(seeds, jax.devices()[:2])  # noqa: E731
    patch.setattr(processes, "make_mesh", meshed)


@pytest.fixture(scope="module")
def two_devices():
    with pytest.MonkeyPatch.context() as patch:
        on_two_devices(patch)
        yield


@pytest.fixture
def without_progress():
    """What a command said on standard error in a pipe, less the line for each process."""

    def rest(said: str) -> str:
        lines = said.splitlines(keepends=True)
        return "".join(line for line in lines if not re.match(r"\d+ of \d+: ", line))

    return rest


@pytest.fixture
def without_files_of_the_figure(monkeypatch):
    """It is drawn, and not written: runs that are compared with one whose figure was."""
    monkeypatch.setattr(style, "save", lambda *_: None)
