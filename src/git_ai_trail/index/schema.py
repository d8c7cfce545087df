"""The index database: opening, creating, and starting over when its shape or key is not ours. Hot path."""

from __future__ import annotations

import os
import sqlite3

VERSION = 3

# How long a commit waits for another process that writes the index; one log is one transaction, so mostly milliseconds.
LOCK_TIMEOUT = 0.25

# Logs of a memory index are numbered from here, so that its rows and those of the index on disk can be told apart.
MEMORY_BASE = 1 << 40

_TABLES = """
CREATE TABLE logs (
    id INTEGER PRIMARY KEY,
    format TEXT NOT NULL,
    path TEXT NOT NULL UNIQUE,
    dir TEXT NOT NULL,
    inode INTEGER NOT NULL,
    size INTEGER NOT NULL,
    mtime_ns INTEGER NOT NULL,
    offset INTEGER NOT NULL,        -- first byte not read yet
    prefix BLOB NOT NULL,           -- digest of the first bytes: a rewritten file starts over
    state TEXT NOT NULL,            -- what a reader needs to go on (JSON, no text)
    session TEXT NOT NULL,
    agent_version TEXT NOT NULL,
    models TEXT NOT NULL,           -- JSON list
    source TEXT NOT NULL,
    cwd TEXT NOT NULL,
    remote INTEGER NOT NULL,        -- digest of origin's URL, 0 if none
    base_oid TEXT NOT NULL,
    started_at REAL,
    last_at REAL,
    calls INTEGER NOT NULL,
    commands INTEGER NOT NULL,
    edits INTEGER NOT NULL,
    failed INTEGER NOT NULL
);
CREATE INDEX logs_by_session ON logs(session);
CREATE INDEX logs_by_time ON logs(mtime_ns);
CREATE INDEX logs_by_dir ON logs(dir);
CREATE TABLE edits (
    id INTEGER PRIMARY KEY,
    log INTEGER NOT NULL REFERENCES logs(id) ON DELETE CASCADE,
    at REAL,
    turn INTEGER NOT NULL,
    offset INTEGER NOT NULL,
    length INTEGER NOT NULL,
    op TEXT NOT NULL,
    via TEXT NOT NULL,
    known INTEGER NOT NULL,
    removed INTEGER NOT NULL,
    exact BLOB NOT NULL,            -- 8 bytes a line, in order
    loose BLOB NOT NULL,
    sketch BLOB NOT NULL,           -- 8 times 8 bits of a line's words; 0 for a line that proves nothing
    runs BLOB NOT NULL              -- lengths of the runs of consecutive lines
);
CREATE INDEX edits_by_log ON edits(log);
CREATE TABLE edit_paths (
    key INTEGER NOT NULL,
    edit INTEGER NOT NULL REFERENCES edits(id) ON DELETE CASCADE,
    whole INTEGER NOT NULL,         -- 1: the absolute path, 0: a tail of it
    PRIMARY KEY (key, edit)
) WITHOUT ROWID;
CREATE INDEX edit_paths_by_edit ON edit_paths(edit);
CREATE TABLE lines (
    digest INTEGER NOT NULL,
    log INTEGER NOT NULL REFERENCES logs(id) ON DELETE CASCADE,
    PRIMARY KEY (digest, log)
) WITHOUT ROWID;
CREATE INDEX lines_by_log ON lines(log);
CREATE TABLE prompts (
    log INTEGER NOT NULL REFERENCES logs(id) ON DELETE CASCADE,
    turn INTEGER NOT NULL,
    at REAL,
    offset INTEGER NOT NULL,
    length INTEGER NOT NULL,
    commitment TEXT NOT NULL,
    PRIMARY KEY (log, turn)
) WITHOUT ROWID;
CREATE TABLE commits (
    log INTEGER NOT NULL REFERENCES logs(id) ON DELETE CASCADE,
    at REAL,
    turn INTEGER NOT NULL,
    oid TEXT NOT NULL,
    workdir TEXT NOT NULL,
    began_at REAL,
    subject INTEGER NOT NULL        -- digest of what the command gives with -m, 0 if nothing
);
CREATE INDEX commits_by_oid ON commits(oid);
CREATE INDEX commits_by_time ON commits(at);
CREATE INDEX commits_by_log ON commits(log);
CREATE TABLE facts (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
"""


