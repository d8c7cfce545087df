"""Everything known of all commits of a range, with a handful of git processes however many they are. Cold path.

Where a commit's own note does not have the record that its message names, the record is looked for step by step: on other
commits, by keys of ours anywhere in the message, by what the commit changes; what is nowhere is unknown, and said to be.
"""

from __future__ import annotations

import gc
import multiprocessing
import re
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import fields, replace
from multiprocessing.connection import Connection
from typing import Any, NamedTuple

from git_ai_trail.attach import notes, status
from git_ai_trail.attach.annex import Annex, parse_annex
from git_ai_trail.attach.quick import read_note
from git_ai_trail.attach.record import NoteLine, parse_line, parse_note, patch_digest, tombstone_line
from git_ai_trail.attach.status import Assessment
from git_ai_trail.errors import TrailError
from git_ai_trail.facts import FileDiff
from git_ai_trail.git import Git
from git_ai_trail.git_bulk import added_lines, diffs
from git_ai_trail.model import Commit, ShownFile, ShownRange
from git_ai_trail.pipeline.commits import commits
from git_ai_trail.pipeline.shallow import refuse_cut_off

Progress = Callable[[int, int], None]

# Records of commits that are nowhere in the history any more, to be recognised by their content.
_MAX_ORPHANS = 20_000
# Below this a second process costs more than it saves.
_WORTH_SHARING = 400
# Commits between two reports of progress.
_EVERY = 100
# The options of `git log` that choose commits; others could make it write files.
_SELECTS = re.compile(r"-\d{1,9}|--(?:all|branches|tags|remotes|no-merges|first-parent)")
_PLAIN = tuple(field.name for field in fields(Assessment) if field.name != "files")


class Told(NamedTuple):
    """A commit, what its records are worth, and their annexes by record digest."""

    commit: Commit
    found: Assessment
    annexes: Mapping[str, Annex]


def told(
    git: Git,
    revisions: Sequence[str],
    *,
    paths: Sequence[str] = (),
    limit: int | None = None,
    cores: bool = True,
    whole: bool = True,
    progress: Progress | None = None,
) -> list[Told]:
    """The commits of a range, newest first, as `git log` gives them; with `paths` those that touch one of them.

    Without `cores` no `Assessment.core` is kept, which for ten thousand commits saves time and much memory.
    Raises `TrailError` for a range that git does not know, and, unless `whole` is false, for one that a shallow clone cuts off.
    """
    odd = next((one for one in revisions if one.startswith("-") and not _SELECTS.fullmatch(one)), None)
    if odd is not None:
        raise TrailError(f"not a range of commits: {odd[:80]!r}", "give it as v1.2..v1.3")
    with _without_collector():
        return _told(git, revisions, paths, limit, cores=cores, whole=whole, progress=progress)


def _told(
    git: Git,
    revisions: Sequence[str],
    paths: Sequence[str],
    limit: int | None,
    *,
    cores: bool,
    whole: bool,
    progress: Progress | None,
) -> list[Told]:
    listed = commits(git, revisions, paths=paths, limit=limit)
    if whole:
        refuse_cut_off(git, (one.oid for one in listed))
    book = _Book(git, listed, revisions)
    judged = _judged(git, [one for one in listed if book.needs_content(one)], book, progress, cores=cores)
    counted = _counted(git, [one for one in listed if one.oid not in judged])
    found = [(one, judged.get(one.oid) or counted[one.oid]) for one in listed]
    return [Told(one, each, book.annexes(one, each)) for one, each in found]


@contextmanager
def _without_collector() -> Iterator[None]:
    """Hundreds of thousands of small objects live until the end; looking for garbage among them costs a fifth of the time."""
    was = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was:
            gc.enable()


