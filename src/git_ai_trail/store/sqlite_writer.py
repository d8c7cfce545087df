"""Writes one clean session into SQLite, in one transaction.

The transaction begins when the whole log is read and redacted (see `sqlite_held`), so that other processes wait only
for rows to be written.
"""

from __future__ import annotations

import hashlib
import sqlite3
import time
from collections import Counter
from collections.abc import Callable, Sequence

from git_ai_trail.facts import Meta
from git_ai_trail.model import CleanEvent, CleanSession, Ingested
from git_ai_trail.store import sqlite_rows as rows
from git_ai_trail.store.protocol import ReadMeanwhile, ReadUpTo
from git_ai_trail.store.sqlite_held import Chunk, Held, Mark

_STALE = -1


class Writer:
    """Writes one session; used once. `folder` takes a file while a large log is read."""

    def __init__(self, conn: sqlite3.Connection, session: CleanSession, folder: str) -> None:
        self.conn = conn
        self.session = session
        self.held = Held(folder)
        self.began = session.source.looked_at or time.time()
        self.meta: CleanEvent | None = None
        self.file = self.owner = 0  # row ids, known once the transaction is open
        self.native_id = ""
        self.previous_owner: int | None = None
        self.base = 0
        self.known: frozenset[str] = frozenset()
        self.left_out = 0
        self.counts: Counter[str] = Counter()
        self.redactions: Counter[str] = Counter()
        self.rules: dict[str, str] = {}

    def write(self, read_up_to: Callable[[], ReadUpTo]) -> Ingested:
        """Writes everything or nothing."""
        try:
            for clean in self.session.events:
                self._take(clean)
            upto = read_up_to()
            self._write(upto)
        finally:
            self.held.close()
        return Ingested(
            path=self.session.source.path,
            session_id=self.native_id,
            prompts=self.counts["prompts"],
            calls=self.counts[rows.CALLS],
            edits=self.counts["changes"],
            tokens=self.counts["tokens"],
            redactions=dict(self.redactions),
            skipped=dict(self.session.skipped),
            bytes_read=upto.offset - self.session.offset,
        )

    def _take(self, clean: CleanEvent) -> None:
        if clean.event.kind == "meta" and self.meta is None:
            self.meta = clean
            self.held.mark(clean)
        else:
            self.held.take(clean)

    # -- the transaction -------------------------------------------------------------------------------------------

    def _write(self, upto: ReadUpTo) -> None:
        try:
            chunks = self.held.chunks()
            first = next(chunks)
            self._begin(first, upto)
            self._flush(first)
            for chunk in chunks:
                self._flush(chunk)
            self._close(upto)
            self._drop_if_empty()
            self.conn.execute("COMMIT")
        except BaseException:
            if self.conn.in_transaction:
                self.conn.execute("ROLLBACK")
            raise

    def _flush(self, chunk: Chunk) -> None:
        for table, many in chunk.tables.items():
            fresh = self._fresh(many)
            if table == rows.CALLS:
                self._write_calls(fresh)
                continue
            self.conn.executemany(_INSERT[table], fresh)
            self.counts[table] += len(fresh)
            if table == rows.TOKENS:
                self.counts["tokens"] += sum(row[_INPUT] + row[_OUTPUT_TOKENS] for row in fresh)
        self._write_redactions(chunk.marks)

    def _fresh(self, many: list[rows.Row]) -> list[rows.Row]:
        """Those that no other log of the session gave, in their places."""
        fresh = [row for row in many if row[_SHA256] not in self.known] if self.known else many
        self.left_out += len(many) - len(fresh)
        return self._placed(fresh)

    def _placed(self, many: list[rows.Row]) -> list[rows.Row]:
        """Rows with the file and the session that they are of, and turns counted from the session's beginning."""
        file, owner, base = self.file, self.owner, self.base
        for row in many:
            row[0] = file
            row[1] = owner
            if base:
                row[2] += base
        return many

    def _write_calls(self, many: list[rows.Row]) -> None:
        """Calls with what came back of them."""
        calls: dict[str, rows.Row] = {}
        answers: list[rows.Row] = []
        for row in many:
            name = row[_CALL_ID]
            if row[_OUTPUT_OFFSET] is None:
                calls[name or f"\0{len(calls)}"] = row
            elif name in calls and calls[name][_OUTPUT_OFFSET] is None:
                calls[name][_OUTPUT] = row[_OUTPUT]
            else:
                answers.append(row)
        self.conn.executemany(_INSERT[rows.CALLS], calls.values())
        self.counts[rows.CALLS] += len(calls)
        for row in answers:
            self._answer(row)

    def _answer(self, row: rows.Row) -> None:
        """An output whose call was written before, or is not in the log."""
        names = ", ".join(f"{name} = ?" for name in rows.OUTPUT_COLUMNS)
        done = self.conn.execute(
            f"UPDATE function_calls SET {names} WHERE id = (SELECT id FROM function_calls"  # noqa: S608
            " WHERE session_id = ? AND call_id = ? AND output_offset IS NULL ORDER BY id DESC LIMIT 1)",
            (*row[_OUTPUT], self.owner, row[_CALL_ID]),
        )
        if done.rowcount == 0:
            self.conn.execute(_INSERT[rows.CALLS], row)
            self.counts[rows.CALLS] += 1

    def _write_redactions(self, marks: Sequence[Mark]) -> None:
        found = self._placed([row for sha256, row in marks if sha256 not in self.known])
        for row in found:
            rule = row[_RULE_ID]
            self.redactions[rule] += 1
            self.rules[rule] = row[_KIND]
        self.conn.executemany(_INSERT_REDACTION, found)

    def _begin(self, first: Chunk, upto: ReadUpTo) -> None:
        source = self.session.source
        self.conn.execute("BEGIN IMMEDIATE")
        known = self.conn.execute(
            "SELECT id, session_id, offset, turn_base, left_out, ruleset_digest, ingested_at FROM files WHERE path = ?",
            (rows.text(source.path),),
        ).fetchone()
        if self.session.appended:
            if known is None or known[2] != self.session.offset or known[1] is None:
                raise ReadMeanwhile(f"{source.path}: another run has read it meanwhile")
            self.file, self.owner, _, self.base, self.left_out = known[:5]
            (self.native_id,) = self.conn.execute(
                "SELECT native_id FROM sessions WHERE id = ?", (self.owner,)
            ).fetchone()
            self.known = self._lines_of_siblings()
            return
        if known is not None:
            same = known[5] == self.session.ruleset_digest
            if same and known[6] > self.began and known[2] >= upto.offset:
                raise ReadMeanwhile(f"{source.path}: another run has read it meanwhile, and as far")
            self._forget(known[0], known[1])
        self._new_file()
        self._own(first)

    def _forget(self, file: int, owner: int | None) -> None:
        """Removes a log's rows. Logs that left lines out because this one had them must be read again."""
        self.previous_owner = owner
        self.conn.execute("DELETE FROM files WHERE id = ?", (file,))
        self.conn.execute(
            "UPDATE files SET size = ?, offset = 0 WHERE session_id = ? AND left_out > 0", (_STALE, owner)
        )

    def _new_file(self) -> None:
        source = self.session.source
        made = self.conn.execute(
            "INSERT INTO files (path, format, inode, size, mtime_ns, offset, prefix, state, turn_base, skipped_lines,"
            " left_out, ruleset_digest, ingested_at) VALUES (?, ?, 0, 0, 0, 0, '', '', 0, 0, 0, ?, ?)",
            (rows.text(source.path), source.format, self.session.ruleset_digest, time.time()),
        )
        self.file = made.lastrowid or 0

    def _own(self, first: Chunk) -> None:
        """Finds or makes the session's row, and learns which of its lines other logs already gave."""
        path = self.session.source.path.encode("utf-8", "surrogatepass")
        self.native_id = f"file-{hashlib.sha256(path).hexdigest()[:16]}"
        if self.meta is not None and self.meta.event.data.session_id:
            self.native_id = rows.text(self.meta.event.data.session_id)[:200]
        name = (self.session.source.format, self.native_id)
        self.conn.execute("INSERT INTO sessions (format, native_id) VALUES (?, ?) ON CONFLICT DO NOTHING", name)
        self.owner, described_by = self.conn.execute(
            "SELECT id, file_id FROM sessions WHERE format = ? AND native_id = ?", name
        ).fetchone()
        self.conn.execute("UPDATE files SET session_id = ? WHERE id = ?", (self.owner, self.file))
        if self.meta is not None and described_by is None:
            self._describe(self.meta)
        self.known = self._lines_of_siblings()
        if self.known and not any(row[_SHA256] in self.known for many in first.tables.values() for row in many):
            # Another part of the same session (Codex begins a new file when turns are reverted): its turns come after.
            (last,) = self.conn.execute("SELECT MAX(turn) FROM prompts WHERE session_id = ?", (self.owner,)).fetchone()
            self.base = 0 if last is None else last + 1

    def _describe(self, clean: CleanEvent) -> None:
        event = clean.event
        meta: Meta = event.data
        texts = (
            meta.agent_version,
            meta.originator,
            meta.source,
            meta.model_provider,
            meta.parent_id,
            meta.root_id,
            meta.cwd,
            meta.git_oid,
            meta.git_branch,
            meta.git_url,
        )
        self.conn.execute(
            "UPDATE sessions SET file_id = ?, offset = ?, length = ?, sha256 = ?, raw_json = ?, started_at = ?,"
            " agent_version = ?, originator = ?, source = ?, model_provider = ?, parent_id = ?, root_id = ?, cwd = ?,"
            " git_oid = ?, git_branch = ?, git_url = ? WHERE id = ?",
            (
                self.file,
                event.offset,
                event.length,
                clean.sha256,
                rows.raw_json(event.raw),
                rows.moment(meta.started_at),
                *map(rows.text, texts),
                self.owner,
            ),
        )

    def _lines_of_siblings(self) -> frozenset[str]:
        siblings = self.conn.execute(
            "SELECT 1 FROM files WHERE session_id = ? AND id <> ? LIMIT 1", (self.owner, self.file)
        ).fetchone()
        if siblings is None:
            return frozenset()
        selects = [f"SELECT sha256 FROM {table} WHERE session_id = :own AND file_id <> :file" for table in rows.COLUMNS]  # noqa: S608
        selects.append("SELECT output_sha256 FROM function_calls WHERE session_id = :own AND file_id <> :file")
        found = self.conn.execute(" UNION ".join(selects), {"own": self.owner, "file": self.file})
        return frozenset(sha256 for (sha256,) in found if sha256)

    def _close(self, upto: ReadUpTo) -> None:
        source = self.session.source
        self.conn.execute(
            "UPDATE files SET inode = ?, size = ?, mtime_ns = ?, offset = ?, prefix = ?, state = ?, turn_base = ?,"
            " skipped_lines = skipped_lines + ?, left_out = ?, ruleset_digest = ?, folders = ?, ingested_at = ? WHERE id = ?",
            (
                source.inode,
                source.size,
                source.mtime_ns,
                upto.offset,
                upto.prefix,
                rows.text(upto.state),
                self.base,
                sum(self.session.skipped.values()),
                self.left_out,
                self.session.ruleset_digest,
                upto.folders,
                time.time(),
                self.file,
            ),
        )
        self.conn.executemany(
            "INSERT INTO redaction_rules (rule_id, ruleset_digest, kind, first_used_at) VALUES (?, ?, ?, ?)"
            " ON CONFLICT DO NOTHING",
            [(rule, self.session.ruleset_digest, kind, time.time()) for rule, kind in self.rules.items()],
        )
        if self.previous_owner is not None and self.previous_owner != self.owner:
            self.conn.execute(
                "DELETE FROM sessions WHERE id = ?1 AND NOT EXISTS (SELECT 1 FROM files WHERE session_id = ?1)",
                (self.previous_owner,),
            )
            sum_up(self.conn, self.previous_owner)
        sum_up(self.conn, self.owner)

    def _drop_if_empty(self) -> None:
        """A file that says nothing but side notes is remembered as read, but is no session (yet: it is read again whole)."""
        said = self.meta is not None or self.session.appended or self.left_out
        said = said or any(count for table, count in self.counts.items() if table != "events")
        withheld = "SELECT 1 FROM events WHERE file_id = ? AND kind = 'other' AND name = 'withheld' LIMIT 1"
        if not said and self.conn.execute(withheld, (self.file,)).fetchone() is None:
            self.conn.execute("UPDATE files SET session_id = NULL WHERE id = ?", (self.file,))
            self.conn.execute("DELETE FROM sessions WHERE id = ? AND file_id IS NULL", (self.owner,))
            self.native_id = ""


