"""Tables of reports: no lines, and columns a space apart."""

from collections.abc import Sequence
from typing import Any

from rich.table import Table


def plain_table(
    title: str = "",
    words: Sequence[str] = (),
    numbers: Sequence[str] = (),
    *,
    gap: int = 1,
    **options: Any,
) -> Table:
    """Table without lines, `gap` spaces between its columns; the title stands to the left.

    Columns of `words` come first, then those of `numbers`, which stand to the right; cells of both
    are never broken. The caller adds columns of another kind. `options` are those of rich's Table.
    """
    table = Table(title=title, title_justify="left", box=None, padding=(0, gap, 0, 0), **options)
    for name in words:
        table.add_column(name, no_wrap=True)
    for name in numbers:
        table.add_column(name, justify="right", no_wrap=True)
    return table
