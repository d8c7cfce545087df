"""The diffs of many commits with one process. Beside `git.py` the only module that starts git; off the commit path."""

from __future__ import annotations

import re
import subprocess
import threading
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from git_ai_trail.errors import GitError
from git_ai_trail.facts import FileDiff
from git_ai_trail.git import DIFF_FLAGS, MAX_DIFF_BYTES, Git, empty_tree, feed, parse_diff

# A number of context lines would ask for the patch as well.
_COUNT_FLAGS = tuple(flag for flag in DIFF_FLAGS if flag not in ("--raw", "-p", "-U0"))
_COMMIT = re.compile(rb"\n([0-9a-f]{40}(?:[0-9a-f]{24})?)\0(?=:)")
# Names of files stand here as they are: what looks like a commit's beginning may be a name.
_RAW = re.compile(rb"(?::[^\0]*\0[^\0]*\0)*")
_BLOCK = 1 << 20
# What `Bulk` remembers of files.
_KNOWN_BYTES = 32 << 20
# Files added, changed and deleted. Of a type change git prints two sections.
_USUAL = (b"A", b"M", b"D")
# Enough to recognise the next commit across two blocks.
_TAIL = 128


class PlainFile(NamedTuple):
    """One file of a diff as texts, which costs less than lines: every line in `added` and `removed` ends with a line feed.

    `hunks` are (number of the first added line in the new file, how many) of each hunk that adds lines.
    """

    path: str
    old_path: str
    new_mode: str
    added: bytes
    removed: bytes
    hunks: tuple[tuple[int, int], ...]


def diffs(git: Git, pairs: Sequence[tuple[str, str]]) -> Iterator[tuple[str, tuple[FileDiff, ...]]]:
    """(tip, its diff) for each pair (base, tip) of commits, in order, with one process however many they are.

    What `Git.diff` says of a pair, this says too; where the base is the empty tree, the tip must have no parent. Merges are
    asked for one by one.
    """
    for (base, tip), (_, body) in zip(pairs, raw_diffs(git, pairs), strict=True):
        yield tip, git.diff(base, tip) if body is None else parse_diff(body)


def raw_diffs(git: Git, pairs: Sequence[tuple[str, str]]) -> Iterator[tuple[str, bytes | None]]:
    """The same as git prints it, for `parse_diff` or `plain_files`; at most `MAX_DIFF_BYTES` + 1 of each. None for a merge."""
    lines = _asked((base, tip) for base, tip in pairs if " " not in base)
    found = _chunks(git, ("diff-tree", "--stdin", "--root", *DIFF_FLAGS), lines)
    name, body = next(found, ("", b""))
    for base, tip in pairs:
        if " " in base:
            yield tip, None
        elif name == tip:
            yield tip, body
            name, body = next(found, ("", b""))
        else:
            yield tip, b""  # nothing changed, so git has not even named it


def _asked(pairs: Iterable[tuple[str, str]]) -> bytes:
    """The pairs as `diff-tree --stdin` wants them: a commit without a parent stands alone."""
    lines = (f"{tip}\n" if base == empty_tree(tip) else f"{tip} {base}\n" for base, tip in pairs)
    return "".join(lines).encode()


