"""The diffs of many commits with one process. Beside `git.py` the only module that starts git; off the commit path."""

from __future__ import annotations

import re
import subprocess
import threading
from collections.abc import Iterator, Sequence
from typing import IO

from git_ai_trail.errors import GitError
from git_ai_trail.facts import FileDiff
from git_ai_trail.git import DIFF_FLAGS, MAX_DIFF_BYTES, Git, parse_diff

# A number of context lines would ask for the patch as well.
_COUNT_FLAGS = tuple(flag for flag in DIFF_FLAGS if flag not in ("--raw", "-p", "-U0"))
_COMMIT = re.compile(rb"\n([0-9a-f]{40}(?:[0-9a-f]{24})?)\0(?=:)")
# Names of files stand here as they are: what looks like a commit's beginning may be a name.
_RAW = re.compile(rb"(?::[^\0]*\0[^\0]*\0)*")
_BLOCK = 1 << 20
# Enough to recognise the next commit across two blocks.
_TAIL = 128


def diffs(git: Git, pairs: Sequence[tuple[str, str]]) -> Iterator[tuple[str, tuple[FileDiff, ...]]]:
    """(tip, its diff) for each pair (base, tip) of commits, in order, with one process however many they are.

    An empty base stands for the empty tree; the tip must then have no parent. What `Git.diff` says of a pair, this says too.
    """
    lines = b"".join(f"{tip} {base}".encode().rstrip() + b"\n" for base, tip in pairs)
    found = _chunks(git, ("diff-tree", "--stdin", "--root", *DIFF_FLAGS), lines)
    name, body = next(found, ("", b""))
    for _, tip in pairs:
        if name == tip:
            yield tip, parse_diff(body)
            name, body = next(found, ("", b""))
        else:
            yield tip, ()  # nothing changed, so git has not even named it


def added_lines(git: Git, pairs: Sequence[tuple[str, str]]) -> dict[str, list[tuple[str, int, int]]]:
    """(path, lines added, lines removed) of each file by tip, for pairs as `diffs` takes them; binary files have none."""
    data = b"".join(f"{tip} {base}".encode().rstrip() + b"\n" for base, tip in pairs)
    out = git.run("diff-tree", "--stdin", "--root", "--numstat", *_COUNT_FLAGS, data=data)
    counts: dict[str, list[tuple[str, int, int]]] = {tip: [] for _, tip in pairs}
    files: list[tuple[str, int, int]] = []
    for entry in out.split(b"\0"):
        fields = entry.split(b"\t", 2)
        if len(fields) == 3:
            added, removed = (int(field) if field.isdigit() else 0 for field in fields[:2])
            files.append((fields[2].decode("utf-8", "surrogateescape"), added, removed))
        elif entry.strip():
            files = counts.setdefault(entry.strip().decode("ascii", "replace"), [])
    return counts


def _chunks(git: Git, args: tuple[str, ...], data: bytes) -> Iterator[tuple[str, bytes]]:
    """(oid, what follows it) of each commit that `diff-tree --stdin` prints; at most `MAX_DIFF_BYTES` + 1 of one."""
    with subprocess.Popen(
        ["git", *args],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        cwd=git.cwd,
        env=git.env,
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        writer = threading.Thread(target=_feed, args=(process.stdin, data), daemon=True)
        writer.start()
        out = process.stdout
        try:
            yield from _split_commits(iter(lambda: out.read(_BLOCK), b""))
        finally:
            out.close()
            writer.join()
    if process.returncode != 0:
        raise GitError(f"git {args[0]} failed with exit {process.returncode}")


def _split_commits(blocks: Iterator[bytes]) -> Iterator[tuple[str, bytes]]:
    """The stream cut where a new commit begins: behind a patch, whose lines never start with an oid and a NUL.

    Of a commit that is too large the rest is read past: what `parse_diff` is given is cut as `diff` cuts it.
    """
    name, size = "", 0
    parts: list[bytes] = []
    among_names = False
    tail = b"\n"
    for block in blocks:
        data = tail + block
        at = seen = 0
        while True:
            if among_names:
                seen = _RAW.match(data, seen).end()  # type: ignore[union-attr]  # it matches nothing at least
                among_names = data[seen : seen + 1] in (b"", b":")
            found = None if among_names else _COMMIT.search(data, seen)
            if found is None:
                break
            if name:
                yield name, b"".join([*parts, data[at : found.start(1)]])[: MAX_DIFF_BYTES + 1]
            name, parts, size, at, seen, among_names = found.group(1).decode(), [], 0, found.end(), found.end(), True
        keep = seen if among_names else max(seen, len(data) - _TAIL)  # with the line end before the next commit
        if size <= MAX_DIFF_BYTES:
            parts.append(data[at:keep])
            size += keep - at
        tail = data[keep:]
    if name:
        yield name, b"".join([*parts, tail])[: MAX_DIFF_BYTES + 1]


def _feed(stream: IO[bytes], data: bytes) -> None:
    try:
        stream.write(data)
        stream.close()
    except BrokenPipeError:
        pass  # git has gone; its exit code says why
