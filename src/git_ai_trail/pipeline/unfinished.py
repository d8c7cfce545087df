"""Attaches records whose commit was made, but whose hook ended before it could attach them. Hot path.

A hook that was killed, ran out of time or found the disk full leaves the record where it waits (see `attach.pending`). The next
hook or command that comes along looks for the commit whose message names it.
"""

from __future__ import annotations

from collections.abc import Iterator

from git_ai_trail.attach import notes, pending, trailers
from git_ai_trail.errors import GitError
from git_ai_trail.pipeline.worktree import Worktree

# A record that is younger than this may be about to be attached by its own hook.
YOUNG_SECONDS = 10.0
# Commits that are looked at: the last ones, and those that this worktree was at.
_LAST = ("--max-count=50",)
_VISITED = ("--max-count=200", "--walk-reflogs")


def finish(tree: Worktree, *, now: float, young: float = 0.0) -> int:
    """Attaches what waits for a commit that exists; returns how many records found theirs. The others go on waiting.

    Records younger than `young` seconds are left alone. Raises `GitError` where notes cannot be written.
    """
    # One from the future was made before the clock was set back.
    waiting = pending.waiting(tree.git_dir)
    left = {one.digest: one for one in waiting if not now - young < one.created <= now + young}
    done = 0
    for which in (_LAST, _VISITED):
        for oid, digest in _named(tree, which) if left and tree.head else ():
            one = left.pop(digest, None)
            if one is not None:
                notes.add_lines(tree.git, tree.common_dir, oid, [one.line])
                pending.clear(tree.git_dir, digest)
                done += 1
    return done


def finish_quietly(tree: Worktree, *, now: float, young: float = YOUNG_SECONDS) -> None:
    """`finish` before a command that has something else to do: what cannot be written goes on waiting."""
    try:
        finish(tree, now=now, young=young)
    except GitError:
        return


def _named(tree: Worktree, which: tuple[str, ...]) -> Iterator[tuple[str, str]]:
    """(oid, digest) of the commits whose message names a record, the latest first."""
    code, out = tree.git.call("log", *which, "-z", "--no-show-signature", "--format=%H%x1f%B", "HEAD", "--")
    for entry in out.decode("utf-8", "surrogateescape").split("\0") if code == 0 else ():
        oid, _, message = entry.partition("\x1f")
        digest = trailers.record_digest(message)
        if digest:
            yield oid, digest
