"""Finds which lines of a block are new, and groups them into runs."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence

Runs = tuple[tuple[str, ...], ...]
Line = str | int

# Blocks that repeat the same lines endlessly are compared by their rarer lines only.
_MAX_PAIRS = 200_000
_RARE = 8


def split_lines(text: str) -> list[str]:
    """Lines as git counts them, each without LF and without the CR of a CRLF."""
    lines = text.split("\n")
    if lines[-1] == "":
        lines.pop()
    return [line.removesuffix("\r") for line in lines] if "\r" in text else lines


def new_lines(old: Sequence[Line], new: Sequence[Line]) -> list[bool]:
    """For each line of `new` (or its digest), whether it is not part of the longest sequence that it shares with `old`."""
    start = 0
    while start < len(old) and start < len(new) and old[start] == new[start]:
        start += 1
    end = 0
    while end < min(len(old), len(new)) - start and old[-1 - end] == new[-1 - end]:
        end += 1
    fresh = [False] * len(new)
    middle_old, middle_new = old[start : len(old) - end], new[start : len(new) - end]
    kept = _shared(middle_old, middle_new)
    for index in range(len(middle_new)):
        fresh[start + index] = index not in kept
    return fresh


def _shared(old: Sequence[Line], new: Sequence[Line]) -> set[int]:
    """Indexes in `new` of a longest common subsequence (Hunt and Szymanski's way: few equal pairs, little work)."""
    places: dict[Line, list[int]] = {}
    for index, line in enumerate(old):
        places.setdefault(line, []).append(index)
    if sum(len(places.get(line, ())) for line in new) > _MAX_PAIRS:
        places = {line: where for line, where in places.items() if len(where) <= _RARE}
    ends: list[int] = []  # smallest place in `old` at which a common sequence of this length can end
    links: list[tuple[int, int]] = []  # (index in new, previous link)
    tops: list[int] = []
    for index, line in enumerate(new):
        for place in reversed(places.get(line, ())):
            at = bisect_left(ends, place)
            links.append((index, tops[at - 1] if at else -1))
            if at == len(ends):
                ends.append(place)
                tops.append(len(links) - 1)
            else:
                ends[at] = place
                tops[at] = len(links) - 1
    kept: set[int] = set()
    link = tops[-1] if tops else -1
    while link >= 0:
        index, link = links[link]
        kept.add(index)
    return kept


def runs_of(lines: Sequence[str], chosen: Sequence[bool]) -> Runs:
    """The chosen lines, those next to each other in one run."""
    runs: list[tuple[str, ...]] = []
    run: list[str] = []
    for line, take in zip(lines, chosen, strict=True):
        if take:
            run.append(line)
        elif run:
            runs.append(tuple(run))
            run = []
    if run:
        runs.append(tuple(run))
    return tuple(runs)
