"""Reads new bytes of a log into the index. Hot path; one transaction a log; no text is kept.

A log that grew is read from where the last look stopped; one that was replaced or cut is read again from the start.
"""

from __future__ import annotations

import hashlib
import json
import os
import sqlite3
from array import array
from collections.abc import Callable
from typing import Any, NamedTuple

from git_ai_trail.facts import SIGNIFICANT, CommitMade, Edit, Event, Meta, PendingCommit
from git_ai_trail.git import is_oid, normal_url
from git_ai_trail.index.keys import Keys, weight
from git_ai_trail.lazy import pattern
from git_ai_trail.loglines import LogFile, open_plain
from git_ai_trail.places import as_written
from git_ai_trail.words import word

# -m "…", -am '…', --message=…; inside JavaScript or JSON the quotes are escaped.
_MESSAGE = pattern(
    r"""\bcommit\b[^|;&]*?\s(?:-[a-zA-Z]*m\s*|--message[=\s]\s*)(?:\\?"([^"\\$`]*)\\?"|'([^']*)'|([^\s"'\\]+))"""
)

# Lines held back before they are written; a log of gigabytes writes millions.
_MOST_LINES = 50_000


class LogState(NamedTuple):
    """How far a log is read, and what it is waiting for."""

    log: int
    session_id: str
    pending: tuple[PendingCommit, ...]
    bytes_read: int


class LogFormat(NamedTuple):
    """The parts of a format that scanning needs (see formats.protocol)."""

    name: str
    version: int
    reader: Callable[[str, dict[str, Any] | None], Any]
    open_offsets: Callable[[dict[str, Any]], list[int]]
    is_document: Callable[[str], bool]
    open_made: Callable[[str], LogFile | None]  # a log that is no file, None for one that is


def refresh(
    db: sqlite3.Connection,
    keys: Keys,
    fmt: LogFormat,
    path: str,
    *,
    limit: int | None = None,
    open_log: Callable[..., LogFile] = open_plain,
) -> LogState | None:
    """Brings the index up to date with one log; None if the file cannot be read.

    `limit` bounds the bytes read now (the rest is read next time; a document is read whole or not at all). An
    unterminated last line is left for later.
    """
    try:
        with fmt.open_made(path) or open_log(path, document=fmt.is_document(path)) as log:
            return _refresh(db, keys, fmt, log, limit)
    except OSError:
        return None


def _refresh(db: sqlite3.Connection, keys: Keys, fmt: LogFormat, file: LogFile, limit: int | None) -> LogState | None:
    path = file.path
    if file.document and limit is not None and file.size > limit:
        return None
    row = db.execute("SELECT id, offset, prefix, state FROM logs WHERE path = ?", (path,)).fetchone()
    log, state = (row[0], json.loads(row[3])) if row is not None else (None, None)
    if state is not None and not (state.get("version") == fmt.version and file.begins_as_read(row[1], row[2].hex())):
        state = None
    reader = fmt.reader(path, state)
    still_open = _replay(file, reader, fmt.open_offsets(state)) if state is not None else []
    if state is not None and file.all_read:
        _take_going(file, reader)
        db.execute(
            "UPDATE logs SET size = ?, mtime_ns = ?, inode = ? WHERE id = ?",
            (file.size, file.mtime_ns, file.inode, log),
        )
        return LogState(log or 0, state.get("session_id", ""), tuple(reader.pending_commits()), 0)
    db.execute("BEGIN IMMEDIATE")
    try:
        if state is None and log is not None:
            db.execute("DELETE FROM logs WHERE id = ?", (log,))
            log = None
        if log is None:
            log = _new_log(db, fmt.name, path)
        writer = _Writer(db, keys, log)
        for event in still_open:
            writer.remember(event)
        began = file.offset
        _take_lines(file, reader, writer, None if limit is None else began + limit)
        writer.close(reader.state(), file)
        _take_going(file, reader)
        db.execute("COMMIT")
    except BaseException:
        # A full disk makes SQLite roll back by itself.
        if db.in_transaction:
            db.execute("ROLLBACK")
        raise
    return LogState(log, writer.session_id, tuple(reader.pending_commits()), file.offset - began)


def _take_lines(file: LogFile, reader: Any, writer: _Writer, until: int | None) -> None:
    for line in file.lines(until):
        for event in file.placed(reader.feed(line.text, line.offset), line):
            # A prompt may turn out to be one only when a later line shows it; its commitment is to its own line.
            own = line.raw if event.offset == line.offset else file.bytes_at(event.offset, event.length)
            writer.take(event, own)


