"""Run directories with made-up numbers: what a figure must show is then known exactly."""

import math
from pathlib import Path
from typing import Any

import numpy as np

from collapse_sim.run_directory import CHAIN_COLUMNS, RunDirectory

BASE, ERROR = 0.25, 0.01
"""b, and every standard error."""

CORRECTED = 2 * math.e - 1
"""The bound of disjoint edits in units of b."""

EDITED = {
    "edit one": (0.5, 0.0, 0.0, 0.0),
    "edit halves": (0.5, 0.5, 0.0, 0.0),
    "edit disjoint": (0.25, 0.25, 0.25, 0.25),
    "edit random": (0.3,) * 4,
    "edit random anchored": (0.3,) * 4,
    "edit random additive": (0.3,) * 4,
    "edit fixed": (0.5,) * 4,
    "edit geometric": (0.5, 0.25, 0.12, 0.06),
    "edit confident": (0.93, 0.0, 0.0, 0.0),
    "edit nested": (0.68, 0.47, 0.32, 0.22),
    "edit free": (0.68, 0.5, 0.4, 0.3),
    "replace": (1.0,) * 4,
    "accumulate": (0.5, 0.67, 0.75, 0.8),
}
LEADING = ("edit confident", "edit nested")
DISJOINT = ("edit one", "edit halves", "edit disjoint")


def inflations(name: str, generations: int = 5) -> np.ndarray:
    """The simulated means in units of b: a different slope for every process."""
    slope = 0.1 * (1 + list(EDITED).index(name)) if name in EDITED else 0.05
    return 1 + slope * np.arange(generations)


def predictions(name: str, generations: int = 5) -> np.ndarray:
    """The closed forms in units of b, a little off."""
    return 1.01 * inflations(name, generations)


def make_run(
    path: Path,
    names=tuple(EDITED),
    *,
    dim: int = 2,
    samples: int = 20,
    generations: int = 5,
    design: str = "gaussian",
    labels: str | None = None,
) -> RunDirectory:
    """A finished run of these processes."""
    parameters = {
        "dim": 2,
        "samples": 20,
        "design": design,
        "labels": labels,
        "residual_threshold": 1.0,
        "once_residual_threshold": 1.82,
    }
    if design == "gaussian":
        parameters |= {"dim": dim, "samples": samples}
    config = {"experiment": "linear_bound", "parameters": parameters, "base_error": BASE}
    config |= {"dim": dim, "samples": samples}
    run = RunDirectory.open(path, config, resume=False)
    run.write_chains([row for name in names for row in _rows(name, generations, labels)])
    run.write_verdicts([_verdict(name, dim, samples, design) for name in names])
    run.clear_checkpoints()
    return run


def _rows(name: str, generations: int, labels: str | None) -> list[tuple]:
    regime, mask, variant = (*name.split(), "", "")[:3]
    if regime == "edit":
        variant = variant or "chained"
    edited = np.resize([0.0, *EDITED.get(name, (0.3,) * 4)], generations)
    edited[5:] = edited[4] if generations > 4 else 0
    shift = 0 if labels is None else 1
    mean = BASE * (inflations(name, generations) - shift)
    predicted = BASE * (predictions(name, generations) - shift * 1.01)
    kind = "" if mask == "free" else "leading" if name in LEADING else "exact"
    common: dict[str, Any] = {
        "family": "",
        "regime": regime,
        "mask": mask,
        "variant": variant,
        "replicates": 100,
        "standard_error": ERROR,
        "predicted_kind": kind,
    }
    rows = []
    # The measure with the heavy tail has other means here, so that a mix-up is seen.
    for measure, off in (("test_error", 1.3), ("scale_averaged_error", 1.0)):
        for n in range(generations):
            row = common | {
                "measure": measure,
                "generation": n + 1,
                "mean": off * mean[n],
                "edited_fraction": float(edited[n]),
                "predicted": float(predicted[n]) if kind else float("nan"),
            }
            rows.append(tuple(row.get(column, 0.0) for column in CHAIN_COLUMNS))
    return rows


def _verdict(name: str, dim: int, samples: int, design: str) -> dict[str, Any]:
    counts = [round(samples * share) for share in EDITED.get(name, (0.3,) * 4)]
    so_far = [sum(counts[:n]) for n in range(len(counts) + 1)]
    disjoint = name in DISJOINT and design == "gaussian"
    return {
        "claim": "zhu2025.eq16",
        "parameters": {
            "process": name,
            "dim": dim,
            "samples": samples,
            "rows_edited_so_far": so_far,
        },
        "verdict": "holds" if disjoint else "assumption not met",
    }
