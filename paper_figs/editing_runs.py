"""A run of experiments/token_editing.py as figures read it."""

from collapse_sim.run_directory import RunDirectory
from paper_figs import style
from paper_figs.chains import Curve, read_curves

HERE = style.MARKS["edit confident"]
ANCHORED = style.MARKS["edit confident anchored"]
TEMPERED = style.Mark(style.ORANGE, "o")


def read_arm(run: RunDirectory, arm: str, measure: str) -> Curve:
    """One measure of an arm of the tables, by pass."""
    (found,) = (curve for curve in read_curves(run, measure, family="") if curve.regime == arm)
    return found


def run_name(run: RunDirectory) -> str:
    """Seeds, the prior and the rule."""
    parameters = run.config()["parameters"]
    return (
        f"{parameters['seeds']} seeds, prior of {parameters['prior_size'].upper()} parameters, "
        f"edits where P ≥ {parameters['edit_above']:g}"
    )
