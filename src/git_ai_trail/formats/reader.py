"""What the readers of most formats have in common. Part of every commit: nothing more is imported than a reader needs anyway."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from git_ai_trail.facts import Event
from git_ai_trail.formats.events import Fact
from git_ai_trail.formats.records import Record, read_records
from git_ai_trail.formats.skipped import Skipped


class CountingReader:
    """A part of `protocol.Reader`: what is not read is counted, and the end of a log says nothing more."""

    def __init__(self, unused: frozenset[str]) -> None:
        self.turn = -1
        self._skipped = Skipped(unused)

    def finish(self) -> list[Event]:
        return []

    @property
    def skipped(self) -> Mapping[str, int]:
        return self._skipped.counts

    def _read(self, line: bytes, restarts: tuple[str, ...]) -> list[Record]:
        """The records of a line; see `read_records`."""
        records, problem = read_records(line, restarts)
        if problem:
            self._skipped.add(problem)
        return records

    def _one(self, data: Any, at: float | None) -> list[Fact]:
        return [Fact(data, self.turn, at)]
