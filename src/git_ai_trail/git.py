"""The only module that starts git. Hot-safe: standard library only, one process per question, NUL-separated output.

Whatever the user's configuration could change about the output (external diff, textconv, colour, prefixes, renames) is
switched off by flag. Inside a hook the environment is inherited on purpose: `GIT_INDEX_FILE` names the index that is
being committed, and only the environment knows it.
"""

from __future__ import annotations

import os
import subprocess
import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import IO

from git_ai_trail.errors import GitError
from git_ai_trail.facts import FileDiff

EMPTY_TREE = "4b825dc642cb6eb9a060e54bf8d69288fbee4904"
EMPTY_TREE_SHA256 = "6ef19b41225c5369f1c104d45d8d85efa9b057b53b14b4b9b939dd74decc5321"

# A diff larger than this is cut, and what was cut is said (`FileDiff.truncated`).
# Bytes of paths that one command can be given anywhere.
_MOST_PATHS = 20_000
MAX_DIFF_BYTES = 64 * 1024 * 1024

DIFF_FLAGS = (
    "-r",
    "-z",
    "--raw",
    "-p",
    "-U0",
    "--full-index",
    "--no-renames",
    "--no-ext-diff",
    "--no-textconv",
    "--no-color",
    "--diff-algorithm=myers",
    "--indent-heuristic",
    "--inter-hunk-context=0",
    "--submodule=short",
    "--ignore-submodules=none",
    "--src-prefix=a/",
    "--dst-prefix=b/",
)


