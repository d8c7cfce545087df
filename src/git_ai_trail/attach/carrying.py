"""Takes the records of commits over to the commit that they became (a squash or a rebase on a code host). Pure.

Notes of a pull request come from anyone: only sound records go along, written anew from what was understood. What one claims is
credited only where the very lines stand among the new commit's own added lines, each line once.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Any

from git_ai_trail.attach.ranges import in_place, relocate_files, tells, without
from git_ai_trail.attach.record import (
    MAX_LINE,
    MAX_NOTE,
    NoteLine,
    derived_line,
    lines_digest,
    note_line,
    parse_note,
    patch_digest,
    tombstone_line,
)
from git_ai_trail.codec import path_text
from git_ai_trail.facts import FileDiff
from git_ai_trail.git import is_oid

# Far more than a pull request has; each may cost a search through the whole diff.
MAX_RECORDS = 500
MAX_TOMBSTONES = 1_000

# Files beyond this are not compared line by line, nor are more lines than this for one commit: then only ranges that stand
# as a whole are found.
_MOST_LINES = 3_000
_MOST_COMPARED = 200_000
# A line that occurs this often is no beginning of a match; it only continues one.
_COMMON = 8
# A record's positions after as many rewrites as anybody makes.
_MOST_DERIVED = 8
_RANGE = ("start", "count", "session", "class", "turn", "digest")

_Place = tuple[str, Mapping[str, Any]]  # a path of the new commit, a range among its added lines


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """A commit with its note; `diffs` is empty where the commit itself is not here."""

    oid: str
    note: bytes
    diffs: Sequence[FileDiff] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """What goes onto the new commit: note lines, the records in them by digest (oldest first), how many of the new commit's
    lines they own; and what stays behind, as (digest, reason)."""

    lines: tuple[bytes, ...]
    records: dict[str, Mapping[str, Any]]
    credited: int
    skipped: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Claim:
    """A record on one of the origins, with the lines that say where it stood there."""

    line: NoteLine
    core: Mapping[str, Any]
    origin: Origin
    derived: Sequence[NoteLine]


def load(
    origins: Sequence[Origin],
    note: bytes,
    diffs: Sequence[FileDiff],
    *,
    op: str,
    withheld: Collection[str] = (),
    named: Collection[str] = (),
) -> Load:
    """What to attach to the commit with these `diffs` and this `note`, from `origins`, oldest first.

    Of two records that claim the same line the later commit's has it; a record of just this content comes before both. What
    is withheld anywhere is not carried; that it is withheld there, is. A record that the commit's message names (`named`) goes
    along even if none of its lines stand: then that is what is said of it.
    """
    ground = _Ground(diffs)
    tombs = _tombstones(one.note for one in origins)
    there = _tombstones([note])
    gone = {*tombs, *there, *withheld}
    lines = [tombstone_line(one) for one in tombs if one not in there][: max(0, MAX_TOMBSTONES - len(there))]
    room = MAX_NOTE - len(note) - sum(len(line) + 1 for line in lines)
    claims, reasons = _claims(origins, ground.patch)
    carried: dict[str, _Claim] = {}
    for claim in claims:
        digest = claim.line.digest
        if digest in carried:
            continue
        if digest in gone:
            reasons[digest] = "it was withheld"
        elif len(carried) >= MAX_RECORDS:
            reasons[digest] = f"these commits have more than {MAX_RECORDS} records"
        else:
            made, reason = _carried(claim, ground, op, room, named=digest in named)
            if reason:
                reasons[digest] = reason
            else:
                carried[digest] = claim
                lines += made
                room -= sum(len(line) + 1 for line in made)
    order = {id(origin): number for number, origin in enumerate(origins)}
    oldest = sorted(carried.values(), key=lambda claim: order[id(claim.origin)])
    return Load(
        lines=tuple(lines),
        records={claim.line.digest: claim.core for claim in oldest},
        credited=ground.credited,
        skipped=tuple((digest, reason) for digest, reason in reasons.items() if digest not in carried),
    )


def weight(origin: Origin, diffs: Sequence[FileDiff]) -> int:
    """How many of these diffs' lines the origin's records own: for telling which of several commits it became."""
    ground = _Ground(diffs)
    for claim in _claims([origin], ground.patch)[0][:MAX_RECORDS]:
        for path, found in _places(claim, ground):
            ground.take(path, found)
    return ground.credited


def _tombstones(notes: Iterable[bytes]) -> dict[str, None]:
    return {
        line.digest: None
        for note in notes
        if b'"withheld"' in note
        for line in parse_note(note)
        if line.kind == "withheld"
    }


def _claims(origins: Sequence[Origin], patch: str) -> tuple[list[_Claim], dict[str, str]]:
    """(the records in the order in which they get their lines, why others are none)."""
    claims: list[_Claim] = []
    broken: dict[str, str] = {}
    for origin in reversed(origins):
        lines = parse_note(origin.note)
        derived: dict[str, list[NoteLine]] = {}
        for line in lines:
            if line.kind == "derived":
                derived.setdefault(line.digest, []).append(line)
            elif line.kind == "broken" and line.digest:
                broken[line.digest] = "it is not what its digest says"
        own = [
            _Claim(line=line, core=line.core, origin=origin, derived=derived.get(line.digest, ())[:_MOST_DERIVED])
            for line in lines
            if line.core is not None
        ]
        replaced = {digest for claim in own for digest in claim.core.get("prior", ())}
        claims += sorted(own, key=lambda claim: (claim.line.digest in replaced, -_lines_of(claim.core)))
    # Readers believe a record of just this content before any that was carried, so it has its lines first here as well.
    return sorted(claims, key=lambda claim: claim.core["patch"] != patch), broken


def _lines_of(core: Mapping[str, Any]) -> int:
    return int(core["counts"]["generated"]) + int(core["counts"]["edited"])


class _Ground:
    """The new commit's added lines, and which of them have an owner by now."""

    def __init__(self, diffs: Sequence[FileDiff]) -> None:
        self.diffs = diffs
        self.patch = patch_digest(diffs)
        self.added = {path_text(diff.path): diff.added for diff in diffs}
        self._taken = {path: bytearray(len(lines)) for path, lines in self.added.items()}
        self._room = _MOST_COMPARED
        self._blocks: dict[tuple[str, str], list[tuple[int, int, int]]] = {}

    @property
    def credited(self) -> int:
        return sum(sum(one) for one in self._taken.values())

    def take(self, path: str, found: Mapping[str, Any]) -> list[dict[str, Any]]:
        """The parts of a range that nobody owns yet; from now on they have an owner. Nothing but a range's own keys is kept."""
        taken = self._taken[path]
        parts = without(found, lambda index: bool(taken[index]), self.added[path])
        for part in parts:
            taken[part["start"] - 1 : part["start"] - 1 + part["count"]] = b"\1" * part["count"]
        return [{key: part[key] for key in _RANGE} for part in parts]

    def blocks(self, oid: str, path: str, old: Sequence[bytes]) -> list[tuple[int, int, int]]:
        """(old index, new index, lines) of what stands in both versions of a file's added lines and can be told from any other."""
        key = oid, path
        if key not in self._blocks:
            self._blocks[key] = self._compared(old, self.added[path])
        return self._blocks[key]

    def _compared(self, old: Sequence[bytes], new: Sequence[bytes]) -> list[tuple[int, int, int]]:
        if max(len(old), len(new)) > _MOST_LINES or len(old) + len(new) > self._room:
            return []
        self._room -= len(old) + len(new)
        often = Counter(new)
        matcher = SequenceMatcher(lambda line: often[line] > _COMMON, old, new, autojunk=False)
        return [(a, b, size) for a, b, size in matcher.get_matching_blocks() if size and tells(new[b : b + size])]


