"""Records that wait for their commit, and the mark that a commit is dealt with. Hot path.

Both live in the git directory of one worktree: `ai-log-trail/pending/<digest>` and `ai-log-trail/settled`. A record whose
commit never came is removed after two days.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Sequence
from typing import NamedTuple

from git_ai_trail.attach.record import MAX_LINE, parse_line
from git_ai_trail.attach.shape import HEX64
from git_ai_trail.git import is_oid

KEPT_SECONDS = 2 * 24 * 3600
# Whoever writes a file of ours is done with it in milliseconds, if it was not killed.
UNFINISHED_SECONDS = 60
_MAX_FILE = 4 * MAX_LINE
# Files that exist under these names only while they are written; the settings' compiled form is one of them.
_UNFINISHED = (".", "index-", "policy.json.")


class Pending(NamedTuple):
    """A record made for the tree that was about to be committed."""

    digest: str
    line: bytes
    tree: str
    summary: str
    created: float


def write(
    git_dir: str,
    digest: str,
    line: bytes,
    tree: str,
    summary: str,
    *,
    stream: bytes = b"",
    now: float | None = None,
) -> None:
    """Puts a record aside, whole or not at all, and removes those that waited too long.

    With `stream` (see `notes.stream`) a shell can attach it without starting Python: `<digest>.stream` is what it feeds
    to `git fast-import`, `<digest>.said` what it prints then (empty: nothing).
    """
    folder = _folder(git_dir)
    os.makedirs(folder, mode=0o700, exist_ok=True)
    at = time.time() if now is None else now
    body = {"line": line.decode(), "digest": digest, "tree": tree, "created": int(at), "summary": summary}
    _replace(_path(git_dir, digest), json.dumps(body).encode())
    if stream:
        _replace(_path(git_dir, digest) + ".said", f"ai-trail: {summary}\n".encode() if summary else b"")
        _replace(_path(git_dir, digest) + ".stream", stream)
    sweep(git_dir, now=at)


def read(git_dir: str, digest: str) -> Pending | None:
    """The record put aside under `digest`, if it is what the digest says."""
    return _read(_path(git_dir, digest)) if HEX64.fullmatch(digest) else None


def waiting(git_dir: str) -> list[Pending]:
    """Every record that waits, the newest first."""
    found = [one for name in _names(git_dir) if (one := read(git_dir, name)) is not None]
    return sorted(found, key=lambda one: -one.created)


def for_tree(git_dir: str, tree: str) -> Pending | None:
    """The newest record made for this tree; for a commit whose message no longer names its record."""
    return next((one for one in waiting(git_dir) if one.tree == tree), None)


def clear(git_dir: str, digest: str | None = None) -> None:
    """Removes the record put aside under `digest`, or all of them, and what is left of one whose removal was cut short."""
    if digest is not None:
        for suffix in (".stream", ".said", ""):
            remove(_path(git_dir, digest) + suffix)
        return
    for name in _listed(_folder(git_dir)):
        if HEX64.fullmatch(name.partition(".")[0]):
            remove(f"{_folder(git_dir)}/{name}")


def sweep(git_dir: str, *, now: float) -> None:
    """Removes what waited more than two days, and what a killed process left half-written."""
    for folder in (_folder(git_dir), f"{git_dir}/ai-log-trail"):
        for name in _listed(folder):
            path = f"{folder}/{name}"
            unfinished = name.startswith(_UNFINISHED)
            if not unfinished and folder.endswith("/ai-log-trail"):
                continue
            try:
                age = now - os.lstat(path).st_mtime
            except OSError:
                continue
            if age > (UNFINISHED_SECONDS if unfinished else KEPT_SECONDS):
                remove(path)


def own_index(git_dir: str) -> str:
    """Where a copy of the index may lie while git works on it, so that a lock of ours never stands in a person's way."""
    return f"{git_dir}/ai-log-trail/index-{os.getpid()}"


def settle(git_dir: str, process: str, tree: str) -> None:
    """Marks the commit that the git process `process` is making as dealt with. A shell reads the first line alone."""
    os.makedirs(f"{git_dir}/ai-log-trail", mode=0o700, exist_ok=True)
    _replace(f"{git_dir}/ai-log-trail/settled", f"{process}\n{tree}\n".encode())


def settled(git_dir: str) -> tuple[str, str]:
    """(process, tree) of the last mark; empty where there is none."""
    lines = _bounded(f"{git_dir}/ai-log-trail/settled").decode("utf-8", "replace").split("\n")
    return lines[0], lines[1] if len(lines) > 1 else ""


def begin(git_dir: str, process: str, oids: Sequence[str]) -> None:
    """Remembers of which commits the git process `process` is making one, until that exists."""
    os.makedirs(f"{git_dir}/ai-log-trail", mode=0o700, exist_ok=True)
    _replace(f"{git_dir}/ai-log-trail/made-of", "".join(f"{one}\n" for one in (process, *oids)).encode())


def begun(git_dir: str, process: str) -> list[str]:
    """The commits of which `process` is making one."""
    by, *oids = _bounded(f"{git_dir}/ai-log-trail/made-of").decode("ascii", "replace").split("\n")
    return [one for one in oids if is_oid(one)] if by and by == process else []


def ended(git_dir: str) -> None:
    """Forgets what `begin` remembers."""
    remove(f"{git_dir}/ai-log-trail/made-of")


def _folder(git_dir: str) -> str:
    return f"{git_dir}/ai-log-trail/pending"


def _path(git_dir: str, digest: str) -> str:
    if not HEX64.fullmatch(digest):
        raise ValueError("not a digest")
    return f"{_folder(git_dir)}/{digest}"


def _names(git_dir: str) -> list[str]:
    return [name for name in _listed(_folder(git_dir)) if HEX64.fullmatch(name)]


def _listed(folder: str) -> list[str]:
    try:
        return sorted(os.listdir(folder))
    except OSError:
        return []


def _read(path: str) -> Pending | None:
    try:
        body = json.loads(_bounded(path))
        line = parse_line(body["line"].encode())
        found = Pending(line.digest, line.raw, str(body["tree"]), str(body["summary"]), float(body["created"]))
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        return None
    return found if line.kind == "core" and path.endswith(f"/{line.digest}") else None


def _bounded(path: str) -> bytes:
    try:
        with open(os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC), "rb") as file:
            return file.read(_MAX_FILE)
    except OSError:
        return b""


def _replace(path: str, body: bytes) -> None:
    """Writes a file that is either old or new; a leading dot keeps the unfinished one out of a shell's `*`."""
    folder, name = os.path.split(path)
    unfinished = f"{folder}/.{name}.{os.getpid()}"
    remove(unfinished)
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
    with open(os.open(unfinished, flags, 0o600), "wb") as file:
        file.write(body)
    os.replace(unfinished, path)


def remove(path: str) -> None:
    """Removes a file of ours if it is there and can be removed."""
    try:
        os.unlink(path)
    except OSError:
        return
