"""A run of experiments/token_editing.py as figures read it."""

from pathlib import Path

import numpy as np
from matplotlib.container import ErrorbarContainer

from collapse_sim.run_directory import RunDirectory
from paper_figs import style
from paper_figs.chains import Curve, read_curves

HERE = style.MARKS["edit confident"]
ANCHORED = style.MARKS["edit confident anchored"]
TEMPERED = style.MARKS["edit tempered"]


def read_arm(run: RunDirectory, arm: str, measure: str) -> Curve:
    """One measure of an arm of the tables, by pass."""
    (found,) = (curve for curve in read_curves(run, measure, family="") if curve.regime == arm)
    return found


def is_pretrained(run: RunDirectory) -> bool:
    """Tell whether the prior was pretrained; then documents are the replicates."""
    return run.config()["parameters"].get("prior", "small") != "small"


def reach(run: RunDirectory, curve: Curve) -> np.ndarray:
    """Bars: the range of the seeds, or 95 % intervals over documents."""
    if is_pretrained(run):
        return np.stack([np.minimum(curve.half_width, curve.mean), curve.half_width])
    return curve.reach


def run_name(run: RunDirectory) -> str:
    """Seeds or tokens, the prior and the rule."""
    parameters = run.config()["parameters"]
    rule = f"edits where P\u00a0≥\u00a0{parameters['edit_above']:g}"  # in one line
    if is_pretrained(run):
        data = run.config()["data"]
        return (
            f"{data['tokens']:,} tokens of {data['documents']} documents, prior "
            f"{Path(parameters['prior']).name}, {rule}"
        )
    prior = parameters["prior_size"].upper()
    return f"{parameters['seeds']} seeds, prior of {prior} parameters, {rule}"


def key_point(run: RunDirectory) -> ErrorbarContainer:
    """The key of points and bars."""
    bars = "95 % of documents" if is_pretrained(run) else "range of the seeds"
    return style.key_point(f"mean, {bars}")
