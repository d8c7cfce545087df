"""Which commits a push gives away, as git's pre-push hook and hook managers tell it."""

from __future__ import annotations

from collections.abc import Mapping

from git_ai_trail.git import is_oid
from git_ai_trail.pipeline.worktree import Worktree

# A range that leaves out so many branches of the remote is long enough.
_MOST = 500


def being_pushed(tree: Worktree, env: Mapping[str, str], remote: str, said: str) -> list[str]:
    """Revisions for what `remote` does not have yet; empty where nothing is given away.

    `said` is what git gives the hook: a line `<local ref> <local oid> <remote ref> <remote oid>` for each ref. Hook managers keep
    it to themselves, and name one of the refs in variables.
    """
    lines = [line.split(" ") for line in said.splitlines()]
    pairs = [(line[1], line[3]) for line in lines if len(line) == 4 and not line[0].startswith("refs/notes/")]
    if not lines and (tip := env.get("PRE_COMMIT_TO_REF", "")):
        pairs = [(tip, env.get("PRE_COMMIT_FROM_REF", ""))]
    tips = [tip for tip, _ in pairs if is_oid(tip) and tip.strip("0")]
    if not tips:
        return []
    there = [oid for _, oid in pairs if is_oid(oid) and oid.strip("0")]
    known = tree.git.text(
        "for-each-ref", f"--count={_MOST}", "--format=%(objectname)", f"refs/remotes/{remote}/", check=False
    )
    # What the remote has and this clone has not cannot be left out, and need not be.
    left_out = [oid for oid in dict.fromkeys([*there, *known.split()]) if tree.git.resolve(oid)]
    return [*dict.fromkeys(tips), *(f"^{oid}" for oid in left_out)]
