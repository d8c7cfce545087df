"""Unites two notes refs of ours, note by note and line by line, so that nobody's lines are lost; and names what is shared.

`git notes merge` knows neither tombstones nor bounds, so the union is ours. The united commit has both parents: pushing it is a
fast-forward for whoever had either.
"""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from git_ai_trail.attach.notes import ANNEX_REF, REF, united
from git_ai_trail.attach.record import MAX_NOTE
from git_ai_trail.errors import GitError
from git_ai_trail.git import Git, is_oid

SHARED = (REF, ANNEX_REF)
# More notes than any repository has; a ref that holds more is not read at all.
MAX_NOTES = 200_000
# What readers read of one note.
MAX_LINES = 10_000
_ENTRY = 192  # bytes of a line of `ls-tree` in a repository with long oids
_CHUNK = 64 * 1024 * 1024
_TRIES = 20
QUIET = ("-c", "core.hooksPath=/dev/null")
WHO = {
    "GIT_AUTHOR_NAME": "git-ai-trail",
    "GIT_AUTHOR_EMAIL": "git-ai-trail@localhost",
    "GIT_COMMITTER_NAME": "git-ai-trail",
    "GIT_COMMITTER_EMAIL": "git-ai-trail@localhost",
}


# The message of a commit that stands for all of a ref's history before it (see `purge`).
PURGED = "purge what is withheld"


@dataclass(frozen=True, slots=True, kw_only=True)
class Union:
    """What came into the ref: notes that were not there, notes that got lines, notes that were left out because readers would
    not read all of them (4 MiB, 10,000 lines)."""

    new: int = 0
    grown: int = 0
    left_out: int = 0


@dataclass(frozen=True, slots=True)
class _Entry:
    path: str
    blob: str
    size: int


def unite(git: Git, ref: str, other: str) -> Union:
    """Brings what `other` has into `ref`; both are full names. Compare-and-swap: a writer in between is not overwritten."""
    for attempt in range(_TRIES):
        mine, theirs = tip_of(git, ref), tip_of(git, other)
        if not theirs or theirs == mine or (mine and _contains(git, mine, theirs)):
            return Union()
        tip, result = _united(git, mine, theirs)
        code, _ = git.call(*QUIET, "update-ref", "--no-deref", ref, tip, mine or "0" * len(tip))
        if code == 0:
            return result
        time.sleep(0.005 * (1 + attempt % 5))
    raise GitError(f"{ref} moved at every try to write to it")


def purges(git: Git, tip: str) -> set[str]:
    """The commits without a parent in a ref's history that stand for a purged one."""
    if not tip:
        return set()
    code, out = git.call("rev-list", "--max-parents=0", f"--grep=^{PURGED}$", tip, "--")
    return set(out.decode("ascii", "replace").split()) if code == 0 else set()


def tip_of(git: Git, ref: str) -> str:
    """The commit that a ref names, or empty."""
    code, out = git.call("rev-parse", "--verify", "--quiet", f"{ref}^{{commit}}")
    return out.decode("ascii", "replace").strip() if code == 0 else ""


def _contains(git: Git, tip: str, older: str) -> bool:
    return git.call("merge-base", "--is-ancestor", older, tip)[0] == 0


def _united(git: Git, mine: str, theirs: str) -> tuple[str, Union]:
    """(the commit that holds both, what it got)."""
    own, their = _entries(git, mine), _entries(git, theirs)
    changes: list[str] = []
    both: list[tuple[_Entry, _Entry]] = []
    left_out = 0
    large = _too_many_lines(git, [one for oid, one in their.items() if oid not in own])
    for oid, entry in their.items():
        known = own.get(oid)
        if known is not None and known.blob == entry.blob:
            continue
        if max(entry.size, known.size if known else 0) > MAX_NOTE or entry.blob in large:
            left_out += 1
        elif known is None:
            changes.append(f"100644 {entry.blob}\t{entry.path}")
        else:
            both.append((known, entry))
    new = len(changes)
    for (known, entry), before, more in _bodies(git, both):
        whole = united(before, more.split(b"\n"))
        if len(whole) > MAX_NOTE or whole.count(b"\n") > MAX_LINES:
            left_out += 1
        elif whole != before:
            # The same lines in another order are theirs as it is: else two clones would go on trading orders.
            same = set(whole.split(b"\n")) == set(more.split(b"\n"))
            blob = entry.blob if same else git.run("hash-object", "-w", "--stdin", data=whole).decode().strip()
            changes.append(f"100644 {blob}\t{known.path}")
    result = Union(new=new, grown=len(changes) - new, left_out=left_out)
    return _committed(git, mine, theirs, changes), result


