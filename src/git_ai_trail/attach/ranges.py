"""Finds a record's ranges again in a diff that is not the one they were made for: amend, rebase, squash. Hot path.

Nothing of the old commit is needed: a range carries the digest of its lines, and a window of lines with that digest is that
range. Ranges too plain to prove anything (a closing brace) only move along with a neighbour that is not.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from git_ai_trail.attach.record import lines_digest
from git_ai_trail.codec import path_text
from git_ai_trail.facts import FileDiff

# How many lines may be hashed to find one commit's ranges; a search that would need more is given up.
BUDGET = 4_000_000
# Letters and digits that a window needs to be told from any other.
_ENOUGH_WORD = 12
_WORD = re.compile(rb"[A-Za-z0-9_\x80-\xff]")

Found = Mapping[str, Any]


class _Search(NamedTuple):
    """The added lines of one file, and which of them have an owner by now."""

    lines: Sequence[bytes]
    taken: bytearray
    budget: list[int]  # one number, shared by all files of a commit

    def fits(self, found: Found, at: int) -> bool:
        end = at + found["count"]
        if at < 0 or end > len(self.lines) or any(self.taken[at:end]) or self.budget[0] < found["count"]:
            return False
        self.budget[0] -= found["count"]
        digest: str = found["digest"]
        return lines_digest(self.lines[at:end]) == digest

    def take(self, found: Found, at: int) -> dict[str, Any]:
        self.taken[at : at + found["count"]] = b"\1" * found["count"]
        return {**found, "start": at + 1}

    def is_plain(self, at: int, count: int) -> bool:
        return not tells(self.lines[at : at + min(count, 200)])


def tells(lines: Sequence[bytes]) -> bool:
    """Whether lines have enough letters and digits to be told from any others; reads 200 of them."""
    found = 0
    for line in lines[:200]:
        found += len(_WORD.findall(line[:200]))
        if found >= _ENOUGH_WORD:
            return True
    return False


def in_place(ranges: Iterable[Found], lines: Sequence[bytes]) -> list[dict[str, Any]]:
    """The ranges whose lines stand exactly where the record says, none of them twice."""
    search = _Search(lines, bytearray(len(lines)), [BUDGET])
    return [search.take(found, found["start"] - 1) for found in ranges if search.fits(found, found["start"] - 1)]


def relocate(ranges: Iterable[Found], lines: Sequence[bytes]) -> list[dict[str, Any]]:
    """The ranges that still stand among `lines` (the added lines of one file), where they stand now."""
    return _relocate(list(ranges), _Search(lines, bytearray(len(lines)), [BUDGET]))[0]


def relocate_files(files: Iterable[Found], diffs: Sequence[FileDiff]) -> list[dict[str, Any]]:
    """A core's `files` as they stand in these diffs: under the same path, else in a file that the record does not name
    (the file was renamed). Files without a range left are dropped."""
    budget = [BUDGET]
    searches = {path_text(diff.path): _Search(diff.added, bytearray(len(diff.added)), budget) for diff in diffs}
    found: dict[str, list[dict[str, Any]]] = {}
    lost: list[tuple[str, list[Found]]] = []
    for file in files:
        left: list[Found] = list(file["ranges"])
        if file["path"] in searches:
            stands, left = _relocate(left, searches[file["path"]])
            found.setdefault(file["path"], []).extend(stands)
        else:
            lost.append((file["path"], left))
    named = set(found)
    for _, left in lost:
        for path, search in searches.items():
            if left and path not in named:
                stands, left = _relocate(left, search)
                found.setdefault(path, []).extend(stands)
    return [
        {"path": path, "added": len(searches[path].lines), "ranges": sorted(found[path], key=_start)}
        for path in searches
        if found.get(path)
    ]


def _start(found: Found) -> int:
    start: int = found["start"]
    return start


def _relocate(ranges: list[Found], search: _Search) -> tuple[list[dict[str, Any]], list[Found]]:
    """(the ranges that stand, those that do not): first telling ones in order, then plain ones beside them."""
    ranges = sorted(ranges, key=_start)
    placed: dict[int, dict[str, Any]] = {}
    shift = 0
    for number, found in enumerate(ranges):
        at = found["start"] - 1 + shift
        if search.fits(found, at) and not search.is_plain(at, found["count"]):
            placed[number] = search.take(found, at)
    missing = [number for number in range(len(ranges)) if number not in placed]
    windows = _windows({ranges[number]["count"] for number in missing}, search)
    wanted = {ranges[number]["digest"] for number in missing}
    places = {count: _places(wanted, count, search) for count in windows}
    for number in missing:
        found = ranges[number]
        at = _nearest(found, places.get(found["count"], {}), shift, search)
        if at is not None:
            placed[number] = search.take(found, at)
            shift = at - (found["start"] - 1)
    for number, found in enumerate(ranges):
        if number not in placed:
            for shift in _shifts_around(number, ranges, placed):
                at = found["start"] - 1 + shift
                if search.fits(found, at):
                    placed[number] = search.take(found, at)
                    break
    left = [found for number, found in enumerate(ranges) if number not in placed]
    return sorted(placed.values(), key=_start), left


def _windows(counts: set[int], search: _Search) -> list[int]:
    """The window sizes that the budget allows, small ones first."""
    allowed = []
    for count in sorted(counts):
        cost = count * max(0, len(search.lines) - count + 1)
        if cost <= search.budget[0]:
            search.budget[0] -= cost
            allowed.append(count)
    return allowed


def _places(wanted: set[str], count: int, search: _Search) -> dict[str, list[int]]:
    places: dict[str, list[int]] = {}
    for at in range(len(search.lines) - count + 1):
        digest = lines_digest(search.lines[at : at + count])
        if digest in wanted:
            places.setdefault(digest, []).append(at)
    return places


def _nearest(found: Found, places: Mapping[str, list[int]], shift: int, search: _Search) -> int | None:
    end = found["count"]
    free = [
        at
        for at in places.get(found["digest"], ())
        if not any(search.taken[at : at + end]) and not search.is_plain(at, end)
    ]
    expected = found["start"] - 1 + shift
    return min(free, key=lambda at: abs(at - expected), default=None)


def _shifts_around(number: int, ranges: Sequence[Found], placed: Mapping[int, Found]) -> list[int]:
    """By how much the nearest placed ranges before and after moved."""
    before = next((n for n in range(number - 1, -1, -1) if n in placed), None)
    after = next((n for n in range(number + 1, len(ranges)) if n in placed), None)
    return [placed[n]["start"] - ranges[n]["start"] for n in (before, after) if n is not None]


def without(found: Found, owned: Callable[[int], bool], lines: Sequence[bytes]) -> list[dict[str, Any]]:
    """The parts of a range whose lines `owned` (by index) does not claim, each with its own digest."""
    parts: list[dict[str, Any]] = []
    first = found["start"] - 1
    start = first
    for index in range(first, first + found["count"] + 1):
        if index < first + found["count"] and not owned(index):
            continue
        if index > start:
            digest = lines_digest(lines[start:index])
            parts.append({**found, "start": start + 1, "count": index - start, "digest": digest})
        start = index + 1
    return parts
