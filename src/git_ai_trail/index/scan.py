"""Reads new bytes of a log into the index. Hot path; one transaction a log; no text is kept.

A log that grew is read from where the last look stopped; one that was replaced or cut is read again from the start.
"""

from __future__ import annotations

import hashlib
import json
import os
import sqlite3
from array import array
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from git_ai_trail.facts import SIGNIFICANT, CommitMade, Edit, Event, Meta, PendingCommit
from git_ai_trail.git import is_oid, normal_url
from git_ai_trail.index.keys import Keys, as_written, weight
from git_ai_trail.lazy import pattern
from git_ai_trail.words import word

PREFIX_BYTES = 4096
# -m "…", -am '…', --message=…; inside JavaScript or JSON the quotes are escaped.
_MESSAGE = pattern(
    r"""\bcommit\b[^|;&]*?\s(?:-[a-zA-Z]*m\s*|--message[=\s]\s*)(?:\\?"([^"\\$`]*)\\?"|'([^']*)'|([^\s"'\\]+))"""
)
MAX_LINE = 32 * 1024 * 1024
CHUNK = 1 << 20


class LogState(NamedTuple):
    """How far a log is read, and what it is waiting for."""

    log: int
    session_id: str
    pending: tuple[PendingCommit, ...]
    bytes_read: int


class LogFormat(NamedTuple):
    """The parts of a format that scanning needs (see formats.protocol)."""

    name: str
    reader: Callable[[str, dict[str, Any] | None], Any]
    open_offsets: Callable[[dict[str, Any]], list[int]]


def refresh(
    db: sqlite3.Connection, keys: Keys, fmt: LogFormat, path: str, *, limit: int | None = None
) -> LogState | None:
    """Brings the index up to date with one log; None if the file cannot be read.

    `limit` bounds the bytes read now (the rest is read next time). An unterminated last line is left for later.
    """
    try:
        with open(path, "rb") as file:
            return _refresh(db, keys, fmt, path, file, limit)
    except OSError:
        return None


def _refresh(db: sqlite3.Connection, keys: Keys, fmt: LogFormat, path: str, file: Any, limit: int | None) -> LogState:
    stat = os.fstat(file.fileno())
    head = file.read(PREFIX_BYTES)
    row = db.execute("SELECT id, inode, size, offset, prefix, state FROM logs WHERE path = ?", (path,)).fetchone()
    log, offset, state = None, 0, None
    if row is not None:
        log = row[0]
        if stat.st_size >= row[3] and _prefix_holds(head, row[4]):
            offset, state = row[3], json.loads(row[5])
    if stat.st_size == offset and log is not None and state is not None:
        reader = fmt.reader(path, state)
        _replay(file, reader, fmt.open_offsets(state))
        db.execute(
            "UPDATE logs SET size = ?, mtime_ns = ?, inode = ? WHERE id = ?",
            (stat.st_size, stat.st_mtime_ns, stat.st_ino, log),
        )
        return LogState(log, state.get("session_id", ""), tuple(reader.pending_commits()), 0)
    reader = fmt.reader(path, state)
    still_open = _replay(file, reader, fmt.open_offsets(state)) if state is not None else []
    db.execute("BEGIN IMMEDIATE")
    try:
        if offset == 0 and log is not None:
            db.execute("DELETE FROM logs WHERE id = ?", (log,))
            log = None
        if log is None:
            log = _new_log(db, fmt.name, path)
        writer = _Writer(db, keys, log)
        for event in still_open:
            writer.remember(event)
        end = offset
        for line, at in _lines(file, offset, stat.st_size if limit is None else min(stat.st_size, offset + limit)):
            for event in reader.feed(line, at):
                # A prompt may turn out to be one only when a later line shows it; its commitment is to its own line.
                own = line if event.offset == at else os.pread(file.fileno(), event.length, event.offset)
                writer.take(event, own)
            end = at + len(line) + 1
        writer.close(reader.state(), head, end, stat)
        db.execute("COMMIT")
    except BaseException:
        db.execute("ROLLBACK")
        raise
    return LogState(log, writer.session_id, tuple(reader.pending_commits()), end - offset)


def _prefix_holds(head: bytes, recorded: bytes) -> bool:
    """Whether the file still begins as it did; what was recorded covers as many bytes as there were then."""
    size = int.from_bytes(recorded[:2], "big")
    return _prefix(head[:size]) == recorded


def _prefix(head: bytes) -> bytes:
    return len(head).to_bytes(2, "big") + hashlib.blake2b(head, digest_size=16).digest()


def _replay(file: Any, reader: Any, offsets: list[int]) -> list[Event]:
    """Feeds the lines of calls that are still open to a resumed reader; their events are already in the index."""
    events: list[Event] = []
    for offset in offsets:
        file.seek(offset)
        line = file.readline(MAX_LINE + 1)
        if line.endswith(b"\n"):
            events.extend(reader.feed(line[:-1], offset))
    return events


def _lines(file: Any, offset: int, end: int) -> Iterator[tuple[bytes, int]]:
    """Complete lines between two offsets; a line over 32 MiB is given as an empty one."""
    file.seek(offset)
    at = offset
    while at < end:
        line = file.readline(MAX_LINE + 1)
        if not line.endswith(b"\n"):
            if len(line) <= MAX_LINE:
                return  # the writer is in the middle of this line
            skipped = len(line) + _skip_line(file)
            yield b"", at + skipped - 1
            at += skipped
            continue
        yield line[:-1], at
        at += len(line)


def _skip_line(file: Any) -> int:
    size = 0
    while True:
        part = file.readline(CHUNK)
        size += len(part)
        if not part or part.endswith(b"\n"):
            return size


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
        exact, loose = array("q"), array("q")
        for run in edit.added:
            for text in run:
                raw = text.encode("utf-8", "surrogatepass")
                digest = self.keys.line(raw)
                exact.append(digest)
                loose.append(self.keys.loose(raw))
                if weight(raw) == SIGNIFICANT:
                    self.lines.append((digest, self.log))
        cursor = self.db.execute(
            "INSERT INTO edits (log, at, turn, offset, length, op, via, known, removed, exact, loose, runs)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
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

    def _name(self, path: str, edits: list[int]) -> None:
        whole = [self.keys.path(name) for name in as_written(path)] if path.startswith("/") else []
        tails = self.keys.suffixes(path)
        rows = [(key, edit, 1) for key in whole for edit in edits] + [(key, edit, 0) for key in tails for edit in edits]
        self.db.executemany("INSERT OR IGNORE INTO edit_paths VALUES (?, ?, ?)", rows)

    def close(self, state: dict[str, Any], head: bytes, end: int, stat: os.stat_result) -> None:
        self.db.executemany("INSERT OR IGNORE INTO lines VALUES (?, ?)", self.lines)
        version, source, cwd, remote, base_oid = self.about
        self.db.execute(
            "UPDATE logs SET inode = ?, size = ?, mtime_ns = ?, offset = ?, prefix = ?, state = ?, session = ?,"
            " agent_version = ?, models = ?, source = ?, cwd = ?, remote = ?, base_oid = ?, started_at = ?,"
            " last_at = ?, calls = ?, commands = ?, edits = ?, failed = ? WHERE id = ?",
            (
                stat.st_ino,
                stat.st_size,
                stat.st_mtime_ns,
                end,
                _prefix(head[:end]),
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
}
