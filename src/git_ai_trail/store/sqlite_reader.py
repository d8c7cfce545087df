"""What is asked of the trail database in SQLite, each question one function."""

from __future__ import annotations

import json
import re
import sqlite3
from collections.abc import Iterable, Mapping
from dataclasses import fields
from datetime import UTC, datetime
from typing import Any

from git_ai_trail.errors import StoreError
from git_ai_trail.model import Entry, ManualRedaction, PromptInfo, SessionFilter, SessionInfo, TokenTotals, UsageFilter
from git_ai_trail.store.protocol import FileState

_SESSION = """
SELECT s.native_id, s.format, s.agent_version, s.models, s.source, s.cwd, s.git_url, s.git_branch, s.started_at,
    s.ended_at, s.prompts, s.calls, s.edits, s.input_tokens, s.cached_tokens, s.cache_write_tokens, s.output_tokens,
    s.reasoning_tokens, s.redactions, s.parent_id,
    (SELECT json_group_array(tag) FROM (SELECT DISTINCT tag FROM tags WHERE session_id = s.id ORDER BY tag))
FROM sessions s
"""

_BOOLEAN = ("ignore_case", "active")
MANUAL_NAMES = tuple(field.name for field in fields(ManualRedaction))

_ENTRIES = """
SELECT 'message' AS kind, turn, at, name, text, '' AS output, '' AS status, NULL AS exit_code, 0 AS added,
    0 AS removed, file_id, offset, 1 AS rank, id
    FROM events WHERE session_id = :id AND kind = 'message'
UNION ALL SELECT 'mark', turn, at, name, '', '', '', NULL, 0, 0, file_id, offset, 6, id
    FROM events WHERE session_id = :id AND kind = 'other'
    AND (name IN ('rolled back', 'undone') OR name LIKE 'revert to ordinal %')
UNION ALL SELECT 'reasoning', turn, at, '', text, '', '', NULL, 0, 0, file_id, offset, 0, id
    FROM agent_reasoning_messages WHERE session_id = :id
UNION ALL SELECT 'plan', turn, at, explanation, steps, '', '', NULL, 0, 0, file_id, offset, 3, id
    FROM function_plan_messages WHERE session_id = :id
UNION ALL SELECT 'call', turn, at, tool, CASE command WHEN '' THEN arguments ELSE command END, COALESCE(output, ''),
    status, exit_code, 0, 0, file_id, offset, 2, id
    FROM function_calls WHERE session_id = :id
UNION ALL SELECT 'edit', turn, at, op, path, old_path, via, NULL, added, removed, file_id, offset, 4, id
    FROM changes WHERE session_id = :id
UNION ALL SELECT 'commit', turn, at, branch, oid, '', '', NULL, 0, 0, file_id, offset, 5, id
    FROM commits WHERE session_id = :id
ORDER BY turn, file_id, offset, rank, id
"""


def file_states(conn: sqlite3.Connection) -> Mapping[str, FileState]:
    found = conn.execute(
        "SELECT f.path, f.format, f.size, f.mtime_ns, f.inode, f.offset, f.prefix, f.state, f.ruleset_digest,"
        " COALESCE(s.native_id, ''), json_extract(CASE f.state WHEN '' THEN '{}' ELSE f.state END, '$.version'), f.folders"
        " FROM files f LEFT JOIN sessions s ON s.id = f.session_id"
    )
    return {row[0]: FileState(*row) for row in found}


def repository_rules(conn: sqlite3.Connection) -> Mapping[str, str]:
    return dict(conn.execute("SELECT root, content FROM repository_rules ORDER BY root").fetchall())


def add_places(wanted: SessionFilter | UsageFilter, conditions: list[str], values: list[Any]) -> None:
    """Adds the condition that a session (`s`) worked in one of the folders, or below, or in a repository of that address."""
    if not wanted.folders and not wanted.url:
        return
    places = ["s.cwd = ? OR substr(s.cwd, 1, ?) = ?"] * len(wanted.folders)
    for folder in wanted.folders:
        below = folder.rstrip("/") + "/"
        values += [folder, len(below), below]
    if wanted.url:
        places.append("s.git_url = ?")
        values.append(wanted.url)
    conditions.append(f"({' OR '.join(places)})")


