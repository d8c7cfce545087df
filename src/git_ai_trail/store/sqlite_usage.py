"""What models took, asked of the trail database in SQLite: sums over responses, fine enough to price and to group them."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Any

from git_ai_trail.model import TokenTotals, UsageFilter, Used
from git_ai_trail.store.sqlite_reader import add_places

# Every time zone's days begin at a quarter of an hour (UTC).
_SLOT = 900
# SQLite takes at least 999 values in one statement.
_AT_ONCE = 500


def usage(conn: sqlite3.Connection, wanted: UsageFilter, steps: Sequence[int]) -> Iterator[Used]:
    """Responses that agree in session, prompt, model, quarter of an hour and largest exceeded step, summed up."""
    if wanted.sessions is None:
        yield from _usage(conn, wanted, (), steps)
        return
    ids = list(dict.fromkeys(wanted.sessions))
    for start in range(0, len(ids), _AT_ONCE):
        yield from _usage(conn, wanted, ids[start : start + _AT_ONCE], steps)


def _usage(conn: sqlite3.Connection, wanted: UsageFilter, ids: Sequence[str], steps: Sequence[int]) -> Iterator[Used]:
    conditions, values = _conditions(wanted, ids)
    over = " ".join(f"WHEN t.input > {int(step)} THEN {int(step)}" for step in sorted(steps, reverse=True))
    query = (
        "SELECT s.native_id, s.format, s.cwd, s.git_url, t.turn, t.model,"  # noqa: S608
        f" CAST(t.at / {_SLOT} AS INTEGER) AS slot, {f'CASE {over} ELSE 0 END' if over else '0'} AS over, COUNT(*),"
        " SUM(t.input), SUM(t.cached), SUM(t.cache_write), SUM(t.output), SUM(t.reasoning), SUM(t.cache_write_1h)"
        " FROM token_messages t JOIN sessions s ON s.id = t.session_id"
        f"{' WHERE ' + ' AND '.join(conditions) if conditions else ''}"
        " GROUP BY t.session_id, t.turn, t.model, slot, over ORDER BY t.session_id, t.turn, slot, t.model, over"
    )
    for session, agent, cwd, url, turn, model, slot, larger, responses, i, c, w, o, r, hour in conn.execute(
        query, values
    ):
        yield Used(
            session=session,
            agent=agent,
            cwd=cwd,
            git_url=url,
            turn=turn,
            model=model,
            at=None if slot is None else datetime.fromtimestamp(slot * _SLOT, UTC),
            over=larger,
            responses=responses,
            tokens=TokenTotals(input=i, cached=c, cache_write=w, output=o, reasoning=r),
            cache_write_1h=hour,
        )


def _conditions(wanted: UsageFilter, ids: Sequence[str]) -> tuple[list[str], list[Any]]:
    conditions: list[str] = []
    values: list[Any] = []
    if ids:
        conditions.append(f"s.native_id IN ({', '.join('?' * len(ids))})")
        values += ids
    add_places(wanted, conditions, values)
    if wanted.since is not None:
        conditions.append("t.at >= ?")
        values.append(wanted.since.timestamp())
    if wanted.until is not None:
        conditions.append("t.at < ?")
        values.append(wanted.until.timestamp())
    if wanted.agent:
        conditions.append("s.format = ?")
        values.append(wanted.agent)
    return conditions, values