class Git:
    """Runs git for one worktree.

    `cwd` is any folder inside it. In a hook git has set `GIT_DIR` and friends; `foreign=True` removes them for
    questions about another repository.
    """

    def __init__(self, cwd: str, *, foreign: bool = False, env: Mapping[str, str] | None = None) -> None:
        self.cwd = cwd
        base = dict(os.environ if env is None else env)
        if foreign:
            base = {key: value for key, value in base.items() if not key.startswith("GIT_") or key == "GIT_EXEC_PATH"}
        base["LC_ALL"] = "C"
        base["GIT_OPTIONAL_LOCKS"] = "0"
        base["GIT_NO_LAZY_FETCH"] = "1"
        self.env = base

    def run(self, *args: str, data: bytes | None = None, check: bool = True) -> bytes:
        """stdout of `git ARGS`. With `check`, a non-zero exit raises `GitError` with git's first line."""
        return self.call(*args, data=data, check=check)[1]

    def call(
        self, *args: str, data: bytes | None = None, check: bool = False, env: Mapping[str, str] | None = None
    ) -> tuple[int, bytes]:
        """(exit code, stdout) of `git ARGS`; `env` adds to the environment. A git that was killed is a `GitError`: it did not say no."""
        try:
            done = subprocess.run(
                ["git", *args],
                input=data,
                stdin=subprocess.DEVNULL if data is None else None,
                capture_output=True,
                cwd=self.cwd,
                env=self.env if env is None else {**self.env, **env},
                check=False,
            )
        except FileNotFoundError as error:
            if not os.path.isdir(self.cwd):
                raise GitError(f"no such folder: {self.cwd}") from error
            raise GitError("git is not on PATH", "install git, or add its folder to PATH") from error
        if done.returncode < 0 or (check and done.returncode != 0):
            said = done.stderr.decode("utf-8", "replace").strip().splitlines()
            raise GitError(f"git {_subcommand(args)}: {said[0] if said else f'exit {done.returncode}'}")
        return done.returncode, done.stdout

    def text(self, *args: str, check: bool = True) -> str:
        """stdout as text, the final newline removed; undecodable bytes become surrogates (`surrogateescape`)."""
        out = self.run(*args, check=check).decode("utf-8", "surrogateescape")
        return out[:-1] if out.endswith("\n") else out

    def stream(self, *args: str) -> Iterator[bytes]:
        """Lines of stdout (without newline) as they come; raises `GitError` at the end if git failed."""
        with subprocess.Popen(
            ["git", *args],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            cwd=self.cwd,
            env=self.env,
        ) as process:
            assert process.stdout is not None
            assert process.stderr is not None
            for line in process.stdout:
                yield line.rstrip(b"\n")
            said = process.stderr.read().decode("utf-8", "replace").strip().splitlines()
        if process.returncode != 0:
            raise GitError(f"git {args[0]}: {said[0] if said else f'exit {process.returncode}'}")

    def version(self) -> tuple[int, int]:
        """(major, minor) of the git on PATH."""
        words = self.text("version").split()
        numbers = words[2].split(".") if len(words) > 2 else ["0", "0"]
        return int(numbers[0]), int("".join(c for c in numbers[1] if c.isdigit()) or 0)

    def resolve(self, rev: str) -> str | None:
        """Full oid of the commit `rev` names, or None."""
        if rev.startswith("-"):
            return None
        code, out = self.call("rev-parse", "--verify", "--quiet", "--end-of-options", rev + "^{commit}")
        return out.decode().strip() if code == 0 else None

    def toplevel(self) -> str:
        """Root of the worktree."""
        return self.text("rev-parse", "--show-toplevel")

    def common_dir(self) -> str:
        """The git directory shared by all worktrees, absolute."""
        return self.text("rev-parse", "--path-format=absolute", "--git-common-dir")

    def git_path(self, name: str) -> str:
        """Where `name` lives for this worktree, absolute."""
        return self.text("rev-parse", "--path-format=absolute", "--git-path", name)

    def diff(self, base: str, tip: str) -> tuple[FileDiff, ...]:
        """The diff between two trees (or commits), file by file, with zero context lines.

        Of a merge, whose base names several commits with spaces between them (see `base_of`), it has the lines that stand in none.
        """
        if " " in base:
            return self._merge_diff(base.split(" "), tip)
        return parse_diff(_read_bounded(self, ("diff-tree", *DIFF_FLAGS, base, tip)))

    def _merge_diff(self, parents: Sequence[str], tip: str) -> tuple[FileDiff, ...]:
        """What branches that have long gone apart differ in may be everything: only files that are as in no parent are compared."""
        names = ("diff-tree", "-r", "-z", "--name-only", "--no-renames")
        changed = [set(_read_bounded(self, (*names, one, tip)).split(b"\0")) - {b""} for one in parents]
        common = sorted(set.intersection(*changed))
        if not common:
            return ()
        paths = [os.fsdecode(path) for path in common] if sum(map(len, common)) < _MOST_PATHS else []
        compared = ("--literal-pathspecs", "diff-tree", *DIFF_FLAGS)
        first, *others = (parse_diff(_read_bounded(self, (*compared, one, tip, "--", *paths))) for one in parents)
        return _resolved(first, others)

    def bounded(self, *args: str, data: bytes, limit: int) -> bytes:
        """At most `limit` bytes of the stdout of `git ARGS`, however large; `data` must fit into a pipe (64 KiB)."""
        with subprocess.Popen(
            ["git", *args],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            cwd=self.cwd,
            env=self.env,
        ) as process:
            assert process.stdin is not None
            assert process.stdout is not None
            try:
                process.stdin.write(data)
                process.stdin.close()
            except BrokenPipeError:
                pass  # git has gone; its exit code says why
            out = process.stdout.read(limit)
            cut = len(out) == limit
            if cut:
                process.kill()
        if process.returncode < 0 and not cut:
            raise GitError(f"git {_subcommand(args)}: exit {process.returncode}")
        return out

    def blobs(self, names: Iterable[str]) -> list[bytes | None]:
        """Contents of objects (`<rev>:<path>`, oid …) in order; None where there is none or it is no blob."""
        wanted = [name for name in names if "\n" not in name]
        data = "".join(f"{name}\n" for name in wanted).encode("utf-8", "surrogateescape")
        out = self._answers(("cat-file", "--batch", "--buffer"), data)
        found: list[bytes | None] = []
        at = 0
        for _ in wanted:
            end = out.find(b"\n", at)
            if end < 0:
                break
            head = out[at:end].split(b" ")
            at = end + 1
            if len(head) >= 3 and head[-2] in (b"blob", b"tree", b"commit", b"tag") and head[-1].isdigit():
                size = int(head[-1])
                found.append(out[at : at + size] if head[-2] == b"blob" else None)
                at += size + 1
            else:
                found.append(None)
        return found + [None] * (len(wanted) - len(found))

    def _answers(self, args: tuple[str, ...], data: bytes) -> bytes:
        """stdout of a command that is asked by `data`; written by a second thread, since to write and to read in turn, a few
        kilobytes each time, takes longer than git itself."""
        try:
            process = subprocess.Popen(
                ["git", *args],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                cwd=self.cwd,
                env=self.env,
            )
        except FileNotFoundError as error:
            raise GitError("git is not on PATH", "install git, or add its folder to PATH") from error
        with process:
            assert process.stdin is not None
            assert process.stdout is not None
            writer = threading.Thread(target=feed, args=(process.stdin, data), daemon=True)
            writer.start()
            out = process.stdout.read()
            writer.join()
        if process.returncode < 0:
            raise GitError(f"git {_subcommand(args)}: exit {process.returncode}")
        return out


