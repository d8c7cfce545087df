"""Everything known of all commits of a range, with a handful of git processes however many they are. Cold path.

Where a commit's own note does not have the record that its message names, the record is looked for step by step: on other
commits, by keys of ours anywhere in the message, by what the commit changes; what is nowhere is unknown, and said to be.
"""

from __future__ import annotations

import gc
import pickle
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import fields, replace
from typing import Any, NamedTuple, TypeVar

from git_ai_trail.attach import notes, status, tombstones
from git_ai_trail.attach.annex import Annex
from git_ai_trail.attach.quick import names_in, read_annexes, read_note
from git_ai_trail.attach.quick_verdict import quick_verdict
from git_ai_trail.attach.record import NoteLine, parse_line, parse_note, patch_digest, tombstone_line
from git_ai_trail.attach.status import Assessment
from git_ai_trail.errors import TrailError
from git_ai_trail.facts import FileDiff
from git_ai_trail.git import Git, base_of, parse_diff
from git_ai_trail.git_bulk import added_lines, plain_files, raw_diffs
from git_ai_trail.pipeline import beside, merges
from git_ai_trail.pipeline.commits import commits
from git_ai_trail.pipeline.shallow import refuse_cut_off
from git_ai_trail.shown import Commit, ShownFile, ShownRange

Progress = Callable[[int, int], None]
T = TypeVar("T")

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


class Codec(NamedTuple):
    """How what was made of commits travels from one process to the other."""

    pack: Callable[[list[Any]], bytes]
    unpack: Callable[[bytes], list[Any]]


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
    listed = chosen(git, revisions, paths=paths, limit=limit, whole=whole)
    return made_of(git, revisions, listed, lambda one: one, _PLAINLY, cores=cores, progress=progress)


def chosen(
    git: Git, revisions: Sequence[str], *, paths: Sequence[str] = (), limit: int | None = None, whole: bool = True
) -> list[Commit]:
    """The commits of a range, as `told` chooses them."""
    odd = next((one for one in revisions if one.startswith("-") and not _SELECTS.fullmatch(one)), None)
    if odd is not None:
        raise TrailError(f"not a range of commits: {odd[:80]!r}", "give it as v1.2..v1.3")
    listed = commits(git, revisions, paths=paths, limit=limit)
    if whole:
        refuse_cut_off(git, (one.oid for one in listed))
    return listed


def made_of(
    git: Git,
    revisions: Sequence[str],
    listed: Sequence[Commit],
    make: Callable[[Told], T],
    codec: Codec,
    *,
    cores: bool = False,
    progress: Progress | None = None,
) -> list[T]:
    """What `make` makes of each of the commits `listed`, of the range `revisions`, in order.

    Many commits are shared with a second process, where `make` runs as well; `codec` brings back what it made there.
    """
    with _without_collector():
        work = _Work(git, _Book(git, listed, revisions), make, cores=cores)
        return _shared(work, listed, codec, progress)


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
        self._tombstones = tombstones.standing(git, notes.ANNEX_REF) if also else b""
        self.names = {one.oid: names_in(one.message) for one in listed}
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

    def is_attached(self, commit: Commit) -> bool:
        """Whether the commit has a note of its own."""
        return commit.oid in self._own

    def lone_line(self, commit: Commit) -> NoteLine | None:
        """The record that is attached to the commit where nothing else is said of it, anywhere."""
        if any(digest in self._elsewhere or digest in self._withheld for digest in self._named.get(commit.oid, ())):
            return None
        lines = read_note(self._own.get(commit.oid, b""))
        return lines[0] if len(lines) == 1 else None

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
        silent = commit.oid not in self._own and commit.oid not in self._named
        # A revert of a revert changes what another commit did, and is none of anybody's work.
        if self._orphans and content and silent and "\nThis reverts commit " not in commit.message:
            lines += self._orphans.get(patch_digest(content), ())
        return b"\n".join(line for line in lines if line)

    def annexes(self, commit: Commit, found: Assessment) -> Mapping[str, Annex]:
        """The annexes of the records that contributed, by digest."""
        wanted = {found.digest, *found.lineage} - {""}
        blobs = [self._extra.get(commit.oid, b""), *(self._extra.get(digest, b"") for digest in wanted)]
        whole = b"\n".join(filter(None, blobs))
        annexes = read_annexes(whole, withheld=found.withheld, elsewhere=self._tombstones) if whole and wanted else {}
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
            lines = parse_note(body)
            # What else a rewrite brought to that commit: its message need not name it, but its content may be this one's.
            moved = {line.digest for line in lines if line.kind == "derived"}
            beside = [line for line in lines if line.digest in moved and line.digest not in digests]
            for line in lines:
                if line.digest in digests:
                    about = found.setdefault(line.digest, [])
                    about += [line.raw, *(one.raw for one in beside if one.raw not in about)]
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
            cores = {line.digest: line for line in lines if line.core is not None and line.digest not in withheld}
            for line in lines:
                if line.digest in cores and line.kind in ("core", "derived"):
                    found.setdefault(line.patch, []).extend(dict.fromkeys((cores[line.digest].raw, line.raw)))
                    self._extra.setdefault(line.digest, extra.get(oid, b""))
        return found


