"""Tables for a terminal: no lines, figures to the right, and one column that gives way where it is narrow."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Literal

from rich.cells import cell_len
from rich.console import Console
from rich.table import Table
from rich.text import Text


def drawn(
    columns: Sequence[str],
    rows: Sequence[Sequence[str]],
    *,
    figures: Collection[str],
    gives_way: str,
    color: bool,
    width: int,
    first: str = "",
) -> str:
    """The table, each line without spaces at its end; `figures` are the columns aligned to the right, `first` is the colour of
    the first one. Cells are clean."""
    table = Table(box=None, pad_edge=False, header_style="bold" if color else "")
    for name, least in zip(columns, widths(columns, rows, gives_way), strict=True):
        justify: Literal["right", "left"] = "right" if name in figures else "left"
        table.add_column(name, justify=justify, no_wrap=True, overflow="ellipsis", min_width=least)
    for head, *rest in rows:
        table.add_row(Text(head, style=first if color else ""), *map(Text, rest))
    console = Console(width=width, force_terminal=color, color_system="standard" if color else None, highlight=False)
    with console.capture() as captured:
        console.print(table)
    return "\n".join(line.rstrip() for line in captured.get().splitlines()) + "\n"


def widths(columns: Sequence[str], rows: Sequence[Sequence[str]], gives_way: str) -> list[int]:
    """How wide each column must be: only one gives way where the terminal is narrow."""
    return [
        8 if name == gives_way else max(cell_len(row[at]) for row in (columns, *rows))
        for at, name in enumerate(columns)
    ]
