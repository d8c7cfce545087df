"""What people asked to have redacted, who changed what, and which rules were in force: as the SQLite database keeps it.

Of a text there are only keyed digests here. Nothing is ever taken out of these tables; what is no longer wanted is inactive.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import astuple, fields
from typing import Any

from git_ai_trail.errors import StoreError
from git_ai_trail.model import Audited, ManualRedaction, StoredRule
from git_ai_trail.store import sqlite_reader as reader
from git_ai_trail.store import sqlite_rows as rows
from git_ai_trail.store.protocol import Clean, PromptPlace

_NAMES = reader.MANUAL_NAMES
_RULE_NAMES = tuple(field.name for field in fields(StoredRule))
# Columns of a session's row that hold texts of its log.
_OF_SESSION = ("agent_version", "originator", "source", "model_provider", "cwd", "git_branch", "git_url", "raw_json")
# What is a name, a number or a digest in the other tables, and holds no text that a person could want gone.
_NO_TEXT = (
    "known",
    "added",
    "removed",
    "digests",
    "input",
    "cached",
    "cache_write",
    "cache_write_1h",
    "output",
    "reasoning",
    "call_id",
)


def keep_manual(
    conn: sqlite3.Connection, entry: ManualRedaction, fingerprint: str, done: Audited
) -> tuple[ManualRedaction, bool]:
    """Writes the entry (a new one where its id is 0) together with who did it, unless an active one does the same already.

    Returns the entry as it is kept, and whether anything was written.
    """
    conn.execute("BEGIN IMMEDIATE")
    try:
        same = conn.execute(
            "SELECT id FROM manual_redactions WHERE fingerprint = ? AND active AND id <> ?", (fingerprint, entry.id)
        ).fetchone()
        if same is not None and entry.active:
            conn.execute("ROLLBACK")
            return next(one for one in reader.manual(conn) if one.id == same[0]), False
        values = astuple(entry)[1:]
        if entry.id:
            names = ", ".join(f"{name} = ?" for name in _NAMES[1:])
            changed = conn.execute(
                f"UPDATE manual_redactions SET {names}, fingerprint = ? WHERE id = ?",  # noqa: S608
                (*values, fingerprint, entry.id),
            )
            if changed.rowcount != 1:
                raise StoreError(f"there is no manual redaction {entry.id}", "`git ai-trail redact list` lists them")
            number = entry.id
        else:
            names = ", ".join((*_NAMES[1:], "fingerprint"))
            made = conn.execute(
                f"INSERT INTO manual_redactions ({names}) VALUES ({', '.join('?' * len(_NAMES))})",  # noqa: S608
                (*values, fingerprint),
            )
            number = made.lastrowid or 0
        _write_audit(conn, done, done.subject or f"manual:{number}")
        conn.execute("COMMIT")
    except BaseException:
        if conn.in_transaction:
            conn.execute("ROLLBACK")
        raise
    return next(one for one in reader.manual(conn) if one.id == number), True


def _write_audit(conn: sqlite3.Connection, done: Audited, subject: str) -> None:
    conn.execute(
        "INSERT INTO audit (at, actor, action, subject, reason, digest, detail) VALUES (?, ?, ?, ?, ?, '', ?)",
        (done.at, done.actor, done.action, subject, done.reason, done.detail),
    )


def audited(conn: sqlite3.Connection, subject: str) -> list[Audited]:
    """What was done to a subject, or to all whose name begins with it where it ends in `:`; oldest first."""
    pattern = (subject + "%") if subject.endswith(":") else subject
    found = conn.execute(
        "SELECT id, at, actor, action, subject, reason, detail FROM audit WHERE subject LIKE ? ORDER BY id", (pattern,)
    )
    names = ("id", "at", "actor", "action", "subject", "reason", "detail")
    return [Audited(**dict(zip(names, row, strict=True))) for row in found]


def prompt_place(conn: sqlite3.Connection, session_id: str, turn: int) -> PromptPlace | None:
    """Where a prompt stands in the person's own log."""
    row = conn.execute(
        "SELECT f.path, f.format, p.offset, p.length, p.sha256, p.turn - f.turn_base, p.text FROM prompts p"
        " JOIN files f ON f.id = p.file_id JOIN sessions s ON s.id = p.session_id WHERE s.native_id = ? AND p.turn = ?"
        " ORDER BY p.offset LIMIT 1",
        (session_id, turn),
    ).fetchone()
    return None if row is None else PromptPlace(*row)


