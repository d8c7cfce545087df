"""What a merge may claim: the lines that stand in none of its parents, and no record that only its message repeats."""

from __future__ import annotations

from git_ai_trail.attach import status
from git_ai_trail.attach.status import Assessment
from git_ai_trail.shown import Commit


def own(commit: Commit, found: Assessment, *, attached: bool) -> Assessment:
    """What is known of a commit, without what a merge says of the commits that it merges.

    Code hosts put a request's description, trailers and all, into the merge's message; those records are attached to the merged
    commits, and none of their lines is the merge's. `attached`: the commit has a note of its own, whose claims are its own too.
    """
    if len(commit.parents) < 2 or (found.status != "none" and (found.status != "claim" or attached)):
        return found
    return status.assess("", b"", ())
