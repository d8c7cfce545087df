"""Remembers which turns were taken back later: from the conversation only, or from the disk as well."""

from __future__ import annotations

from typing import Any

_MAX_RANGES = 256
_MAX_SNAPSHOTS = 64


class History:
    """The turns of one log that still count.

    A rollback takes turns out of the model's context and leaves the files as they are, so what those turns wrote can
    still be committed. An undo (0.51 to 2026-04) put the files back to the snapshot taken when the turn began.
    """

    def __init__(self) -> None:
        self.gone: list[list[int]] = []  # ranges of turns taken back, first and last, in order
        self.snapshots: list[int] = []  # turns that began with a snapshot and were not undone

    def roll_back(self, turn: int, count: int) -> list[int]:
        """Takes back the last `count` turns that still count, up to `turn`; gives them, latest first."""
        found: list[int] = []
        ranges = list(self.gone)
        while turn >= 0 and len(found) < count:
            if ranges and turn <= ranges[-1][1]:
                turn = ranges.pop()[0] - 1
            else:
                found.append(turn)
                turn -= 1
        if found:
            # What lies between them is gone already, so all of it is one range.
            ranges = [[first, last] for first, last in self.gone if last < found[-1]]
            end = max([found[0], *(last for _, last in self.gone[-1:])])
            self.gone = [*ranges, [found[-1], end]][-_MAX_RANGES:]
        return found

    def snapshot(self, turn: int) -> None:
        """A snapshot of the files was taken in this turn, before anything was written."""
        if turn >= 0 and turn not in self.snapshots[-1:]:
            self.snapshots = [*self.snapshots, turn][-_MAX_SNAPSHOTS:]

    def undo(self) -> int | None:
        """Takes the turn with the last snapshot as undone; None if no snapshot is left."""
        return self.snapshots.pop() if self.snapshots else None

    def state(self) -> list[Any]:
        return [self.gone, self.snapshots]

    def restore(self, state: object) -> None:
        if isinstance(state, list) and len(state) == 2:
            self.gone, self.snapshots = state
