"""Matches commits that exist, many at a time: in this process, or in as many as there are cores. Cold path."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from typing import Any, NamedTuple

from git_ai_trail.attach import record
from git_ai_trail.git import base_of
from git_ai_trail.git_bulk import Bulk
from git_ai_trail.index.access import Index
from git_ai_trail.index.candidates import Where
from git_ai_trail.pipeline import past, stamp
from git_ai_trail.pipeline.indexing import open_user_index
from git_ai_trail.pipeline.past import PastCommit
from git_ai_trail.pipeline.worktree import Worktree
from git_ai_trail.settings import Settings

# Commits that go to a process at once, and how many make more processes worth their start.
_CHUNK = 100
_WORTH_WORKERS = 300
_MOST_WORKERS = 8


class Job(NamedTuple):
    """A commit to match, and the record that it has from an earlier run, if that may be improved."""

    commit: PastCommit
    before: Mapping[str, Any] | None


class Matched(NamedTuple):
    """What the logs say of a commit: the note line (empty if they say nothing, or nothing new) and a sentence."""

    oid: str
    subject: str
    line: bytes
    summary: str
    lines: int  # with evidence
    changes: str = ""  # what is different from the record before, if there was one


def match_all(
    tree: Worktree, settings: Settings, env: Mapping[str, str], jobs: Sequence[Job]
) -> Iterator[list[Matched]]:
    """The matches in the order of `jobs`, some at a time. The index must be complete, and closed in this process."""
    chunks = [jobs[at : at + _CHUNK] for at in range(0, len(jobs), _CHUNK)]
    count = min(os.cpu_count() or 1, _MOST_WORKERS, len(chunks))
    if count < 2 or len(jobs) < _WORTH_WORKERS:
        with closing(_Worker(tree, settings, env)) as worker:
            yield from map(worker, chunks)
        return
    # A process with threads cannot safely be forked.
    fork = "fork" in multiprocessing.get_all_start_methods() and threading.active_count() == 1
    context = multiprocessing.get_context("fork" if fork else "spawn")
    with context.Pool(count, initializer=_begin, initargs=(tree, settings, env)) as pool:
        yield from pool.imap(_go_on, chunks)


class _Worker:
    """Matches chunk by chunk with an index and a git of its own."""

    def __init__(self, tree: Worktree, settings: Settings, env: Mapping[str, str]) -> None:
        self._tree = tree
        self._settings = settings
        self._index: Index = open_user_index(env)
        self._where: Where = past.whereabouts(tree, self._index)

    def __call__(self, jobs: Sequence[Job]) -> list[Matched]:
        pairs = [(base_of(job.commit.parents, job.commit.oid), job.commit.oid) for job in jobs]
        with closing(Bulk(self._tree.git, pairs)) as git:
            tree = self._tree._replace(git=git)
            return [self._match(tree, job) for job in jobs]

    def _match(self, tree: Worktree, job: Job) -> Matched:
        commit = job.commit
        gathered = past.match_past(
            tree.git, self._index, self._where, commit, weak_too=self._settings.weak_trailer, apart=self._settings.apart
        )
        made = stamp.seal(tree, self._settings, gathered, commit.tree)
        nothing = Matched(commit.oid, commit.subject, b"", "", 0)
        if made is None:
            return nothing
        apart = made.match.apart
        lines = made.match.generated + made.match.edited - apart.generated - apart.edited
        line, changes = made.line, ""
        if job.before is not None:
            core = record.build_core(made.match, gathered.diffs, tool=stamp.TOOL, prior=(record.digest(job.before),))
            if _said(core) == _said(job.before):
                return nothing
            line, changes = record.note_line(core, {"tree": commit.tree}), _changes(job.before, core)
        return Matched(commit.oid, commit.subject, line, stamp.summary(made.match), lines, changes)

    def close(self) -> None:
        self._index.close()


def _changes(old: Mapping[str, Any], new: Mapping[str, Any]) -> str:
    """What the later record says differently, in words."""
    before, now = ({one["id"] for one in core["sessions"]} for core in (old, new))
    said = []
    for ids, word in ((now - before, "more"), (before - now, "fewer")):
        if ids:
            said.append(f"{len(ids)} session{'' if len(ids) == 1 else 's'} {word}")
    differences = {name: new["counts"][name] - old["counts"][name] for name in ("generated", "edited")}
    said += [f"{abs(by)} {'more' if by > 0 else 'fewer'} {name}" for name, by in differences.items() if by]
    if old["counts"].get("apart") != new["counts"].get("apart"):
        said.append("what is kept apart")
    if not said:
        said.append("the same lines in other ranges" if old["files"] != new["files"] else "what is said of sessions")
    return ", ".join(said)


def _said(core: Mapping[str, Any]) -> dict[str, Any]:
    """What a record says, without what it is made by and of."""
    return {key: value for key, value in core.items() if key not in ("tool", "prior", "v")}


_worker: _Worker | None = None


def _begin(tree: Worktree, settings: Settings, env: Mapping[str, str]) -> None:
    global _worker  # noqa: PLW0603 - one for each process of the pool
    # The parent is interrupted as well, and ends the pool.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    _worker = _Worker(tree, settings, env)


def _go_on(jobs: Sequence[Job]) -> list[Matched]:
    assert _worker is not None
    return _worker(jobs)
