"""Tables for a terminal: no lines, figures to the right, and one column that gives way where it is narrow."""

from __future__ import annotations

from collections.abc import Collection, Sequence

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
) -> str:
    """The table, each line without spaces at its end; `figures` are the columns aligned to the right. Cells are clean."""
    table = Table(box=None, pad_edge=False, header_style="bold" if color else "")
    for at, name in enumerate(columns):
        widest = 8 if name == gives_way else max(cell_len(row[at]) for row in (columns, *rows))
        justify = "right" if name in figures else "left"
        table.add_column(
            name,
            justify=justify,  # type: ignore[arg-type]  # one of the words it takes
            no_wrap=True,
            overflow="ellipsis",
            min_width=widest,
        )
    for row in rows:
        table.add_row(*map(Text, row))
    console = Console(width=width, force_terminal=color, color_system="standard" if color else None, highlight=False)
    with console.capture() as captured:
        console.print(table)
    return "\n".join(line.rstrip() for line in captured.get().splitlines()) + "\n"
