"""Pictures of an autoencoder trained on its own, by generation, and how far their codes spread.

Every generation decodes the same codes; the seed is the run's first. Below: the spread of the codes
under an encoder trained once on human pictures, the classes seen and the distance from human
pictures, over all seeds. Needs a run with the vae family.
"""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from collapse_sim.run_directory import RunDirectory
from paper_figs import style
from paper_figs.chains import families, measures
from paper_figs.curves import key_of
from paper_figs.panels import Panels
from paper_figs.recursion_runs import REGIMES, Panel

FAMILY, PREFIX = "vae", "pictures/"
MOST_SHOWN = 6
"""Generations in a row of pictures."""

WIDE = 4
"""Pictures of a generation side by side."""

STRIP = 0.95
"""Height of a row of pictures on a page, inches."""


def from_zero(ax: Axes) -> None:
    ax.set_ylim(bottom=0)


PANELS = {
    panel.measure: panel
    for panel in (
        Panel("code_spread", "Spread of codes (human: 1)", scale=style.log_inflation_axis),
        Panel("class_entropy", "Entropy of classes, nats", scale=from_zero),
        Panel("energy_distance", "Energy distance from human pictures", scale=from_zero),
    )
}


def can_draw(run: RunDirectory) -> bool:
    return FAMILY in families(run) and any(name.startswith(PREFIX) for name in run.arrays())


@style.context()
def draw(run: RunDirectory, width: float = style.PAGE) -> Figure:
    arrays = run.arrays()
    arms = {n.removeprefix(PREFIX): arrays[n] for n in arrays if n.startswith(PREFIX)}
    shape = tuple(run.config()["data"]["shape"])
    shown = [measure for measure in PANELS if measure in measures(run, FAMILY)]
    columns = len(shown) if width > style.COLUMN else 1
    strip, rows = STRIP * width / style.PAGE, len(shown) // columns
    figure = style.new_figure(width, strip * len(arms) + 2.1 * rows)
    heights = [strip] * len(arms) + [1.9] * rows
    grid = figure.add_gridspec(len(arms) + rows, columns, height_ratios=heights)
    for row, (name, pictures) in enumerate(arms.items()):
        ax = figure.add_subplot(grid[row, :])
        is_last = row == len(arms) - 1
        draw_strip(ax, pictures.reshape(*pictures.shape[:2], *shape), is_last=is_last)
        ax.set_title(_name(run, name))
    places = [divmod(place, columns) for place in range(len(shown))]
    below = [figure.add_subplot(grid[len(arms) + row, column]) for row, column in places]
    ends = {ax: PANELS[name](ax, run, FAMILY) for ax, name in zip(below, shown, strict=True)}
    if columns > 1:  # side by side, the last panel names the lines of all
        ends = {below[-1]: ends[below[-1]]}
    return Panels(figure, below, None, width).finish(key_of(below), ends=ends)


def draw_strip(ax: Axes, pictures: np.ndarray, *, is_last: bool) -> None:
    """Some pictures of every generation that is shown, from left to right."""
    count = len(pictures)
    chosen = np.unique(np.linspace(0, count - 1, min(count, MOST_SHOWN)).round().astype(int))
    # The scale of generation 1, so that pictures that fade are seen to fade.
    low, high = np.quantile(pictures[0], (0.02, 0.98))
    scaled = np.clip((pictures[chosen] - low) / (high - low if high > low else 1), 0, 1)
    tiles = [mosaic(own) for own in scaled]
    gap = np.full((tiles[0].shape[0], max(pictures.shape[3] // 2, 1), *tiles[0].shape[2:]), np.nan)
    parts = [part for tile in tiles for part in (tile, gap)][:-1]
    ax.imshow(np.concatenate(parts, axis=1), cmap="gray_r", vmin=0, vmax=1, aspect="equal")
    ax.set_axis_off()
    step = tiles[0].shape[1] + gap.shape[1]
    for place, generation in enumerate(chosen):
        if is_last:
            text = f"generation {generation + 1}" if place == 0 else str(generation + 1)
            look = {"ha": "center", "va": "top", "fontsize": style.SMALL, "color": style.NEUTRAL}
            ax.text(place * step + tiles[0].shape[1] / 2, tiles[0].shape[0], text, **look)


def mosaic(pictures: np.ndarray) -> np.ndarray:
    """Pictures (count, height, width, ...) in rows of WIDE, a pixel apart; the rest is left out."""
    count = max(len(pictures) // WIDE, 1) * WIDE
    border = [(0, 0), (0, 1), (0, 1)] + [(0, 0)] * (pictures.ndim - 3)
    padded = np.pad(pictures[:count], border, constant_values=np.nan)
    rows = padded.reshape(-1, min(WIDE, len(padded)), *padded.shape[1:])
    return np.concatenate([np.concatenate(list(row), axis=1) for row in rows], axis=0)


def _name(run: RunDirectory, regime: str) -> str:
    kept = 100 * run.config()["parameters"]["human_share"]
    return REGIMES.get(regime, f"keep {kept:.3g} % human" if regime == "keep_human" else regime)
