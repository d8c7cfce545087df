"""The geometry of charts: shares in per cent of a width, so that a template only has to draw them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from git_ai_trail.report.document import Cell, CommitFact, Lines, Table
from git_ai_trail.report.sums import counted


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    """Generated and edited lines as parts of a bar of 100, beside the rest; `width` is the bar's own share of the longest."""

    generated: float
    edited: float
    rest: float
    width: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """Commits of one stretch of time. Heights are in per cent of the highest."""

    first_day: str
    last_day: str
    commits: int
    with_evidence: int
    height: float
    evidence_height: float


def bar(row: Mapping[str, Cell], longest: int = 0) -> Bar:
    """The bar of a row with `generated`, `edited` and `added`."""
    generated, edited, added = (int(row.get(name) or 0) for name in ("generated", "edited", "added"))
    whole = max(added, generated + edited, 1)
    parts = round(100 * generated / whole, 2), round(100 * edited / whole, 2)
    width = 100.0 if longest <= 0 else round(max(2.0, 100 * added / longest), 2)
    return Bar(generated=parts[0], edited=parts[1], rest=round(100 - sum(parts), 2), width=width)


def total(lines: Lines) -> Bar:
    """The bar of all lines of a report."""
    return bar({"generated": lines.generated, "edited": lines.edited, "added": lines.added})


def bars(table: Table) -> list[tuple[Mapping[str, Cell], Bar]]:
    """Each row with its bar, all on one scale."""
    longest = max((int(row.get("added") or 0) for row in table.rows), default=0)
    return [(row, bar(row, longest)) for row in table.rows]


def timeline(commits: Iterable[CommitFact], spans: int = 24) -> list[Span]:
    """Commits over time, from the first to the last, in at most `spans` stretches of equal length; empty for fewer than 2."""
    ours = counted(commits)
    if len(ours) < 2:
        return []
    times = [one.committed_at.timestamp() for one in ours]
    first, last = min(times), max(times)
    number = max(1, min(spans, len(ours)))
    step = (last - first) / number or 1.0
    groups: list[list[CommitFact]] = [[] for _ in range(number)]
    for one, at in zip(ours, times, strict=True):
        groups[min(number - 1, int((at - first) / step))].append(one)
    most = max(len(group) for group in groups)
    return [_span(group, most) for group in groups]


def _span(group: list[CommitFact], most: int) -> Span:
    found = sum(1 for one in group if one.evidence)
    days = sorted(one.committed_at.strftime("%Y-%m-%d") for one in group)
    return Span(
        first_day=days[0] if days else "",
        last_day=days[-1] if days else "",
        commits=len(group),
        with_evidence=found,
        height=round(100 * len(group) / most, 2),
        evidence_height=round(100 * found / most, 2),
    )