def _subcommand(args: tuple[str, ...]) -> str:
    """What git is asked to do, behind its own settings."""
    at = 0
    while args[at].startswith("-"):
        at += 2 if args[at] == "-c" else 1
    return args[at]


def feed(stream: IO[bytes], data: bytes) -> None:
    """Writes all of `data` and closes the stream, also if whoever reads it has gone."""
    try:
        stream.write(data)
        stream.close()
    except BrokenPipeError:
        pass  # git has gone; its exit code says why


def empty_tree(oid: str) -> str:
    """The empty tree's oid in the hash format that `oid` is written in."""
    return EMPTY_TREE_SHA256 if len(oid) == 64 else EMPTY_TREE


def is_oid(text: str) -> bool:
    """Whether `text` is an object's full or abbreviated name."""
    return 7 <= len(text) <= 64 and all(c in "0123456789abcdef" for c in text)


def normal_url(url: str) -> str:
    """A remote's URL in the one form that can be compared: `host/path`, without scheme, credentials, port or `.git`."""
    text = url.strip()
    scheme, found, rest = text.partition("://")
    if not found:
        # scp-like `git@host:path`; a local path has no colon before its first slash
        host, colon, path = text.partition(":")
        rest = f"{host}/{path}" if colon and "/" not in host else text
    elif scheme == "file":
        return rest.rstrip("/").removesuffix(".git")
    host, _, path = rest.partition("/")
    host = host.rpartition("@")[2].partition(":")[0].lower()
    return f"{host}/{path.strip('/').removesuffix('.git')}"


def _read_bounded(git: Git, args: tuple[str, ...]) -> bytes:
    with subprocess.Popen(
        ["git", *args],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        cwd=git.cwd,
        env=git.env,
    ) as process:
        assert process.stdout is not None
        out = process.stdout.read(MAX_DIFF_BYTES + 1)
        if len(out) > MAX_DIFF_BYTES:
            process.kill()
            return out
    if process.returncode != 0:
        raise GitError(f"git {_subcommand(args)} failed with exit {process.returncode}")
    return out


def base_of(parents: Sequence[str], tip: str) -> str:
    """What the content of a commit is told against, as `Git.diff` takes it: its parents, or the empty tree."""
    return " ".join(parents) or empty_tree(tip)


def base_at(git: Git, oid: str) -> str:
    """The same for a commit whose parents are not known yet."""
    return base_of(git.text("rev-parse", "--revs-only", f"{oid}^@", check=False).split(), oid)


