"""Panels of a figure, as wide as a text or as one of its columns, and the key of their lines."""

import textwrap
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from paper_figs import style

WIDTHS = {"text": style.PAGE, "column": style.COLUMN}
"""Widths of figures by name, inches."""

HEAD = 0.5
"""Height for the key above the panels, inches."""

AROUND, EACH_LABEL = 0.75, 0.125
"""Height of a panel's title and x axis, and of a label beside it, inches."""

LETTERS = 18
"""Letters of a note to an inch of width."""


DrawPanel = Callable[[Axes], Sequence[style.End] | None]
"""Draws on axes, and returns the names of lines that are to stand beside them."""


@dataclass(frozen=True, eq=False)
class Panels:
    """Panels in rows, and the cell that the last row leaves over, where the key stands then."""

    figure: Figure
    axes: list[Axes]
    spare: tuple[float, float] | None
    """Its middle, as shares of the figure's width and height."""
    key_width: float
    """Inches that the key may take."""

    def draw_key(self, handles: Sequence[style.Handle], note: str = "") -> None:
        """Draw the key of all panels below a note on the run."""
        title = textwrap.fill(note, int(LETTERS * self.key_width))
        look: dict[str, Any] = {"handles": handles, "title": title, "alignment": "left"}
        if self.spare is not None:
            self.figure.legend(loc="center", bbox_to_anchor=self.spare, **look)
        else:
            across = 4 if self.key_width > style.COLUMN else 2
            ncols = max(1, min(len(handles), across))
            self.figure.legend(loc="outside upper left", ncols=ncols, columnspacing=1.5, **look)

    def draw(self, panels: Sequence[DrawPanel]) -> dict[Axes, Sequence[style.End]]:
        """Draw a panel by each function; the names of its lines by panel, for `finish`."""
        return {ax: draw(ax) or () for ax, draw in zip(self.axes, panels, strict=True)}

    def finish(
        self,
        handles: Sequence[style.Handle],
        note: str = "",
        ends: Mapping[Axes, Sequence[style.End]] | None = None,
    ) -> Figure:
        """The figure with its key and, beside panels, the names of their lines; laid out."""
        self.draw_key(handles, note)
        labels = {ax: style.label_ends(ax, names) for ax, names in (ends or {}).items()}
        style.settle(self.figure)
        for ax, of_ax in labels.items():
            style.spread_ends(ax, of_ax)
        return self.figure


def new_panels(
    count: int,
    *,
    width: float = style.PAGE,
    height: float = 2.0,
    labels: int = 0,
    across: int = 2,
    sharex: bool = False,
    sharey: bool = False,
) -> Panels:
    """New panels, at most `across` side by side and half as many in a column, inside
    `style.context()`.

    A row is at least `height` inches high, and high enough for that many labels at line ends.
    """
    most = across if width > style.COLUMN else max(1, across // 2)
    rows = -(-count // most)
    columns = -(-count // rows)  # as even as rows can be
    height = max(height, AROUND + EACH_LABEL * labels)
    figure = style.new_figure(width, HEAD + height * rows)
    grid = figure.subplots(rows, columns, squeeze=False, sharex=sharex, sharey=sharey)
    axes, empty = list(grid.flat[:count]), list(grid.flat[count:])
    if not empty:
        return Panels(figure, axes, None, width)
    for ax in empty:
        ax.remove()
    for ax in axes[-columns:]:
        ax.tick_params(labelbottom=True)  # the last of its column, where x axes are shared
    share = len(empty) / columns
    return Panels(figure, axes, (1 - share / 2, 0.5 / rows), width * share)
