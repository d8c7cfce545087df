"""Picks the sessions that may have produced a commit: by path and time window, or because they made it. Hot path."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import NamedTuple

from git_ai_trail.facts import Candidate, FileDiff, KnownCommit, KnownEdit, KnownSession, PendingCommit
from git_ai_trail.index import query, renamed
from git_ai_trail.index.keys import Keys

# Lines can wait long for their commit; content decides, so the window may be wide.
LOOK_BACK = 30 * 86400.0
NEAR = 86400.0
# Clocks of the log's writer and of git are the same machine's, but a log line is stamped when it is written.
SLACK = 5.0
# An unanswered `git commit` that is older than this was killed, not slow.
PENDING_AGE = 600.0
# An agent that goes on writing its log after the call is not waiting for it any more.
PENDING_QUIET = 10.0


class Where(NamedTuple):
    """What is known of a commit's place: worktree roots it may have been made in, and how to trust a moved checkout.

    `moved` says whether a session that worked in a folder that is not here worked in this repository (by remote or base
    commit); None where only absolute paths count.
    """

    roots: tuple[str, ...]
    moved: Callable[[KnownSession], bool] | None


class Making(NamedTuple):
    """A session that is making, or made, the commit."""

    log: int
    turn: int
    detail: str


def find(
    db: sqlite3.Connection,
    keys: Keys,
    where: Where,
    diffs: Sequence[FileDiff],
    *,
    until: float,
    making: Iterable[Making],
    agents: Mapping[str, str],
) -> list[Candidate]:
    """Every session that wrote to one of the commit's files before `until`, under its name or one that it had before, and those
    that made the commit."""
    edits = _edits(db, keys, where, diffs, until)
    made = {one.log: one for one in making}
    strays = renamed.edits(db, keys, diffs, edits, until - LOOK_BACK, until + SLACK)
    logs = query.logs(db, [*edits, *made, *strays])
    found = []
    for log, session in logs.items():
        ours = edits.get(log, [])
        if where.moved is not None and not all(edit.whole for _, edit in ours) and not where.moved(session):
            ours = [(path, edit) for path, edit in ours if edit.whole]
        if log in strays and _worked_here(where, session):
            ours = [*ours, *strays[log]]
        if not ours and log not in made:
            continue
        maker = made.get(log)
        near = any(edit.at is None or edit.at >= until - NEAR for _, edit in ours)
        found.append(
            Candidate(
                session=session,
                agent=agents.get(session.format) or query.agent_of(db, session.format),
                edits=tuple(ours),
                made=maker.detail if maker else "",
                made_turn=maker.turn if maker else -1,
                near=near,
            )
        )
    return _merge(found)


def _edits(
    db: sqlite3.Connection, keys: Keys, where: Where, diffs: Sequence[FileDiff], until: float
) -> dict[int, list[tuple[str, KnownEdit]]]:
    """Edits to the commit's files, by log. An edit found by absolute path is not taken again by its tail."""
    paths: dict[int, str] = {}
    for diff in diffs:
        for root in where.roots:
            paths[keys.path(f"{root}/{diff.path}")] = diff.path
    if where.moved is not None:
        for diff in diffs:
            paths[keys.suffix(diff.path)] = diff.path
    by_log: dict[int, list[tuple[str, KnownEdit]]] = {}
    seen: dict[int, set[int]] = {}
    found = query.edits_of(db, paths, until - LOOK_BACK, until + SLACK)
    for key, rows in sorted(found.items(), key=lambda item: not item[1][0].whole):
        for edit in rows:
            if edit.edit not in seen.setdefault(edit.log, set()):
                seen[edit.log].add(edit.edit)
                by_log.setdefault(edit.log, []).append((paths[key], edit))
    return by_log


def _merge(candidates: Sequence[Candidate]) -> list[Candidate]:
    """One candidate per session: an archived twin or a second file of one thread is the same session."""
    groups: dict[tuple[str, str], list[Candidate]] = {}
    for candidate in candidates:
        groups.setdefault((candidate.session.format, candidate.session.session_id), []).append(candidate)
    return [_one(group) if len(group) > 1 else group[0] for group in groups.values()]


def _one(group: Sequence[Candidate]) -> Candidate:
    main = max(group, key=lambda c: (c.session.ended_at or 0.0, len(c.edits)))
    log = main.session.log
    edits: dict[tuple[str, float | None, tuple[int, ...]], tuple[str, KnownEdit]] = {}
    for candidate in group:
        for path, edit in candidate.edits:
            edits.setdefault((path, edit.at, edit.exact), (path, edit._replace(log=log)))
    maker = next((c for c in group if c.made), main)
    return main._replace(
        edits=tuple(edits.values()),
        made=maker.made,
        made_turn=maker.made_turn,
        near=any(c.near for c in group),
    )


def being_made(
    db: sqlite3.Connection,
    pending: Sequence[tuple[int, str, PendingCommit]],
    roots: Sequence[str],
    *,
    now: float,
    hints: Sequence[str],
) -> list[Making]:
    """The sessions whose unanswered `git commit` is the one running now in one of `roots`."""
    found = []
    for log, session_id, call in pending:
        if not inside(call.workdir, roots):
            continue
        hinted = session_id in hints
        at = call.at
        if not hinted and (at is None or now - at > PENDING_AGE or not _is_last(db, log, at)):
            continue
        found.append((hinted, Making(log, call.turn, "its own `git commit` was running")))
    if any(hinted for hinted, _ in found):
        found = [one for one in found if one[0]]
    return [making for _, making in found]


def _is_last(db: sqlite3.Connection, log: int, at: float) -> bool:
    row = db.execute("SELECT last_at FROM logs WHERE id = ?", (log,)).fetchone()
    return row is not None and (row[0] is None or row[0] - at <= PENDING_QUIET)


def inside(path: str, roots: Sequence[str]) -> bool:
    """Whether an absolute path is one of the roots or below one."""
    return any(path == root or path.startswith(root + "/") for root in roots)


def made_before(db: sqlite3.Connection, where: Where, oid: str, committed_at: float, subject: int) -> list[Making]:
    """The sessions whose log shows that they made this commit: by its printed oid, else by place, message and second.

    The second alone would not do: a person may commit in the same one.
    """
    found = {
        row.log: Making(row.log, row.turn, "its log shows this commit's oid") for row in query.made_by_oid(db, oid)
    }
    if found:
        return list(found.values())
    # git's clock counts whole seconds.
    near = query.made_about(db, subject, committed_at - 0.1, committed_at + 1.1) if subject else []
    sessions = query.logs(db, [row.log for row in near])
    for row in near:
        session = sessions.get(row.log)
        if session is not None and _made_here(where, session, row):
            found[row.log] = Making(
                row.log, row.turn, "its log shows a `git commit` here in that second with this message"
            )
    return list(found.values()) if len(found) == 1 else []


def _worked_here(where: Where, session: KnownSession) -> bool:
    return inside(session.cwd, where.roots) or (where.moved is not None and where.moved(session))


def _made_here(where: Where, session: KnownSession, row: KnownCommit) -> bool:
    return inside(row.workdir, where.roots) or (where.moved is not None and where.moved(session))