def sum_up(conn: sqlite3.Connection, session: int) -> None:
    """Brings the figures in a session's row in line with its other rows."""
    counts = ", ".join(
        f"{name} = (SELECT COUNT(*) FROM {table} WHERE session_id = :id)"  # noqa: S608
        for name, table in (
            ("prompts", "prompts"),
            ("calls", "function_calls"),
            ("edits", "changes"),
            ("redactions", "redactions"),
        )
    )
    sums = ("input", "cached", "cache_write", "output", "reasoning")
    totals = ", ".join(
        f"{name}_tokens = (SELECT COALESCE(SUM({name}), 0) FROM token_messages WHERE session_id = :id)"  # noqa: S608
        for name in sums
    )
    times = " UNION ALL ".join(
        f"SELECT MIN(at) AS first, MAX(at) AS last FROM {table} WHERE session_id = :id"  # noqa: S608
        for table in rows.COLUMNS
    )
    models = (
        "SELECT model, MIN(at) AS first FROM (SELECT model, at FROM turn_context_messages WHERE session_id = :id"
        " UNION ALL SELECT model, at FROM token_messages WHERE session_id = :id) WHERE model <> ''"
        " GROUP BY model ORDER BY first LIMIT 16"
    )
    conn.execute(
        f"UPDATE sessions SET {counts}, {totals},"  # noqa: S608
        f" started_at = COALESCE(started_at, (SELECT MIN(first) FROM ({times}))),"
        f" ended_at = (SELECT MAX(last) FROM ({times})),"
        f" models = (SELECT json_group_array(model) FROM ({models})) WHERE id = :id",
        {"id": session},
    )


def _insert(table: str, names: tuple[str, ...]) -> str:
    return f"INSERT INTO {table} ({', '.join(names)}) VALUES ({', '.join('?' * len(names))})"  # noqa: S608


_INSERT = {table: _insert(table, rows.columns(table)) for table in rows.COLUMNS}
_INSERT_REDACTION = _insert("redactions", rows.REDACTION_COLUMNS)
_RULE_ID, _KIND = map(rows.REDACTION_COLUMNS.index, ("rule_id", "kind"))
_SHA256 = rows.LINE_COLUMNS.index("sha256")
_CALL_ID, _OUTPUT_OFFSET = map(rows.columns(rows.CALLS).index, ("call_id", "output_offset"))
_OUTPUT = slice(-len(rows.OUTPUT_COLUMNS), None)
_INPUT, _OUTPUT_TOKENS = map(rows.columns(rows.TOKENS).index, ("input", "output"))
