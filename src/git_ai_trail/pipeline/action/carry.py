"""Mode `carry`: gives the commits that a squash or rebase merge made the records of the commits they were made from.

Runs on a push to the base branch, not on the pull request, because the token of a fork's pull request can only read.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from git_ai_trail.attach import notes
from git_ai_trail.attach.notes import ANNEX_REF, REF
from git_ai_trail.attach.record import parse_note
from git_ai_trail.config import RepositoryConfig
from git_ai_trail.errors import ConfigError, GitError, TrailError
from git_ai_trail.forge import notes as remote_notes
from git_ai_trail.forge import pulls
from git_ai_trail.forge.pulls import Merged
from git_ai_trail.pipeline import carry as carrying
from git_ai_trail.pipeline import sharing
from git_ai_trail.pipeline.action import history
from git_ai_trail.pipeline.action.job import Job
from git_ai_trail.pipeline.carry import Carried, Source

# A push of more commits is an import, not a merge.
MOST = 250


@dataclass(frozen=True, slots=True, kw_only=True)
class _Merge:
    """A merged pull request and the new commits that came from it, oldest first."""

    pull: Merged
    targets: tuple[str, ...]


def run(job: Job) -> int:
    """The exit code: 1 if something that was there could not be carried over or pushed."""
    history.complete(job)
    policy, _ = history.policy(job)
    history.records(job)
    code = total = 0
    before = _tips(job)
    for merge in _merges(job, _new(job)):
        try:
            total += _carry(job, merge, policy)
        except TrailError as error:
            job.log.fail(error, f"pull request {merge.pull.number}")
            code = error.exit_code
    job.outputs(carried=total)
    if _tips(job) != before:
        _push(job)
    return code


def _tips(job: Job) -> list[str | None]:
    return [job.git.resolve(ref) for ref in (REF, ANNEX_REF)]


def _push(job: Job) -> None:
    try:
        sharing.push(job.git, job.git.common_dir(), history.REMOTE)
    except GitError as error:
        hint = "the job needs `permissions: contents: write`; a ruleset may also protect refs/notes"
        raise TrailError(f"the records cannot be pushed ({error.message})", hint) from None
    job.log.say("pushed the records")


def _new(job: Job) -> list[str]:
    """The commits that the push brought, oldest first."""
    this, stated = job.run, job.inputs["range"]
    if stated:
        revisions = stated.split()
    elif this.event == "push" and this.after and this.ref.startswith("refs/heads/"):
        tip = history.commit(job, this.after)
        known = job.git.resolve(this.before) if this.before else None
        revisions = [f"{known}..{tip}"] if known else [f"{tip}^!"]
    else:
        raise ConfigError("there is nothing to carry: this is no push to a branch", "set the input `range`, as a..b")
    if any(one.startswith("-") for one in revisions):
        raise ConfigError("input range: a range cannot begin with a hyphen", "give it as a..b")
    found = job.git.text("rev-list", f"--max-count={MOST + 1}", "--topo-order", *revisions, "--").split()
    if len(found) > MOST:
        job.log.warn(f"only the last {MOST} commits are looked at")
    return found[:MOST][::-1]


def _merges(job: Job, commits: Sequence[str]) -> list[_Merge]:
    """The pull requests that the commits came from, as far as they were merged into this branch."""
    branch = job.run.ref.removeprefix("refs/heads/") if job.run.ref.startswith("refs/heads/") else ""
    by_number: dict[int, tuple[Merged, list[str]]] = {}
    for oid in commits:
        for pull in pulls.merged_with(job.api, oid):
            if pull.merge_oid == oid or not branch or pull.base_branch == branch:
                by_number.setdefault(pull.number, (pull, []))[1].append(oid)
    return [_Merge(pull=pull, targets=tuple(targets)) for pull, targets in by_number.values()]


def _carry(job: Job, merge: _Merge, policy: RepositoryConfig) -> int:
    """Carries one pull request's records over; how many there were."""
    number = merge.pull.number
    oids = pulls.commits_of(job.api, number)
    if len(oids) == pulls.MAX_COMMITS:
        job.log.warn(
            f"pull request {number}: GitHub lists its first {pulls.MAX_COMMITS} commits, later ones are left out"
        )
    sources = _sources(job, merge.pull, oids)
    if not sources:
        job.log.say(f"pull request {number}: no commit of it has a record")
        return 0
    history.pull_request(job, number)
    pairs = _pairs(job, merge.targets, sources)
    if not pairs:
        job.log.say(f"pull request {number}: what it became needs nothing")
    done = [_one(job, target, part, policy) for target, part in pairs]
    for one in done:
        job.log.say(f"pull request {number}: {len(one.records)} records to {one.target[:10]}, {one.lines} lines")
        for digest, reason in one.skipped:
            job.log.say(f"    {digest[:12]} was not carried: {reason}")
    return sum(len(one.records) for one in done)


def _one(job: Job, target: str, sources: Sequence[Source], policy: RepositoryConfig) -> Carried:
    return carrying.carry(job.git, job.git.common_dir(), target, sources, policy=policy, dry_run=job.dry)


def _pairs(job: Job, targets: Sequence[str], sources: Sequence[Source]) -> list[tuple[str, Sequence[Source]]]:
    """Which sources each new commit was made from. A commit that was merged as it is, is its own source."""
    own = {one.oid: one for one in sources}
    kept: list[tuple[str, Sequence[Source]]] = [(target, [own[target]]) for target in targets if target in own]
    made = [target for target in targets if target not in own and len(_parents(job, target)) < 2]
    left = [one for one in sources if one.oid not in targets]
    if not made or not left:
        return kept
    if len(made) == 1:
        return [*kept, (made[0], left)]
    return [*kept, *carrying.pair(job.git, made, left)]


def _parents(job: Job, oid: str) -> list[str]:
    return job.git.text("rev-list", "--parents", "-n", "1", oid, "--").split()[1:]


def _sources(job: Job, pull: Merged, oids: Sequence[str]) -> list[Source]:
    """The pull request's commits that have a record: in this repository, else in the fork."""
    cores, annexes = notes.read_many(job.git, oids, REF), notes.read_many(job.git, oids, ANNEX_REF)
    missing = [oid for oid in oids if oid not in cores]
    if pull.fork and missing:
        # Only what nobody here has said anything about is taken from outside.
        cores = {**cores, **{oid: _tame(note) for oid, note in _from_fork(job, pull.fork, REF, missing).items()}}
        annexes = {**annexes, **_from_fork(job, pull.fork, ANNEX_REF, missing)}
    return [Source(oid=oid, note=cores[oid], annex=annexes.get(oid, b"")) for oid in oids if cores.get(oid)]


def _tame(note: bytes) -> bytes:
    """A fork's records without its tombstones: those hold everywhere once they are here, and could hide anybody's record.

    What the fork withholds stays behind with them.
    """
    lines = parse_note(note)
    gone = {line.digest for line in lines if line.kind == "withheld"}
    return b"\n".join(line.raw for line in lines if line.kind == "core" and line.digest not in gone)


def _from_fork(job: Job, fork: str, ref: str, oids: Sequence[str]) -> Mapping[str, bytes]:
    try:
        return remote_notes.notes_of(job.api, fork, ref, oids)
    except TrailError as error:
        raise TrailError(f"the records of the fork {fork} cannot be read: {error.message}", error.hint) from None
