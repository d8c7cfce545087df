"""Reads OpenCode's database: which sessions are in it, and the rows of one as a log.

The user's database is never written to, nor is anything put beside it. A database in WAL mode whose log is empty is opened as
`immutable`: plain read-only mode would make `-wal` and `-shm` files for it. SQLite then takes no lock, so what was read counts only
if neither file has changed meanwhile. Where there is something in the WAL, its index `-shm` is opened read-only as well; if that is
missing, the WAL cannot be read without writing, and the database is not read. `immutable` would show it without its newest rows.

It may be anybody's file: views and virtual tables are refused, and the work is bounded.
"""

from __future__ import annotations

import errno
import os
import sqlite3
from collections.abc import Callable
from typing import Any
from zlib import crc32

from git_ai_trail.formats.fields import an_id, text_of, whole
from git_ai_trail.formats.folders import DAY
from git_ai_trail.formats.opencode.lines import MAX_ROW, Session, made_of
from git_ai_trail.loglines import LogFile, Look, MadeLog

MOST_RECENT = 16
MOST_MESSAGES = 400
MOST_SESSIONS = 100_000
_MOST_STEPS = 2_000  # of 100,000 instructions of SQLite's machine
_STEP = 100_000
_PATIENCE = 0.2  # seconds that a writer is waited for
_FAMILY = 16
_MOST_DATABASES = 12

# Whose the newest messages are: every answer of a model begins with one. No column of time has an index, and reading a session's row
# can mean reading its summary; rows are numbered as they are put in.
_LATEST = (
    "SELECT session_id FROM (SELECT session_id, rowid AS number FROM message ORDER BY rowid DESC LIMIT ?)"
    " GROUP BY session_id ORDER BY max(number) DESC LIMIT ?"
)
_MESSAGES = "SELECT id, CASE WHEN length(data) <= ? THEN data END FROM message WHERE session_id = ? ORDER BY id"
_PARTS = "SELECT id, message_id, CASE WHEN length(data) <= ? THEN data END FROM part WHERE session_id = ? ORDER BY id"
# Rows and their latest change: of every session, and of one.
_COUNTS = (
    (
        "SELECT session_id, count(*), max(time_updated) FROM message GROUP BY session_id",
        "SELECT count(*), max(time_updated) FROM message WHERE session_id = ?",
    ),
    (
        "SELECT session_id, count(*), max(time_updated) FROM part GROUP BY session_id",
        "SELECT count(*), max(time_updated) FROM part WHERE session_id = ?",
    ),
)

# What `discover` saw of each session, and of which state of the database: asking for each one alone would open it as often.
_seen: dict[str, tuple[tuple[int, ...], dict[str, Look]]] = {}


def sessions_in(path: str) -> list[str]:
    """Ids of all sessions in the database; one empty name where it cannot be looked into."""
    state = _state(path)
    try:
        looks: dict[str, Look] = _read(path, _all_looks)
    except OSError:
        return [""]
    if len(_seen) >= _MOST_DATABASES:
        _seen.clear()
    _seen[path] = (state, looks)
    return sorted(looks)


def recent(path: str, now: float) -> list[tuple[str, Look]]:
    """The few sessions that were written to last, within a day, latest first; asked in a time that does not grow with the database."""
    since = int((now - DAY) * 1e9)

    def ask(conn: sqlite3.Connection) -> list[tuple[str, Look]]:
        rows = conn.execute(_LATEST, (MOST_MESSAGES, MOST_RECENT)).fetchall()
        found = [(f"{path}#{name}", _look(conn, name)) for name in (an_id(row[0]) for row in rows) if name]
        known = [(log, look) for log, look in found if look is not None and look.mtime_ns >= since]
        return sorted(known, key=lambda entry: entry[1].mtime_ns, reverse=True)

    try:
        found: list[tuple[str, Look]] = _read(path, ask)
    except OSError:
        return []
    return found


def look(path: str, name: str) -> Look:
    """What shows whether the session has changed: how many rows it has and when the last of them was written."""
    if not name:
        stat = os.stat(path)
        return Look(stat.st_ino, stat.st_size, stat.st_mtime_ns)
    state, looks = _seen.get(path, ((), {}))
    found: Look | None = looks.get(name) if state == _state(path) else None
    found = found or _read(path, lambda conn: _look(conn, name))
    if found is None:
        raise FileNotFoundError(errno.ENOENT, "no such session")
    return found


def open_log(log: str, path: str, name: str) -> LogFile:
    """The session's rows as a log."""
    if not name:
        _read(path, _all_looks)
        raise OSError(errno.EAGAIN, "could not be looked into before")

    def ask(conn: sqlite3.Connection) -> MadeLog:
        seen, session = _look(conn, name), _session(conn, name)
        if seen is None or session is None:
            raise FileNotFoundError(errno.ENOENT, "no such session")
        messages = conn.execute(_MESSAGES, (MAX_ROW, name))
        return MadeLog(log, made_of(session, messages, conn.execute(_PARTS, (MAX_ROW, name)), seen))

    made: LogFile = _read(path, ask)
    return made


# -- questions ------------------------------------------------------------------------------------------------------------