def _read(git: Git, oids: set[str], ref: str) -> tuple[set[str], dict[str, bytes], set[str]]:
    """(other commits that have a note, the notes on `oids`, digests that any note of the ref withholds)."""
    there = notes.annotated(git, ref)
    read = dict(notes.read_many(git, oids, ref, listed=there))
    speaks = len(read) < len(there) or any(b'"withheld"' in note for note in read.values())
    return {oid for oid, _, _ in there} - oids, read, notes.withheld_in(git, ref) if speaks else set()


def _pair(commit: Commit) -> tuple[str, str]:
    return base_of(commit.parents, commit.oid), commit.oid


class _Work:
    """What is done for each commit: judged by its content, joined with its annexes, and made into what is wanted."""

    def __init__(self, git: Git, book: _Book, make: Callable[[Told], Any], *, cores: bool) -> None:
        self._git = git
        self._book = book
        self._make = make
        self._cores = cores

    def __call__(self, some: Sequence[Commit], progress: Progress | None) -> list[Any]:
        book = self._book
        judged = iter(self._judged([one for one in some if book.needs_content(one)], progress))
        counted = _counted(self._git, [one for one in some if not book.needs_content(one)])
        found = ((one, counted.get(one.oid) or next(judged)) for one in some)
        return [self._make(Told(one, each, book.annexes(one, each))) for one, each in found]

    def _judged(self, some: Sequence[Commit], progress: Progress | None) -> Iterator[Assessment]:
        bodies = raw_diffs(self._git, [_pair(one) for one in some])
        for number, (commit, (_, body)) in enumerate(zip(some, bodies, strict=True), 1):
            yield self._judge(commit, body)
            if progress is not None and not number % _EVERY:
                progress(number, len(some))

    def _judge(self, commit: Commit, body: bytes | None) -> Assessment:
        if body is None:
            found = _judge(commit, self._git.diff(*_pair(commit)), self._book)
            return found if self._cores else replace(found, core=None)
        names = self._book.names[commit.oid]
        lone = None if self._cores else self._book.lone_line(commit)
        files = plain_files(body) if lone is not None else None
        quick = quick_verdict(names, lone, files) if lone is not None and files is not None else None
        if quick is not None:
            return quick
        found = _judge(commit, parse_diff(body), self._book)
        return found if self._cores else replace(found, core=None)


def _shared(work: _Work, some: Sequence[Commit], codec: Codec, progress: Progress | None) -> list[Any]:
    """The work done, half of it in a second process with a git of its own where that is worth it."""
    if len(some) < _WORTH_SHARING or not beside.is_possible():
        return work(some, progress)
    half = len(some) // 2
    # The other process inherits notes and messages as they are; only what it makes is sent.
    first, sent = beside.both(lambda: work(some[:half], progress), lambda: codec.pack(work(some[half:], None)))
    return first + (codec.unpack(sent) if sent else work(some[half:], progress))


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


def _pack_told(made: list[Told]) -> bytes:
    return pickle.dumps([(one.commit, _packed(one.found), one.annexes) for one in made], pickle.HIGHEST_PROTOCOL)


def _unpack_told(sent: bytes) -> list[Told]:
    # From our own child, through a pipe that nobody else holds.
    return [Told(commit, _unpacked(found), annexes) for commit, found, annexes in pickle.loads(sent)]  # noqa: S301


_PLAINLY = Codec(_pack_told, _unpack_told)


def _range(start: int, end: int, session: str, line_class: str, turn: int, evidence: str) -> ShownRange:
    return ShownRange(start=start, end=end, session=session, line_class=line_class, turn=turn, evidence=evidence)


def _judge(commit: Commit, content: Sequence[FileDiff], book: _Book) -> Assessment:
    lines = book.lines(commit, content)
    names = book.names[commit.oid]
    found = status.assess(commit.message, b"", content, lines=lines, names=names)
    if found.status == "unknown" and (more := book.elsewhere(found.digest)):
        found = status.assess(commit.message, b"", content, lines=[*lines, *more], names=names)
    return merges.own(commit, found, attached=book.is_attached(commit))


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
