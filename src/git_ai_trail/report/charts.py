"""The geometry of charts, in per cent of the drawing, so that a template only has to draw them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date

from git_ai_trail.report.document import Cell, CommitFact, Lines, Table
from git_ai_trail.report.sums import counted

# So many bars can still be told apart on a telephone, so many dates can be read below them.
_MOST_SPANS = 40
_MOST_TICKS = 5
# The part of a span's width that its bar takes.
_FILLED = 0.76


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    """Generated and edited lines as parts of a bar, with the rest; all in per cent of the drawing, from the left.

    `edited_at` and `rest_at` are where those parts begin. A bar that shares a scale with others ends before 100.
    """

    generated: float
    edited: float
    rest: float
    edited_at: float
    rest_at: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """Commits of one stretch of time: a bar from `top` down, within it from `evidence_top` those with evidence."""

    day: str
    commits: int
    with_evidence: int
    x: float
    width: float
    top: float
    height: float
    evidence_top: float
    evidence_height: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Tick:
    """A date below the chart; `anchor` says which end of the text stands at `x`."""

    label: str
    x: float
    anchor: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Timeline:
    """Commits over time. Every span is one `unit` of the calendar; `most` is the number that the highest bar stands for."""

    unit: str
    most: int
    first_day: str
    last_day: str
    spans: tuple[Span, ...]
    ticks: tuple[Tick, ...]


def bar(row: Mapping[str, Cell], longest: int = 0) -> Bar:
    """The bar of a row with `generated`, `edited` and `added`; `longest` is what 100 per cent stand for, by default its own length."""
    generated, edited, added = (max(0, int(row.get(name) or 0)) for name in ("generated", "edited", "added"))
    own = max(added, generated + edited)
    whole = max(longest, own, 1)
    ends = [round(100 * part / whole, 2) for part in (generated, generated + edited, own)]
    return Bar(
        generated=ends[0],
        edited=round(ends[1] - ends[0], 2),
        rest=round(ends[2] - ends[1], 2),
        edited_at=ends[0],
        rest_at=ends[1],
    )


def total(lines: Lines) -> Bar:
    """The bar of all lines of a report."""
    return bar({"generated": lines.generated, "edited": lines.edited, "added": lines.added})


def bars(table: Table) -> list[tuple[Mapping[str, Cell], Bar]]:
    """Each row with its bar, all on one scale."""
    longest = max((_length(row) for row in table.rows), default=0)
    return [(row, bar(row, longest)) for row in table.rows]


def _length(row: Mapping[str, Cell]) -> int:
    return max(int(row.get("added") or 0), int(row.get("generated") or 0) + int(row.get("edited") or 0))


def timeline(commits: Iterable[CommitFact]) -> Timeline | None:
    """Commits by day, week, month, quarter or year, whichever gives a chart that can be read; None where there is one bar only."""
    ours = [(one.committed_at.date(), bool(one.evidence)) for one in counted(commits)]
    if not ours:
        return None
    first, last = min(ours)[0], max(ours)[0]
    unit, place, start = next(one for one in _units(first, last) if one[1](last) - one[1](first) < _MOST_SPANS)
    keys = range(place(first), place(last) + 1)
    if len(keys) < 2:
        return None
    every, found = Counter(place(day) for day, _ in ours), Counter(place(day) for day, evidence in ours if evidence)
    most = max(every.values())
    step = 100 / len(keys)
    spans = tuple(_span(start(key), (n * step, step), (every[key], found[key], most)) for n, key in enumerate(keys))
    return Timeline(
        unit=unit, most=most, first_day=first.isoformat(), last_day=last.isoformat(), spans=spans, ticks=_ticks(spans)
    )


# A unit's name, a day's number in it, and the first day of a number.
_Unit = tuple[str, Callable[[date], int], Callable[[int], date]]


def _units(first: date, last: date) -> Iterable[_Unit]:
    """From fine to coarse; the last fits whatever dates the commits claim to have."""
    yield "day", date.toordinal, date.fromordinal
    # The first day of the calendar was a Monday.
    yield "week", lambda day: (day.toordinal() - 1) // 7, lambda key: date.fromordinal(key * 7 + 1)
    for name, months in (("month", 1), ("quarter", 3), ("year", 12)):
        yield _months(name, months)
    years = -(-(last.year - first.year + 1) // (_MOST_SPANS - 1))
    yield _months(f"{years} years", 12 * years)


def _months(name: str, size: int) -> _Unit:
    def start(key: int) -> date:
        # The calendar begins with the year 1; a stretch of years may begin before it.
        year, month = divmod(key * size, 12)
        return date(max(1, year), month + 1, 1)

    return name, lambda day: (day.year * 12 + day.month - 1) // size, start


def _span(day: date, place: tuple[float, float], number: tuple[int, int, int]) -> Span:
    x, step = place
    commits, found, most = number
    height, evidence = 100 * commits / most, 100 * found / most
    return Span(
        day=day.isoformat(),
        commits=commits,
        with_evidence=found,
        x=round(x + step * (1 - _FILLED) / 2, 2),
        width=round(step * _FILLED, 2),
        top=round(100 - height, 2),
        height=round(height, 2),
        evidence_top=round(100 - evidence, 2),
        evidence_height=round(evidence, 2),
    )


def _ticks(spans: tuple[Span, ...]) -> tuple[Tick, ...]:
    """The first and the last span's day and some between, evenly."""
    number = min(_MOST_TICKS, len(spans))
    chosen = sorted({round(n * (len(spans) - 1) / (number - 1)) for n in range(number)})
    return tuple(_tick(spans[n], "start" if n == 0 else "end" if n == len(spans) - 1 else "middle") for n in chosen)


def _tick(span: Span, anchor: str) -> Tick:
    at = {"start": 0.0, "middle": span.width / 2, "end": span.width}[anchor]
    return Tick(label=span.day, x=round(span.x + at, 2), anchor=anchor)