def _all_looks(conn: sqlite3.Connection) -> dict[str, Look]:
    """By id, of every session."""
    counts: dict[str, list[int]] = {}
    for name, at in conn.execute("SELECT id, time_updated FROM session LIMIT ?", (MOST_SESSIONS,)):
        if an_id(name).startswith("ses_"):
            counts[name] = [0, whole(at)]
    for every, _ in _COUNTS:
        for name, rows, at in conn.execute(every):
            if name in counts:
                counts[name] = [counts[name][0] + rows, max(counts[name][1], whole(at))]
    return {name: _look_of(name, rows, at) for name, (rows, at) in counts.items()}


def _look(conn: sqlite3.Connection, name: str) -> Look | None:
    row = conn.execute("SELECT time_updated FROM session WHERE id = ?", (name,)).fetchone()
    if row is None or not name.startswith("ses_"):
        return None
    rows, latest = 0, whole(row[0])
    for _, one in _COUNTS:
        count, at = conn.execute(one, (name,)).fetchone()
        rows, latest = rows + count, max(latest, whole(at))
    return _look_of(name, rows, latest)


def _look_of(name: str, rows: int, at: int) -> Look:
    return Look(crc32(name.encode()), rows, at * 1_000_000)


def _session(conn: sqlite3.Connection, name: str) -> Session | None:
    row = conn.execute(
        "SELECT parent_id, directory, version, time_created FROM session WHERE id = ?", (name,)
    ).fetchone()
    if row is None:
        return None
    parent = root = an_id(row[0])
    for _ in range(_FAMILY):
        above = conn.execute("SELECT parent_id FROM session WHERE id = ?", (root,)).fetchone()
        if above is None or not an_id(above[0]):
            break
        root = an_id(above[0])
    return Session(name, parent, root, text_of(row[1], 4096), text_of(row[2], 64), whole(row[3]))


# -- opening --------------------------------------------------------------------------------------------------------------


def _read(path: str, ask: Callable[[sqlite3.Connection], Any]) -> Any:
    """What `ask` finds out; OSError, with a reason that names nothing, where the database cannot be read."""
    for _ in range(2):
        state = _state(path)
        how = _how(path, state)
        try:
            conn = _connect(path, how)
            try:
                _ensure_ours(conn)
                answer = ask(conn)
            finally:
                conn.close()
        except sqlite3.Error as error:
            if "immutable" in how and _state(path) != state:
                continue
            raise OSError(errno.EIO, _said(error)) from error
        if "immutable" not in how or _state(path) == state:
            return answer
    raise OSError(errno.EBUSY, "a database that changes while it is read")


def _state(path: str) -> tuple[int, ...]:
    """What shows a change of the database or of its write-ahead log; all zero where there is none."""
    found: list[int] = []
    for name in (path, path + "-wal"):
        try:
            stat = os.stat(name)
            found += [stat.st_ino, stat.st_size, stat.st_mtime_ns]
        except OSError:
            found += [0, 0, 0]
    return tuple(found)


def _how(path: str, state: tuple[int, ...]) -> str:
    with open(path, "rb") as file:
        head = file.read(20)
    if not head.startswith(b"SQLite format 3\0"):
        raise OSError(errno.EINVAL, "not a database")
    if head[18:19] != b"\2":
        return "mode=ro"  # a rollback journal: reading takes a lock and makes no file
    if not state[4]:
        return "mode=ro&immutable=1"
    if not os.path.exists(path + "-shm"):
        raise OSError(errno.EROFS, "a database whose write-ahead log cannot be read without changing it")
    return "mode=ro&readonly_shm=1"


def _connect(path: str, how: str) -> sqlite3.Connection:
    name = os.path.abspath(path).replace("\\", "/")
    for char, code in (("%", "%25"), ("?", "%3f"), ("#", "%23")):
        name = name.replace(char, code)
    conn = sqlite3.connect(f"file:{'' if name.startswith('/') else '/'}{name}?{how}", uri=True, timeout=_PATIENCE)
    conn.text_factory = lambda raw: raw.decode("utf-8", "replace")
    left = [_MOST_STEPS]

    def too_long() -> bool:
        left[0] -= 1
        return left[0] < 0

    conn.set_progress_handler(too_long, _STEP)
    conn.execute("PRAGMA query_only = 1")
    conn.execute("PRAGMA trusted_schema = 0")
    return conn


def _ensure_ours(conn: sqlite3.Connection) -> None:
    """Only tables proper: they alone have a root page."""
    (count,) = conn.execute(
        "SELECT count(*) FROM sqlite_master WHERE type = 'table' AND rootpage > 0 AND name IN ('session', 'message', 'part')"
    ).fetchone()
    if count != 3:
        raise OSError(errno.EINVAL, "a database that is not OpenCode's")


def _said(error: sqlite3.Error) -> str:
    text = str(error)
    if "locked" in text or "busy" in text:
        return "a database that is locked"
    if "interrupted" in text:
        return "a database too large to be looked through"
    if "no such column" in text or "no such table" in text:
        return "a database of an unknown form"
    return "a database that cannot be opened" if "unable to open" in text else "a damaged database"