def _take_going(file: LogFile, reader: Any) -> None:
    """Lets a reader see the calls that go on; what they say is not kept, since it may be something else the next time."""
    for line in file.going():
        reader.feed(line.text, line.offset)


def _replay(file: LogFile, reader: Any, offsets: list[int]) -> list[Event]:
    """Feeds the lines of calls that are still open to a resumed reader; their events are already in the index."""
    events: list[Event] = []
    for offset in offsets:
        line = file.line_at(offset)
        if line is not None:
            events.extend(reader.feed(line.text, offset))
    return events


def _new_log(db: sqlite3.Connection, name: str, path: str) -> int:
    cursor = db.execute(
        "INSERT INTO logs (format, path, dir, inode, size, mtime_ns, offset, prefix, state, session, agent_version,"
        " models, source, cwd, remote, base_oid, started_at, last_at, calls, commands, edits, failed)"
        " VALUES (?, ?, ?, 0, 0, 0, 0, x'', '{}', '', '', '[]', '', '', 0, '', NULL, NULL, 0, 0, 0, 0)",
        (name, path, os.path.dirname(path)),
    )
    assert cursor.lastrowid is not None
    return cursor.lastrowid


def subject_of(command: str) -> str:
    """The subject that a shell command gives to `git commit -m`; empty where it gives none in plain words."""
    found = _MESSAGE.search(command)
    if found is None:
        return ""
    said = next(text for text in found.groups() if text is not None)
    return said.replace("\\n", "\n").strip().split("\n", 1)[0].strip()


