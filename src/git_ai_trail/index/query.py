"""Questions to the index: who wrote to these paths, who wrote these lines, who made this commit. Hot path."""

from __future__ import annotations

import json
import sqlite3
from array import array
from collections.abc import Iterable, Mapping
from typing import Any

from git_ai_trail.facts import KnownCommit, KnownEdit, KnownSession

BATCH = 500


_LOG = (
    "SELECT id, format, path, session, agent_version, models, source, cwd, remote, base_oid, started_at, last_at,"
    " calls, commands, edits, failed FROM logs"
)


def edits_of(db: sqlite3.Connection, keys: Iterable[int], since: float, until: float) -> dict[int, list[KnownEdit]]:
    """Edits by path key within a window of time, oldest first; an edit without a time counts as within."""
    found: dict[int, list[KnownEdit]] = {}
    for key in keys:
        rows = db.execute(
            "SELECT e.id, e.log, e.at, e.turn, e.op, e.via, e.known, e.removed, e.exact, e.loose, e.runs, p.whole,"
            " e.sketch"
            " FROM edit_paths p JOIN edits e ON e.id = p.edit"
            " WHERE p.key = ? AND (e.at IS NULL OR (e.at >= ? AND e.at <= ?)) ORDER BY e.at, e.id",
            (key, since, until),
        ).fetchall()
        if rows:
            found[key] = [_edit(row) for row in rows]
    return found


def edits_by(db: sqlite3.Connection, log: int, since: float, until: float, limit: int) -> list[KnownEdit]:
    """A session's edits of whatever path within a window of time, the latest first; as if found by the tail of a path."""
    rows = db.execute(
        "SELECT id, log, at, turn, op, via, known, removed, exact, loose, runs, 0, sketch FROM edits"
        " WHERE log = ? AND (at IS NULL OR (at >= ? AND at <= ?)) ORDER BY at DESC, id DESC LIMIT ?",
        (log, since, until, limit),
    ).fetchall()
    return [_edit(row) for row in rows]


def _edit(row: Any) -> KnownEdit:
    return KnownEdit(
        edit=row[0],
        log=row[1],
        at=row[2],
        turn=row[3],
        op=row[4],
        via=row[5],
        known=bool(row[6]),
        removed=row[7],
        exact=_integers(row[8]),
        loose=_integers(row[9]),
        runs=_integers(row[10]),
        whole=bool(row[11]),
        sketch=_integers(row[12]),
    )


def _integers(blob: bytes) -> tuple[int, ...]:
    values = array("q")
    values.frombytes(blob)
    return tuple(values)


def writers(db: sqlite3.Connection, digests: Iterable[int], until: float) -> dict[int, int]:
    """How many logs that began before `until` wrote each of these lines; a line that none wrote is left out."""
    wanted = list(set(digests))
    counts: dict[int, int] = {}
    for start in range(0, len(wanted), BATCH):
        part = wanted[start : start + BATCH]
        marks = ",".join("?" * len(part))
        rows = db.execute(
            f"SELECT digest, COUNT(*) FROM lines JOIN logs ON logs.id = lines.log WHERE digest IN ({marks})"  # noqa: S608 - only marks
            " AND (logs.started_at IS NULL OR logs.started_at <= ?) GROUP BY digest",
            (*part, until),
        )
        counts.update(rows)
    return counts


def log_count(db: sqlite3.Connection) -> int:
    """How many logs with at least one edit there are."""
    row = db.execute("SELECT COUNT(*) FROM logs WHERE edits > 0").fetchone()
    return int(row[0])


def logs(db: sqlite3.Connection, ids: Iterable[int]) -> dict[int, KnownSession]:
    found = {}
    for log in sorted(set(ids)):
        row = db.execute(f"{_LOG} WHERE id = ?", (log,)).fetchone()
        if row is not None:
            found[log] = _log(row)
    return found


def name_agents(db: sqlite3.Connection, names: Mapping[str, str]) -> None:
    """Keeps how agents are called whose formats the commit path does not know, by format."""
    if names:
        db.execute("CREATE TABLE IF NOT EXISTS agents (format TEXT PRIMARY KEY, name TEXT NOT NULL)")
        db.executemany("INSERT OR REPLACE INTO agents VALUES (?, ?)", names.items())


def agent_of(db: sqlite3.Connection, format: str) -> str:
    """How the agent of such a format is called; the format's name where nobody said."""
    try:
        row = db.execute("SELECT name FROM agents WHERE format = ?", (format,)).fetchone()
    except sqlite3.OperationalError:
        return format  # no such table: none was ever named
    return str(row[0]) if row is not None else format


def logs_active(db: sqlite3.Connection, since: float, until: float, limit: int = 200) -> list[KnownSession]:
    """Sessions with a sign of life in a window of time, latest first."""
    rows = db.execute(
        f"{_LOG} WHERE started_at <= ? AND last_at >= ? ORDER BY last_at DESC LIMIT ?", (until, since, limit)
    ).fetchall()
    return [_log(row) for row in rows]


def _log(row: Any) -> KnownSession:
    return KnownSession(
        log=row[0],
        format=row[1],
        path=row[2],
        session_id=row[3],
        agent_version=row[4],
        models=tuple(json.loads(row[5])),
        source=row[6],
        cwd=row[7],
        remote=row[8],
        base_oid=row[9],
        started_at=row[10],
        ended_at=row[11],
        actions=tuple(zip(("calls", "commands", "edits", "failed"), row[12:16], strict=True)),
    )


def made_by_oid(db: sqlite3.Connection, oid: str) -> list[KnownCommit]:
    """Commits made whose printed (abbreviated) oid is the beginning of `oid`."""
    prefixes = [oid[:n] for n in range(7, len(oid) + 1)]
    marks = ",".join("?" * len(prefixes))
    wanted = f"SELECT log, at, turn, oid, workdir, began_at, subject FROM commits WHERE oid IN ({marks})"  # noqa: S608
    rows = db.execute(wanted, prefixes).fetchall()
    return [KnownCommit(*row) for row in rows]


def made_about(db: sqlite3.Connection, subject: int, since: float, until: float) -> list[KnownCommit]:
    """Commits made with this subject, whose oid was not printed, by a call that was running within a window."""
    rows = db.execute(
        "SELECT log, at, turn, oid, workdir, began_at, subject FROM commits"
        " WHERE subject = ? AND oid = '' AND began_at <= ? AND at >= ?",
        (subject, until, since),
    ).fetchall()
    return [KnownCommit(*row) for row in rows]


def made_in(db: sqlite3.Connection, cwd: str, limit: int) -> list[str]:
    """(Abbreviated) oids of commits that sessions which began in this folder made, latest first."""
    rows = db.execute(
        "SELECT DISTINCT c.oid FROM logs l JOIN commits c ON c.log = l.id WHERE l.cwd = ? AND c.oid <> ''"
        " ORDER BY c.at DESC LIMIT ?",
        (cwd, limit),
    ).fetchall()
    return [row[0] for row in rows]


def commitments(db: sqlite3.Connection, log: int, turns: Iterable[int]) -> tuple[tuple[int, str], ...]:
    """(turn, commitment) of those prompts of a session."""
    known = dict(db.execute("SELECT turn, commitment FROM prompts WHERE log = ?", (log,)).fetchall())
    return tuple((turn, known[turn]) for turn in sorted(set(turns)) if turn in known)