def _carried(claim: _Claim, ground: _Ground, op: str, room: int, *, named: bool) -> tuple[list[bytes], str]:
    """(note lines, why there are none) of one record.

    Where others own all its lines it goes along without a derived line: the message may name it, and credits it nothing.
    """
    hint = {key: oid for key, oid in claim.line.hint.items() if is_oid(oid)}
    own = note_line(claim.core, hint)
    # What a derived line may need is kept free.
    if len(own) > MAX_LINE or room < 2 * MAX_LINE + 2:
        return [], "there is no room for it in the note"
    exact = claim.core["patch"] == ground.patch
    files: dict[str, list[dict[str, Any]]] = {}
    stands = exact
    for path, found in _places(claim, ground):
        stands = True
        if parts := ground.take(path, found):
            files.setdefault(path, []).extend(parts)
    if not stands and not named:
        return [], "none of its lines stand in the new commit"
    if exact or (stands and not files):
        return [own], ""
    stated = [
        {"path": path, "added": len(ground.added[path]), "ranges": sorted(ranges, key=lambda one: int(one["start"]))}
        for path, ranges in files.items()
    ]
    return [own, derived_line(claim.line.digest, op, ground.patch, stated)], ""


def _places(claim: _Claim, ground: _Ground) -> Iterator[_Place]:
    """Where a record's lines stand in the new commit: by its own positions, then by those that rewrites before gave it."""
    sessions = len(claim.core["sessions"])
    stated = [(claim.core["patch"], claim.core["files"]), *((line.patch, line.ranges) for line in claim.derived)]
    for patch, files in stated:
        found = _unmoved(files, ground) if patch == ground.patch else _moved(files, claim.origin, ground)
        yield from ((path, one) for path, one in found if one["session"] < sessions)


