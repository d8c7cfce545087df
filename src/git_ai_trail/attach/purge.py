"""Rewrites a notes ref without its history, so that what is withheld is no longer reachable from it. Cold path.

The new commit has no parent and says so in its message: whoever unites older notes with it takes its history and not theirs.
"""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Mapping

from git_ai_trail.attach import tombstones
from git_ai_trail.attach.notes import annotated, read_many
from git_ai_trail.attach.sharing import MAX_NOTES, PURGED, QUIET, WHO, tip_of
from git_ai_trail.errors import GitError
from git_ai_trail.git import Git

_TRIES = 20


def purge(git: Git, ref: str) -> int:
    """Makes the ref a single commit in which no note holds what is withheld; how many notes changed by that.

    The ref's own reflog and the copies of it that were fetched go as well. Raises `GitError` if the ref cannot be written.
    """
    for attempt in range(_TRIES):
        tip = tip_of(git, ref)
        if not tip:
            return 0
        changed = _stripped(git, ref)
        tree = _tree(git, tip, changed)
        now = f"{int(time.time())} +0000"
        env = {**WHO, "GIT_AUTHOR_DATE": now, "GIT_COMMITTER_DATE": now}
        command = ("-c", "commit.gpgSign=false", "commit-tree", tree, "-m", PURGED)
        made = git.call(*command, check=True, env=env)[1].decode().strip()
        code, _ = git.call(*QUIET, "update-ref", "--no-deref", ref, made, tip)
        if code == 0:
            _forget(git, ref)
            return len(changed)
        time.sleep(0.005 * (1 + attempt % 5))
    raise GitError(f"{ref} moved at every try to write to it", "try again")


def _stripped(git: Git, ref: str) -> Mapping[str, str]:
    """The notes that hold something withheld, by path: the oid of what they hold without it."""
    listed = annotated(git, ref)
    if len(listed) > MAX_NOTES:
        raise GitError(f"{ref} holds more than {MAX_NOTES:,} notes", "nothing was changed")
    gone = tombstones.read(tombstones.standing(git, ref))
    changed: dict[str, str] = {}
    for oid, body in read_many(git, [oid for oid, _, _ in listed], ref, listed=listed).items():
        lines = body.split(b"\n")
        kept = [tombstones.stripped(line, gone) for line in lines]
        if kept != lines:
            new = b"".join(line + b"\n" for line in kept if line)
            changed[oid] = git.run("hash-object", "-w", "--stdin", data=new).decode().strip()
    return changed


def _tree(git: Git, tip: str, changed: Mapping[str, str]) -> str:
    if not changed:
        return git.text("rev-parse", f"{tip}^{{tree}}")
    paths = {}
    for entry in git.run("ls-tree", "-r", "-z", "--full-tree", "--name-only", tip).split(b"\0"):
        path = entry.decode("utf-8", "surrogateescape")
        paths[path.replace("/", "")] = path
    with tempfile.TemporaryDirectory(prefix="ai-trail-notes-") as folder:
        index = {"GIT_INDEX_FILE": os.path.join(folder, "index")}
        git.call("read-tree", tip, check=True, env=index)
        listed = "".join(f"100644 {blob}\t{paths[oid]}\n" for oid, blob in changed.items()).encode()
        git.call("update-index", "--index-info", data=listed, check=True, env=index)
        return git.call("write-tree", check=True, env=index)[1].decode().strip()


def _forget(git: Git, ref: str) -> None:
    """Takes away what else names the old history: the ref's reflog, and copies of remotes' refs of this name."""
    git.call(*QUIET, "reflog", "expire", "--expire=now", "--expire-unreachable=now", ref)
    name = ref.removeprefix("refs/notes/")
    copies = git.text("for-each-ref", "--format=%(refname)", "refs/notes/remotes").split("\n")
    for copy in copies:
        if copy.endswith(f"/{name}"):
            git.call(*QUIET, "update-ref", "--no-deref", "-d", copy)
