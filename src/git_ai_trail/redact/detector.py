"""What every detector is to the engine: something a gate can look for, and one function that gives exact spans."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import NamedTuple

from git_ai_trail.redact.joined import Joined

# Labels of overlapping spans: the lower rank names the union.
RANK_MANUAL = -1
RANK_MARKER = 0
RANK_RULE = 1
RANK_VENDOR = 2
RANK_KEYED = 3
RANK_RANDOM = 4
RANK_PERSON = 5


class Span(NamedTuple):
    """A part of a text that must go. `replacement` None means a tag; `subject` is the user name of a home path."""

    start: int
    end: int
    rule: str
    kind: str
    rank: int
    replacement: str | None = None
    subject: str = ""


class Leaf:
    """A text under examination; its lower-case form is made once, when a detector asks.

    `covered` is for a detector that goes from find to find: how far its finds reach so far.
    """

    __slots__ = ("_lower", "covered", "text")

    def __init__(self, text: str) -> None:
        self.text = text
        self.covered = 0
        self._lower: str | None = None

    @property
    def lower(self) -> str:
        if self._lower is None:
            self._lower = self.text.lower()
        return self._lower


Find = Callable[[Leaf, int, int], Iterable[Span]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Detector:
    """`gates` are expressions of which one matches wherever `find` could; None asks to run always.

    `keywords` (lower case) are texts of which one must stand in the leaf; empty means no such condition. `reach` is how
    far from a gate's report a match can begin or end (or tells it when asked, since to find out takes time that most
    rules are not worth); None means anywhere in the text. `back` is the same for its
    beginning alone where that is nearer. `find_at`, if there is one, takes the gate's reports themselves and gives what
    `find` would. `sampled` gives the numbers of texts that may have spans, where that takes less than an expression does; it
    then stands for the gates. `scope`, if not global, limits the detector to prompts or to a field. `checked` says that
    the gates are ours and known to compile.
    """

    rule: str
    find: Find
    gates: tuple[str, ...] | None
    keywords: tuple[str, ...] = ()
    reach: int | Callable[[], int | None] | None = None
    back: int | None = None
    find_at: Callable[[Leaf, list[int]], Iterable[Span]] | None = None
    sampled: Callable[[Joined], Iterable[int]] | None = None
    caseless: bool = False
    dotall: bool = False
    scope: str = "global"
    field: str = ""
    checked: bool = False


def matches(pattern: re.Pattern[str], text: str, low: int, high: int) -> Iterator[re.Match[str]]:
    """Matches between two offsets, a match at the upper one never cut short."""
    while True:
        found = list(pattern.finditer(text, low, high))
        if high >= len(text) or not found or found[-1].end() < high:
            return iter(found)
        high = min(len(text), 2 * high - low + 64)


def spans_of(detector: Detector, leaf: Leaf, ends: list[int] | None) -> list[Span]:
    """The detector's spans in a text. `ends` are a gate's reports; None means it only said that there may be some."""
    if detector.keywords and not any(keyword in leaf.lower for keyword in detector.keywords):
        return []
    if ends is not None and detector.find_at is not None:
        return list(detector.find_at(leaf, ends))
    found: list[Span] = []
    for low, high in _regions(ends, detector, len(leaf.text)):
        found += detector.find(leaf, low, high)
    return found


def _regions(ends: list[int] | None, detector: Detector, length: int) -> list[tuple[int, int]]:
    reach, back = detector.reach, detector.back
    if callable(reach):
        reach = reach()
    if ends is None or reach is None or (length <= reach and back is None):
        return [(0, length)]
    if back is None:
        back = reach
    regions: list[tuple[int, int]] = []
    before, limit = -1, 0
    for end in sorted(ends) if len(ends) > 1 else ends:
        low, high = max(0, end - back), min(length, end + reach)
        if low <= limit and before >= 0:
            limit = max(limit, high)
            continue
        if before >= 0:
            regions.append((before, limit))
        before, limit = low, high
    regions.append((before, limit))
    return regions
