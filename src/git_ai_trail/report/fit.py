"""Makes a report fit where little room is left: the longest lists are cut first, the sentences stay, and what was cut is said."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

from git_ai_trail.errors import TrailError
from git_ai_trail.report.document import Report, Section

# From what a reader misses least to what they miss most.
_ORDER = ("actions", "prompts", "areas", "commits", "unmatched", "redactions", "tokens", "agents")
_KEEP = (100, 30, 10, 0)
_LAST = ("headline", "method")


def fitted(report: Report, limit: int, render: Callable[[Report], str]) -> str:
    """The report in at most `limit` characters, as short as it must be and no shorter.

    Raises `TrailError` where not even the first sentences fit.
    """
    for shorter in _shorter(report):
        text = render(shorter)
        if size(text) <= limit:
            return text
    raise TrailError(
        f"there is no room for the report: {limit:,} characters are left", "remove something, or publish it elsewhere"
    )


def size(text: str) -> int:
    """The length as programs count it that hold text in UTF-16: never less than the number of characters."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def _shorter(report: Report) -> Iterator[Report]:
    yield report
    sections = {section.id: section for section in report.sections}
    for name in (*_ORDER, *(other for other in sections if other not in (*_ORDER, *_LAST))):
        for keep in _KEEP if name in sections else ():
            if _length(sections[name]) > keep:
                sections[name] = _cut(sections[name], keep)
                yield replace(report, sections=tuple(sections.values()))
    for last in (_LAST, _LAST[:1]):
        yield replace(report, sections=tuple(one for one in sections.values() if one.id in last))
    first = next((one for one in sections.values() if one.id == _LAST[0]), None)
    yield replace(report, sections=(replace(first, lead=first.lead[:1]),) if first else ())


def _length(section: Section) -> int:
    return max(len(section.table.rows) if section.table else 0, len(section.items))


def _cut(section: Section, keep: int) -> Section:
    table = section.table
    if table is not None and len(table.rows) > keep:
        gone = len(table.rows) - keep
        section = replace(section, table=replace(table, rows=table.rows[:keep], omitted=table.omitted + gone))
    if len(section.items) > keep:
        gone = len(section.items) - keep
        section = replace(section, items=section.items[:keep], omitted=section.omitted + gone)
    return section