def sessions(conn: sqlite3.Connection, wanted: SessionFilter) -> list[SessionInfo]:
    conditions: list[str] = []
    values: list[Any] = []
    add_places(wanted, conditions, values)
    if wanted.since is not None:
        conditions.append("COALESCE(s.ended_at, s.started_at) >= ?")
        values.append(wanted.since.timestamp())
    if wanted.until is not None:
        conditions.append("COALESCE(s.started_at, s.ended_at) < ?")
        values.append(wanted.until.timestamp())
    if wanted.agent:
        conditions.append("s.format = ?")
        values.append(wanted.agent)
    if wanted.tag:
        conditions.append("s.id IN (SELECT session_id FROM tags WHERE tag = ?)")
        values.append(wanted.tag)
    where = f" WHERE {' AND '.join(conditions)}" if conditions else ""
    limit = -1 if wanted.limit is None else wanted.limit
    order = " ORDER BY COALESCE(s.started_at, s.ended_at, 0) DESC, s.id DESC LIMIT ?"
    return [_session(row) for row in conn.execute(_SESSION + where + order, (*values, limit))]


def session(conn: sqlite3.Connection, name: str) -> SessionInfo:
    exact = conn.execute(_SESSION + " WHERE s.native_id = ?", (name,)).fetchall()
    found = (
        exact or conn.execute(_SESSION + " WHERE substr(s.native_id, 1, ?) = ? LIMIT 3", (len(name), name)).fetchall()
    )
    if not name or not found:
        raise StoreError(f"no session {name[:80]!r} in the trail database", "list them with `git ai-trail sessions`")
    if len(found) > 1:
        raise StoreError(f"several sessions begin with {name[:80]!r}", "give more of the id")
    return _session(found[0])


def find(conn: sqlite3.Connection, session_ids: Iterable[str]) -> Mapping[str, SessionInfo]:
    found = {}
    for session_id in session_ids:
        row = conn.execute(_SESSION + " WHERE s.native_id = ?", (session_id,)).fetchone()
        if row is not None:
            found[session_id] = _session(row)
    return found


def prompts(conn: sqlite3.Connection, session_id: str) -> list[PromptInfo]:
    row = _row_id(conn, session_id)
    calls = _by_turn(conn, "SELECT turn, COUNT(*) FROM function_calls WHERE session_id = ? GROUP BY turn", row)
    edits = _by_turn(conn, "SELECT turn, COUNT(*) FROM changes WHERE session_id = ? GROUP BY turn", row)
    tokens = {
        turn: TokenTotals(input=i, cached=c, cache_write=w, output=o, reasoning=r)
        for turn, i, c, w, o, r in conn.execute(
            "SELECT turn, SUM(input), SUM(cached), SUM(cache_write), SUM(output), SUM(reasoning)"
            " FROM token_messages WHERE session_id = ? GROUP BY turn",
            (row,),
        )
    }
    redactions: dict[int, dict[str, int]] = {}
    for turn, rule, count in conn.execute(
        "SELECT turn, rule_id, COUNT(*) FROM redactions WHERE session_id = ? GROUP BY turn, rule_id ORDER BY rule_id",
        (row,),
    ):
        redactions.setdefault(turn, {})[rule] = count
    return [
        PromptInfo(
            session_id=session_id,
            index=turn,
            at=_time(at),
            text=text,
            calls=calls.get(turn, 0),
            edits=edits.get(turn, 0),
            tokens=tokens.get(turn, TokenTotals()),
            redactions=redactions.get(turn, {}),
        )
        for turn, at, text in conn.execute(
            "SELECT turn, at, text FROM prompts WHERE session_id = ? ORDER BY turn, file_id, offset", (row,)
        )
    ]


def entries(conn: sqlite3.Connection, session_id: str) -> list[Entry]:
    found = conn.execute(_ENTRIES, {"id": _row_id(conn, session_id)})
    return [
        Entry(
            kind=kind,
            turn=turn,
            at=_time(at),
            name=name,
            text=text,
            output=output,
            status=status,
            exit_code=exit_code,
            added=added,
            removed=removed,
        )
        for kind, turn, at, name, text, output, status, exit_code, added, removed, *_ in found
    ]