class Bulk(Git):
    """A git that answers for many commits in turn with two processes in all: `diff` of each of `pairs` when its turn comes,
    and `blobs` from a process that stays. What it is not prepared for it asks as any `Git` does. Close it when done.
    """

    def __init__(self, git: Git, pairs: Sequence[tuple[str, str]]) -> None:
        super().__init__(git.cwd, env=git.env)
        self._turns = iter(pairs)
        self._bodies = raw_diffs(git, pairs)
        self._asked: subprocess.Popen[bytes] | None = None
        self._known: dict[str, bytes | None] = {}
        self._room = _KNOWN_BYTES

    def diff(self, base: str, tip: str) -> tuple[FileDiff, ...]:
        """`Git.diff`; pairs must come in the order that was announced, and none may be left out."""
        if next(self._turns, None) != (base, tip):
            return super().diff(base, tip)
        body = next(self._bodies)[1]
        return super().diff(base, tip) if body is None else parse_diff(body)

    def blobs(self, names: Iterable[str]) -> list[bytes | None]:
        """`Git.blobs`, from a process that stays; what was asked for lately is remembered, since one commit's blobs are the next one's."""
        wanted = list(names)
        missing = [name for name in dict.fromkeys(wanted) if name not in self._known]
        if any("\n" in name for name in missing):
            return super().blobs(wanted)
        found = dict(zip(missing, self._ask(missing), strict=True))
        answers = [found[name] if name in found else self._known[name] for name in wanted]
        for name, body in found.items():
            self._remember(name, body)
        return answers

    def _remember(self, name: str, body: bytes | None) -> None:
        size = len(body or b"")
        if size > _KNOWN_BYTES // 8:
            return
        while self._room < size and self._known:
            oldest = next(iter(self._known))
            self._room += len(self._known.pop(oldest) or b"")
        self._known[name] = body
        self._room -= size

    def _ask(self, names: Sequence[str]) -> Iterator[bytes | None]:
        if self._asked is None:
            self._asked = subprocess.Popen(
                ["git", "cat-file", "--batch"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                cwd=self.cwd,
                env=self.env,
            )
        assert self._asked.stdin is not None
        assert self._asked.stdout is not None
        for name in names:
            # One at a time: with a second question in the pipe and a large answer, both sides could wait.
            self._asked.stdin.write(f"{name}\n".encode("utf-8", "surrogateescape"))
            self._asked.stdin.flush()
            head = self._asked.stdout.readline().split()
            if len(head) != 3 or not head[2].isdigit():
                yield None
                continue
            body = self._asked.stdout.read(int(head[2]) + 1)[:-1]
            yield body if head[1] == b"blob" else None

    def close(self) -> None:
        """Ends both processes."""
        close = getattr(self._bodies, "close", None)
        if close is not None:
            close()
        if self._asked is not None:
            with self._asked as process:
                process.kill()


def plain_files(out: bytes) -> list[PlainFile] | None:
    """What `parse_diff` says of the same output, by a way that is quick and only knows what is usual.

    None for anything else: binary files, changed types, text without a final line feed, odd paths, a diff that was cut.
    """
    at = out.find(b"\0\0diff --git ")
    if at < 0 or len(out) > MAX_DIFF_BYTES:
        return None
    words = out[:at].split(b"\0")
    sections = out[at + 2 :].removesuffix(b"\n").split(b"\ndiff --git ")
    if len(words) != 2 * len(sections):
        return None
    files = []
    for entry, name, section in zip(words[::2], words[1::2], sections, strict=True):
        head = entry.split(b" ")
        if len(head) != 5 or head[4] not in _USUAL or not name.isascii():
            return None
        path = name.decode()
        found = _plain_file(path, "" if head[4] == b"A" else path, head[1].decode(), section)
        if found is None:
            return None
        files.append(found)
    return files


def _plain_file(path: str, old_path: str, mode: str, section: bytes) -> PlainFile | None:
    head, *texts = section.split(b"\n@@ -")
    if b"\nBinary files " in head:
        return None
    added: list[bytes] = []
    removed: list[bytes] = []
    hunks: list[tuple[int, int]] = []
    for text in texts:
        line, _, body = text.partition(b"\n")
        minus, plus, _ = line.split(b" ", 2)
        _, _, gone = minus.partition(b",")
        first, _, count = plus[1:].partition(b",")
        old, new = int(gone or 1), int(count or 1)
        split = body.find(b"\n+") if old else -1
        before, after = (body[:split], body[split + 1 :]) if split >= 0 else (body, b"") if old else (b"", body)
        if before.count(b"\n") != max(0, old - 1) or after.count(b"\n") != max(0, new - 1):
            return None  # git says something between the lines
        if old:
            removed.append(before[1:].replace(b"\n-", b"\n"))
        if new:
            added.append(after[1:].replace(b"\n+", b"\n"))
            hunks.append((int(first), new))
    if added:
        added.append(b"")
    if removed:
        removed.append(b"")
    return PlainFile(path, old_path, mode, b"\n".join(added), b"\n".join(removed), tuple(hunks))


def added_lines(git: Git, pairs: Sequence[tuple[str, str]]) -> dict[str, list[tuple[str, int, int]]]:
    """(path, lines added, lines removed) of each file by tip, for pairs as `diffs` takes them; binary files have none."""
    out = git.run("diff-tree", "--stdin", "--root", "--numstat", *_COUNT_FLAGS, data=_asked(pairs))
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


def resolving(git: Git, oids: Iterable[str]) -> set[str]:
    """Those of the merges in which some file is as it is in none of the parents: only they can bring lines of their own."""
    data = "".join(f"{oid}\n" for oid in oids).encode()
    out = git.run("diff-tree", "--stdin", "-c", "-r", "--raw", "-z", "--no-renames", data=data) if data else b""
    found: set[str] = set()
    merge = ""
    words = iter(out.split(b"\0"))
    for word in words:
        if word.startswith(b":"):
            found.add(merge)
            next(words, b"")  # the file's name, whatever it looks like
        else:
            merge = word.strip().decode("ascii", "replace")
    return found


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
        writer = threading.Thread(target=feed, args=(process.stdin, data), daemon=True)
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
