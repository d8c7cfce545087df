"""Makes a log of a session's rows: a line for the session, and one for each message and each part.

A line is compact JSON: `{"type":"session","id","parent","root","directory","version","created"}`,
`{"type":"message","id","role","began","data"}` or `{"type":"part","id","message","role","began","data"}`; `data` is what OpenCode
keeps, `began` the time of the message in milliseconds. Both ways of keeping a session give the same lines.

Rows are written first and finished later. So that a log only grows, lines stand in the order in which the rows were finished, and
those that are not come last (see `loglines.Made`). What OpenCode changes in a finished row is left out: a prompt's summary, made when
its turn has ended, repeats the turn's edits.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any, NamedTuple

from git_ai_trail.formats.fields import an_id, whole
from git_ai_trail.formats.records import decode_inner
from git_ai_trail.formats.skipped import Skipped
from git_ai_trail.loglines import Look, Made

MAX_ROW = 16 * 1024 * 1024
MAX_LOG = 64 * 1024 * 1024

TOO_LONG = "row over 16 MiB"
TOO_MANY = "row beyond 64 MiB of a session"
BROKEN = "row that is no object"
STRAY = "part without its message"

_MESSAGE_FIRST, _PART, _MESSAGE_LAST = 0, 1, 2


class Session(NamedTuple):
    """A session's own row; `created` in milliseconds, `root` the first of its parents, both empty if it has none."""

    id: str
    parent: str
    root: str
    directory: str
    version: str
    created: int


class _Told(NamedTuple):
    """What the parts of a message need of it; `ended` is None while it goes on."""

    role: str
    began: int
    ended: int | None


# Where a line stands: when its row was finished, message before or behind its parts, and the ids of both.
_Place = tuple[int, int, str, str]


def made_of(
    session: Session,
    messages: Iterable[tuple[str, str | None]],
    parts: Iterable[tuple[str, str, str | None]],
    look: Look,
) -> Made:
    """The log of the rows, as texts of JSON (None for one that is too long): of messages with their ids, of parts with their own
    and their message's."""
    log = _Log()
    told: dict[str, _Told] = {}
    for name, text in messages:
        data = log.data(text)
        if data is None or not an_id(name):
            continue
        one = told[name] = _told(data)
        if not isinstance(data.get("summary"), bool):
            data.pop("summary", None)
        record = {"type": "message", "id": name, "role": one.role, "began": one.began, "data": data}
        first = one.role == "user"
        log.add(record, one.ended, (_MESSAGE_FIRST if first else _MESSAGE_LAST, name, ""))
    for name, message, text in parts:
        data = log.data(text)
        if data is None or not an_id(name):
            continue
        of = told.get(message)
        if of is None:
            log.skipped.add(STRAY)
            continue
        for known in ("id", "sessionID", "messageID"):
            data.pop(known, None)
        record = {"type": "part", "id": name, "message": message, "role": of.role, "began": of.began, "data": data}
        log.add(record, _finished(data, of), (_PART, message, name))
    return log.made(session, look)


def _told(data: dict[str, Any]) -> _Told:
    for known in ("id", "sessionID"):
        data.pop(known, None)
    times = data.get("time")
    times = times if isinstance(times, dict) else {}
    began = whole(times.get("created"))
    role = "user" if data.get("role") == "user" else "assistant"
    return _Told(role, began, began if role == "user" else whole(times.get("completed")) or None)


def _finished(data: dict[str, Any], message: _Told) -> int | None:
    """When the row was finished; None if it is not. What has no time of its own is finished with its message."""
    state = data.get("state")
    times = state.get("time") if isinstance(state, dict) else data.get("time")
    times = times if isinstance(times, dict) else {}
    if isinstance(state, dict) and state.get("status") in ("pending", "running"):
        return None
    if whole(times.get("end")):
        return whole(times["end"])
    return message.ended


class _Log:
    """Collects lines, up to the size of a log."""

    def __init__(self) -> None:
        self.skipped = Skipped(frozenset())
        self.settled: list[tuple[_Place, bytes]] = []
        self.going: list[tuple[_Place, bytes]] = []
        self.size = 0

    def data(self, text: str | None) -> dict[str, Any] | None:
        """A row's object, if it has one."""
        if text is None:
            self.skipped.add(TOO_LONG)
            return None
        value = decode_inner(text)
        if isinstance(value, dict):
            return value
        self.skipped.add(BROKEN)
        return None

    def add(self, record: dict[str, Any], finished: int | None, place: tuple[int, str, str]) -> None:
        try:
            line = _line(record)
        except (ValueError, RecursionError):
            self.skipped.add(BROKEN)
            return
        if self.size + len(line) > MAX_LOG:
            self.skipped.add(TOO_MANY)
            return
        self.size += len(line)
        if finished is None:
            self.going.append(((0, *place), line))
        else:
            self.settled.append(((finished, *place), line))

    def made(self, session: Session, look: Look) -> Made:
        head = _line({"type": "session", **session._asdict()})
        self.settled.sort()
        self.going.sort()
        settled = b"".join([head, *(line for _, line in self.settled)])
        return Made(settled, b"".join(line for _, line in self.going), look, self.skipped.counts)


def _line(record: dict[str, Any]) -> bytes:
    return json.dumps(record, ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode() + b"\n"
