"""Tells a session's own lines from the history of another that a fork or a spawned agent's log begins with."""

from __future__ import annotations

from typing import Any

from git_ai_trail.formats.clock import uuid_millis
from git_ai_trail.formats.fields import whole

# Copied lines are stamped anew within a few milliseconds, all of them.
_PAUSE = 1.0
_LONGEST_COPY = 5.0
_TURN_STARTS = ("task_started", "turn_started")


class Copies:
    """Follows one log from line to line."""

    def __init__(self) -> None:
        self.own_from = 0  # first ordinal that is not inherited
        self.copying = False
        self.began: float | None = None
        self.last: float | None = None
        self.thread_ms: int | None = None

    def first_meta(self, payload: dict[str, Any], at: float | None) -> None:
        """The session's own `session_meta`."""
        self.thread_ms = uuid_millis(payload.get("id"))
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
        self.began = self.last = at

    def covers(self, kind: object, payload: dict[str, Any], at: float | None, ordinal: object) -> bool:
        """Whether a line is inherited. Call it once for each line, in order."""
        if self.own_from and ordinal is not None:
            return whole(ordinal) < self.own_from
        if not self.copying:
            return False
        if self._starts_own_turn(kind, payload) or self._after_pause(at):
            self.copying = False
            return False
        self.last = at if at is not None else self.last
        return True

    def _starts_own_turn(self, kind: object, payload: dict[str, Any]) -> bool:
        if kind != "turn_context" and payload.get("type") not in _TURN_STARTS:
            return False
        turn_ms = uuid_millis(payload.get("turn_id"))
        return turn_ms is not None and self.thread_ms is not None and turn_ms >= self.thread_ms

    def _after_pause(self, at: float | None) -> bool:
        if at is None or self.last is None or self.began is None:
            return False
        return at - self.last > _PAUSE or at - self.began > _LONGEST_COPY

    def state(self) -> list[Any]:
        return [self.own_from, self.copying, self.began, self.last, self.thread_ms]

    def restore(self, state: object) -> None:
        if isinstance(state, list) and len(state) == 5:
            self.own_from, self.copying, self.began, self.last, self.thread_ms = state
