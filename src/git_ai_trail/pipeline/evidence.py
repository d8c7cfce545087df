"""Gathers the evidence for one commit: index, git and matching together. Hot path: hooks and cold commands use it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from git_ai_trail.agents import AGENTS
from git_ai_trail.apart import Kinds, kinds_at
from git_ai_trail.attach.record import lines_digest
from git_ai_trail.facts import AddedLines, Candidate, CommitMatch, Considered, FileDiff, FileMatch
from git_ai_trail.formats import FORMATS, is_own
from git_ai_trail.formats.protocol import Format
from git_ai_trail.formats.sources import open_made, source_of
from git_ai_trail.git import Git
from git_ai_trail.index.access import Index
from git_ai_trail.index.candidates import SLACK, Making, Where
from git_ai_trail.index.keys import added_lines
from git_ai_trail.index.recent import Place
from git_ai_trail.index.renamed import gone_lines
from git_ai_trail.index.scan import LogFormat
from git_ai_trail.match.commit import match_commit
from git_ai_trail.match.score import rarity_limit
from git_ai_trail.pipeline import landed

# What the files already contained is read up to this size; a larger file only loses the check.
MAX_BLOB = 4 * 1024 * 1024
# So many added lines of a commit are matched; working out their owners takes about half a second.
MAX_LINES = 100_000


class Gathered(NamedTuple):
    """A commit's match, every candidate with its evidence, and the diff both rest on."""

    match: CommitMatch
    considered: tuple[Considered, ...]
    diffs: tuple[FileDiff, ...]
    kinds: Kinds | None  # None while nobody has asked, since no session wrote to these files


def log_places(env: Mapping[str, str], home: str, extra_roots: Sequence[str] = ()) -> list[Place]:
    """Where the logs of each agent live on this machine."""
    return [_place(fmt, env, home, extra_roots) for fmt in FORMATS]


def log_format(fmt: Format) -> LogFormat:
    """What scanning a log needs of its format."""
    return LogFormat(
        fmt.NAME, fmt.STATE_VERSION, fmt.reader, fmt.open_offsets, fmt.is_document, lambda path: open_made(path, (fmt,))
    )


def _place(fmt: Format, env: Mapping[str, str], home: str, extra_roots: Sequence[str]) -> Place:
    source = source_of(fmt)
    return Place(
        format=log_format(fmt),
        roots=(*fmt.roots(env, home), *extra_roots),
        recent_dirs=fmt.recent_dirs,
        is_log=fmt.is_log,
        is_own=lambda path: is_own(fmt, path),
        session_id_of=fmt.session_id_of,
        hint=fmt.thread_hint(env),
        recent=source.recent if source is not None else None,
    )


def gather(
    git: Git,
    index: Index,
    where: Where,
    *,
    base: str,
    tip: str,
    until: float,
    making: Sequence[Making],
    weak_too: bool = False,
    apart: Sequence[str] = (),
    worktree: str = "",
    alone: Callable[[Candidate], bool] | None = None,
    settled: float | None = None,
) -> Gathered:
    """Matches the change from `base` to `tip` (trees or commits) against the index.

    `until` is the commit's time; edits after it do not count. `making` are the sessions known to have made the commit, `apart`
    the policy's patterns of files whose lines are kept apart, `worktree` where the commit is being made. With `alone`, only
    these sessions are looked at. `settled` is a time after which nothing has come to the history of `base`, if one is known.
    """
    diffs = git.diff(base, tip)
    everyone = index.find(where, diffs, until=until, making=making, agents=AGENTS)
    candidates = everyone if alone is None else [one for one in everyone if alone(one)]
    if not candidates:
        return Gathered(_nobody(diffs), (), diffs, None)
    touched = {path for one in candidates for path, _ in one.edits}
    chosen = _chosen(diffs, touched)
    kinds, before = _looked_up(git, tip, diffs, chosen, apart, worktree)
    files = _added(index, diffs, chosen, before, until)
    everyone = landed.left_of(git, index.keys, base, diffs, files, everyone, before, settled)
    candidates = everyone if alone is None else [one for one in everyone if alone(one)]
    match, considered = match_commit(
        diffs,
        files,
        candidates,
        lines_digest=lines_digest,
        commitments=index.commitments,
        weak_too=weak_too,
    )
    beyond = sum(len(diff.added) for diff in diffs if diff.path in touched and diff.path not in chosen)
    match = marked(match._replace(beyond=beyond), kinds)
    return Gathered(match, considered, diffs, kinds)


def marked(match: CommitMatch, kinds: Kinds) -> CommitMatch:
    """The match with what each file is."""
    return match._replace(files=tuple(one._replace(kind=kinds(one.path)) for one in match.files))


def _nobody(diffs: Sequence[FileDiff]) -> CommitMatch:
    return CommitMatch(
        sessions=(),
        files=tuple(FileMatch(diff.path, len(diff.added), ()) for diff in diffs),
        added=sum(len(diff.added) for diff in diffs),
        generated=0,
        edited=0,
        deleted=sum(len(diff.removed) for diff in diffs),
    )


def _chosen(diffs: Sequence[FileDiff], touched: set[str]) -> set[str]:
    """The files that are matched. Those that no session touched, and what is beyond a bound, are only counted: a commit of a whole
    tree must not wait."""
    chosen: set[str] = set()
    room = MAX_LINES
    for diff in diffs:
        if diff.path in touched and len(diff.added) <= room:
            chosen.add(diff.path)
            room -= len(diff.added)
    return chosen


def _looked_up(
    git: Git, tip: str, diffs: Sequence[FileDiff], chosen: set[str], apart: Sequence[str], worktree: str
) -> tuple[Kinds, set[bytes]]:
    """(what the commit's files are, the lines that the files to be matched already held), with one process."""
    old = [d.old_oid for d in diffs if d.path in chosen and d.status == "M" and d.added and not d.binary]
    before: set[bytes] = set()

    def read(names: list[str]) -> Sequence[bytes | None]:
        found = git.blobs([*names, *old]) if names or old else []
        for blob in found[len(names) :]:
            if blob is not None and len(blob) <= MAX_BLOB:
                before.update(blob.split(b"\n"))
        return found[: len(names)]

    return kinds_at(read, tip, (diff.path for diff in diffs), apart, worktree), before


def _added(
    index: Index, diffs: Sequence[FileDiff], chosen: set[str], before: set[bytes], until: float
) -> tuple[AddedLines, ...]:
    """The added lines with their rarity: against what other sessions wrote and what these files already held."""
    looked_at = [diff for diff in diffs if diff.path in chosen]
    counts = index.writers((index.keys.line(line) for diff in looked_at for line in diff.added), until + SLACK)
    limit = rarity_limit(index.log_count())
    gone = gone_lines(diffs)

    def common(line: bytes, digest: int) -> bool:
        return counts.get(digest, 0) > limit or line in before or line in gone

    return tuple(
        added_lines(index.keys, diff, common, gone) if diff.path in chosen else _only_counted(diff) for diff in diffs
    )


def _only_counted(diff: FileDiff) -> AddedLines:
    nothing = (0,) * len(diff.added)
    return AddedLines(diff.path, nothing, nothing, nothing, diff.positions, (False,) * len(diff.added))
