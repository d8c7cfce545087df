"""Texts laid end to end, so that one look serves them all; and where a find in the whole belongs."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from itertools import accumulate

# No token, word or rule of ours reaches across it.
BETWEEN = "\n\x1e\n"

# A shorter text is sooner looked at twice than found in another one.
_MIN_PART = 64
_TAIL = 32


class Joined:
    """`whole` is the texts with `BETWEEN` between them.

    With `share`, a text that is the last lines of another one (what a program printed, below what the agent says of the
    run) is not laid down again: what is found there is found in both. For rules that see no difference between the
    beginning of a text and that of a line.
    """

    __slots__ = ("_encoded", "_laid", "_numbers", "_parts", "_starts", "texts", "whole")

    def __init__(self, texts: Sequence[str], *, share: bool = False) -> None:
        self.texts = texts
        # By the number of a text: the numbers of those that are its last lines, and where in it they begin.
        self._parts: dict[int, list[tuple[int, int]]] = {}
        self._numbers = self._alone() if share else range(len(texts))
        self._laid = texts if len(self._numbers) == len(texts) else [texts[number] for number in self._numbers]
        self.whole = BETWEEN.join(self._laid)
        self._encoded: bytes | None = None
        self._starts: list[int] | None = None

    @property
    def encoded(self) -> bytes:
        """One byte for each character, so that a place in it is a place in the whole; beyond Latin-1 stands `?`."""
        if self._encoded is None:
            self._encoded = self.whole.encode("latin-1", "replace")
        return self._encoded

    @property
    def starts(self) -> list[int]:
        """Where in the whole each text begins that is laid down in it, and one more would."""
        if self._starts is None:
            self._starts = list(accumulate(map(len(BETWEEN).__add__, map(len, self._laid)), initial=0))
        return self._starts

    def places(self, at: int) -> Sequence[tuple[int, int]]:
        """(number of the text, offset in it) of a place in the whole, for each text that has it."""
        return [(number, offset) for _, number, offset in self.spread([(0, at)])]

    def spread(self, reports: Iterable[tuple[int, int]]) -> Iterator[tuple[int, int, int]]:
        """(what, number of the text, offset in it) of each report (what, place in the whole), for each text that has it."""
        starts, numbers, parts = self.starts, self._numbers, self._parts
        begin = until = laid = 0
        for what, at in reports:
            if not begin <= at < until:
                laid = bisect_right(starts, at) - 1
                begin, until = starts[laid], starts[laid + 1]
            number, offset = numbers[laid], at - begin
            yield what, number, offset
            if number in parts:
                for part, start in parts[number]:
                    if offset >= start:
                        yield what, part, offset - start

    def after(self, at: int) -> int:
        """Where in the whole the next text begins."""
        return self.starts[bisect_right(self.starts, at)]

    def _alone(self) -> list[int]:
        """The numbers of the texts that are no part of another one, which comes before it."""
        alone: list[int] = []
        ends: dict[str, int] = {}
        for number, text in enumerate(self.texts):
            if len(text) >= _MIN_PART:
                other = ends.setdefault(text[-_TAIL:], number)
                if other != number and _are_last_lines(text, self.texts[other]):
                    self._parts.setdefault(other, []).append((number, len(self.texts[other]) - len(text)))
                    continue
                ends[text[-_TAIL:]] = number
            alone.append(number)
        return alone


def _are_last_lines(text: str, of: str) -> bool:
    return len(of) > len(text) and of[-len(text) - 1] == "\n" and of.endswith(text)
