"""Mode `report`: makes the report on a release or range, writes its files, and puts it where the workflow wants it."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from git_ai_trail.config import RepositoryConfig
from git_ai_trail.errors import ConfigError, TrailError
from git_ai_trail.pipeline import report as reports
from git_ai_trail.pipeline.action import history, publish
from git_ai_trail.pipeline.action.job import Job
from git_ai_trail.report.document import Report


@dataclass(frozen=True, slots=True, kw_only=True)
class _Subject:
    """`name` is the release or range as people call it, `tag` empty for a range."""

    name: str
    tag: str
    wanted: reports.Wanted


def run(job: Job) -> int:
    """The exit code: 1 if one target could not be served; the others are served all the same."""
    pull = job.run.pull
    if job.run.is_pull_request and (pull is None or pull.foreign):
        raise TrailError(
            "a report is not made for a pull request from a fork, whose files this checkout may hold",
            "use the mode `verify` for pull requests",
        )
    history.complete(job)
    history.tags(job)
    history.records(job)
    policy, source = history.policy(job, pull.base_oid if pull else "")
    subject = _subject(job, policy)
    report = reports.make(
        job.git,
        subject.wanted,
        env=job.env,
        policy=policy,
        policy_source=source,
        repository=(job.run.repository, job.run.url),
    )
    drawn = publish.Drawn(
        report=report,
        name=subject.name,
        tag=subject.tag,
        templates=_templates(job),
        full_url=_full_url(job),
    )
    _say(job, report)
    _write(job, drawn)
    return _deliver(job, drawn)


def _subject(job: Job, policy: RepositoryConfig) -> _Subject:
    inputs = job.inputs
    title = inputs["title"] or policy.report_title or "AI assistance in {name}"
    prefix = inputs["tag-prefix"] or None
    common = {"prefix": prefix, "mode": inputs["report-mode"], "authors": inputs.flag("authors")}
    if inputs["range"]:
        revisions = tuple(inputs["range"].split())
        return _Subject(name=inputs["range"], tag="", wanted=reports.wanted(**common, revisions=revisions, title=title))
    tag = inputs["tag"] or job.run.tag
    if not tag:
        raise ConfigError("there is no release to report on: the event names none", "set the input `tag`, or `range`")
    if len(tag) > 250 or not tag.isprintable() or tag.startswith("-") or any(c in tag for c in " ~^:?*[\\"):
        raise ConfigError("input tag: this is not the name of a tag", "give it as v1.2.3")
    common["previous"] = inputs["previous-tag"]
    if job.git.resolve(f"refs/tags/{tag}") is not None:
        return _Subject(name=tag, tag=tag, wanted=reports.wanted(**common, release=tag, title=title))
    # A draft's tag comes into being when the release is published.
    job.log.notice(
        f"there is no tag {tag} yet: the report is on what came since the last release, up to what is checked out"
    )
    return _Subject(name=tag, tag=tag, wanted=reports.wanted(**common, title=title.replace("{name}", tag)))


def _templates(job: Job) -> str:
    """The repository's own templates, where the workflow asks for them and no pull request could have changed them."""
    if job.inputs["templates"] != "repo" or job.run.is_pull_request:
        return ""
    folder = os.path.join(job.git.toplevel(), reports.TEMPLATES)
    return folder if os.path.isdir(folder) else ""


def _full_url(job: Job) -> str:
    """Where the whole report is: what the workflow says, else the page in the tree where it puts one on the default branch."""
    stated = job.inputs["full-report-url"]
    if stated or "docs-commit" not in job.inputs.listed("targets"):
        return stated
    path, branch = publish.docs_place(job)
    return f"{job.run.url}/blob/{branch}/{path}"


def _say(job: Job, report: Report) -> None:
    totals = report.totals
    job.outputs(
        commits=totals.commits,
        commits_with_evidence=totals.with_evidence,
        generated_lines=totals.lines.generated,
    )
    job.log.say(
        f"{report.subject.name}: {totals.commits} commits, {totals.with_evidence} with evidence, "
        f"{totals.lines.generated:,} of {totals.lines.added:,} added lines generated"
    )


def _write(job: Job, drawn: publish.Drawn) -> None:
    """The report's files, in a folder of this step."""
    folder = tempfile.mkdtemp(prefix="ai-trail-report-", dir=job.run.temporary)
    forms = job.inputs.listed("formats") or ("md",)
    for form in dict.fromkeys((*forms, "json")):
        reports.save(os.path.join(folder, f"report.{form}"), drawn.text(form))
    job.outputs(
        report_path=os.path.join(folder, f"report.{forms[0]}"),
        json_path=os.path.join(folder, "report.json"),
        report_dir=folder,
    )


def _deliver(job: Job, drawn: publish.Drawn) -> int:
    targets: Mapping[str, Callable[[Job, publish.Drawn], str]] = {
        "summary": publish.summary,
        "artifact": publish.artifact,
        "docs-commit": publish.docs_commit,
        "docs-pr": publish.docs_pull,
        # Last: they may lead to the page.
        "release-notes": publish.release_notes,
    }
    code = 0
    for name, deliver in targets.items():
        if name not in job.inputs.listed("targets"):
            continue
        try:
            job.log.say(f"{name}: {deliver(job, drawn)}")
        except TrailError as error:
            job.log.fail(error, name)
            code = max(code, error.exit_code)
    return code
