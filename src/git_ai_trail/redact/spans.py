"""Unites overlapping spans: everything any of them covers goes, under the label of the one that ranks first."""

from __future__ import annotations

from collections.abc import Iterable

from git_ai_trail.redact.detector import Span


def unite(text: str, spans: Iterable[Span], kept: list[tuple[int, int]]) -> list[Span]:
    """Disjoint spans in order that cover what `spans` cover, without the places in `kept` (our own tags)."""
    united: list[Span] = []
    group: list[Span] = []
    end = -1
    for span in sorted(spans, key=lambda span: (span.start, -span.end)):
        if group and span.start >= end:
            united.append(_one(text, group, end))
            group = []
        group.append(span)
        end = max(end, span.end) if len(group) > 1 else span.end
    if group:
        united.append(_one(text, group, end))
    return _without(united, kept) if kept else united


def _one(text: str, group: list[Span], end: int) -> Span:
    first = min(group, key=lambda span: (span.rank, span.start, span.start - span.end))
    start = group[0].start
    if (first.start, first.end) != (start, end):
        # More goes than the label's own detector meant: its particular replacement would no longer be true.
        return first._replace(start=start, end=end, replacement=None, subject="")
    if first.replacement and any(_shows(text, span, first) for span in group):
        return first._replace(replacement=None)
    return first


def _shows(text: str, span: Span, first: Span) -> bool:
    """Whether a replacement made from groups of the match would show what another detector wants gone."""
    inner = text[span.start : span.end]
    return span is not first and len(inner) >= 3 and inner in (first.replacement or "")


def _without(spans: list[Span], kept: list[tuple[int, int]]) -> list[Span]:
    left: list[Span] = []
    for span in spans:
        start = span.start
        for begin, end in kept:
            if end <= start or begin >= span.end:
                continue
            if begin > start:
                left.append(span._replace(start=start, end=begin, replacement=None, subject=""))
            start = end
        if start < span.end:
            whole = start == span.start
            left.append(span if whole else span._replace(start=start, replacement=None, subject=""))
    return left
