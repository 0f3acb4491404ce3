"""The notebook is the script it is made from, and runs from the first cell to the last."""

import os
from pathlib import Path

import jupytext
import nbclient
import pytest

from tests.experiments.language_runs import TINY

EXPERIMENTS = Path(__file__).parents[2] / "experiments"

FEW = (
    *("--dim", "2", "--samples", "20", "--generations", "3", "--replicates", "1000"),
    *("--no-limits", "--regimes", "replace", "edit", "--masks", "halves"),
)
"""Each program of the notebook once, in small."""


def sources(notebook) -> list[tuple[str, str]]:
    return [(cell.cell_type, cell.source) for cell in notebook.cells]


def test_the_notebook_is_made_from_the_script():
    made = jupytext.read(EXPERIMENTS / "colab.py")
    stored = jupytext.read(EXPERIMENTS / "colab.ipynb")
    assert sources(made) == sources(stored), "jupytext --to ipynb experiments/colab.py"


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # of the notebook's own machinery
def test_it_runs_in_a_fresh_kernel(corpus, tmp_path, monkeypatch):
    monkeypatch.setenv("COLLAPSE_SIM_LINEAR", " ".join(FEW))
    few = (*TINY, "--corpus", corpus, "--regimes", "replace")
    monkeypatch.setenv("COLLAPSE_SIM_LANGUAGE", " ".join(few))
    monkeypatch.setenv("COLLAPSE_SIM_RUNS", str(tmp_path))
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(EXPERIMENTS.parent)]))
    notebook = jupytext.read(EXPERIMENTS / "colab.ipynb")
    metadata = {"metadata": {"path": str(EXPERIMENTS)}}
    nbclient.NotebookClient(
        notebook, timeout=300, kernel_name="python3", resources=metadata
    ).execute()
    for name in ("linear", "language"):
        assert (tmp_path / name / "figure.png").stat().st_size > 10_000
        assert (tmp_path / name / "verdicts.json").is_file()
    shown = [output for cell in notebook.cells for output in cell.get("outputs", [])]
    assert sum("image/png" in output.get("data", {}) for output in shown) == 3