class _Book:
    """The notes of a range, and of records that its messages name and that are attached elsewhere."""

    def __init__(self, git: Git, listed: Sequence[Commit], revisions: Sequence[str]) -> None:
        self._git = git
        oids = {one.oid for one in listed}
        with ThreadPoolExecutor(1) as second:
            annexes = second.submit(_read, git, oids, notes.ANNEX_REF)
            others, self._own, withheld = _read(git, oids, notes.REF)
            _, self._extra, also = annexes.result()
        # A tombstone counts wherever it stands: whoever withholds a record need not know every commit that has it.
        self._withheld = withheld | also
        self.names = {one.oid: _names(one.message) for one in listed}
        self._named = {oid: digests for oid, (_, *digests) in self.names.items() if digests}
        self._sought = self._not_at_hand()
        self._elsewhere = self._found_elsewhere(self._sought)
        self._orphans = self._by_patch(listed, revisions, others)

    def needs_content(self, commit: Commit) -> bool:
        """Whether the diff is needed to say what there is to say of the commit."""
        known = commit.oid in self._own or commit.oid in self._named
        return known or (bool(self._orphans) and len(commit.parents) < 2)

    def lines(self, commit: Commit, content: Sequence[FileDiff]) -> list[NoteLine]:
        """All that notes say of the commit, wherever it is attached, and what of it is withheld."""
        lines = read_note(self._note(commit, content))
        if not self._withheld:
            return lines
        about = {*self._named.get(commit.oid, ()), *(line.digest for line in lines)}
        return [*lines, *(parse_line(tombstone_line(digest)) for digest in sorted(about & self._withheld))]

    def elsewhere(self, digest: str) -> list[NoteLine]:
        """The record, looked for in all notes: for one that seemed to be at hand, and then was not."""
        known = not digest or digest in self._sought or digest in self._withheld
        found = None if known else notes.find_by_digest(self._git, digest)
        return [found[1]] if found else []

    def _note(self, commit: Commit, content: Sequence[FileDiff]) -> bytes:
        lines = [self._own.get(commit.oid, b"")]
        for digest in self._named.get(commit.oid, ()):
            lines += self._elsewhere.get(digest, ())
        # Nothing changed is no content to recognise: every empty commit has it.
        if self._orphans and content and commit.oid not in self._own and commit.oid not in self._named:
            lines += self._orphans.get(patch_digest(content), ())
        return b"\n".join(line for line in lines if line)

    def annexes(self, commit: Commit, found: Assessment) -> Mapping[str, Annex]:
        """The annexes of the records that contributed, by digest."""
        wanted = {found.digest, *found.lineage} - {""}
        blobs = [self._extra.get(commit.oid, b""), *(self._extra.get(digest, b"") for digest in wanted)]
        whole = b"\n".join(blob for blob in blobs if blob)
        annexes = parse_annex(whole, withheld=found.withheld) if whole and wanted else {}
        return {digest: annex for digest, annex in annexes.items() if digest in wanted}

    def _not_at_hand(self) -> set[str]:
        """Digests that a message names and its own note has not."""
        return {
            digest
            for oid, digests in self._named.items()
            for digest in digests
            if f'"digest":"{digest}"'.encode() not in self._own.get(oid, b"")
        }

    def _found_elsewhere(self, missing: set[str]) -> dict[str, list[bytes]]:
        """Lines by the digest that they are about, with one process however many are missing."""
        if not missing:
            return {}
        patterns = "".join(f"{digest}\n" for digest in sorted(missing)).encode()
        command = ("grep", "-l", "-z", "-F", "--no-textconv", "--full-name", "-f", "-", notes.REF)
        code, out = self._git.call(*command, data=patterns)
        names = [entry.partition(b":")[2].replace(b"/", b"") for entry in out.split(b"\0")] if code == 0 else []
        oids = [name.decode("ascii", "replace") for name in names if name]
        return self._lines_about(missing, oids)

    def _lines_about(self, digests: set[str], oids: Iterable[str]) -> dict[str, list[bytes]]:
        found: dict[str, list[bytes]] = {}
        bodies = notes.read_many(self._git, oids)
        extra = notes.read_many(self._git, bodies, notes.ANNEX_REF)
        for oid, body in bodies.items():
            for line in parse_note(body):
                if line.digest in digests:
                    found.setdefault(line.digest, []).append(line.raw)
                    self._extra.setdefault(line.digest, extra.get(oid, b""))
        return found

    def _by_patch(self, listed: Sequence[Commit], revisions: Sequence[str], others: set[str]) -> dict[str, list[bytes]]:
        """Records of commits that no longer belong to the history (a rebase merge, a rewrite elsewhere), by what they change."""
        silent = [one for one in listed if one.oid not in self._own and one.oid not in self._named]
        if not others or not any(len(one.parents) < 2 for one in silent):
            return {}
        _, named = self._git.call("rev-parse", "--revs-only", *revisions)
        tips = [tip for tip in named.split() if tip.isalnum()] or [listed[0].oid.encode()]
        _, out = self._git.call("rev-list", "--stdin", data=b"\n".join(tips) + b"\n")
        orphans = sorted(others - set(out.decode("ascii", "replace").split()))[:_MAX_ORPHANS]
        found: dict[str, list[bytes]] = {}
        bodies = notes.read_many(self._git, orphans)
        extra = notes.read_many(self._git, bodies, notes.ANNEX_REF)
        for oid, body in bodies.items():
            lines = parse_note(body)
            withheld = {line.digest for line in lines if line.kind == "withheld"}
            for line in lines:
                if line.core is not None and line.digest not in withheld:
                    found.setdefault(line.core["patch"], []).append(line.raw)
                    self._extra.setdefault(line.digest, extra.get(oid, b""))
        return found


def _read(git: Git, oids: set[str], ref: str) -> tuple[set[str], dict[str, bytes], set[str]]:
    """(other commits that have a note, the notes on `oids`, digests that any note of the ref withholds)."""
    there = notes.annotated(git, ref)
    read = dict(notes.read_many(git, oids, ref, listed=there))
    speaks = len(read) < len(there) or any(b'"withheld"' in note for note in read.values())
    return {oid for oid, _, _ in there} - oids, read, notes.withheld_in(git, ref) if speaks else set()


