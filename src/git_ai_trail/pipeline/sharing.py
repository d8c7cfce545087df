"""Brings records from a remote and to it: never by force, and without losing what somebody else writes meanwhile. Cold path."""

from __future__ import annotations

import time
from dataclasses import dataclass

from git_ai_trail.attach.sharing import SHARED, Union, unite
from git_ai_trail.errors import GitError, TrailError
from git_ai_trail.git import Git

_TRIES = 10
# What git says where somebody else was quicker; anything else is not helped by trying again.
_RACES = (
    "fetch first",
    "non-fast-forward",
    "failed to update ref",
    "cannot lock ref",
    "stale info",
    "reference already exists",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Shared:
    """What came in, by ref; `pushed` says which refs the remote has now as they are here."""

    fetched: dict[str, Union]
    pushed: tuple[str, ...] = ()


def fetch(git: Git, common_dir: str, remote: str) -> Shared:
    """Fetches the remote's records and unites them with those here. A remote without records is fine.

    Raises `GitError` if the remote cannot be reached.
    """
    _check(remote)
    place = f"refs/notes/remotes/{remote}"
    # Asked first: the name of a ref that the remote has not would make the whole fetch fail.
    _, out = git.call("ls-remote", "--", remote, *SHARED, check=True)
    there = {line.partition("\t")[2] for line in out.decode("ascii", "replace").splitlines()}
    specs = [f"+{ref}:{place}/{ref.removeprefix('refs/notes/')}" for ref in SHARED if ref in there]
    if specs:
        git.call("fetch", "--quiet", "--no-tags", "--no-write-fetch-head", "--", remote, *specs, check=True)
    return Shared(fetched={ref: unite(git, ref, f"{place}/{ref.removeprefix('refs/notes/')}") for ref in SHARED})


def push(git: Git, common_dir: str, remote: str) -> Shared:
    """Fetches, unites and pushes until the remote has it all. Raises `GitError` where it refuses for another reason than haste."""
    _check(remote)
    for attempt in range(_TRIES):
        shared = fetch(git, common_dir, remote)
        refs = [ref for ref in SHARED if git.call("rev-parse", "--verify", "--quiet", ref)[0] == 0]
        if not refs:
            return shared
        try:
            git.call("push", "--quiet", "--", remote, *(f"{ref}:{ref}" for ref in refs), check=True)
        except GitError as error:
            if not _lost_a_race(git, remote, refs, error):
                raise
            time.sleep(0.05 * (attempt + 1))
        else:
            return Shared(fetched=shared.fetched, pushed=tuple(refs))
    raise GitError(f"{remote} moved at every try to push the records", "try again")


def _lost_a_race(git: Git, remote: str, refs: list[str], error: GitError) -> bool:
    """Whether the remote has something that is not here: then fetching and trying again helps."""
    if any(word in error.message for word in _RACES):
        return True
    code, out = git.call("ls-remote", "--", remote, *refs)
    tips = [line.partition("\t") for line in out.decode("ascii", "replace").splitlines()]
    return code == 0 and any(
        git.call("merge-base", "--is-ancestor", tip, ref)[0] != 0 for tip, _, ref in tips if ref in refs
    )


def _check(remote: str) -> None:
    if not remote or remote.startswith("-") or any(c.isspace() or c in ":*?[\\^~" for c in remote) or ".." in remote:
        raise TrailError(f"not the name of a remote: {remote[:80]!r}", "git remote -v lists them")
