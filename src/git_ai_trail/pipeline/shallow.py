"""Where a shallow clone ends: git shows a commit there as if it had no parent, so what it changed cannot be known."""

from __future__ import annotations

from collections.abc import Iterable

from git_ai_trail.errors import TrailError
from git_ai_trail.git import Git


def refuse_cut_off(git: Git, oids: Iterable[str]) -> None:
    """Raises `TrailError` if the parents of one of these commits are missing because the clone is shallow."""
    try:
        with open(git.git_path("shallow"), encoding="ascii", errors="replace") as file:
            ends = set(file.read().split())
    except FileNotFoundError:
        return
    for oid in oids:
        if oid in ends:
            raise TrailError(
                f"this clone is shallow and ends at {oid[:12]}: what that commit changed cannot be told",
                "git fetch --unshallow (in a workflow: a checkout with fetch-depth: 0)",
            )