class _Writer:
    """Turns the events of one log into rows."""

    def __init__(self, db: sqlite3.Connection, keys: Keys, log: int) -> None:
        self.db = db
        self.keys = keys
        self.log = log
        row = db.execute(
            "SELECT session, agent_version, models, source, cwd, remote, base_oid, started_at, last_at, calls,"
            " commands, edits, failed FROM logs WHERE id = ?",
            (log,),
        ).fetchone()
        self.session_id: str = row[0]
        self.about: list[Any] = [row[1], row[3], row[4], row[5], row[6]]
        self.models: list[str] = json.loads(row[2])
        self.started_at, self.last_at = row[7], row[8]
        self.counts: dict[str, int] = {"calls": row[9], "commands": row[10], "edits": row[11], "failed": row[12]}
        self.lines: list[tuple[int, int]] = []
        # Calls that may turn out to have made a commit: when, and the message's digest.
        self.committing: dict[str, tuple[float | None, int]] = {}

    def take(self, event: Event, line: bytes) -> None:
        at = event.at
        if at is not None:
            self.started_at = at if self.started_at is None else min(self.started_at, at)
            self.last_at = at if self.last_at is None else max(self.last_at, at)
        handler = _HANDLERS.get(event.kind)
        if handler is not None:
            handler(self, event, line)

    def meta(self, event: Event, line: bytes) -> None:
        meta: Meta = event.data
        if self.session_id and meta.session_id != self.session_id:
            return
        self.session_id = meta.session_id
        remote = self.keys.path(normal_url(meta.git_url)) if meta.git_url else 0
        self.about = [
            word(meta.agent_version),
            word(meta.source),
            meta.cwd,
            remote,
            meta.git_oid if is_oid(meta.git_oid) else "",
        ]
        if meta.started_at is not None:
            self.started_at = meta.started_at if self.started_at is None else min(self.started_at, meta.started_at)

    def context(self, event: Event, line: bytes) -> None:
        model = word(event.data.model)
        if model and model not in self.models and len(self.models) < 16:
            self.models.append(model)

    def other(self, event: Event, line: bytes) -> None:
        """A snapshot of the worktree says which commit the work stood on, where the session's beginning does not."""
        base = event.data.base
        if base and not self.about[4] and is_oid(base):
            self.about[4] = base

    def prompt(self, event: Event, line: bytes) -> None:
        nonce = self.keys.nonce(self.session_id, event.offset)
        self.db.execute(
            "INSERT OR IGNORE INTO prompts VALUES (?, ?, ?, ?, ?, ?)",
            (
                self.log,
                event.data.index,
                event.at,
                event.offset,
                event.length,
                hashlib.sha256(nonce + line).hexdigest(),
            ),
        )

    def call(self, event: Event, line: bytes) -> None:
        self.counts["calls"] += 1
        command = event.data.command
        if command:
            self.counts["commands"] += 1
        self.remember(event)

    def remember(self, event: Event) -> None:
        """Keeps in mind when a call began that may turn out to be a commit."""
        if event.kind != "call":
            return
        text = event.data.command or event.data.arguments
        if "commit" in text and event.data.call_id:
            self.committing[event.data.call_id] = (event.at, self.keys.subject(subject_of(text)))

    def output(self, event: Event, line: bytes) -> None:
        if event.data.status in ("failed", "declined") or event.data.exit_code not in (None, 0):
            self.counts["failed"] += 1

    def commit(self, event: Event, line: bytes) -> None:
        made: CommitMade = event.data
        began_at, subject = self.committing.get(made.call_id, (None, 0))
        self.db.execute(
            "INSERT INTO commits VALUES (?, ?, ?, ?, ?, ?, ?)",
            (self.log, event.at, event.turn, made.oid, made.workdir, began_at, subject),
        )

    def edit(self, event: Event, line: bytes) -> None:
        edit: Edit = event.data
        self.counts["edits"] += 1
        exact, loose, sketches = array("q"), array("q"), array("q")
        for run in edit.added:
            for text in run:
                raw = text.encode("utf-8", "surrogatepass")
                digest = self.keys.line(raw)
                exact.append(digest)
                loose.append(self.keys.loose(raw))
                telling = weight(raw) == SIGNIFICANT
                sketches.append(self.keys.sketch(raw) if telling else 0)
                if telling:
                    self.lines.append((digest, self.log))
        if len(self.lines) >= _MOST_LINES:
            self._write_lines()
        cursor = self.db.execute(
            "INSERT INTO edits (log, at, turn, offset, length, op, via, known, removed, exact, loose, sketch, runs)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                self.log,
                event.at,
                event.turn,
                event.offset,
                event.length,
                edit.op,
                edit.via,
                edit.known,
                edit.removed,
                exact.tobytes(),
                loose.tobytes(),
                sketches.tobytes(),
                array("q", [len(run) for run in edit.added]).tobytes(),
            ),
        )
        assert cursor.lastrowid is not None
        self._name(edit.path, [cursor.lastrowid])
        if edit.old_path:
            # What the session wrote before the file moved belongs to the file's new name as well.
            before = self.db.execute(
                "SELECT edit FROM edit_paths JOIN edits ON edits.id = edit WHERE key = ? AND whole = 1 AND log = ?",
                (self.keys.path(edit.old_path), self.log),
            ).fetchall()
            self._name(edit.path, [row[0] for row in before])
            self._name(edit.old_path, [cursor.lastrowid])

    def _write_lines(self) -> None:
        # In the order of their key, so that neighbours in the table are written together.
        self.db.executemany("INSERT OR IGNORE INTO lines VALUES (?, ?)", sorted(self.lines))
        self.lines = []

    def _name(self, path: str, edits: list[int]) -> None:
        whole = [self.keys.path(name) for name in as_written(path)] if path.startswith("/") else []
        tails = self.keys.suffixes(path)
        rows = [(key, edit, 1) for key in whole for edit in edits] + [(key, edit, 0) for key in tails for edit in edits]
        self.db.executemany("INSERT OR IGNORE INTO edit_paths VALUES (?, ?, ?)", rows)

    def close(self, state: dict[str, Any], file: LogFile) -> None:
        self._write_lines()
        version, source, cwd, remote, base_oid = self.about
        self.db.execute(
            "UPDATE logs SET inode = ?, size = ?, mtime_ns = ?, offset = ?, prefix = ?, state = ?, session = ?,"
            " agent_version = ?, models = ?, source = ?, cwd = ?, remote = ?, base_oid = ?, started_at = ?,"
            " last_at = ?, calls = ?, commands = ?, edits = ?, failed = ? WHERE id = ?",
            (
                file.inode,
                file.size,
                file.mtime_ns,
                file.offset,
                bytes.fromhex(file.prefix()),
                json.dumps(state, separators=(",", ":")),
                self.session_id,
                version,
                json.dumps(self.models),
                source,
                cwd,
                remote,
                base_oid,
                self.started_at,
                self.last_at,
                self.counts["calls"],
                self.counts["commands"],
                self.counts["edits"],
                self.counts["failed"],
                self.log,
            ),
        )


_HANDLERS: dict[str, Callable[[_Writer, Event, bytes], None]] = {
    "meta": _Writer.meta,
    "context": _Writer.context,
    "prompt": _Writer.prompt,
    "call": _Writer.call,
    "output": _Writer.output,
    "edit": _Writer.edit,
    "commit": _Writer.commit,
    "other": _Writer.other,
}
