"""Which logs may have changed since the last look, without looking at all of them. Hot path.

A commit must cost the same beside 50 logs and beside 5,000. So only the logs written to most recently are asked for
their size, and only the folders in which a new log would appear are listed. What this misses (an old log resumed after many
others were written) the scan after the commit finds.
"""

from __future__ import annotations

import os
import sqlite3
import time
from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

from git_ai_trail.errors import is_held
from git_ai_trail.facts import PendingCommit
from git_ai_trail.index.keys import Keys
from git_ai_trail.index.scan import LogFormat, LogState, refresh
from git_ai_trail.loglines import Look as LogLook

MOST_RECENT = 128
READ_LIMIT = 16 * 1024 * 1024
NEW_LOG_AGE = 24 * 3600.0
LAG = 0.05
# A log that did not grow may still wait for the call that makes this commit: its second one, or one that was tried before.
# It is one of those written to last.
WAITING = 600.0
MOST_WAITING = 4


class Place(NamedTuple):
    """One format with its folders on this machine."""

    format: LogFormat
    roots: tuple[str, ...]
    recent_dirs: Callable[[str, float], list[str]]
    is_log: Callable[[str], bool]
    is_own: Callable[[str], bool]  # whether a log whose name fits is this format's and not another's
    session_id_of: Callable[[str], str]
    hint: str  # session id that the environment names, or empty
    # The logs written to last, with what shows a change, where they are made and no files; None where they are.
    recent: Callable[[str, float], list[tuple[str, LogLook]]] | None = None


class Look(NamedTuple):
    """What a look at the recent logs found."""

    pending: tuple[tuple[int, str, PendingCommit], ...]  # (log, session id, call)
    bytes_read: int
    logs: int
    incomplete: bool  # the byte limit was reached


def look(
    db: sqlite3.Connection,
    keys: Keys,
    places: Iterable[Place],
    *,
    now: float,
    has_commit: Callable[[PendingCommit], bool],
) -> Look:
    """Reads what recent logs have grown by. `has_commit` says whether a pending commit is the one being made.

    Where the environment names a session, its log may lag behind what the agent is doing; it is then read again for
    at most 50 ms until the call shows.
    """
    budget = READ_LIMIT
    found: list[tuple[int, str, PendingCommit]] = []
    logs = 0
    read = 0
    for place in places:
        hinted = _hinted(db, place, now) if place.hint else ""
        paths = _changed(db, place, now) if place.recent is None else _changed_made(db, place, place.recent, now)
        if hinted and hinted not in paths:
            paths.insert(0, hinted)
        for path in paths:
            if budget <= 0:
                break
            state = _refresh(db, keys, place, path, limit=budget)
            if path == hinted:
                state = _wait(db, keys, place, path, state, has_commit)
            if state is None:
                continue
            logs += 1
            read += state.bytes_read
            budget -= state.bytes_read
            found.extend((state.log, state.session_id, call) for call in state.pending)
    return Look(tuple(found), read, logs, budget <= 0)


def _refresh(db: sqlite3.Connection, keys: Keys, place: Place, path: str, *, limit: int) -> LogState | None:
    """None as well where another process is writing the index: a commit does not wait for it."""
    try:
        return refresh(db, keys, place.format, path, limit=limit)
    except sqlite3.OperationalError as error:
        if is_held(error):
            return None
        raise


def _wait(
    db: sqlite3.Connection,
    keys: Keys,
    place: Place,
    path: str,
    state: LogState | None,
    has_commit: Callable[[PendingCommit], bool],
) -> LogState | None:
    until = time.monotonic() + LAG
    while (state is None or not any(has_commit(call) for call in state.pending)) and time.monotonic() < until:
        time.sleep(0.005)
        try:
            grown = state is None or os.stat(path).st_size > _offset(db, state.log)
        except OSError:
            return state
        if grown:
            state = _refresh(db, keys, place, path, limit=READ_LIMIT) or state
    return state


def _offset(db: sqlite3.Connection, log: int) -> int:
    row = db.execute("SELECT offset FROM logs WHERE id = ?", (log,)).fetchone()
    return int(row[0]) if row else 0


def _hinted(db: sqlite3.Connection, place: Place, now: float) -> str:
    """Path of the log of the session that the environment names, if it is there."""
    row: Any = db.execute(
        "SELECT path FROM logs WHERE session = ? AND format = ? ORDER BY mtime_ns DESC", (place.hint, place.format.name)
    ).fetchone()
    if row is not None and os.path.exists(row[0]):
        return str(row[0])
    for root in place.roots:
        for folder in place.recent_dirs(root, now):
            for entry in _entries(folder):
                named = place.is_log(entry.name) and place.session_id_of(entry.path) == place.hint
                if named and place.is_own(entry.path):
                    return entry.path
    return ""


def _changed(db: sqlite3.Connection, place: Place, now: float) -> list[str]:
    """Logs that grew, were replaced or are new, and those that may be waiting for a call to answer, newest first."""
    changed: list[tuple[int, str]] = []
    known = db.execute(
        "SELECT path, size, mtime_ns FROM logs WHERE format = ? ORDER BY mtime_ns DESC LIMIT ?",
        (place.format.name, MOST_RECENT),
    ).fetchall()
    seen = {row[0] for row in known}
    waiting = int((now - WAITING) * 1e9)
    for number, (path, size, mtime_ns) in enumerate(known):
        try:
            stat = os.stat(path)
        except OSError:
            continue
        if stat.st_size != size or stat.st_mtime_ns != mtime_ns or (number < MOST_WAITING and mtime_ns >= waiting):
            changed.append((stat.st_mtime_ns, path))
    oldest = int((now - NEW_LOG_AGE) * 1e9)
    for root in place.roots:
        for folder in place.recent_dirs(root, now):
            new = [e for e in _entries(folder) if place.is_log(e.name) and e.path not in seen]
            if len(new) > MOST_RECENT:
                listed = {row[0] for row in db.execute("SELECT path FROM logs WHERE dir = ?", (folder,))}
                new = [entry for entry in new if entry.path not in listed]
            for entry in new:
                seen.add(entry.path)
                try:
                    stat = entry.stat()
                except OSError:
                    continue
                if stat.st_mtime_ns >= oldest and _is_news(db, place, entry.path, stat):
                    changed.append((stat.st_mtime_ns, entry.path))
    return [path for _, path in sorted(changed, reverse=True)]


def _changed_made(
    db: sqlite3.Connection, place: Place, recent: Callable[[str, float], list[tuple[str, LogLook]]], now: float
) -> list[str]:
    """The same for logs that are made: there is nothing to ask but what was written to last."""
    changed: dict[str, int] = {}
    waiting = int((now - WAITING) * 1e9)
    for root in place.roots:
        for number, (path, look) in enumerate(recent(root, now)):
            row = db.execute("SELECT inode, size, mtime_ns FROM logs WHERE path = ?", (path,)).fetchone()
            if row != tuple(look) or (number < MOST_WAITING and look.mtime_ns >= waiting):
                changed[path] = look.mtime_ns
    return sorted(changed, key=lambda path: changed[path], reverse=True)


def _is_news(db: sqlite3.Connection, place: Place, path: str, stat: os.stat_result) -> bool:
    row = db.execute("SELECT size, mtime_ns, format FROM logs WHERE path = ?", (path,)).fetchone()
    if row is None:
        return place.is_own(path)
    same = row[0] == stat.st_size and row[1] == stat.st_mtime_ns
    return bool(row[2] == place.format.name and not same)


def _entries(folder: str) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as entries:
            return [entry for entry in entries if not entry.name.startswith(".")]
    except OSError:
        return []
