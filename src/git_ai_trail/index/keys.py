"""Keyed digests for lines, paths and prompts. Hot path: standard library only.

The key is the user's own and never leaves the machine, so a digest says nothing to anybody else. Digests are signed 64-bit
integers, as SQLite stores them.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection

from git_ai_trail.facts import SIGNIFICANT, TRIVIAL, WORD, AddedLines, FileDiff
from git_ai_trail.lazy import bytes_pattern

# Lines with fewer visible characters prove nothing by themselves (`}`, `else:`, `return`).
VISIBLE = 8
MAX_SUFFIX = 8
# So many lines that stand next to each other are tried as one line that a formatter wrapped, in files with no more lines than this.
JOINED = 8
MAX_JOINED = 2000
SLOTS = 8
_MOST_WORDS = 20_000
_TOKEN = bytes_pattern(rb"[A-Za-z0-9_\x80-\xff]+|[^\sA-Za-z0-9_\x80-\xff,;'\"`]+")
_QUOTES = bytes.maketrans(b"'`", b'""')


class Keys:
    """Digests under one key (32 bytes)."""

    def __init__(self, key: bytes) -> None:
        self._line = hashlib.blake2b(digest_size=8, key=key, person=b"line")
        self._word = hashlib.blake2b(digest_size=4 * SLOTS, key=key, person=b"word")
        self._words: dict[bytes, tuple[int, ...]] = {}
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
        """Digest of a line without what formatters change: white space, the kind of quotes, commas and semicolons at an end."""
        h = self._line.copy()
        h.update(b"\0" + _plain(line))
        return int.from_bytes(h.digest(), "big", signed=True)

    def sketch(self, line: bytes) -> int:
        """Eight times 8 bits of a line's words, of which each agrees between two lines about as often as the lines share words:
        what tells that a line was changed a little. 0 for a line without words."""
        known = self._words
        parts = [known.get(token) or self._words_of(token) for token in set(_TOKEN.findall(line))]
        if not parts:
            return 0
        lows = bytes(low & 0xFF for low in (map(min, zip(*parts, strict=True)) if len(parts) > 1 else parts[0]))
        return int.from_bytes(lows, "big", signed=True)

    def _words_of(self, token: bytes) -> tuple[int, ...]:
        h = self._word.copy()
        h.update(token)
        digest = h.digest()
        parts = tuple(int.from_bytes(digest[at : at + 4], "big") for at in range(0, 4 * SLOTS, 4))
        if len(self._words) < _MOST_WORDS:
            self._words[token] = parts
        return parts

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


def _plain(line: bytes) -> bytes:
    bare = b"".join(line.split()).translate(_QUOTES)
    if b"," in bare:
        bare = bare.replace(b",)", b")").replace(b",]", b"]").replace(b",}", b"}")
    return bare.rstrip(b",;") or bare


def weight(line: bytes) -> int:
    """What a line can prove: SIGNIFICANT with at least 8 visible characters, some of them letters or digits."""
    bare = b"".join(line.split())
    if not any(c > 127 or 48 <= c <= 57 or 65 <= (c & ~32) <= 90 for c in bare):
        return TRIVIAL
    return SIGNIFICANT if len(bare) >= VISIBLE else WORD


def added_lines(
    keys: Keys, diff: FileDiff, common: Callable[[bytes, int], bool], moved: Collection[bytes] = ()
) -> AddedLines:
    """The added lines of a file as digests; `common(line, digest)` says that a line proves nothing. `moved` are lines that the
    commit takes out of files which it removes: in a new file they stand under another name."""
    exact = tuple(keys.line(line) for line in diff.added)
    weights = tuple(weight(line) for line in diff.added)
    rare = tuple(
        value == SIGNIFICANT and not common(line, digest)
        for line, digest, value in zip(diff.added, exact, weights, strict=True)
    )
    loose = tuple(keys.loose(line) for line in diff.added)
    sketches = tuple(
        keys.sketch(line) if value == SIGNIFICANT else 0 for line, value in zip(diff.added, weights, strict=True)
    )
    gone = frozenset(map(keys.line, (*diff.removed, *(moved if diff.status == "A" else ()))))
    return AddedLines(diff.path, exact, loose, weights, diff.positions, rare, sketches, _joined(keys, diff), gone)


def _joined(keys: Keys, diff: FileDiff) -> tuple[tuple[int, ...], ...]:
    """For each added line, the loose digests of it joined with the 1, 2 … lines that stand next after it."""
    if len(diff.added) > MAX_JOINED:
        return ()
    found = []
    for start, line in enumerate(diff.added):
        digests = []
        for more in range(1, JOINED):
            at = start + more
            if at >= len(diff.added) or diff.positions[at] != diff.positions[start] + more or len(line) > 500:
                break
            line += b" " + diff.added[at]
            digests.append(keys.loose(line))
        found.append(tuple(digests))
    return tuple(found)
