"""Who owns each added line of a file: the latest edit that wrote it. Hot path, pure.

A line alone proves little, so short lines and punctuation are only credited where they stand beside lines that prove
something, in the order in which the edit wrote them.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from git_ai_trail.facts import SIGNIFICANT, TRIVIAL, AddedLines, KnownEdit

# Of the eight parts of two lines' sketches, so many must agree: between or beside lines of the same edit that stand, where little
# else can be meant (about half of the words), and anywhere else in the file (about three quarters).
BESIDE_ALIKE = 4
ANYWHERE_ALIKE = 6
# A line that was changed is looked for so many places from where its neighbour was written.
REACH = 3
_SHIFTS = tuple(range(0, 64, 8))
# Stands in an edit for a line that has had its commit before; no digest has so many bits.
LANDED = 1 << 64


class Owner(NamedTuple):
    """Who wrote a line. `exact` is False where it differs from what the edit wrote: in what formatters change, or, with `alike`,
    in some of its words."""

    log: int
    turn: int
    exact: bool
    edit: int
    alike: bool = False


def own_lines(lines: AddedLines, edits: Sequence[KnownEdit]) -> list[Owner | None]:
    """The owner of each added line, given the edits to the file (any order); None where none wrote it."""
    owners: list[Owner | None] = [None] * len(lines.exact)
    claim_lines(lines, edits, owners)
    return owners


def claim_lines(
    lines: AddedLines, edits: Sequence[KnownEdit], owners: list[Owner | None]
) -> list[tuple[KnownEdit, dict[int, int]]]:
    """Gives the lines that have no owner in `owners` to the edits (any order) that wrote them; each edit with its share, as
    {index of the line: which of the edit's lines it is}."""
    latest_first = sorted(
        (edit for edit in edits if edit.exact), key=lambda edit: (edit.at is None, -(edit.at or 0.0), -edit.edit)
    )
    taken = [[False] * len(edit.exact) for edit in latest_first]
    places: list[dict[int, int]] = [{} for _ in latest_first]
    for exact in (True, False):
        for sure in (True, False):
            for edit, used, known in zip(latest_first, taken, places, strict=True):
                if None in owners:
                    _claim(lines, edit, owners, used, known, exact=exact, sure=sure)
        if exact:
            _set_aside(lines, latest_first, taken)
    for edit, used, known in zip(latest_first, taken, places, strict=True):
        if edit.sketch and lines.sketch and None in owners:
            _claim_alike(lines, edit, owners, used, known)
    return list(zip(latest_first, places, strict=True))


def _set_aside(lines: AddedLines, edits: Sequence[KnownEdit], taken: Sequence[list[bool]]) -> None:
    """What an edit wrote and this commit takes out was committed before: who changes it now changes the file, not the edit."""
    if lines.gone:
        for edit, used in zip(edits, taken, strict=True):
            for place, digest in enumerate(edit.exact):
                if digest in lines.gone:
                    used[place] = True


def _claim(
    lines: AddedLines,
    edit: KnownEdit,
    owners: list[Owner | None],
    taken: list[bool],
    matched: dict[int, int],
    *,
    exact: bool,
    sure: bool,
) -> None:
    """Gives the edit the lines it wrote, and adds to `matched` which of its lines each of them is.

    With `sure`, only those of which there is no doubt which one it wrote: of equal lines, those beside others of its own.
    """
    ours = lines.exact if exact else lines.loose
    theirs = edit.exact if exact else edit.loose
    where: dict[int, list[int]] = {}
    for index, digest in enumerate(theirs):
        where.setdefault(digest, []).append(index)
    before = set(matched)
    if sure:
        _match_unique(lines, ours, where, owners, taken, matched)
        _extend(lines, ours, theirs, edit.runs, owners, taken, matched)
    _match_anchors(lines, ours, theirs, edit.runs, where, owners, taken, matched, sure=sure)
    if not sure:
        _match_whole_hunks(lines, ours, theirs, edit.runs, where, owners, taken, matched)
        if not exact:
            _match_wrapped(lines, edit, where, owners, taken, matched)
    _extend(lines, ours, theirs, edit.runs, owners, taken, matched)
    owner = Owner(edit.log, edit.turn, exact, edit.edit)
    for index in matched.keys() - before:
        owners[index] = owner


def _match_unique(
    lines: AddedLines,
    ours: Sequence[int],
    where: dict[int, list[int]],
    owners: Sequence[Owner | None],
    taken: list[bool],
    matched: dict[int, int],
) -> None:
    """Significant lines that stand once on both sides: where they are there can be no doubt, so the others go by them."""
    once: dict[int, int] = {}
    for index, digest in enumerate(ours):
        if digest in where and lines.weights[index] == SIGNIFICANT and owners[index] is None:
            once[digest] = -1 if digest in once else index
    for digest, index in once.items():
        places = where[digest]
        if index >= 0 and len(places) == 1 and not taken[places[0]]:
            taken[places[0]] = True
            matched[index] = places[0]


def _match_wrapped(
    lines: AddedLines,
    edit: KnownEdit,
    where: dict[int, list[int]],
    owners: Sequence[Owner | None],
    taken: list[bool],
    matched: dict[int, int],
) -> None:
    """Lines that, put together, are one line of the edit: a formatter wrapped it."""
    for start, digests in enumerate(lines.joined):
        for more, digest in enumerate(digests, 1):
            places = where.get(digest)
            span = range(start, start + more + 1)
            if places is None or any(owners[at] is not None or at in matched for at in span):
                continue
            place = next((p for p in places if not taken[p] and edit.sketch and edit.sketch[p]), -1)
            if place >= 0:
                taken[place] = True
                matched.update(dict.fromkeys(span, place))
                break


def _claim_alike(
    lines: AddedLines, edit: KnownEdit, owners: list[Owner | None], taken: list[bool], known: dict[int, int]
) -> None:
    """Gives the edit the lines that were changed a little after it wrote them."""
    owner = Owner(edit.log, edit.turn, False, edit.edit, alike=True)
    by_part: dict[tuple[int, int], list[int]] = {}
    size = len(owners)
    for place, sketch in enumerate(edit.sketch):
        if sketch and not taken[place]:
            for shift in _SHIFTS:
                by_part.setdefault((shift, sketch >> shift & 0xFF), []).append(place)

    def claim(index: int, places: Iterable[int], enough: int) -> None:
        sketch = lines.sketch[index]
        found = [(alike(sketch, edit.sketch[p]), -n, p) for n, p in enumerate(places) if not taken[p]]
        best = max(found, default=(0, 0, 0))
        if best[0] >= enough:
            owners[index] = owner
            known[index] = best[2]
            taken[best[2]] = True

    for step, order in ((1, range(size)), (-1, range(size - 1, -1, -1))):
        for index in order:
            beside = known.get(index - step)
            if owners[index] is not None or not lines.sketch[index] or beside is None:
                continue
            if lines.positions[index] == lines.positions[index - step] + step:
                reach = (beside + step * n for n in range(1, REACH + 1))
                claim(index, [p for p in reach if 0 <= p < len(taken)], BESIDE_ALIKE)
    for index in range(size):
        sketch = lines.sketch[index]
        if owners[index] is None and sketch:
            places = {p for s in _SHIFTS for p in by_part.get((s, sketch >> s & 0xFF), ())[: REACH * 8]}
            claim(index, sorted(places), ANYWHERE_ALIKE)


def alike(one: int, other: int) -> int:
    """How many of the eight parts of two sketches agree."""
    if not one or not other:
        return 0
    differ = (one ^ other) & 0xFFFFFFFFFFFFFFFF
    return sum(1 for shift in _SHIFTS if not differ >> shift & 0xFF)


def _match_anchors(
    lines: AddedLines,
    ours: Sequence[int],
    theirs: Sequence[int],
    runs: Sequence[int],
    where: dict[int, list[int]],
    owners: Sequence[Owner | None],
    taken: list[bool],
    matched: dict[int, int],
    *,
    sure: bool,
) -> None:
    """Significant lines that stand more than once: in the order of the edit between what is matched before and after them.

    With `sure`, only where a line beside it in the edit's run is beside it here as well: of two equal lines, the edit's is the
    one among the edit's others.
    """
    bounds = _bounds(runs, len(theirs))
    following = len(theirs)
    after = [following] * len(ours)
    for index in range(len(ours) - 1, -1, -1):
        after[index] = following
        following = matched.get(index, following)
    last = -1
    for index, digest in enumerate(ours):
        last = matched.get(index, last)
        if index in matched or owners[index] is not None or lines.weights[index] != SIGNIFICANT:
            continue
        first, end = (last + 1, after[index]) if last < after[index] else (0, len(theirs))
        places = where.get(digest, ())
        for at in range(bisect_left(places, first), len(places)):
            place = places[at]
            if place >= end:
                break
            if not taken[place] and (not sure or _agrees(ours, theirs, bounds, index, place)):
                taken[place] = True
                matched[index] = last = place
                break


def _agrees(
    ours: Sequence[int], theirs: Sequence[int], bounds: Sequence[tuple[int, int]], index: int, place: int
) -> bool:
    first, last = bounds[place]
    before = first < place and index > 0 and ours[index - 1] == theirs[place - 1]
    return before or (place < last and index + 1 < len(ours) and ours[index + 1] == theirs[place + 1])


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
