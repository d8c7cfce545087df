"""The places a report goes to: the release's notes, a file in the tree, the job's summary, an artifact.

Each function puts it there and says what it did, or raises `TrailError`. Putting the same report there again changes nothing.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass

from git_ai_trail.errors import ConfigError, TrailError
from git_ai_trail.forge import contents, releases
from git_ai_trail.forge.answer import MAX_SUMMARY
from git_ai_trail.pipeline import report as reports
from git_ai_trail.pipeline.action.job import Job
from git_ai_trail.pipeline.second_look import refuse_unclean
from git_ai_trail.report import markers
from git_ai_trail.report.document import FORMS, Report
from git_ai_trail.report.escape import md_url
from git_ai_trail.report.fit import size

# Less than this is not worth a report; then one line leads to it.
_LEAST = 2_000
_TRIES = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawn:
    """A report and how it is drawn. `name` is the release or range, `tag` empty for a range."""

    report: Report
    name: str
    tag: str
    templates: str
    full_url: str

    def text(self, form: str, limit: int | None = None) -> str:
        """The report in a form, having passed the second look."""
        return reports.written(self.report, form, templates=self.templates, limit=limit, full_url=self.full_url)

    def section(self, before: str, most: int, length: Callable[[str], int] = size) -> str:
        """`before` with the report between our markers, at most `most` long in all: the report is what gives way."""
        name = markers.name_of(self.name)
        refuse_unclean(name)
        place = markers.find(before, name)
        rest = before if place is None else before[: place.start] + before[place.end :]
        room = most - length(rest) - 2 * len(name) - 100
        for _ in range(_TRIES if room >= _LEAST else 0):
            after = markers.put(before, name, self._shortened(room))
            over = length(after) - most
            if over <= 0:
                return after
            # Line ends of two characters, or letters of several bytes, make it longer than it looks.
            room -= over + 200
        after = markers.put(before, name, self.line())
        if length(after) > most:
            raise TrailError(
                "there is no room left for even one line", "shorten what stands there, or choose another target"
            )
        return after

    def _shortened(self, room: int) -> str:
        try:
            return self.text("md", room) if room >= _LEAST else self.line()
        except TrailError as error:
            if "no room" in error.message:
                return self.line()
            raise

    def line(self) -> str:
        """The report in one sentence, having passed the second look."""
        totals = self.report.totals
        url = md_url(self.full_url)
        more = f" [The full report]({url})" if url else ""
        text = (
            f"AI assistance: {totals.with_evidence:,} of {totals.commits:,} commits have evidence of a coding agent's "
            f"session; {totals.lines.generated:,} of {totals.lines.added:,} added lines were generated.{more}"
        )
        refuse_unclean(text)
        return text


def summary(job: Job, drawn: Drawn) -> str:
    """Into the job's summary, which holds 1 MiB."""
    most = MAX_SUMMARY - 4096
    room, text = most, ""
    for _ in range(_TRIES):
        text = drawn.text("md", room)
        if len(text.encode("utf-8", "replace")) <= most:
            break
        room //= 2
    return "written" if job.summary(text) else "the runner has none"


def artifact(job: Job, drawn: Drawn) -> str:
    """Files for `actions/upload-artifact`, the step after this one."""
    job.outputs(upload="false" if job.dry else "true")
    return "would be uploaded" if job.dry else "the files are ready"


def release_notes(job: Job, drawn: Drawn) -> str:
    """Into the body of the release, between our markers."""
    if not drawn.tag:
        raise ConfigError(
            "a range has no release notes", "give the input `tag`, or leave release-notes out of `targets`"
        )
    known = job.run.release_id if drawn.tag == job.run.tag else 0
    release = releases.find(job.api, drawn.tag, known)
    job.outputs(release_url=release.url)
    kind = "draft" if release.draft else "release"

    def change(before: str) -> str:
        return drawn.section(before, reports.RELEASE_BODY)

    if job.dry:
        return f"would be put into the notes of the {kind} {drawn.tag}"
    done = releases.edit(job.api, release, change)
    return f"{'written into' if done else 'up to date in'} the notes of the {kind} {drawn.tag}"


def docs_commit(job: Job, drawn: Drawn) -> str:
    """Into a file of the tree, by a commit on its branch."""
    path, branch = docs_place(job)
    if job.dry:
        return f"would be written to {path} on {branch}"
    title = _title(drawn)
    refuse_unclean(f"{path}\n{title}")
    oid = contents.commit(job.api, path, branch, title, _change(path, drawn))
    return f"{path} on {branch}: {f'commit {oid[:12]}' if oid else 'up to date'}"


def docs_pull(job: Job, drawn: Drawn) -> str:
    """Into a file of the tree, by a pull request that is opened once and kept up to date."""
    path, base = docs_place(job)
    branch = f"ai-trail/report-{markers.name_of(drawn.name).replace('..', '-')}"
    if job.dry:
        return f"would be proposed for {path} on {base}, from {branch}"
    text = f"{drawn.line()}\n\nMade by `git ai-trail`; it changes `{path}` and nothing else."
    title = _title(drawn)
    refuse_unclean(f"{branch}\n{title}\n{text}")
    url = contents.propose(job.api, path, base, branch, title, text, _change(path, drawn))
    return f"{path} on {base}: {url or 'up to date'}"


def docs_place(job: Job) -> tuple[str, str]:
    """(path, branch) of the page in the tree."""
    path = job.inputs["docs-path"]
    parts = path.split("/")
    if any(part in ("", ".", "..") or part.lower() == ".git" for part in parts) or "\\" in path or len(path) > 500:
        raise ConfigError("input docs-path: not a path within the repository", "give it as docs/ai-assistance.md")
    return path, job.inputs["docs-branch"] or job.default_branch()


def _title(drawn: Drawn) -> str:
    return f"docs: AI assistance in {drawn.name}"[:200]


def _change(path: str, drawn: Drawn) -> Callable[[str], str]:
    """A Markdown page keeps what else it says; any other form is the report and nothing else."""
    form = os.path.splitext(path)[1][1:].lower()
    if form not in FORMS or form == "md":
        return lambda before: drawn.section(before, contents.MAX_FILE - 4096, _bytes)
    whole = drawn.text(form)
    return lambda before: whole


def _bytes(text: str) -> int:
    return len(text.encode("utf-8", "replace"))
