"""Judges what a commit's note is worth: does the message vouch for the record, and does the record still fit the content?"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from git_ai_trail.attach.ranges import in_place, relocate_files
from git_ai_trail.attach.record import NoteLine, parse_note, patch_digest
from git_ai_trail.attach.trailers import anywhere, record_digest
from git_ai_trail.codec import path_text
from git_ai_trail.facts import FileDiff
from git_ai_trail.shown import ShownFile, ShownRange

STATUSES = ("exact", "carried", "unanchored", "claim", "unknown", "none")


@dataclass(frozen=True, slots=True, kw_only=True)
class Assessment:
    """What is known about one commit.

    `status` is exact (the message names this record, the content is the record's), carried (named, and its lines were found
    again in other content), unanchored (fits, but no message names it), claim (somebody attached it, nothing supports it),
    unknown (a record is named and missing) or none. `core` is the record that counts, `digest` its digest or the one that
    is named; `trailer` is the digest in the message. `lineage` names every record that contributed. `sessions` have a core's
    form. `withheld` are the digests that the note withholds, here and in the annex. `problems` say in plain words what is wrong.
    """

    status: str
    core: Mapping[str, Any] | None
    digest: str
    trailer: str
    lineage: tuple[str, ...]
    sessions: tuple[Mapping[str, Any], ...]
    files: tuple[ShownFile, ...]
    added: int
    generated: int
    edited: int
    deleted: int
    withheld: tuple[str, ...]
    problems: tuple[str, ...]

    @property
    def unattributed(self) -> int:
        return self.added - self.generated - self.edited


# Ranges by path, each with the record that it comes from.
_Found = dict[str, list[tuple[str, dict[str, Any]]]]
# Who owns a line: session, class, turn, kind of evidence.
_Owner = tuple[str, str, int, str]


class _Book:
    """A note's lines by what they say, without what is withheld."""

    def __init__(self, lines: Sequence[NoteLine]) -> None:
        self.withheld = {line.digest for line in lines if line.kind == "withheld"}
        self.cores: dict[str, Mapping[str, Any]] = {
            line.digest: line.core for line in lines if line.core is not None and line.digest not in self.withheld
        }
        self.derived = [
            line for line in lines if line.kind == "derived" and line.op != "revert" and line.digest in self.cores
        ]
        self.reverts = dict.fromkeys(line.digest for line in lines if line.kind == "derived" and line.op == "revert")
        self.broken = {line.digest for line in lines if line.kind == "broken"}
        self.foreign = any(line.kind == "foreign" for line in lines)
        self._patch = ""

    def patch(self, diffs: Sequence[FileDiff]) -> str:
        """`patch` of the commit that this book is about, worked out once."""
        self._patch = self._patch or patch_digest(diffs)
        return self._patch

    def taken_back(self) -> list[str]:
        """What there is to say of a commit that reverts others which have records."""
        return [f"it reverts a commit that has the record 1:{digest[:10]}…" for digest in self.reverts]

    def moved(self, origin: str, patch: str) -> list[NoteLine]:
        return [line for line in self.derived if line.digest == origin and line.patch == patch]


def assess(
    message: str,
    note: bytes,
    diffs: Sequence[FileDiff],
    *,
    lines: Sequence[NoteLine] | None = None,
    names: Sequence[str] | None = None,
) -> Assessment:
    """What the message, the note and the content of one commit say together. `diffs` is the commit against its first parent.

    `lines` is what the note says and `names` what `names_in` says of the message, where that was read already.
    """
    book = _Book(parse_note(note) if lines is None else lines)
    trailer, *named = names_in(message) if names is None else names
    if named:
        return _named(book, named, trailer, diffs)
    return _unnamed(book, diffs)


def names_in(message: str) -> tuple[str, ...]:
    """The digest that the message vouches for, or nothing; then all that it names, that one first."""
    trailer = record_digest(message) or ""
    return trailer, *dict.fromkeys([*([trailer] if trailer else []), *anywhere(message)])


