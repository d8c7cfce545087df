"""Keyed digests for lines, paths and prompts. Hot path: standard library only.

The key is the user's own and never leaves the machine, so a digest says nothing to anybody else. Digests are signed 64-bit
integers, as SQLite stores them.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable

from git_ai_trail.facts import SIGNIFICANT, TRIVIAL, WORD, AddedLines, FileDiff

# Lines with fewer visible characters prove nothing by themselves (`}`, `else:`, `return`).
VISIBLE = 8
MAX_SUFFIX = 8


class Keys:
    """Digests under one key (32 bytes)."""

    def __init__(self, key: bytes) -> None:
        self._line = hashlib.blake2b(digest_size=8, key=key, person=b"line")
        self._path = hashlib.blake2b(digest_size=8, key=key, person=b"path")
        self._nonce = hashlib.blake2b(digest_size=16, key=key, person=b"nonce")
        self._id = hashlib.blake2b(digest_size=8, key=key, person=b"key-id")

    def key_id(self) -> str:
        """Names the key without revealing it; an index made under another key is useless and must be rebuilt."""
        return self._id.hexdigest()

    def line(self, line: bytes) -> int:
        """Digest of a line as written, a final CR not counted."""
        h = self._line.copy()
        h.update(line[:-1] if line.endswith(b"\r") else line)
        return int.from_bytes(h.digest(), "big", signed=True)

    def loose(self, line: bytes) -> int:
        """Digest of a line without any white space: what survives re-indenting and most formatting."""
        h = self._line.copy()
        h.update(b"\0" + b"".join(line.split()))
        return int.from_bytes(h.digest(), "big", signed=True)

    def path(self, path: str) -> int:
        h = self._path.copy()
        h.update(path.encode("utf-8", "surrogateescape"))
        return int.from_bytes(h.digest(), "big", signed=True)

    def subject(self, subject: str) -> int:
        """Digest of a commit's subject; 0 for none."""
        return self.path(f"//subject//{subject}") if subject else 0

    def suffixes(self, path: str) -> list[int]:
        """Digests of the last 1 … 8 components: `a/b/c` gives `c`, `b/c`, `a/b/c`."""
        parts = [part for part in path.split("/") if part]
        return [self.path("//" + "/".join(parts[-n:])) for n in range(1, min(len(parts), MAX_SUFFIX) + 1)]

    def suffix(self, path: str) -> int:
        """The digest under which `suffixes` lists a repository-relative path."""
        parts = [part for part in path.split("/") if part]
        return self.path("//" + "/".join(parts[-MAX_SUFFIX:]))

    def nonce(self, session_id: str, offset: int) -> bytes:
        """The 16 bytes that blind a prompt's commitment. Derived, not stored: the owner can open the commitment of any
        prompt still in the log, nobody else can, and a record made twice is the same record."""
        h = self._nonce.copy()
        h.update(f"{session_id}\0{offset}".encode("utf-8", "surrogatepass"))
        return h.digest()


def weight(line: bytes) -> int:
    """What a line can prove: SIGNIFICANT with at least 8 visible characters, some of them letters or digits."""
    bare = b"".join(line.split())
    if not any(c > 127 or 48 <= c <= 57 or 65 <= (c & ~32) <= 90 for c in bare):
        return TRIVIAL
    return SIGNIFICANT if len(bare) >= VISIBLE else WORD


def added_lines(keys: Keys, diff: FileDiff, common: Callable[[bytes, int], bool]) -> AddedLines:
    """The added lines of a file as digests; `common(line, digest)` says that a line proves nothing."""
    exact = tuple(keys.line(line) for line in diff.added)
    weights = tuple(weight(line) for line in diff.added)
    rare = tuple(
        value == SIGNIFICANT and not common(line, digest)
        for line, digest, value in zip(diff.added, exact, weights, strict=True)
    )
    loose = tuple(keys.loose(line) for line in diff.added)
    return AddedLines(diff.path, exact, loose, weights, diff.positions, rare)


def as_written(path: str) -> tuple[str, ...]:
    """The path, and the path with symbolic links resolved where that differs."""
    real = os.path.realpath(path)
    return (path,) if real == path else (path, real)
