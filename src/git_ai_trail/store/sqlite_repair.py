"""What happens to a trail database that is damaged: it is put aside, never deleted, and what only it knew is carried over.

Sessions come from the logs again. What people redacted by hand comes from nowhere else, and without it a text that they wanted
gone would come back; so it is also kept in a file beside the database (keyed digests, never the text), and a database that has
none of it takes it from there.
"""

from __future__ import annotations

import fcntl
import json
import os
import sqlite3
import time
from typing import Any
from urllib.parse import quote

from git_ai_trail.errors import StoreError, is_damage

# Tables that cannot be made again from logs. None of them refers to another.
_ONLY_HERE = ("manual_redactions", "audit")
_LARGEST = 64 * 1024 * 1024


def is_damaged(path: str) -> bool:
    """Whether the database at `path` is damaged; a look at all of it."""
    if not os.path.exists(path):
        return False
    try:
        conn = sqlite3.connect(f"file:{quote(path)}?mode=ro", uri=True, timeout=2)
        try:
            found = conn.execute("PRAGMA quick_check(1)").fetchone()
        finally:
            conn.close()
    except sqlite3.DatabaseError as error:
        return is_damage(error)
    return found is None or found[0] != "ok"


def put_aside(path: str) -> str:
    """Moves a damaged database away and returns where it lies now; empty where it is not damaged (any more).

    Raises `StoreError` where what was redacted by hand can be read neither from it nor from the file beside it.
    """
    lock = os.open(f"{path}.repair", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        # Another process may have met the same damage; the second finds the work done.
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not is_damaged(path):
            return ""
        _save_what_only_it_knew(path)
        stamp = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime())
        moved = f"{path}.damaged-{stamp}-{os.getpid()}"
        # The write-ahead log first: left alone it would be taken for that of the new database.
        for suffix in ("-wal", "-shm", ""):
            if os.path.exists(path + suffix):
                os.rename(path + suffix, moved + suffix)
        return moved
    finally:
        os.close(lock)


def keep_beside(conn: sqlite3.Connection, path: str) -> None:
    """Writes what only the database knows into the file beside it."""
    kept: dict[str, list[dict[str, Any]]] = {}
    for table in _ONLY_HERE:
        found = conn.execute(f"SELECT * FROM {table}")  # noqa: S608 - a name of ours
        names = [column[0] for column in found.description]
        kept[table] = [dict(zip(names, row, strict=True)) for row in found]
    own = f"{_beside(path)}.{os.getpid()}"
    with open(os.open(own, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600), "w", encoding="utf-8") as file:
        json.dump(kept, file)
    os.replace(own, _beside(path))


def take_from_beside(conn: sqlite3.Connection, path: str) -> None:
    """Gives a database that has nothing redacted by hand what the file beside it holds, in one transaction."""
    kept = _read(_beside(path))
    if not kept:
        return
    conn.execute("BEGIN IMMEDIATE")
    try:
        for table in _ONLY_HERE:
            known = {row[1] for row in conn.execute(f"PRAGMA table_info({table})")}
            if conn.execute(f"SELECT 1 FROM {table} LIMIT 1").fetchone() is None:  # noqa: S608
                for row in kept.get(table, ()):
                    names = [name for name in row if name in known]
                    marks = ", ".join("?" * len(names))
                    insert = f"INSERT INTO {table} ({', '.join(names)}) VALUES ({marks})"  # noqa: S608
                    conn.execute(insert, [row[name] for name in names])
        conn.execute("COMMIT")
    except BaseException:
        if conn.in_transaction:
            conn.execute("ROLLBACK")
        raise


def is_beside(path: str) -> bool:
    """Whether there is a file beside the database."""
    return os.path.exists(_beside(path))


def _save_what_only_it_knew(path: str) -> None:
    try:
        conn = sqlite3.connect(f"file:{quote(path)}?mode=ro", uri=True, timeout=2)
        try:
            if conn.execute("SELECT 1 FROM sqlite_schema WHERE name = 'manual_redactions'").fetchone() is not None:
                keep_beside(conn, path)
        finally:
            conn.close()
    except sqlite3.DatabaseError as error:
        # The first redaction by hand makes the file beside it, so that none means there were none, but for a file that is broken.
        if is_beside(path) and _read(_beside(path)) is None:
            advice = f"move it and {_beside(path)} away to begin anew without what was redacted by hand"
            raise StoreError(f"{path}: damaged, and so is what was redacted by hand", advice) from error


def _beside(path: str) -> str:
    return f"{path}.manual.json"


def _read(path: str) -> dict[str, list[dict[str, Any]]] | None:
    """What the file holds; None where there is none or it is broken."""
    try:
        with open(path, encoding="utf-8") as file:
            kept = json.loads(file.read(_LARGEST))
        return {table: [dict(row) for row in kept[table]] for table in _ONLY_HERE}
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return None