def _resolved(first: Sequence[FileDiff], others: Sequence[Sequence[FileDiff]]) -> tuple[FileDiff, ...]:
    """What a merge itself adds: the lines that are added whichever parent it is held against, and that it did not only move.
    Nobody tells what it removes."""
    found = []
    moved: dict[str, set[bytes]] = {}
    for diff in (diff for of_parent in (first, *others) for diff in of_parent):
        moved.setdefault(diff.path, set()).update(diff.removed)
    against = [{diff.path: set(diff.positions) for diff in other} for other in others]
    for diff in first:
        own = [
            (line, at)
            for line, at in zip(diff.added, diff.positions, strict=True)
            if line not in moved[diff.path] and all(at in positions.get(diff.path, ()) for positions in against)
        ]
        if own:
            lines, places = zip(*own, strict=True)
            found.append(diff._replace(added=lines, positions=places, removed=()))
    return tuple(found)


def parse_diff(out: bytes) -> tuple[FileDiff, ...]:
    """Files of `diff-tree -z --raw -p -U0` output, in git's order.

    The raw part names files without any quoting; the patch part only gives the lines, section by section in the
    same order (a type change gives two sections for one raw entry).
    """
    truncated = len(out) > MAX_DIFF_BYTES
    if truncated:
        out = out[: out.rfind(b"\n") + 1]  # half a line says nothing
    entries, at = _parse_raw(out)
    sections = _sections(out, at)
    files: list[FileDiff] = []
    for old_mode, new_mode, old_oid, new_oid, status, path in entries:
        added: list[bytes] = []
        removed: list[bytes] = []
        positions: list[int] = []
        binary = False
        for _ in range(2 if status == "T" else 1):
            binary = _read_section(next(sections, []), added, removed, positions) or binary
        files.append(
            FileDiff(
                path=path,
                old_path=path if status != "A" else "",
                status=status,
                old_mode=old_mode,
                new_mode=new_mode,
                old_oid=old_oid,
                new_oid=new_oid,
                added=tuple(added),
                removed=tuple(removed),
                positions=tuple(positions),
                binary=binary,
                truncated=truncated,
            )
        )
    return tuple(files)


def _parse_raw(out: bytes) -> tuple[list[tuple[str, str, str, str, str, str]], int]:
    entries: list[tuple[str, str, str, str, str, str]] = []
    at = 0
    while out[at : at + 1] == b":":
        end = out.find(b"\0", at)
        stop = out.find(b"\0", end + 1)
        if end < 0 or stop < 0:
            return entries, len(out)  # cut off among the names
        old_mode, new_mode, old_oid, new_oid, status = out[at + 1 : end].decode().split(" ")
        path = out[end + 1 : stop].decode("utf-8", "surrogateescape")
        entries.append((old_mode, new_mode, old_oid, new_oid, status[0], path))
        at = stop + 1
    return entries, at


def _sections(out: bytes, at: int) -> Iterator[list[bytes]]:
    """Line lists of the patch part, one per `diff --git` header. Content lines never start with `d`."""
    patch = out[at:].lstrip(b"\0")
    if patch.startswith(b"diff --git "):
        for section in patch.split(b"\ndiff --git "):
            yield section.split(b"\n")


def _read_section(lines: list[bytes], added: list[bytes], removed: list[bytes], positions: list[int]) -> bool:
    """Adds a section's lines to the lists; True if git calls the file binary."""
    first = next((number for number, line in enumerate(lines) if line.startswith(b"@@ -")), None)
    if first is None:
        return any(line.startswith(b"Binary files ") for line in lines)
    # From the first hunk on every line is told by its first sign.
    hunks = lines[first:]
    added += [line[1:] for line in hunks if line[:1] == b"+"]
    removed += [line[1:] for line in hunks if line[:1] == b"-"]
    for header in hunks:
        if header[:1] == b"@":
            start, _, count = header.split(b" ", 3)[2][1:].partition(b",")  # +c or +c,d
            positions += range(int(start), int(start) + int(count or 1))
    del positions[len(added) :]  # where the diff was cut, a hunk has fewer lines than it says
    return False
