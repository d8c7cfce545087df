"""Looks at the logs on this machine again: do they hold what the records of commits say that they do? Cold path.

A record is only held against logs that are here and that worked in this repository; what any other session wrote does not
matter. Logs come and go, so what they do not hold is said, and fails a commit only where the policy asks for that.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from git_ai_trail.attach.record import session_key
from git_ai_trail.attach.verify import Derived
from git_ai_trail.facts import CommitMatch, KnownSession
from git_ai_trail.formats.sources import in_worktree
from git_ai_trail.git import Git
from git_ai_trail.index import query
from git_ai_trail.index.access import Index
from git_ai_trail.index.candidates import Where, inside
from git_ai_trail.pipeline.history import Told
from git_ai_trail.pipeline.indexing import open_user_index, refresh_all
from git_ai_trail.pipeline.past import PastCommit, match_past, whereabouts
from git_ai_trail.pipeline.worktree import Worktree
from git_ai_trail.settings import Settings

_FITS = ("exact", "carried", "unanchored")
_ALL = 1_000_000
_NOT_HERE = Derived("unknown")

_Line = tuple[str, int]  # path, number


def rederive(
    tree: Worktree, settings: Settings, env: Mapping[str, str], found: Sequence[Told]
) -> Mapping[str, Derived]:
    """What the logs say of each commit that has a record which fits, by oid. Reads what is new in the logs first.

    confirmed: the logs of all sessions that the record gives lines to are here, and hold them; contradicted: one is here and
    does not; unknown: a log is not here, or the record gives no lines to anybody.
    """
    ours = [one for one in found if one.found.status in _FITS]
    if not ours:
        return {}
    index = open_user_index(env)
    try:
        refresh_all(index, env, log_roots=(*settings.log_roots, *in_worktree(tree.root)))
        where = whereabouts(tree, index)
        known = _at_hand(index, where)
        clocks = {one.commit.oid: max(one.commit.authored_at, one.commit.committed_at).timestamp() for one in found}
        return {one.commit.oid: _judged(tree.git, index, where, known, clocks, one) for one in ours}
    finally:
        index.close()


def _at_hand(index: Index, where: Where) -> Mapping[str, bool]:
    """The sessions whose logs are here, as records name them, and whether they worked in this repository."""
    return {
        session_key(one.session_id): _worked_here(one, where)
        for database in index.databases
        for one in query.logs_active(database, float("-inf"), float("inf"), _ALL)
    }


def _worked_here(session: KnownSession, where: Where) -> bool:
    return bool(session.cwd) and (
        inside(session.cwd, where.roots) or (where.moved is not None and where.moved(session))
    )


def _judged(
    git: Git, index: Index, where: Where, known: Mapping[str, bool], clocks: Mapping[str, float], one: Told
) -> Derived:
    claimed: dict[str, set[_Line]] = {}
    for file in one.found.files:
        for r in file.ranges:
            claimed.setdefault(r.session, set()).update((file.path, n) for n in range(r.start, r.end + 1))
    asked = {session for session in claimed if known.get(session)}
    if not asked:
        return _NOT_HERE
    commit = one.commit
    past = PastCommit(
        commit.oid,
        commit.oid,
        commit.parents,
        commit.authored_at.timestamp(),
        commit.committed_at.timestamp(),
        commit.subject,
        clocks.get(commit.parents[0]) if len(commit.parents) == 1 else None,
    )
    gathered = match_past(
        git, index, where, past, weak_too=True, alone=lambda each: session_key(each.session.session_id) in asked
    )
    positions = {diff.path: diff.positions for diff in gathered.diffs}
    held = _lines(gathered.match, positions)
    for session in sorted(asked):
        gone = claimed[session] - held.get(session, set())
        if gone:
            said = "that is" if len(gone) == 1 else "that are"
            return Derived(
                "contradicted",
                f"the logs at hand do not hold {len(gone):,} of the {len(claimed[session]):,} lines {said} a session's by the record",
            )
    return Derived("confirmed") if asked == set(claimed) else _NOT_HERE


def _lines(match: CommitMatch, positions: Mapping[str, Sequence[int]]) -> Mapping[str, set[_Line]]:
    """Whose each line of the commit's files is by the logs, sessions named as records name them."""
    held: dict[str, set[_Line]] = {}
    for file in match.files:
        numbers = positions[file.path]
        for r in file.ranges:
            mine = numbers[r.start - 1 : r.start - 1 + r.count]
            held.setdefault(session_key(r.session), set()).update((file.path, number) for number in mine)
    return held
