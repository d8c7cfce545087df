"""Where in the tree the lines are: folders, the largest cut finer until one can see something."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

from git_ai_trail.report.document import Cell, Column, FileFact, Report, Section, Table
from git_ai_trail.report.sums import counted

ID = "areas"
MODES = ("summary", "prompts", "actions")

_COLUMNS = (
    Column(id="area", title="Area", kind="path"),
    Column(id="files", title="Files", kind="count"),
    Column(id="commits", title="Commits", kind="count"),
    Column(id="lines", title="Lines with evidence", kind="lines"),
)
_TOP = "(top level)"
_ROWS = 12
_DEPTH = 4

# A commit's place in the list, with one of its files.
_Touch = tuple[int, FileFact]


def build(report: Report) -> Section | None:
    touches = [(n, file) for n, one in enumerate(counted(report.commits)) for file in one.files if file.added]
    if not report.totals.with_evidence or not touches:
        return None
    rows = [_row(area, mine) for area, mine in _areas(touches).items()]
    rows.sort(
        key=lambda row: (
            -int(row["generated"] or 0) - int(row["edited"] or 0),
            -int(row["added"] or 0),
            str(row["area"]),
        )
    )
    return Section(
        id=ID,
        title="By area of the tree",
        table=Table(columns=_COLUMNS, rows=tuple(rows[:_ROWS]), omitted=max(0, len(rows) - _ROWS)),
        folded=True,
    )


def _areas(touches: list[_Touch]) -> dict[str, list[_Touch]]:
    """Touches by folder. A folder that holds most of the lines is cut into what is below it."""
    areas = _cut(touches, "")
    whole = _added(touches)
    for _ in range(_DEPTH):
        largest = max(areas, key=lambda area: _added(areas[area]))
        parts = _cut(areas[largest], largest) if largest.endswith("/") else {}
        if _added(areas[largest]) * 2 <= whole or len(areas) - 1 + len(parts) > _ROWS or not parts:
            break
        del areas[largest]
        areas |= parts
    return areas


def _cut(touches: Iterable[_Touch], folder: str) -> dict[str, list[_Touch]]:
    areas: defaultdict[str, list[_Touch]] = defaultdict(list)
    known: dict[str, str] = {}  # many commits touch one file
    for touch in touches:
        path = touch[1].path
        area = known.get(path)
        if area is None:
            first, slash, _ = path[len(folder) :].partition("/")
            area = known[path] = f"{folder}{first}/" if slash else folder.rstrip("/") + "/*" if folder else _TOP
        areas[area].append(touch)
    return dict(areas)


def _added(touches: Iterable[_Touch]) -> int:
    return sum(file.added for _, file in touches)


def _row(area: str, touches: list[_Touch]) -> dict[str, Cell]:
    return {
        "area": area,
        "files": len({file.path for _, file in touches}),
        "commits": len({number for number, _ in touches}),
        "generated": sum(file.generated for _, file in touches),
        "edited": sum(file.edited for _, file in touches),
        "added": _added(touches),
    }
