"""Who owns each added line of a file: the latest edit that wrote it. Hot path, pure.

A line alone proves little, so short lines and punctuation are only credited where they stand beside lines that prove
something, in the order in which the edit wrote them.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from git_ai_trail.facts import SIGNIFICANT, TRIVIAL, AddedLines, KnownEdit


class Owner(NamedTuple):
    """Who wrote a line. `exact` is False where only white space differs from what the edit wrote."""

    log: int
    turn: int
    exact: bool
    edit: int


def own_lines(lines: AddedLines, edits: Sequence[KnownEdit]) -> list[Owner | None]:
    """The owner of each added line, given the edits to the file (any order); None where none wrote it."""
    owners: list[Owner | None] = [None] * len(lines.exact)
    latest_first = sorted(edits, key=lambda edit: (edit.at is None, -(edit.at or 0.0), -edit.edit))
    taken = [[False] * len(edit.exact) for edit in latest_first]
    for exact in (True, False):
        for edit, used in zip(latest_first, taken, strict=True):
            if edit.exact and None in owners:
                _claim(lines, edit, owners, used, exact=exact)
    return owners


def _claim(lines: AddedLines, edit: KnownEdit, owners: list[Owner | None], taken: list[bool], *, exact: bool) -> None:
    ours = lines.exact if exact else lines.loose
    theirs = edit.exact if exact else edit.loose
    where: dict[int, list[int]] = {}
    for index, digest in enumerate(theirs):
        where.setdefault(digest, []).append(index)
    matched: dict[int, int] = {}
    _match_anchors(lines, ours, theirs, where, owners, taken, matched)
    _match_whole_hunks(lines, ours, theirs, edit.runs, where, owners, taken, matched)
    _extend(lines, ours, theirs, edit.runs, owners, taken, matched)
    owner = Owner(edit.log, edit.turn, exact, edit.edit)
    for index in matched:
        owners[index] = owner


def _match_anchors(
    lines: AddedLines,
    ours: Sequence[int],
    theirs: Sequence[int],
    where: dict[int, list[int]],
    owners: Sequence[Owner | None],
    taken: list[bool],
    matched: dict[int, int],
) -> None:
    """Significant lines: preferably the one after the last match, else the next later one, else any that is free."""
    last = -1
    for index, digest in enumerate(ours):
        if owners[index] is not None or lines.weights[index] != SIGNIFICANT:
            continue
        places = where.get(digest)
        if places is None:
            continue
        if last + 1 < len(theirs) and theirs[last + 1] == digest and not taken[last + 1]:
            place = last + 1
        else:
            free = [place for place in places if not taken[place]]
            if not free:
                continue
            place = next((p for p in free if p > last), free[0])
        taken[place] = True
        matched[index] = place
        last = place


def _match_whole_hunks(
    lines: AddedLines,
    ours: Sequence[int],
    theirs: Sequence[int],
    runs: Sequence[int],
    where: dict[int, list[int]],
    owners: Sequence[Owner | None],
    taken: list[bool],
    matched: dict[int, int],
) -> None:
    """A hunk of short lines only, all of which the edit wrote one after the other; a single one must be a whole run."""
    bounds = _bounds(runs, len(theirs))
    for start, stop in _hunks(lines.positions):
        hunk = range(start, stop)
        if any(owners[i] is not None or i in matched or lines.weights[i] == SIGNIFICANT for i in hunk):
            continue
        if all(lines.weights[i] == TRIVIAL for i in hunk):
            continue
        size = stop - start
        for place in where.get(ours[start], ()):
            span = range(place, place + size)
            if place + size > len(theirs) or any(taken[p] for p in span):
                continue
            if size == 1 and bounds[place] != (place, place):
                continue
            if all(theirs[p] == ours[start + n] for n, p in enumerate(span)):
                for n, p in enumerate(span):
                    taken[p] = True
                    matched[start + n] = p
                break


def _hunks(positions: Sequence[int]) -> list[tuple[int, int]]:
    """Index ranges of added lines that stand next to each other in the file."""
    hunks = []
    start = 0
    for index in range(1, len(positions) + 1):
        if index == len(positions) or positions[index] != positions[index - 1] + 1:
            hunks.append((start, index))
            start = index
    return hunks


def _extend(
    lines: AddedLines,
    ours: Sequence[int],
    theirs: Sequence[int],
    runs: Sequence[int],
    owners: Sequence[Owner | None],
    taken: list[bool],
    matched: dict[int, int],
) -> None:
    """Grows matches over the short lines beside them, forwards then backwards.

    git may show a block one line earlier or later than it was written (`}` of the block before instead of its own):
    stepping over the edge of an edit's run therefore goes on at the run's other end, with what is left over there.
    """
    if not matched:
        return
    bounds = _bounds(runs, len(theirs))
    size = len(ours)
    forth, back = range(size), range(size - 1, -1, -1)
    for step, order, wraps in ((1, forth, False), (-1, back, False), (1, forth, True), (-1, back, True)):
        for index in order:
            place = matched.get(index)
            beside = index + step
            if place is None or not 0 <= beside < size or beside in matched or owners[beside] is not None:
                continue
            if lines.positions[beside] != lines.positions[index] + step:
                continue
            first, last = bounds[place]
            following = place + step
            if not first <= following <= last:
                if not wraps:
                    continue
                following = first if step > 0 else last
            if not taken[following] and theirs[following] == ours[beside]:
                taken[following] = True
                matched[beside] = following


def _bounds(runs: Sequence[int], size: int) -> list[tuple[int, int]]:
    """First and last index of the run that each line of an edit belongs to."""
    bounds: list[tuple[int, int]] = []
    for run in runs:
        first = len(bounds)
        bounds.extend([(first, first + run - 1)] * run)
    return bounds if len(bounds) == size else [(0, size - 1)] * size