def _names(message: str) -> tuple[str, ...]:
    """`status.names_in`, quickly for a message that cannot name anything."""
    if "AI-Trail" not in message and "ai-trail" not in message.lower():
        return ("",)
    return status.names_in(message)


def _pair(commit: Commit) -> tuple[str, str]:
    return (commit.parents[0] if commit.parents else ""), commit.oid


def _judged(
    git: Git, some: Sequence[Commit], book: _Book, progress: Progress | None, *, cores: bool
) -> dict[str, Assessment]:
    """Judges commits by their content. Many are shared with a second process, each with a git of its own."""
    if (
        len(some) < _WORTH_SHARING
        or "fork" not in multiprocessing.get_all_start_methods()
        or threading.active_count() > 1
    ):
        return dict(_judged_here(git, some, book, cores, progress))
    judged: dict[str, Assessment] = {}
    half = len(some) // 2
    context = multiprocessing.get_context("fork")
    mine, theirs = context.Pipe(duplex=False)
    # The child inherits notes and messages as they are; only what it finds is sent.
    child = context.Process(target=_judge_there, args=(theirs, git, some[half:], book, cores))
    child.start()
    theirs.close()
    try:
        judged.update(_judged_here(git, some[:half], book, cores, progress))
        found = mine.recv()
    except EOFError:
        found = None  # it was killed, or ran out of memory
    finally:
        mine.close()  # whoever still has something to send gives up
        child.join()
    if isinstance(found, list):
        return judged | {oid: _unpacked(one) for oid, one in found}
    return judged | dict(_judged_here(git, some[half:], book, cores, progress))


def _judge_there(pipe: Connection, git: Git, some: Sequence[Commit], book: _Book, cores: bool) -> None:
    try:
        found = [(oid, _packed(one)) for oid, one in _judged_here(git, some, book, cores, None)]
    except TrailError:
        pipe.send(None)  # the parent meets the same error and can say it
    else:
        pipe.send(found)


def _packed(found: Assessment) -> tuple[Any, ...]:
    """The assessment as plain values: to send ten of our objects for each commit would take longer than to make them."""
    files = [
        (file.path, file.added, [(r.start, r.end, r.session, r.line_class, r.turn, r.evidence) for r in file.ranges])
        for file in found.files
    ]
    return (*(getattr(found, name) for name in _PLAIN), files)


def _unpacked(packed: tuple[Any, ...]) -> Assessment:
    *plain, files = packed
    shown = tuple(
        ShownFile(path=path, added=added, ranges=tuple(_range(*one) for one in ranges)) for path, added, ranges in files
    )
    return Assessment(**dict(zip(_PLAIN, plain, strict=True)), files=shown)


def _range(start: int, end: int, session: str, line_class: str, turn: int, evidence: str) -> ShownRange:
    return ShownRange(start=start, end=end, session=session, line_class=line_class, turn=turn, evidence=evidence)


def _judged_here(
    git: Git, some: Sequence[Commit], book: _Book, cores: bool, progress: Progress | None
) -> Iterator[tuple[str, Assessment]]:
    by_oid = {one.oid: one for one in some}
    for number, (oid, content) in enumerate(diffs(git, [_pair(one) for one in some]), 1):
        found = _judge(by_oid[oid], content, book)
        yield oid, found if cores else replace(found, core=None)
        if progress is not None and not number % _EVERY:
            progress(number, len(some))


def _judge(commit: Commit, content: Sequence[FileDiff], book: _Book) -> Assessment:
    lines = book.lines(commit, content)
    names = book.names[commit.oid]
    found = status.assess(commit.message, b"", content, lines=lines, names=names)
    if found.status == "unknown" and (more := book.elsewhere(found.digest)):
        found = status.assess(commit.message, b"", content, lines=[*lines, *more], names=names)
    if found.status == "none" and len(commit.parents) > 1:
        return _silent(found, ())
    return found


def _counted(git: Git, some: Sequence[Commit]) -> dict[str, Assessment]:
    """Commits of which only the size is known. A merge has none of its own: its lines are those of other commits."""
    counts = added_lines(git, [_pair(one) for one in some if len(one.parents) < 2])
    nothing = status.assess("", b"", ())
    found = {}
    for one in some:
        files = counts.get(one.oid, [])
        shown = tuple(ShownFile(path=path, added=added, ranges=()) for path, added, _ in files)
        found[one.oid] = replace(_silent(nothing, shown), deleted=sum(removed for _, _, removed in files))
    return found


def _silent(found: Assessment, files: tuple[ShownFile, ...]) -> Assessment:
    return replace(found, files=files, added=sum(file.added for file in files), deleted=0)
