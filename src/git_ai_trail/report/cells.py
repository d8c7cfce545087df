"""The cells of a table in words: figures with separators, money, oids short, nothing known as a dash."""

from __future__ import annotations

from collections.abc import Mapping

from git_ai_trail.report.document import Cell, Column, Table

UNKNOWN = "–"
_RIGHT = ("count", "money", "lines")


def is_right(column: Column) -> bool:
    """Whether the column is set flush right."""
    return column.kind in _RIGHT


def shown(column: Column, row: Mapping[str, Cell]) -> str:
    """A cell as plain text."""
    value = row.get(column.id)
    if column.kind == "lines":
        return lines(row)
    if value is None:
        return UNKNOWN
    if column.kind == "count":
        return f"{int(value):,}"
    if column.kind == "money":
        return money(float(value))
    if column.kind == "commit":
        return str(value)[:7]
    return str(value)


def lines(row: Mapping[str, Cell]) -> str:
    """`57 + 5 of 70`: generated, edited, added."""
    generated, edited, added = (int(row.get(name) or 0) for name in ("generated", "edited", "added"))
    return f"{generated:,} + {edited:,} of {added:,}" if edited else f"{generated:,} of {added:,}"


def money(value: float) -> str:
    """US dollars; what is less than a cent is shown as such."""
    return f"${value:,.2f}" if value >= 0.005 or value == 0 else "<$0.01"


def title(column: Column) -> str:
    """A column's heading; that of lines says what the figures are."""
    return f"{column.title} (generated + edited of added)" if column.kind == "lines" else column.title


def aligned(table: Table, width: int) -> list[str]:
    """The table for a terminal: columns padded, texts cut so that a row fits into `width` where it can."""
    heads = [title(column) if column.kind != "lines" else column.title for column in table.columns]
    rows = [[shown(column, dict(row)) for column in table.columns] for row in table.rows]
    widths = [max([len(head), *(len(row[n]) for row in rows)]) for n, head in enumerate(heads)]
    texts = [n for n, column in enumerate(table.columns) if column.kind in ("text", "path")]
    room = width - sum(widths[n] for n in range(len(widths)) if n not in texts) - 2 * (len(widths) - 1)
    # The narrow ones take what they need, the others share what is left.
    for done, n in enumerate(sorted(texts, key=lambda n: widths[n])):
        widths[n] = min(widths[n], max(12, room // (len(texts) - done)))
        room -= widths[n]
    return [_line(cells, widths, table.columns) for cells in (heads, ["-" * size for size in widths], *rows)]


def _line(cells: list[str], widths: list[int], columns: tuple[Column, ...]) -> str:
    cut = [cell if len(cell) <= size else cell[: size - 1] + "…" for cell, size in zip(cells, widths, strict=True)]
    padded = [
        f"{cell:>{size}}" if is_right(column) else f"{cell:<{size}}"
        for cell, size, column in zip(cut, widths, columns, strict=True)
    ]
    return "  ".join(padded).rstrip()
