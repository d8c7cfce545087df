"""Mode `verify`: judges the commits of a pull request by the base branch's policy, and says so where people look."""

from __future__ import annotations

from dataclasses import dataclass

from git_ai_trail.attach import notes
from git_ai_trail.attach.notes import REF
from git_ai_trail.attach.record import parse_note
from git_ai_trail.errors import ConfigError, TrailError
from git_ai_trail.forge import notes as remote_notes
from git_ai_trail.forge import pulls
from git_ai_trail.forge.github import ApiError
from git_ai_trail.pipeline import verify as gate
from git_ai_trail.pipeline.action import history
from git_ai_trail.pipeline.action.job import Job
from git_ai_trail.pipeline.second_look import refuse_unclean
from git_ai_trail.report.escape import md, md_code, seen

_ROWS = 100
_LINES = 1_000
_WORDS = {"ok": "record holds", "none": "no record", "unknown": "record not here", "fail": "**failed**"}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Range:
    """`base` is the commit whose policy counts, empty for the default branch."""

    revisions: tuple[str, ...]
    base: str


def run(job: Job) -> int:
    """The exit code: 1 if a commit failed."""
    history.complete(job)
    wanted = _range(job)
    policy, source = history.policy(job, wanted.base)
    history.records(job)
    _fork_records(job, wanted)
    done = gate.verify(job.git, wanted.revisions, policy, require_known=job.inputs["unknown"] == "fail")
    job.log.annotations(gate.annotations(done))
    for one in done.verdicts:
        job.log.say(f"{one.oid[:10]}  {one.result:<7}  {seen(one.subject)}")
        for reason in one.reasons:
            job.log.say(f"            {reason}")
    job.outputs(
        verified="false" if done.failed else "true",
        commits=len(done.verdicts),
        commits_with_evidence=done.counts["ok"],
        generated_lines=done.generated,
    )
    text = _text(done, source)
    job.summary(text)
    if job.inputs.flag("comment"):
        _comment(job, text)
    return 1 if done.failed else 0


def _range(job: Job) -> _Range:
    stated, this = job.inputs["range"], job.run
    base = history.commit(job, this.pull.base_oid) if this.pull else ""
    if stated:
        return _Range(revisions=tuple(stated.split()), base=base)
    if this.pull:
        return _Range(revisions=(f"{base}..{history.commit(job, this.pull.head_oid)}",), base=base)
    if this.queued:
        base = history.commit(job, this.queued.base_oid)
        return _Range(revisions=(f"{base}..{history.commit(job, this.queued.head_oid)}",), base=base)
    if this.event == "push" and this.after:
        tip = history.commit(job, this.after)
        # A new branch, or a push that threw its old commits away: the last commit alone.
        known = job.git.resolve(this.before) if this.before else None
        return _Range(revisions=(f"{known}..{tip}" if known else f"{tip}^!",), base="")
    raise ConfigError("there is nothing to verify: the event names no commits", "set the input `range`, as a..b")


def _fork_records(job: Job, wanted: _Range) -> None:
    """The records of a fork's commits, as data: into this checkout, which is thrown away, and nowhere else."""
    pull = job.run.pull
    if pull is None or not pull.fork:
        return
    oids = job.git.text("rev-list", "-n", str(remote_notes.MAX_NOTES), *wanted.revisions, "--").split()
    try:
        found = remote_notes.notes_of(job.api, pull.fork, REF, oids)
    except ApiError as error:
        job.log.warn(f"the fork's records cannot be read, so they count as not here ({error.message})")
        return
    common_dir = job.git.common_dir()
    for oid, note in found.items():
        lines = [line.raw for line in parse_note(note) if line.kind != "foreign"]
        notes.add_lines(job.git, common_dir, oid, lines[:_LINES])


def _comment(job: Job, text: str) -> None:
    pull = job.run.pull
    if pull is None:
        job.log.say("comment: this event is about no pull request")
    elif job.dry:
        job.log.say("comment: would be written")
    else:
        try:
            refuse_unclean(text)
        except TrailError as error:
            job.log.warn(f"no comment was written ({error.message})")
            return
        try:
            job.log.say(f"comment: {pulls.comment(job.api, pull.number, text)}")
        except ApiError as error:
            if error.status not in (403, 404):
                raise
            fork = "; on a pull request from a fork the token can only read" if pull.foreign else ""
            job.log.warn(f"no comment was written ({error.message}){fork}. {error.hint or ''}".rstrip())


def _text(done: gate.Verified, source: str) -> str:
    """The result as Markdown."""
    head = "AI trail: a commit does not pass" if done.failed else "AI trail: all commits pass"
    order = {"fail": 0, "unknown": 1, "ok": 2, "none": 3}
    rows = sorted(done.verdicts, key=lambda one: order[one.result])
    lines = [f"### {head}", "", gate.summary(done), ""]
    if rows:
        lines += ["| commit | subject | result | reason |", "| --- | --- | --- | --- |"]
    for one in rows[:_ROWS]:
        reasons = md("; ".join(one.reasons)[:500])
        lines.append(f"| {md_code(one.oid[:10])} | {md(one.subject[:100])} | {_WORDS[one.result]} | {reasons} |")
    if len(rows) > _ROWS:
        lines.append(f"\n{len(rows) - _ROWS} more commits are in the step's log.")
    require = ", ".join(done.require) or "nothing beyond records that hold"
    lines += ["", f"Policy from {md_code(source)}: profile {md_code(done.profile)}, requires {md(require)}."]
    lines.append("No record says nothing about who wrote a line.")
    return "\n".join(lines)