def redacted_by(conn: sqlite3.Connection, rule_ids: Iterable[str]) -> Mapping[str, int]:
    """How many redactions these rules made, by the path of the log."""
    counts: dict[str, int] = {}
    for rule in rule_ids:
        for path, count in conn.execute(
            "SELECT f.path, COUNT(*) FROM redactions r JOIN files f ON f.id = r.file_id WHERE r.rule_id = ?"
            " GROUP BY f.path",
            (rule,),
        ):
            counts[path] = counts.get(path, 0) + count
    return counts


def restamp(conn: sqlite3.Connection, paths: Iterable[str], digest: str) -> None:
    """Notes that logs were found to be as redaction under the rule set `digest` would leave them."""
    conn.execute("BEGIN IMMEDIATE")
    try:
        conn.executemany("UPDATE files SET ruleset_digest = ? WHERE path = ?", [(digest, path) for path in paths])
        conn.execute("COMMIT")
    except BaseException:
        conn.execute("ROLLBACK")
        raise


def rewrite(conn: sqlite3.Connection, path: str, clean: Clean, digest: str, *, dry_run: bool = False) -> int:
    """Cleans the rows of a log once more where they lie, for one that is gone; returns how many redactions that made."""
    found = conn.execute("SELECT id, session_id FROM files WHERE path = ?", (path,)).fetchone()
    if found is None or found[1] is None:
        return 0
    file, owner = found
    conn.execute("BEGIN IMMEDIATE")
    try:
        count = 0
        for table, names in (*_tables(), ("sessions", _OF_SESSION)):
            where = "file_id = ?" if table != "sessions" else "id = ? AND file_id = ?"
            values = (file,) if table != "sessions" else (owner, file)
            selected = ", ".join(("id", *names, *(("turn", "offset") if table != "sessions" else ("-1", "0"))))
            for row in conn.execute(f"SELECT {selected} FROM {table} WHERE {where}", values).fetchall():  # noqa: S608
                count += _rewritten(conn, (table, file, owner), names, row, clean)
        (state,) = conn.execute("SELECT state FROM files WHERE id = ?", (file,)).fetchone()
        conn.execute(
            "UPDATE files SET state = ?, ruleset_digest = ? WHERE id = ?",
            (clean(state, True)[0] if state else state, digest, file),
        )
        conn.execute(
            "UPDATE sessions SET redactions = (SELECT COUNT(*) FROM redactions WHERE session_id = ?1) WHERE id = ?1",
            (owner,),
        )
        conn.execute("ROLLBACK" if dry_run else "COMMIT")
    except BaseException:
        if conn.in_transaction:
            conn.execute("ROLLBACK")
        raise
    return count


def _tables() -> list[tuple[str, tuple[str, ...]]]:
    found = []
    for table, columns in rows.COLUMNS.items():
        more = ("output", "output_raw_json") if table == "function_calls" else ()
        found.append((table, (*(name for name in columns if name not in _NO_TEXT), "raw_json", *more)))
    return found


def _rewritten(
    conn: sqlite3.Connection,
    where: tuple[str, int, int],
    names: Sequence[str],
    row: Sequence[Any],
    clean: Clean,
) -> int:
    table, file, owner = where
    number, *values = row
    turn, offset = values[-2:]
    changed: dict[str, str] = {}
    marks: dict[tuple[str, str], tuple[Any, ...]] = {}
    # The whole event first: what is found at its place in it then goes from the columns that repeat it.
    for name, value in sorted(zip(names, values, strict=False), key=lambda pair: not pair[0].endswith("raw_json")):
        if not isinstance(value, str) or not value:
            continue
        new, removed = clean(value, name.endswith("raw_json") or name == "steps")
        if new != value:
            changed[name] = new
            for rule, kind, tag, digest in removed:
                marks.setdefault((rule, digest), (file, owner, turn, offset, rule, kind, name, tag, digest))
    if changed:
        sets = ", ".join(f"{name} = ?" for name in changed)
        conn.execute(f"UPDATE {table} SET {sets} WHERE id = ?", (*changed.values(), number))  # noqa: S608
        conn.executemany(
            "INSERT INTO redactions (file_id, session_id, turn, offset, rule_id, kind, field, tag, digest)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            list(marks.values()),
        )
    return len(marks)