def open_index(path: str, key_id: str) -> sqlite3.Connection:
    """The index at `path`, created or recreated if it is absent, of another version or under another key.

    Raises `sqlite3.Error` or `OSError` where the folder cannot be written (see `open_memory` and `open_readonly`) or the file is
    damaged (see `forget`).
    """
    os.makedirs(os.path.dirname(path), mode=0o700, exist_ok=True)
    connection = _connect(path)
    try:
        if _usable(connection, key_id):
            return connection
    except sqlite3.DatabaseError as error:
        # One that another program made, or that was killed while it was created, has no table of ours.
        if "no such table" not in str(error):
            connection.close()
            raise
    connection.close()
    forget(path)
    connection = _connect(path)
    os.chmod(path, 0o600)
    connection.execute("PRAGMA journal_mode=WAL")
    _create(connection, key_id)
    return connection


def forget(path: str) -> None:
    """Removes the index: all of it comes from the logs and can be read from them again."""
    for suffix in ("", "-wal", "-shm"):
        if os.path.exists(path + suffix):
            os.unlink(path + suffix)


def open_readonly(path: str, key_id: str, *, alone: bool = False) -> sqlite3.Connection | None:
    """The index for looking only, or None if there is none that fits.

    Without a writable folder SQLite cannot share its WAL; then the main file alone is read. So it is with `alone`: on a disk
    that has just refused to take anything more, SQLite would try for ten seconds to share it.
    """
    if not os.path.exists(path):
        return None
    for mode in ("mode=ro", "mode=ro&immutable=1")[alone:]:
        try:
            connection = sqlite3.connect(f"file:{_quote(path)}?{mode}", uri=True, isolation_level=None, timeout=0.2)
            if _usable(connection, key_id):
                return connection
            connection.close()
        except sqlite3.Error:
            continue
    return None


def open_memory(key_id: str) -> sqlite3.Connection:
    """An empty index that lives as long as its connection."""
    connection = sqlite3.connect(":memory:", isolation_level=None)
    _create(connection, key_id)
    connection.execute(
        "INSERT INTO logs VALUES (?, '', '', '', 0, 0, 0, 0, x'', '{}', '', '', '[]', '', '', 0, '', NULL, NULL, 0, 0, 0, 0)",
        (MEMORY_BASE,),
    )
    return connection


def _connect(path: str) -> sqlite3.Connection:
    connection = sqlite3.connect(path, isolation_level=None, timeout=LOCK_TIMEOUT)
    connection.execute("PRAGMA synchronous=NORMAL")
    connection.execute("PRAGMA foreign_keys=ON")
    return connection


def _usable(connection: sqlite3.Connection, key_id: str) -> bool:
    if connection.execute("PRAGMA user_version").fetchone()[0] != VERSION:
        return False
    row = connection.execute("SELECT value FROM facts WHERE name = 'key'").fetchone()
    return row is not None and row[0] == key_id


def _create(connection: sqlite3.Connection, key_id: str) -> None:
    connection.execute("BEGIN IMMEDIATE")
    try:
        # Two processes may have found the file missing; the second finds the first one's work here.
        if connection.execute("PRAGMA user_version").fetchone()[0] != VERSION:
            for statement in _TABLES.split(";\n"):
                if statement.strip():
                    connection.execute(statement)
            connection.execute("INSERT INTO facts VALUES ('key', ?)", (key_id,))
            connection.execute(f"PRAGMA user_version = {VERSION}")
        connection.execute("COMMIT")
    except BaseException:
        # A full disk makes SQLite roll back by itself.
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise


def _quote(path: str) -> str:
    return path.replace("%", "%25").replace("?", "%3f").replace("#", "%23")
