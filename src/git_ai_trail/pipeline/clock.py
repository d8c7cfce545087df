"""Notices logs whose times cannot be right. Such a log is kept; what is matched by time passes it over."""

from __future__ import annotations

import time

NO_TIMES = "its lines give no times"
FUTURE = "its lines give times that have not come yet"
ANCIENT = "its lines give times before there were coding agents"
BACKWARDS = "its lines give times that run backwards by more than a day"

_DAY = 86_400.0
_FIRST_AGENTS = 1_577_836_800.0  # 2020


class Clock:
    """The times of one log's lines, in order."""

    def __init__(self) -> None:
        self._first: float | None = None
        self._last: float | None = None
        self._lines = 0
        self._backwards = False

    def see(self, at: float | None) -> None:
        """Takes the time of a line, None where it gives none."""
        self._lines += 1
        if at is None:
            return
        if self._last is None or self._first is None:
            self._first = self._last = at
        elif at > self._last:
            self._last = at
        else:
            self._backwards = self._backwards or at < self._last - _DAY
            self._first = min(self._first, at)

    def doubts(self) -> tuple[str, ...]:
        """What is odd about them, in the words above."""
        if self._first is None or self._last is None:
            return (NO_TIMES,) if self._lines else ()
        doubts = (
            (FUTURE, self._last > time.time() + _DAY),
            (ANCIENT, self._first < _FIRST_AGENTS),
            (BACKWARDS, self._backwards),
        )
        return tuple(doubt for doubt, there in doubts if there)
