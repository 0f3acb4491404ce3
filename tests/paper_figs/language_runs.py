"""Language runs with made-up numbers: what a figure must show is then known exactly."""

from pathlib import Path
from typing import Any

import numpy as np

from collapse_sim.run_directory import CHAIN_COLUMNS, RunDirectory
from theory.language.token_rule import top_mass

SEEDS, ERROR = 4, 0.01
"""Seeds, and the standard error of every mean, in units of the measure's first mean."""

CHANGED = {"edit": 0.034, "edit_anchored": 0.041, "edit_frozen": 0.03}

PRIOR_TOP = 0.992

SLOPES = {
    "human_only": 0.0, "replace": 0.3, "keep_human": 0.2, "accumulate": 0.05, "subsample": 0.09,
    "edit": 0.07, "edit_anchored": 0.02,
}  # fmt: skip
PUBLISHED_SLOPES = SLOPES | {"edit_frozen": 0.04}
"""With the arms of the published language."""

REGIMES = ("human_only", "replace", "keep_human", "accumulate", "edit", "edit_anchored")

LEVELS = {
    "held_out_loss": 3.0, "tail_mass": 0.04, "kl": 0.2, "oracle_tail_mass": 0.03,
    "sure_share": 0.125,
}  # fmt: skip
"""The first generation's means."""

DECILES = np.array([0.45, 0.12, 0.07, 0.05, 0.04, 0.035, 0.035, 0.03, 0.05, 0.12])
"""A U-shape, as of the paper's figure 4."""


def means(measure: str, regime: str, generations: int = 4) -> np.ndarray:
    """A different slope for every arm, in the scale of the measure."""
    return LEVELS[measure] * (1 + PUBLISHED_SLOPES[regime] * np.arange(generations) ** 0.8)


def deciles(regime: str, generation: int) -> np.ndarray:
    """Shares that move from the last decile to the first."""
    moved = 0.5 * PUBLISHED_SLOPES[regime] * (generation - 1) ** 0.5 * DECILES[1:]
    return DECILES + np.array([moved.sum(), *-moved])


def blocks(regime: str, generation: int) -> np.ndarray:
    """Shares by perplexity; all of them move to the right, so far as the arm's slope says."""
    centre = 5 + 10 * PUBLISHED_SLOPES[regime] * (generation - 1) / 3
    weights = np.exp(-((np.arange(11) - centre) ** 2))
    return weights / weights.sum()


def make_language_run(
    path: Path,
    regimes=REGIMES,
    *,
    generations: int = 4,
    corpus: str = "python",
    shape: np.ndarray = DECILES,
    frozen: int = 0,
    base: str | None = None,
) -> RunDirectory:
    """A finished run of these arms; `frozen` passes under a frozen prior, if any; of models that
    begin with `base`."""
    parameters = {
        "corpus": corpus, "seeds": SEEDS, "size": "0.1m", "tokens": 100_000, "human_share": 0.1,
        "edit_share": 0.125,
        "regimes": list(regimes), "generations": generations, "base": base,
    }  # fmt: skip
    config = {"experiment": "transformer_collapse", "parameters": parameters}
    run = RunDirectory.open(path, config, resume=False)
    rows = []
    for regime in regimes:
        measured = ["held_out_loss", "tail_mass"]
        measured += ["kl", "oracle_tail_mass"] if corpus in ("oracle", "published") else []
        measured += ["sure_share"] if corpus == "published" else []
        for measure in measured:
            for n, mean in enumerate(means(measure, regime, generations), start=1):
                rows.append(_row(regime, measure, n, mean, ERROR * LEVELS[measure]))
        for n in range(1, generations + 1):
            for decile, share in enumerate(deciles(regime, n) + shape - DECILES):
                rows.append(_row(regime, f"probability/{decile}", n, share, 0.0))
            for place, share in enumerate(blocks(regime, n) if base else []):
                rows.append(_row(regime, f"block_perplexity/bin{place:02d}", n, share, 0.0))
            if regime in CHANGED:
                rows.append(_row(regime, "changed", n, CHANGED[regime] * (n > 1), 0.0))
    for n in range(1, frozen + 2 if frozen else 0):
        exact = top_mass(prior_top=PRIOR_TOP, passes=n - 1)
        rows.append(_row("frozen_edit", "top_mass", n, exact + 0.001, ERROR / 20, exact))
    run.write_chains(rows)
    run.write_verdicts([])
    run.clear_checkpoints()
    return run


def _row(
    regime: str, measure: str, generation: int, mean: float, error: float, predicted: float = np.nan
) -> tuple:
    edit, frozen = regime.startswith("edit"), regime == "frozen_edit"
    named = (writer for writer in ("anchored", "frozen") if regime.endswith(f"_{writer}"))
    variant = next(named, "chained")
    row: dict[str, Any] = {
        "family": "",
        "regime": "edit" if edit else regime,
        "mask": "confident" if edit else "frozen" if frozen else "",
        "variant": variant if edit or frozen else "",
        "measure": measure,
        "generation": generation,
        "replicates": SEEDS,
        "mean": float(mean),
        "standard_error": float(error),
        "edited_fraction": 0.125 if edit else float("nan"),
        "predicted": float(predicted),
        "predicted_kind": "exact" if frozen else "",
    }
    return tuple(row.get(column, 0.0) for column in CHAIN_COLUMNS)