def _named(book: _Book, named: Sequence[str], trailer: str, diffs: Sequence[FileDiff]) -> Assessment:
    patch = book.patch(diffs) if book.cores else ""
    known = [digest for digest in named if digest in book.cores]
    first = known[0] if known else named[0]
    if not known:
        return _assessed(book, diffs, *_missing(book, named), digest=first, trailer=trailer)
    if first == trailer and book.cores[first]["patch"] == patch:
        later = [digest for digest, core in book.cores.items() if digest != first and core["patch"] == patch]
        problems = ["another record of the same content is attached, which no message names"] if later else []
        elsewhere = {*named} - {*book.cores, *book.withheld, *book.cores[first].get("prior", ())}
        problems += [f"{len(elsewhere)} record(s) named in the message are missing"] if elsewhere else []
        return _assessed(book, diffs, "exact", problems, digest=first, trailer=trailer, origins=[first])
    missing = [digest for digest in named if digest not in book.cores]
    problems = [f"{len(missing)} record(s) named in the message are missing"] if missing else []
    problems += [] if trailer else ["the record is named in the message, but not in its last paragraph"]
    also = _also_carried(book, named, patch)
    problems += [f"{len(also)} record(s) were carried here that the message does not name"] if also else []
    known += also
    found = _carried(book, known, patch, diffs)
    if not any(found.values()) and not any(book.moved(digest, patch) for digest in known):
        problems.append("none of the record's lines stand in this commit")
        return _assessed(book, diffs, "claim", problems, digest=first, trailer=trailer)
    return _assessed(book, diffs, "carried", problems, digest=first, trailer=trailer, origins=known, found=found)


def _also_carried(book: _Book, named: Sequence[str], patch: str) -> list[str]:
    """Records that a rewrite brought to just this content and no word about them: a fixup throws its commit's message away."""
    return sorted(
        (digest for digest in book.cores if digest not in named and book.moved(digest, patch)),
        key=lambda digest: (_weight(book.cores[digest]), digest),
        reverse=True,
    )


def _missing(book: _Book, named: Sequence[str]) -> tuple[str, list[str]]:
    if any(digest in book.broken for digest in named):
        return "claim", ["the attached record is not the one that the message names: its digest differs"]
    if any(digest in book.withheld for digest in named):
        return "unknown", ["the record was withheld"]
    return "unknown", ["the message names a record that is not attached"]


def _unnamed(book: _Book, diffs: Sequence[FileDiff]) -> Assessment:
    patch = book.patch(diffs) if book.cores else ""
    fitting = [digest for digest, core in book.cores.items() if core["patch"] == patch]
    # A record can name those that it replaces: made of the same commit later, from more logs or by a better matcher.
    replaced = {digest for one in fitting for digest in book.cores[one].get("prior", ())}
    fitting = [digest for digest in fitting if digest not in replaced] or fitting
    if fitting:
        best = max(fitting, key=lambda digest: (_weight(book.cores[digest]), digest))
        return _assessed(book, diffs, "unanchored", [], digest=best, trailer="", origins=[best])
    if moved := _also_carried(book, (), patch):
        # A squash of commits whose messages name nothing: every record that was carried here has its part.
        found = _stated(book, moved, patch, diffs) if len(moved) > 1 else None
        return _assessed(book, diffs, "unanchored", [], digest=moved[0], trailer="", origins=moved, found=found)
    if book.cores:
        best = max(book.cores, key=lambda digest: (_weight(book.cores[digest]), digest))
        problems = ["the record was made for other content, and no message names it"]
        if not any(diff.added for diff in diffs):
            # git takes a note along to whatever a rewrite makes, also where it leaves nothing that a record could credit.
            return _assessed(book, diffs, "none", [*book.taken_back(), *problems], digest="", trailer="")
        return _assessed(book, diffs, "claim", problems, digest=best, trailer="", origins=[best])
    if book.withheld:
        return _assessed(book, diffs, "unknown", ["the record was withheld"], digest="", trailer="")
    if book.broken or book.foreign:
        problems = ["what is attached is not a record, or not the one that its digest says"]
        return _assessed(book, diffs, "claim", problems, digest="", trailer="")
    return _assessed(book, diffs, "none", book.taken_back(), digest="", trailer="")


def _weight(core: Mapping[str, Any]) -> int:
    return int(core["counts"]["generated"]) + int(core["counts"]["edited"])


def _carried(book: _Book, origins: Iterable[str], patch: str, diffs: Sequence[FileDiff]) -> _Found:
    """(origin, range) by path: what the records themselves prove first, then what a derived line adds."""
    found: _Found = {}
    for origin in origins:
        core = book.cores[origin]
        files = _standing(core["files"], diffs) if core["patch"] == patch else relocate_files(core["files"], diffs)
        for file in files:
            found.setdefault(file["path"], []).extend((origin, r) for r in file["ranges"])
        for line in book.moved(origin, patch):
            for file in _standing(line.ranges, diffs):
                fits = [r for r in file["ranges"] if r["session"] < len(core["sessions"])]
                found.setdefault(file["path"], []).extend((origin, r) for r in fits)
    return found


def _stated(book: _Book, origins: Sequence[str], patch: str, diffs: Sequence[FileDiff]) -> _Found:
    """The same with what derived lines say first: whoever wrote them has decided between records that claim one line."""
    found: _Found = {}
    for origin in origins:
        sessions = len(book.cores[origin]["sessions"])
        for file in (file for line in book.moved(origin, patch) for file in _standing(line.ranges, diffs)):
            fits = [(origin, r) for r in file["ranges"] if r["session"] < sessions]
            found.setdefault(file["path"], []).extend(fits)
    for path, more in _carried(book, origins, patch, diffs).items():
        found.setdefault(path, []).extend(more)
    return found


