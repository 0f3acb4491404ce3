"""What is drawn on axes: coordinates and words."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from matplotlib.legend import Legend
from matplotlib.patches import Rectangle

from paper_figs import style


def key_of(figure: Figure) -> Legend:
    """The key, above the panels or in a cell of its own."""
    (key,) = figure.legends
    return key


def points(ax: Axes) -> dict[str, tuple[np.ndarray, np.ndarray, np.ndarray]]:
    """x, y and half-widths of all error bars, by colour and marker; the key's have no points."""
    found = {}
    for container in ax.containers:
        line, _, (bars,) = container.lines
        x, y = line.get_data()
        if len(x):
            ends = np.array([segment[:, 1] for segment in bars.get_segments()])
            found[line.get_color() + line.get_marker()] = (x, y, (ends[:, 1] - ends[:, 0]) / 2)
    return found


def curve_of(ax: Axes, colour: str, style_of_line: str = "-") -> np.ndarray:
    """y of the line of a colour and style."""
    (found,) = [
        line
        for line in ax.lines
        if (line.get_color(), line.get_linestyle()) == (colour, style_of_line)
    ]
    return np.asarray(found.get_ydata())


def levels(ax: Axes) -> list[float]:
    """Heights of the horizontal lines across the axes, from below."""
    return sorted(
        float(line.get_ydata()[0])
        for line in ax.lines
        if line.get_transform() == ax.get_yaxis_transform(which="grid")
    )


def forbidden(ax: Axes) -> list[tuple[float, float]]:
    """From where to where the axes are grey."""
    patches = [patch for patch in ax.patches if isinstance(patch, Rectangle)]
    spans = [p for p in patches if p.get_facecolor()[:3] == to_rgb(style.FORBIDDEN["color"])]
    return [(span.get_y(), span.get_y() + span.get_height()) for span in spans]


def words(ax: Axes) -> list[str]:
    return [text.get_text() for text in ax.texts]
