"""Commits that exist, as the matcher needs them, and where their sessions may have worked. Cold path."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from typing import NamedTuple

from git_ai_trail.facts import Candidate, KnownSession
from git_ai_trail.git import Git, base_of, normal_url
from git_ai_trail.index.access import Index
from git_ai_trail.index.candidates import Where
from git_ai_trail.pipeline import worktree
from git_ai_trail.pipeline.commits import no_such_range
from git_ai_trail.pipeline.evidence import Gathered, gather
from git_ai_trail.places import as_written

# So many commits of a folder are looked up to find out which repository was worked on there.
_LOOKED_UP = 16


class PastCommit(NamedTuple):
    """A commit as the matcher needs it."""

    oid: str
    tree: str
    parents: tuple[str, ...]
    authored_at: float
    committed_at: float
    subject: str
    settled: float | None = None  # the only parent's clock, if at hand: nothing came to its history after it


def match_past(
    git: Git,
    index: Index,
    where: Where,
    commit: PastCommit,
    *,
    weak_too: bool = False,
    apart: Sequence[str] = (),
    alone: Callable[[Candidate], bool] | None = None,
) -> Gathered:
    """The evidence for a commit that exists: what its sessions wrote before it, and whose log shows its oid.

    With `alone`, only these sessions are looked at.
    """
    return gather(
        git,
        index,
        where,
        base=base_of(commit.parents, commit.oid),
        tip=commit.oid,
        until=max(commit.committed_at, commit.authored_at),
        making=index.made_before(where, commit.oid, commit.committed_at, commit.subject),
        weak_too=weak_too,
        apart=apart,
        alone=alone,
        settled=commit.settled,
    )


def past_commits(git: Git, revisions: Sequence[str]) -> list[PastCommit]:
    """Commits of a range, oldest first; raises `TrailError` for a range that git does not know."""
    args = ("log", "--reverse", "-z", "--format=%H%x1f%T%x1f%P%x1f%at%x1f%ct%x1f%s", *revisions, "--")
    code, out = git.call(*args)
    if code != 0:
        raise no_such_range(git, revisions)
    commits = []
    for entry in out.decode("utf-8", "replace").split("\0"):
        fields = entry.split("\x1f", 5)
        if len(fields) == 6:
            oid, tree, parents, authored, committed, subject = fields
            commits.append(PastCommit(oid, tree, tuple(parents.split()), float(authored), float(committed), subject))
    clocks = {one.oid: max(one.authored_at, one.committed_at) for one in commits}
    return [one._replace(settled=clocks.get(one.parents[0])) if len(one.parents) == 1 else one for one in commits]


def whereabouts(tree: worktree.Worktree, index: Index) -> Where:
    """All worktrees of the repository, and a test for sessions that worked in a copy of it which is not here."""
    out = tree.git.run("worktree", "list", "--porcelain", "-z", check=False).decode("utf-8", "surrogateescape")
    listed = [entry.removeprefix("worktree ") for entry in out.split("\0") if entry.startswith("worktree ")]
    roots = tuple(dict.fromkeys(name for root in (*tree.roots, *listed) for name in as_written(root)))
    url = tree.git.text("config", "--get", "remote.origin.url", check=False)
    remote = index.keys.path(normal_url(url)) if url else 0
    known: dict[str, bool] = {}
    # A log that states neither commit nor remote: what was committed in its folder tells which repository that was.
    made_here: dict[str, bool] = {}

    def moved(session: KnownSession) -> bool:
        if session.cwd and os.path.isdir(session.cwd):
            return False
        if session.base_oid:
            if session.base_oid not in known:
                known[session.base_oid] = tree.git.resolve(session.base_oid) is not None
            return known[session.base_oid]
        if session.remote:
            return session.remote == remote
        if session.cwd not in made_here:
            made_here[session.cwd] = _any_here(tree.git, index.made_in(session.cwd, _LOOKED_UP))
        return made_here[session.cwd]

    return Where(roots, moved)


def _any_here(git: Git, oids: Sequence[str]) -> bool:
    """Whether one of these commits is in the repository."""
    if not oids:
        return False
    _, out = git.call("cat-file", "--batch-check", data="".join(f"{oid}\n" for oid in oids).encode())
    return any(line.split()[1:2] == [b"commit"] for line in out.splitlines())
