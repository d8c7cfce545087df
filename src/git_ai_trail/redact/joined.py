"""Texts laid end to end, so that one look serves them all; and where a find in the whole belongs."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from itertools import accumulate

# No token, word or rule of ours reaches across it.
BETWEEN = "\n\x1e\n"


class Joined:
    """`whole` is the texts with `BETWEEN` between them."""

    __slots__ = ("encoded", "starts", "texts", "whole")

    def __init__(self, texts: Sequence[str]) -> None:
        self.texts = texts
        self.whole = BETWEEN.join(texts)
        # One byte for each character, so that a place in it is a place in the whole; beyond Latin-1 stands `?`.
        self.encoded = self.whole.encode("latin-1", "replace")
        self.starts = list(accumulate(map(len(BETWEEN).__add__, map(len, texts)), initial=0))
        self.starts.pop()

    def place(self, at: int) -> tuple[int, int]:
        """(number of the text, offset in it) of a place in the whole."""
        number = bisect_right(self.starts, at) - 1
        return number, at - self.starts[number]