def stored_rules(conn: sqlite3.Connection) -> tuple[str, float, list[StoredRule]]:
    """(digest, time of the sync, rules in order) of the rule set that was synced last; empty before the first."""
    last = conn.execute(
        "SELECT digest, synced_at FROM rule_sets ORDER BY synced_at DESC, rowid DESC LIMIT 1"
    ).fetchone()
    if last is None:
        return "", 0.0, []
    found = conn.execute(
        f"SELECT {', '.join(_RULE_NAMES)} FROM redaction_rules WHERE ruleset_digest = ? AND position >= 0"  # noqa: S608
        " ORDER BY position",
        (last[0],),
    )
    rules = [dict(zip(_RULE_NAMES, row, strict=True)) for row in found]
    return last[0], last[1], [StoredRule(**{**rule, "enabled": bool(rule["enabled"])}) for rule in rules]


def keep_rules(conn: sqlite3.Connection, digest: str, rules: Sequence[StoredRule], done: Audited) -> None:
    """Notes the rules that are in force, under the digest of the set."""
    conn.execute("BEGIN IMMEDIATE")
    try:
        conn.execute("UPDATE redaction_rules SET position = -1 WHERE ruleset_digest = ?", (digest,))
        others = [name for name in _RULE_NAMES if name not in ("rule_id", "kind")]
        names = ("rule_id", "ruleset_digest", "kind", "first_used_at", *others, "position")
        updates = ", ".join(f"{name} = excluded.{name}" for name in (*others, "position"))
        conn.executemany(
            f"INSERT INTO redaction_rules ({', '.join(names)}) VALUES ({', '.join('?' * len(names))})"  # noqa: S608
            f" ON CONFLICT (rule_id, ruleset_digest) DO UPDATE SET {updates}",
            [
                (one.rule_id, digest, one.kind, 0.0, *(getattr(one, name) for name in others), at)
                for at, one in enumerate(rules)
            ],
        )
        conn.execute(
            "INSERT INTO rule_sets (digest, synced_at) VALUES (?, ?) ON CONFLICT (digest) DO UPDATE SET synced_at ="
            " excluded.synced_at",
            (digest, done.at),
        )
        _write_audit(conn, done, done.subject)
        conn.execute("COMMIT")
    except BaseException:
        if conn.in_transaction:
            conn.execute("ROLLBACK")
        raise


def keep_repository_rules(conn: sqlite3.Connection, root: str, content: str) -> None:
    """Notes the rule files of a repository, or forgets them where there is no content."""
    if content:
        conn.execute(
            "INSERT INTO repository_rules (root, content, seen_at) VALUES (?, ?, ?) ON CONFLICT (root) DO UPDATE SET"
            " content = excluded.content, seen_at = excluded.seen_at",
            (root, content, time.time()),
        )
    else:
        conn.execute("DELETE FROM repository_rules WHERE root = ?", (root,))


def purge(conn: sqlite3.Connection) -> bool:
    """Takes what was deleted out of every page of every file of the database; False where somebody who reads it prevents that.

    Deleting is not enough: full-text indexes keep words until they are merged, and the write-ahead log keeps pages.
    """
    for index in ("prompts_text", "answers_text"):
        conn.execute(f"INSERT INTO {index} ({index}) VALUES ('optimize')")  # noqa: S608
    conn.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    try:
        conn.execute("VACUUM")
    except sqlite3.OperationalError:
        return False
    busy = conn.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
    return not busy[0]
