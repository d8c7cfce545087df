"""Reads unified diffs: the hunks that a log records, and whole patches given to `git apply`."""

from __future__ import annotations

from typing import NamedTuple

from git_ai_trail.formats.linediff import Runs


class DiffLines(NamedTuple):
    """What a diff does to one file."""

    added: Runs
    removed: int


class DiffFile(NamedTuple):
    """One file of a patch as git writes it."""

    path: str
    old_path: str  # empty for a new file
    lines: DiffLines


def read_hunks(text: str) -> DiffLines:
    """Added runs and number of removed lines of one file's hunks."""
    runs: list[tuple[str, ...]] = []
    run: list[str] = []
    removed = 0
    for line in text.split("\n"):
        mark = line[:1]
        if mark == "+":
            run.append(line[1:].removesuffix("\r"))
        elif mark == "-":
            removed += 1  # a removed line does not part the lines around it in the new file
        elif mark != "\\" and run:
            runs.append(tuple(run))
            run = []
    if run:
        runs.append(tuple(run))
    return DiffLines(tuple(runs), removed)


def read_patch(text: str, strip: int | None = None) -> list[DiffFile]:
    """The files of a patch in git's or diff's form; what is in front of the first file is ignored.

    `strip` is how many folders are taken off the names, -1 for all; without it git's `a/` and `b/` are.
    """
    files: list[DiffFile] = []
    old = ""
    new = ""
    hunks: list[str] = []
    lines = text.split("\n")
    for index, line in enumerate(lines):
        if line.startswith("--- ") and index + 1 < len(lines) and lines[index + 1].startswith("+++ "):
            _close(files, old, new, hunks)
            old, new, hunks = _name(line[4:], strip), "", []
        elif line.startswith("+++ ") and not new and not hunks:
            new = _name(line[4:], strip)
        elif line.startswith("diff --git "):
            _close(files, old, new, hunks)
            old, new, hunks = "", "", []
        elif new:
            hunks.append(line)
    _close(files, old, new, hunks)
    return files


def _close(files: list[DiffFile], old: str, new: str, hunks: list[str]) -> None:
    if new and new != "/dev/null" and hunks:
        files.append(DiffFile(new, "" if old == "/dev/null" else old, read_hunks("\n".join(hunks))))


def _name(text: str, strip: int | None) -> str:
    name = text.partition("\t")[0].strip().strip('"')
    if strip is not None and name != "/dev/null":
        parts = name.split("/")
        return "/".join(parts[min(strip, len(parts) - 1) :] if strip >= 0 else parts[-1:])
    return name[2:] if name.startswith(("a/", "b/")) else name
