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

_COUNT_FLAGS = tuple(flag for flag in DIFF_FLAGS if flag not in ("--raw", "-p"))
_COMMIT = re.compile(rb"(?<=\n)([0-9a-f]{40}(?:[0-9a-f]{24})?)\0(?=:)")
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
    """The stream cut where a new commit begins: a line that starts with an oid and a NUL, as no line of a patch does.

    Of a commit that is too large the rest is read past: what `parse_diff` is given is cut as `diff` cuts it.
    """
    name, parts, size = "", [], 0
    tail = b"\n"
    for block in blocks:
        data = tail + block
        at = 0
        for found in _COMMIT.finditer(data):
            if name:
                parts.append(data[at : found.start()])
                yield name, b"".join(parts)[: MAX_DIFF_BYTES + 1]
            name, parts, size, at = found.group(1).decode(), [], 0, found.end()
        keep = max(at, len(data) - _TAIL)
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
