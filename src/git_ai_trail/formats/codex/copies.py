"""Tells a session's own lines from the history of another that a fork or a spawned agent's log begins with."""

from __future__ import annotations

from typing import Any

from git_ai_trail.formats.clock import uuid_millis
from git_ai_trail.formats.fields import whole

# Copied lines are stamped anew within a few milliseconds, all of them; some builds leave the old times.
_PAUSE = 1.0
_LONGEST_COPY = 5.0
_TURN_STARTS = ("task_started", "turn_started")


class Copies:
    """Follows one log from line to line."""

    def __init__(self) -> None:
        self.own_from = 0  # first ordinal that is not inherited
        self.copying = False
        self.forked: float | None = None  # when the session's own first line was written
        self.began: float | None = None  # when the copy was written, and when its last line so far
        self.last: float | None = None
        self.stamped = False  # whether copied lines have the time of the copying
        self.thread_ms: int | None = None
        self.number: int | None = None  # the last copied turn, where turns are numbered

    def first_meta(self, payload: dict[str, Any], at: float | None) -> None:
        """The session's own `session_meta`."""
        self.thread_ms = uuid_millis(payload.get("id"))
        self.forked = at
        self.own_from = whole(payload.get("subagent_history_start_ordinal"))
        if (
            payload.get("forked_from_id")
            and payload.get("history_mode") == "paginated"
            and not self.own_from
            and not isinstance(payload.get("history_base"), dict)
        ):
            # A legacy fork that was migrated: the copy stays, the inner session_meta that marked it is gone.
            self.other_meta(at)

    def other_meta(self, at: float | None) -> None:
        """A `session_meta` of another session: what follows was that one's."""
        self.copying = True
        self._copied(at)
        self.began = self.last
        self.stamped = at is not None and (self.forked is None or at > self.forked - _PAUSE)

    def covers(self, kind: object, payload: dict[str, Any], at: float | None, ordinal: object) -> bool:
        """Whether a line is inherited. Call it once for each line, in order."""
        if self.own_from and ordinal is not None:
            return whole(ordinal) < self.own_from
        if not self.copying:
            return False
        if self._starts_own_turn(kind, payload) or self._after_pause(at):
            self.copying = False
            return False
        self._copied(at)
        return True

    def _copied(self, at: float | None) -> None:
        # Lines that kept the time of the original are older than the fork and no sign of its pace.
        if at is not None:
            self.last = max(at, self.forked if self.forked is not None else at)

    def _starts_own_turn(self, kind: object, payload: dict[str, Any]) -> bool:
        if kind != "turn_context" and payload.get("type") not in _TURN_STARTS:
            return False
        turn = payload.get("turn_id")
        if isinstance(turn, str) and turn.isdecimal() and len(turn) < 10:
            # Numbered turns begin anew in each session.
            before, self.number = self.number, int(turn)
            return kind != "turn_context" and before is not None and self.number <= before
        turn_ms = uuid_millis(turn)
        return turn_ms is not None and self.thread_ms is not None and turn_ms >= self.thread_ms

    def _after_pause(self, at: float | None) -> bool:
        if at is None or self.last is None or self.began is None:
            return False
        if self.stamped and self.last - at > _PAUSE:
            return True  # the clock was set back after the fork
        return at - self.last > _PAUSE or at - self.began > _LONGEST_COPY

    def state(self) -> list[Any]:
        times = [self.forked, self.began, self.last, self.stamped]
        return [self.own_from, self.copying, times, self.thread_ms, self.number]

    def restore(self, state: object) -> None:
        if isinstance(state, list) and len(state) == 5:
            self.own_from, self.copying, times, self.thread_ms, self.number = state
            self.forked, self.began, self.last, self.stamped = times
