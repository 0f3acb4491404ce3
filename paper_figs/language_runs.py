"""The arms of a run of experiments/transformer_collapse.py, in plain words and as lines.

Every line joins means over seeds (under a frozen prior, over replicates); bars reach two standard
errors to each side. Verdicts do not rest on them: they ask whether the seeds agree.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from collapse_sim.run_directory import RunDirectory
from paper_figs import style
from paper_figs.chains import Curve, read_curves
from paper_figs.curves import draw_points, scale_generations
from paper_figs.differences import Difference

MADE_UP = ("oracle", "published")
"""Corpora that are languages made up, whose law is known."""

FROZEN = "frozen_edit"
"""Regime of edits under a prior that is never fitted: no arm of the run."""

HUMAN = style.MARKS["human_only"].colour

ASIDE, MARGIN = 0.01, 0.05
"""Shares of the width of the axes: between the points of two arms, and beside the outer ones."""


def read_trends(run: RunDirectory, measure: str) -> list[Curve]:
    """One measure of every arm that has it, generation by generation, in the run's order."""
    return [curve for curve in read_curves(run, measure) if curve.regime != FROZEN]


def read_frozen(run: RunDirectory, measure: str) -> list[Curve]:
    """The same of the published edits under a frozen prior; generation 1 is the human text."""
    found = [curve for curve in read_curves(run, measure) if curve.regime == FROZEN]
    return [curve for curve in found if np.isfinite(curve.predicted).all()]


WORSE = "Full resampling minus the arm, at the end"
"""Title of `read_worse`."""

BARS = "nats per token (bars: all seeds)"
"""Its unit."""


def read_worse(run: RunDirectory, curves: Sequence[Curve]) -> list[Difference]:
    """Losses of full resampling less the losses of each arm, seed by seed, from the verdicts."""
    arms = {f"replace less {_in_verdicts(curve)}": curve for curve in curves}
    found = []
    for verdict in run.verdicts():
        curve = arms.get(verdict["parameters"]["process"])
        if verdict["claim"] == "lm.replace_worst" and curve is not None:
            value, (low, high) = verdict["observed"], verdict["interval"]
            found.append(Difference(arm_name(curve, run), value, low, high, curve.mark))
    return found


def _in_verdicts(curve: Curve) -> str:
    """The name of an arm in the verdicts."""
    return curve.name.replace("edit confident", "edit").replace("_", " ")


def first_text(run: RunDirectory) -> str:
    """Text that the first generation is trained on."""
    return f"{'source' if is_oracle(run) else 'human'} text"


def arm_name(curve: Curve, run: RunDirectory) -> str:
    """Name of an arm in few words."""
    kept, first = 100 * run.config()["parameters"]["human_share"], first_text(run)
    share = 100 * run.config()["parameters"]["edit_share"]
    names = {
        "human_only": f"{first} only",
        "replace": "full resampling",
        "keep_human": f"keep {kept:.3g} % {first.split()[0]}",
        "accumulate": "accumulate",
        "subsample": "subsample",
        "edit confident": "edits, chained",
        "edit confident anchored": "edits, anchored",
        "edit confident frozen": "edits, frozen",
        "edit blind": "blind edits",
        "edit blind frozen": "blind edits, frozen",
        "edit share": f"edits of {share:.3g} %",
    }
    return names.get(curve.name, curve.name.replace("_", " "))


def run_name(run: RunDirectory) -> str:
    """Seeds, the size of the model and of its text, and how much an edit changes."""
    parameters = run.config()["parameters"]
    corpus = parameters["corpus"]
    words = [
        f"{parameters['seeds']} seeds",
        Path(parameters["base"]).stem
        if parameters.get("base")
        else f"{_size(parameters)} parameters",
        f"{_short(parameters['tokens'])} {first_text(run).split()[0]} tokens",
    ]
    if corpus not in ("python", *MADE_UP):
        words[-1] += f" ({Path(corpus.removeprefix('hf:')).name})"
    changed = [curve.mean[1:] for curve in read_trends(run, "changed")]
    if changed:
        shares = [f"{100 * share:.2g}" for share in (np.min(changed), np.max(changed))]
        words.append(f"an edit changes {' – '.join(dict.fromkeys(shares))} % of tokens")
    return ", ".join(words)


def draw_trends(
    ax: Axes, curves: Sequence[Curve], title: str, run: RunDirectory
) -> list[style.End]:
    """Lines through the means, dashed where the first model writes; points with bars."""
    last = max(int(curve.generation[-1]) for curve in curves)
    for place, curve in enumerate(curves):
        # The first model is that of every arm; later points stand side by side, so that no
        # bar hides another.
        aside = (place - (len(curves) - 1) / 2) * min(ASIDE * (last - 1), 0.3 / len(curves))
        x, mean = curve.generation + aside * (curve.generation > 1), curve.mean
        written = "--" if curve.variant == "frozen" else "-"
        ax.plot(x, mean, written, color=curve.mark.colour, linewidth=0.9, zorder=2)
        draw_points(ax, x, mean, 2 * curve.error, curve.mark)
    scale_generations(ax, last)
    ax.set_xlim(1 - MARGIN * (last - 1), last + MARGIN * (last - 1))
    ax.set_title(title)
    ax.set_xlabel(f"generation (1: {first_text(run)})")
    return trend_ends(curves, run)


def draw_against_human(
    ax: Axes, curves: Sequence[Curve], title: str, run: RunDirectory
) -> list[style.End]:
    """Draw a share of the training text, with human text as a level. `human_only` never leaves
    this level, so that it has no line of its own."""
    level = float(curves[0].mean[0])
    moving = [curve for curve in curves if curve.regime != "human_only"]
    ax.axhline(level, **style.LEVEL)
    draw_trends(ax, moving or curves[:1], title, run)
    low, high = ax.get_ylim()
    if low < high / 2:  # from 0 on, unless that left most of the panel empty
        ax.set_ylim(bottom=0)
    style.percent_axis(ax.yaxis)
    return [style.End(first_text(run), level, HUMAN), *trend_ends(moving, run)]


def trend_ends(curves: Sequence[Curve], run: RunDirectory) -> list[style.End]:
    """The names of the arms, where their lines end."""
    return [
        curve.end(arm_name(curve, run), curve.generation[-1])
        for curve in curves
        if np.isfinite(curve.mean[-1])
    ]


def key_of(curves: Sequence[Curve]) -> list[style.Handle]:
    """The key of points and, where the first model writes in some arm, of its dashed lines."""
    handles: list[style.Handle] = [style.key_point("mean ± 2 standard errors")]
    if any(curve.variant == "frozen" for curve in curves):
        look = {"color": style.NEUTRAL, "linewidth": 0.9, "linestyle": "--"}
        handles.append(Line2D([], [], label="the first model writes (frozen)", **look))
    return handles


def is_oracle(run: RunDirectory) -> bool:
    return run.config()["parameters"]["corpus"] in MADE_UP


def _size(parameters: dict[str, Any]) -> str:
    """Size of the model, or the first and the last of a ladder."""
    sizes = parameters.get("sizes") or [parameters["size"]]
    return " – ".join(dict.fromkeys((sizes[0].upper(), sizes[-1].upper())))


def _short(count: int) -> str:
    for unit, letter in ((10**9, "B"), (10**6, "M"), (10**3, "k")):
        if count >= unit:
            return f"{count / unit:.3g}{letter}"
    return str(count)