def _unmoved(files: Iterable[Mapping[str, Any]], ground: _Ground) -> Iterator[_Place]:
    for file in files:
        for found in in_place(file["ranges"], ground.added.get(file["path"], ())):
            yield file["path"], found


def _moved(files: Sequence[Mapping[str, Any]], origin: Origin, ground: _Ground) -> Iterator[_Place]:
    """Line by line where the old commit is here and has the file; what is not found so, range by range."""
    source = {path_text(diff.path): diff.added for diff in origin.diffs}
    far: list[Mapping[str, Any]] = []
    for file in files:
        path, left = file["path"], list(file["ranges"])
        if path in source and path in ground.added:
            near, left = _line_by_line(
                left, source[path], ground.added[path], ground.blocks(origin.oid, path, source[path])
            )
            yield from ((path, found) for found in near)
        # One without ranges left still says that the record knows a file of this name.
        far.append({"path": path, "ranges": left})
    if any(file["ranges"] for file in far):
        for file in relocate_files(far, ground.diffs):
            yield from ((file["path"], found) for found in file["ranges"])


def _line_by_line(
    ranges: Sequence[Mapping[str, Any]],
    old: Sequence[bytes],
    new: Sequence[bytes],
    blocks: Sequence[tuple[int, int, int]],
) -> tuple[list[dict[str, Any]], list[Mapping[str, Any]]]:
    """(where lines of the ranges stand now, the ranges of which none does)."""
    if not blocks:
        return [], list(ranges)
    owner: list[int | None] = [None] * len(old)
    for number, r in enumerate(ranges):
        first, end = r["start"] - 1, r["start"] - 1 + r["count"]
        if end <= len(old) and lines_digest(old[first:end]) == r["digest"]:
            owner[first:end] = [number] * r["count"]
    found: list[dict[str, Any]] = []
    met: set[int] = set()
    for a, b, size in blocks:
        start = 0
        for at in range(1, size + 1):
            whose = owner[a + start]
            if at < size and owner[a + at] == whose:
                continue
            if whose is not None:
                digest = lines_digest(new[b + start : b + at])
                found.append({**ranges[whose], "start": b + start + 1, "count": at - start, "digest": digest})
                met.add(whose)
            start = at
    return found, [r for number, r in enumerate(ranges) if number not in met]
