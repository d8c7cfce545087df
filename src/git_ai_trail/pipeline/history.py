"""Everything known of the commits of a range. (First, slow form: a diff process for each commit.)"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from git_ai_trail.attach import annex, notes, status
from git_ai_trail.attach.annex import Annex
from git_ai_trail.attach.status import Assessment
from git_ai_trail.git import Git, empty_tree
from git_ai_trail.model import Commit
from git_ai_trail.pipeline.show import _recovered, commits


class Told(NamedTuple):
    """A commit with what its note is worth, and the annexes by record digest."""

    commit: Commit
    found: Assessment
    annexes: Mapping[str, Annex]


def told(
    git: Git,
    revisions: Sequence[str],
    *,
    paths: Sequence[str] = (),
    limit: int | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> list[Told]:
    """The commits as `git log` gives them, newest first."""
    listed = commits(git, revisions, limit=limit)
    oids = [one.oid for one in listed]
    cores, extras = notes.read_many(git, oids), notes.read_many(git, oids, notes.ANNEX_REF)
    found = []
    for one in listed:
        diffs = git.diff(one.parents[0] if one.parents else empty_tree(one.oid), one.oid)
        if len(one.parents) > 1 and one.oid not in cores:
            diffs = ()
        judged = status.assess(one.message, cores.get(one.oid, b""), diffs)
        if judged.status == "unknown":
            judged = _recovered(git, one, judged, diffs)
        found.append(Told(one, judged, annex.parse_annex(extras.get(one.oid, b""), withheld=judged.withheld)))
    return found
