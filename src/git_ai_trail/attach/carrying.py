"""Takes the records of commits over to the commit that they became (a squash or a rebase on a code host). Pure.

What a record claims is credited only where the very lines stand among the new commit's own added lines, each line once.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Any

from git_ai_trail.attach.ranges import relocate_files, tells, without
from git_ai_trail.attach.record import NoteLine, derived_line, lines_digest, parse_note, patch_digest
from git_ai_trail.codec import path_text
from git_ai_trail.facts import FileDiff

# Beyond this the comparison line by line is left out, and only ranges that stand as a whole are found.
_MOST_LINES = 5_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """A commit with its note; `diffs` is empty where the commit itself is not here."""

    oid: str
    note: bytes
    diffs: Sequence[FileDiff] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """What goes onto the new commit: note lines, the digests of the records in them, and what stays behind with the reason."""

    lines: tuple[bytes, ...]
    records: tuple[str, ...]
    skipped: tuple[tuple[str, str], ...]


def load(origins: Sequence[Origin], note: bytes, diffs: Sequence[FileDiff], *, op: str) -> Load:
    """What to attach to the commit with these `diffs` and this `note`, from `origins`, oldest first.

    Of two records that claim the same line the later commit's has it. What is withheld anywhere is not carried; that it is, is.
    """
    notes = [(one, parse_note(one.note)) for one in origins]
    tombs = [line for _, lines in notes for line in lines if line.kind == "withheld"]
    gone = {line.digest for line in [*tombs, *parse_note(note)] if line.kind == "withheld"}
    there = {line.digest for line in parse_note(note) if line.kind == "core"}
    patch = patch_digest(diffs)
    taken: dict[str, set[int]] = {}
    lines: list[bytes] = [line.raw for line in tombs]
    records: list[str] = []
    skipped: list[tuple[str, str]] = []
    for origin, parsed in reversed(notes):
        for line in parsed:
            if line.core is None or line.digest in records:
                continue
            if line.digest in gone:
                skipped.append((line.digest, "it was withheld"))
                continue
            made = _carried(line, origin, patch, diffs, taken, op)
            if made:
                records.append(line.digest)
                lines += made
            elif line.digest not in there:
                skipped.append((line.digest, "none of its lines stand in the new commit"))
    return Load(lines=tuple(dict.fromkeys(lines)), records=tuple(reversed(records)), skipped=tuple(skipped))


def weight(origin: Origin, diffs: Sequence[FileDiff]) -> int:
    """How many lines of the origin's records stand in these diffs: for telling which of several commits it became."""
    cores = [line.core for line in parse_note(origin.note) if line.core is not None]
    files = (file for core in cores for file in _standing(core, origin, diffs))
    return sum(r["count"] for file in files for r in file["ranges"])


def _carried(
    line: NoteLine,
    origin: Origin,
    patch: str,
    diffs: Sequence[FileDiff],
    taken: dict[str, set[int]],
    op: str,
) -> list[bytes]:
    core = line.core
    assert core is not None
    if core["patch"] == patch:
        return [line.raw]
    added = {path_text(diff.path): diff.added for diff in diffs}
    files = []
    for file in _standing(core, origin, diffs):
        owned = taken.setdefault(file["path"], set())
        parts = [part for r in file["ranges"] for part in without(r, owned.__contains__, added[file["path"]])]
        if parts:
            owned.update(index for r in parts for index in range(r["start"] - 1, r["start"] - 1 + r["count"]))
            files.append({**file, "ranges": parts})
    return [line.raw, derived_line(line.digest, op, patch, files)] if files else []


def _standing(core: Mapping[str, Any], origin: Origin, diffs: Sequence[FileDiff]) -> list[dict[str, Any]]:
    """The core's files as they stand in the new commit: line by line where the old commit is here, else range by range."""
    source = {path_text(diff.path): diff for diff in origin.diffs}
    target = {path_text(diff.path): diff for diff in diffs}
    near: list[dict[str, Any]] = []
    far: list[Mapping[str, Any]] = []
    for file in core["files"]:
        old, new = source.get(file["path"]), target.get(file["path"])
        if old is None or new is None or len(old.added) > _MOST_LINES or len(new.added) > _MOST_LINES:
            far.append(file)
        elif ranges := _line_by_line(file["ranges"], old.added, new.added):
            near.append({"path": file["path"], "added": len(new.added), "ranges": ranges})
    named = {file["path"] for file in near}
    return near + [file for file in relocate_files(far, diffs) if file["path"] not in named]


def _line_by_line(
    ranges: Sequence[Mapping[str, Any]], old: Sequence[bytes], new: Sequence[bytes]
) -> list[dict[str, Any]]:
    owner: list[Mapping[str, Any] | None] = [None] * len(old)
    for r in ranges:
        first = r["start"] - 1
        if lines_digest(old[first : first + r["count"]]) == r["digest"]:
            owner[first : first + r["count"]] = [r] * r["count"]
    found: list[dict[str, Any]] = []
    for block in SequenceMatcher(None, old, new, autojunk=False).get_matching_blocks():
        if not block.size or not tells(new[block.b : block.b + block.size]):
            continue
        start = 0
        mine = owner[block.a : block.a + block.size]
        for at in range(1, block.size + 1):
            if at < block.size and mine[at] is mine[start]:
                continue
            whose = mine[start]
            if whose is not None:
                lines = new[block.b + start : block.b + at]
                place = {"start": block.b + start + 1, "count": at - start, "digest": lines_digest(lines)}
                found.append({**whose, **place})
            start = at
    return found
