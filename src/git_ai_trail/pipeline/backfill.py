"""Records for commits that already exist, from the logs alone. History is never rewritten: only notes are added."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from git_ai_trail.attach import notes, record
from git_ai_trail.errors import TrailError
from git_ai_trail.facts import KnownSession
from git_ai_trail.git import Git, empty_tree, normal_url
from git_ai_trail.index.access import Index
from git_ai_trail.index.candidates import SLACK, Where
from git_ai_trail.index.keys import as_written
from git_ai_trail.pipeline import stamp
from git_ai_trail.pipeline.evidence import Gathered, gather
from git_ai_trail.pipeline.indexing import Progress, open_user_index, refresh_all
from git_ai_trail.settings import Settings


class Found(NamedTuple):
    """A commit for which the logs hold enough evidence."""

    oid: str
    subject: str
    summary: str
    written: bool  # False in a dry run


class Backfilled(NamedTuple):
    commits: int
    had_record: int
    merges: int
    found: tuple[Found, ...]


class PastCommit(NamedTuple):
    """A commit as the matcher needs it."""

    oid: str
    tree: str
    parents: tuple[str, ...]
    authored_at: float
    committed_at: float
    subject: str


def backfill(
    tree: stamp.Worktree,
    settings: Settings,
    env: Mapping[str, str],
    *,
    revisions: Sequence[str],
    dry_run: bool = False,
    index_progress: Progress | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Backfilled:
    """Matches the commits of `revisions` (as `git log` takes them) and attaches a record to each that has evidence.

    A commit that has a record keeps it. Reads what is new in the logs first.
    """
    commits = past_commits(tree.git, revisions)
    recorded = _recorded(tree.git, [commit.oid for commit in commits])
    index = open_user_index(env)
    try:
        refresh_all(index, env, log_roots=settings.log_roots, progress=index_progress)
        where = whereabouts(tree, index)
        earliest = _earliest(index)
        found = []
        for number, commit in enumerate(commits, 1):
            late = earliest is not None and commit.committed_at + SLACK >= earliest
            if commit.oid not in recorded and len(commit.parents) < 2 and late:
                one = _record(tree, settings, index, where, commit, dry_run=dry_run)
                if one is not None:
                    found.append(one)
            if progress is not None:
                progress(number, len(commits))
    finally:
        index.close()
    merges = sum(1 for commit in commits if len(commit.parents) > 1)
    return Backfilled(len(commits), len(recorded), merges, tuple(found))


def _record(
    tree: stamp.Worktree, settings: Settings, index: Index, where: Where, commit: PastCommit, *, dry_run: bool
) -> Found | None:
    gathered = match_past(tree.git, index, where, commit, weak_too=settings.weak_trailer)
    made = stamp.seal(tree, settings, gathered, commit.tree)
    if made is None:
        return None
    if not dry_run:
        notes.add_lines(tree.git, tree.common_dir, commit.oid, [made.line])
    return Found(commit.oid, commit.subject, stamp.summary(made.match), not dry_run)


def match_past(git: Git, index: Index, where: Where, commit: PastCommit, *, weak_too: bool = False) -> Gathered:
    """The evidence for a commit that exists: what its sessions wrote before it, and whose log shows its oid."""
    return gather(
        git,
        index,
        where,
        base=commit.parents[0] if commit.parents else empty_tree(commit.oid),
        tip=commit.oid,
        until=max(commit.committed_at, commit.authored_at),
        making=index.made_before(where, commit.oid, commit.committed_at, commit.subject),
        weak_too=weak_too,
    )


def past_commits(git: Git, revisions: Sequence[str]) -> list[PastCommit]:
    """Commits of a range, oldest first; raises `TrailError` for a range that git does not know."""
    args = ("log", "--reverse", "-z", "--format=%H%x1f%T%x1f%P%x1f%at%x1f%ct%x1f%s", *revisions, "--")
    code, out = git.call(*args)
    if code != 0:
        raise TrailError(f"git knows no such range: {' '.join(revisions)}", "give a range as `git log` takes it")
    commits = []
    for entry in out.decode("utf-8", "replace").split("\0"):
        fields = entry.split("\x1f", 5)
        if len(fields) == 6:
            oid, tree, parents, authored, committed, subject = fields
            commits.append(PastCommit(oid, tree, tuple(parents.split()), float(authored), float(committed), subject))
    return commits


def whereabouts(tree: stamp.Worktree, index: Index) -> Where:
    """All worktrees of the repository, and a test for sessions that worked in a copy of it which is not here."""
    out = tree.git.run("worktree", "list", "--porcelain", "-z", check=False).decode("utf-8", "surrogateescape")
    listed = [entry.removeprefix("worktree ") for entry in out.split("\0") if entry.startswith("worktree ")]
    roots = tuple(dict.fromkeys(name for root in (*tree.roots, *listed) for name in as_written(root)))
    url = tree.git.text("config", "--get", "remote.origin.url", check=False)
    remote = index.keys.path(normal_url(url)) if url else 0
    known: dict[str, bool] = {}

    def moved(session: KnownSession) -> bool:
        if session.cwd and os.path.isdir(session.cwd):
            return False
        if session.base_oid:
            if session.base_oid not in known:
                known[session.base_oid] = tree.git.resolve(session.base_oid) is not None
            return known[session.base_oid]
        return bool(remote) and session.remote == remote

    return Where(roots, moved)


def _recorded(git: Git, oids: Sequence[str]) -> set[str]:
    """Commits that have at least one sound record of ours."""
    texts = notes.read_many(git, oids)
    return {oid for oid, text in texts.items() if any(line.core is not None for line in record.parse_note(text))}


def _earliest(index: Index) -> float | None:
    row = index.target.execute("SELECT MIN(started_at) FROM logs WHERE edits > 0 OR session <> ''").fetchone()
    return None if row is None or row[0] is None else float(row[0])