def _too_many_lines(git: Git, entries: Sequence[_Entry]) -> set[str]:
    """The blobs that hold more lines than readers read; one that is shorter than so many line ends is not looked at."""
    alone = [(one, one) for one in entries if MAX_LINES < one.size <= MAX_NOTE]
    return {one.blob for (one, _), body, _ in _bodies(git, alone) if body.count(b"\n") > MAX_LINES}


def _bodies(git: Git, pairs: Sequence[tuple[_Entry, _Entry]]) -> Iterator[tuple[tuple[_Entry, _Entry], bytes, bytes]]:
    """Pairs of notes with their contents, as many at a time as memory should hold."""
    chunk: list[tuple[_Entry, _Entry]] = []
    room = _CHUNK
    for number, pair in enumerate(pairs, 1):
        chunk.append(pair)
        room -= pair[0].size + pair[1].size
        if room < 0 or number == len(pairs):
            found = git.blobs(one.blob for both in chunk for one in both)
            for at, both in enumerate(chunk):
                yield both, found[2 * at] or b"", found[2 * at + 1] or b""
            chunk, room = [], _CHUNK


def _entries(git: Git, tip: str) -> dict[str, _Entry]:
    """The notes of a tree by the commit that they are on, however the tree is cut into folders. Anything else is passed over."""
    if not tip:
        return {}
    limit = MAX_NOTES * _ENTRY
    out = git.bounded("ls-tree", "-r", "-l", "-z", "--full-tree", tip, data=b"", limit=limit)
    if len(out) >= limit:
        # Half of them would be worse than none: what is not seen here would be taken for new, or for gone.
        raise GitError(f"{tip[:12]} holds more than {MAX_NOTES:,} notes", "nothing was united")
    found: dict[str, _Entry] = {}
    for raw in out.split(b"\0"):
        head, _, path = raw.partition(b"\t")
        words = head.decode("ascii", "replace").split()
        oid = path.replace(b"/", b"").decode("ascii", "replace")
        if len(words) == 4 and words[1] == "blob" and words[3].isdigit() and is_oid(oid) and len(oid) == len(words[2]):
            found[oid] = _Entry(path.decode("ascii"), words[2], int(words[3]))
    return found


def _committed(git: Git, mine: str, theirs: str, changes: list[str]) -> str:
    """A commit of both parents; `theirs` itself where that has it all, since a commit more would have to be pushed for nothing.

    A history that one of them has purged is not brought back by the other.
    """
    if mine and not changes:
        tree = git.text("rev-parse", f"{mine}^{{tree}}")
    else:
        with tempfile.TemporaryDirectory(prefix="ai-trail-notes-") as folder:
            index = {"GIT_INDEX_FILE": os.path.join(folder, "index")}
            git.call("read-tree", *([mine] if mine else ["--empty"]), check=True, env=index)
            listed = "".join(f"{line}\n" for line in changes).encode()
            git.call("update-index", "--index-info", data=listed, check=True, env=index)
            tree = git.call("write-tree", check=True, env=index)[1].decode().strip()
    own, their = purges(git, mine), purges(git, theirs)
    adopts, keeps = bool(mine and their - own), bool(own - their)
    if tree == git.text("rev-parse", f"{theirs}^{{tree}}") and (not mine or adopts or _contains(git, theirs, mine)):
        return theirs
    if keeps and not adopts and tree == git.text("rev-parse", f"{mine}^{{tree}}"):
        return mine
    kept = [theirs] if adopts else [mine] if keeps else [mine, theirs]
    now = f"{int(time.time())} +0000"
    env = {**WHO, "GIT_AUTHOR_DATE": now, "GIT_COMMITTER_DATE": now}
    parents = [word for parent in kept if parent for word in ("-p", parent)]
    command = ("-c", "commit.gpgSign=false", "commit-tree", tree, *parents, "-m", "unite records")
    return git.call(*command, check=True, env=env)[1].decode().strip()
