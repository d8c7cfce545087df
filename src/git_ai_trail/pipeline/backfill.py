"""Records for commits that already exist, from the logs alone. History is never rewritten: only notes are added."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from git_ai_trail.attach import notes, record, status
from git_ai_trail.formats.sources import in_worktree
from git_ai_trail.git import Git
from git_ai_trail.git_bulk import resolving
from git_ai_trail.index.access import Index
from git_ai_trail.index.candidates import SLACK
from git_ai_trail.pipeline.backfill_workers import Job, Matched, match_all
from git_ai_trail.pipeline.indexing import Progress, open_user_index, refresh_all
from git_ai_trail.pipeline.past import PastCommit, past_commits
from git_ai_trail.pipeline.worktree import Worktree
from git_ai_trail.settings import Settings

# Records that are written at once: one commit of notes, and what is lost when the run is killed.
_AT_ONCE = 500


class Found(NamedTuple):
    """A commit for which the logs hold enough evidence. `before` counts the lines with evidence in the record that this one
    replaces, None where there was none; `changes` says what is different from it."""

    oid: str
    subject: str
    summary: str
    written: bool  # False in a dry run
    lines: int
    before: int | None
    changes: str = ""


class Backfilled(NamedTuple):
    commits: int
    had_record: int
    merges: int
    found: tuple[Found, ...]


def backfill(
    tree: Worktree,
    settings: Settings,
    env: Mapping[str, str],
    *,
    revisions: Sequence[str],
    dry_run: bool = False,
    upgrade: bool = False,
    index_progress: Progress | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Backfilled:
    """Matches the commits of `revisions` (as `git log` takes them) and attaches a record to each that has evidence.

    A commit that has a record keeps it. With `upgrade`, one that no message names is made anew, and written beside the old one,
    which it replaces, where it says something else. Reads what is new in the logs first. Records are written some at a time, so
    that a run which is killed goes on where it was.
    """
    commits = past_commits(tree.git, revisions)
    recorded = _recorded(tree.git, commits)
    index = open_user_index(env)
    try:
        refresh_all(index, env, log_roots=(*settings.log_roots, *in_worktree(tree.root)), progress=index_progress)
        earliest = _earliest(index)
    finally:
        index.close()
    passed_over = _joining(tree.git, commits)
    jobs = _jobs(commits, recorded, earliest, passed_over, upgrade=upgrade)
    before = {job.commit.oid: job.before for job in jobs if job.before is not None}
    found: list[Found] = []
    waiting: dict[str, list[bytes]] = {}
    done = len(commits) - len(jobs)
    for part in match_all(tree, settings, env, jobs):
        found += [_found(one, before, written=not dry_run) for one in part if one.line]
        waiting |= {one.oid: [one.line] for one in part if one.line}
        if not dry_run and len(waiting) >= _AT_ONCE:
            notes.add_many(tree.git, tree.common_dir, waiting)
            waiting = {}
        done += len(part)
        if progress is not None:
            progress(done, len(commits))
    if not dry_run and waiting:
        notes.add_many(tree.git, tree.common_dir, waiting)
    return Backfilled(len(commits), len(recorded), len(passed_over), tuple(found))


def _joining(git: Git, commits: Sequence[PastCommit]) -> set[str]:
    """Merges that only join what their parents hold."""
    merges = [one.oid for one in commits if len(one.parents) > 1]
    return set(merges) - resolving(git, merges)


def _jobs(
    commits: Sequence[PastCommit],
    recorded: Mapping[str, Mapping[str, Any] | None],
    earliest: float | None,
    passed_over: set[str],
    *,
    upgrade: bool,
) -> list[Job]:
    """What there is to match: commits without a record, and with `upgrade` those whose record may be replaced. Nothing that is
    older than every log, and nothing of `passed_over`."""
    if earliest is None:
        return []
    late = [one for one in commits if one.oid not in passed_over and one.committed_at + SLACK >= earliest]
    return [
        Job(one, recorded.get(one.oid))
        for one in late
        if one.oid not in recorded or (upgrade and recorded[one.oid] is not None)
    ]


def _found(one: Matched, before: Mapping[str, Mapping[str, Any]], *, written: bool) -> Found:
    old = before.get(one.oid)
    lines = None if old is None else record.own_evidence(old["counts"])
    return Found(one.oid, one.subject, one.summary, written, one.lines, lines, one.changes)


def _recorded(git: Git, commits: Sequence[PastCommit]) -> dict[str, Mapping[str, Any] | None]:
    """Commits that have at least one sound record of ours; with the record where nothing but it speaks of the commit and no
    message names it, so that another may take its place."""
    found: dict[str, Mapping[str, Any] | None] = {}
    texts = notes.read_many(git, [one.oid for one in commits])
    messages = _messages(git, texts)
    for oid, text in texts.items():
        lines = record.parse_note(text)
        cores = [line.core for line in lines if line.core is not None]
        if cores:
            replaced = {digest for core in cores for digest in core.get("prior", ())}
            standing = [core for core in cores if record.digest(core) not in replaced]
            alone = len(standing) == 1 and all(line.core is not None for line in lines)
            found[oid] = standing[0] if alone and not status.names_in(messages.get(oid, ""))[1:] else None
    return found


def _messages(git: Git, oids: Sequence[str] | Mapping[str, bytes]) -> dict[str, str]:
    """The messages of commits, by oid, with one process."""
    data = "".join(f"{oid}\n" for oid in oids).encode()
    _, out = (
        git.call("log", "--no-walk=unsorted", "--stdin", "-z", "--format=%H%x1f%B", data=data) if oids else (0, b"")
    )
    entries = (entry.partition("\x1f") for entry in out.decode("utf-8", "surrogateescape").split("\0"))
    return {oid.strip(): text for oid, _, text in entries}


def _earliest(index: Index) -> float | None:
    row = index.target.execute("SELECT MIN(started_at) FROM logs WHERE edits > 0 OR session <> ''").fetchone()
    return None if row is None or row[0] is None else float(row[0])