def _standing(files: Iterable[Mapping[str, Any]], diffs: Sequence[FileDiff]) -> list[dict[str, Any]]:
    lines = {path_text(diff.path): diff.added for diff in diffs}
    return [{**file, "ranges": in_place(file["ranges"], lines.get(file["path"], ()))} for file in files]


def _assessed(
    book: _Book,
    diffs: Sequence[FileDiff],
    status: str,
    problems: Sequence[str],
    *,
    digest: str,
    trailer: str,
    origins: Sequence[str] = (),
    found: _Found | None = None,
) -> Assessment:
    if found is None:
        found = _carried(book, origins, book.patch(diffs), diffs) if origins else {}
    sessions = {one["id"]: one for origin in reversed(origins) for one in book.cores[origin]["sessions"]}
    files = tuple(_file_lines(diff, found.get(path_text(diff.path), ()), book) for diff in diffs)
    counted = {"generated": 0, "edited": 0}
    for one in (r for file in files for r in file.ranges):
        counted[one.line_class] += one.end - one.start + 1
    core = book.cores.get(digest)
    return Assessment(
        status=status,
        core=core,
        digest=digest,
        trailer=trailer,
        lineage=_lineage(book, origins),
        sessions=tuple(sessions.values()),
        files=files,
        added=sum(file.added for file in files),
        generated=counted["generated"],
        edited=counted["edited"],
        deleted=sum(len(diff.removed) for diff in diffs),
        withheld=tuple(sorted(book.withheld)),
        problems=(
            *problems,
            *_said_of(core if len(origins) == 1 else None, counted, status),
            *_bounds_of(core if status in ("exact", "unanchored") else None, diffs),
        ),
    )


def _bounds_of(core: Mapping[str, Any] | None, diffs: Sequence[FileDiff]) -> list[str]:
    """What has to be said of a commit that was too much to be looked at whole."""
    said = []
    if core is not None and (beyond := core["counts"].get("beyond")):
        said.append(f"{beyond:,} added lines were too many to be matched; they count as unattributed")
    if any(diff.truncated for diff in diffs):
        said.append("the commit's diff is too large to be read whole: only a part of its lines is counted")
    return said


def _said_of(core: Mapping[str, Any] | None, counted: Mapping[str, int], status: str) -> list[str]:
    """What has to be said when the lines found are not the lines that the record counted."""
    if core is None or status not in ("exact", "unanchored"):
        return []
    if core.get("cut"):
        return ["the record was too long: its counts are complete, its list of lines is not"]
    if any(counted[name] != core["counts"][name] for name in counted):
        return ["some of the record's ranges do not fit the commit's lines"]
    return []


def _lineage(book: _Book, origins: Sequence[str]) -> tuple[str, ...]:
    """The records that contributed, and those that they replaced, as far as they are named."""
    seen: dict[str, None] = {}
    todo = list(origins)
    while todo:
        digest = todo.pop(0)
        if digest not in seen:
            seen[digest] = None
            todo += book.cores.get(digest, {}).get("prior", ())
    return tuple(seen)


def _file_lines(diff: FileDiff, found: Sequence[tuple[str, Mapping[str, Any]]], book: _Book) -> ShownFile:
    """Ranges over added lines as ranges over the file's lines; the first claim on a line wins."""
    if not found:
        return ShownFile(path=diff.path, added=len(diff.added), ranges=())
    positions = diff.positions
    owner: list[_Owner | None] = [None] * len(diff.added)
    for origin, r in found:
        session = book.cores[origin]["sessions"][r["session"]]
        kind = session["evidence"][0]["kind"] if session["evidence"] else ""
        first, last = r["start"] - 1, min(r["start"] - 1 + r["count"], len(owner))
        mine = (session["id"], r["class"], r["turn"], kind)
        owner[first:last] = [one or mine for one in owner[first:last]]
    ranges: list[ShownRange] = []
    start = 0
    for index in range(1, len(owner) + 1):
        if index < len(owner) and owner[index] == owner[start] and positions[index] == positions[index - 1] + 1:
            continue
        if one := owner[start]:
            session_id, line_class, turn, evidence = one
            first, last = positions[start], positions[index - 1]
            ranges.append(
                ShownRange(
                    start=first, end=last, session=session_id, line_class=line_class, turn=turn, evidence=evidence
                )
            )
        start = index
    return ShownFile(path=diff.path, added=len(diff.added), ranges=tuple(ranges))
