"""Small runs of transformer_collapse.py, and what they leave."""

from pathlib import Path

import numpy as np

from collapse_sim.run_directory import RunDirectory
from experiments import transformer_collapse

REGIMES = (
    "human_only", "replace", "keep_human", "accumulate", "subsample", "edit", "edit_anchored",
    "edit_share",
)  # fmt: skip
TINY = [
    *("--preset", "tiny", "--vocabulary", "270", "--context", "16", "--tokens", "1600"),
    *("--batch", "16", "--epochs", "1", "--peak-rate", "0.003", "--size", "0.1m"),
    *("--edit-above", "None"),
]
"""Fits of 6 steps, in which nothing is learnt that a verdict could rest on."""


def command(*arguments: str) -> int:
    """The command's exit status, in this process (whose devices are already chosen)."""
    return transformer_collapse.command(list(arguments), configure=lambda settings: None)


def values(
    folder: Path, regime: str, measure: str, variant: str = "", mask: str = "confident"
) -> np.ndarray:
    """Means over seeds by generation."""
    chains = RunDirectory(folder).chains()
    wanted = (chains["regime"] == regime) & (chains["measure"] == measure)
    wanted &= chains["variant"] == variant
    wanted &= (chains["mask"] == mask) | (chains["mask"] == "")
    order = np.argsort(chains["generation"][wanted])
    return chains["mean"][wanted][order]


def refused(folder: Path, capfd, *arguments: str, out: str = "") -> str:
    """What is said of arguments that nothing can be done with, after `out`."""
    assert command(*arguments, "--out", str(folder)) == 2
    shown = capfd.readouterr()
    assert shown.out == out and shown.err.count("\n") == 1
    assert shown.err.startswith("transformer_collapse.py: error: ")
    return shown.err