def tokens_by_model(conn: sqlite3.Connection, session_id: str) -> Mapping[str, TokenTotals]:
    found = conn.execute(
        "SELECT model, SUM(input), SUM(cached), SUM(cache_write), SUM(output), SUM(reasoning)"
        " FROM token_messages WHERE session_id = ? GROUP BY model ORDER BY model",
        (_row_id(conn, session_id),),
    )
    return {
        model: TokenTotals(input=i, cached=c, cache_write=w, output=o, reasoning=r) for model, i, c, w, o, r in found
    }


def rule_counts(conn: sqlite3.Connection, session_id: str) -> Mapping[str, int]:
    where, values = ("WHERE session_id = ?", (_row_id(conn, session_id),)) if session_id else ("", ())
    query = f"SELECT rule_id, COUNT(*) AS n FROM redactions {where} GROUP BY rule_id ORDER BY n DESC, rule_id"  # noqa: S608
    return dict(conn.execute(query, values).fetchall())


def ruleset_digests(conn: sqlite3.Connection, session_id: str) -> tuple[str, ...]:
    found = conn.execute(
        "SELECT DISTINCT ruleset_digest FROM files WHERE session_id = ? ORDER BY 1", (_row_id(conn, session_id),)
    )
    return tuple(digest for (digest,) in found)


def redaction_tags(conn: sqlite3.Connection, path: str) -> Mapping[str, str]:
    found = conn.execute(
        "SELECT DISTINCT r.digest, r.tag FROM redactions r JOIN files f ON f.session_id = r.session_id"
        " WHERE f.path = ?",
        (path,),
    )
    return dict(found.fetchall())


def manual(conn: sqlite3.Connection) -> list[ManualRedaction]:
    found = []
    for row in conn.execute(f"SELECT {', '.join(MANUAL_NAMES)} FROM manual_redactions ORDER BY id"):  # noqa: S608
        values: dict[str, Any] = dict(zip(MANUAL_NAMES, row, strict=True))
        values.update((name, bool(values[name])) for name in _BOOLEAN)
        found.append(ManualRedaction(**values))
    return found


def search(conn: sqlite3.Connection, words: str, limit: int) -> list[tuple[str, int, str]]:
    terms = " ".join(f'"{word}"' for word in re.findall(r"\w+", words))
    if not terms:
        return []
    query = " UNION ALL ".join(
        "SELECT * FROM (SELECT s.native_id, t.turn,"  # noqa: S608
        f" snippet({index}, 0, '', '', '…', 16), {index}.rank AS score"
        f" FROM {index} JOIN {table} t ON t.id = {index}.rowid JOIN sessions s ON s.id = t.session_id"
        f" WHERE {index} MATCH ?1)"
        for index, table in (("prompts_text", "prompts"), ("answers_text", "events"))
    )
    found = conn.execute(f"{query} ORDER BY score LIMIT ?2", (terms, limit))
    return [(session_id, turn, snippet) for session_id, turn, snippet, _ in found]


def problems(conn: sqlite3.Connection) -> list[str]:
    found = [str(row[0]) for row in conn.execute("PRAGMA integrity_check(20)") if row[0] != "ok"]
    found += [f"{row[0]}: row {row[1]} has lost its {row[2]}" for row in conn.execute("PRAGMA foreign_key_check")]
    return found


def _row_id(conn: sqlite3.Connection, session_id: str) -> int:
    row = conn.execute("SELECT id FROM sessions WHERE native_id = ?", (session_id,)).fetchone()
    if row is None:
        raise StoreError(f"no session {session_id[:80]!r} in the trail database")
    return int(row[0])


def _by_turn(conn: sqlite3.Connection, query: str, row: int) -> dict[int, int]:
    return dict(conn.execute(query, (row,)).fetchall())


def _time(at: float | None) -> datetime | None:
    return None if at is None else datetime.fromtimestamp(at, UTC)


def _session(row: tuple[Any, ...]) -> SessionInfo:
    return SessionInfo(
        id=row[0],
        agent=row[1],
        agent_version=row[2],
        models=tuple(json.loads(row[3])),
        source=row[4],
        cwd=row[5],
        git_url=row[6],
        git_branch=row[7],
        started_at=_time(row[8]),
        ended_at=_time(row[9]),
        prompts=row[10],
        calls=row[11],
        edits=row[12],
        tokens=TokenTotals(input=row[13], cached=row[14], cache_write=row[15], output=row[16], reasoning=row[17]),
        cost_usd=None,
        redactions=row[18],
        parent_id=row[19],
        tags=tuple(json.loads(row[20])),
    )
