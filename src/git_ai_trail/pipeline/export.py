"""Records in other tools' forms, and what other tools report of commits. Cold path."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from git_ai_trail.attach import agent_trace, gitai, notes
from git_ai_trail.errors import TrailError
from git_ai_trail.git import Git, base_of
from git_ai_trail.git_bulk import diffs
from git_ai_trail.pipeline.env_files import values_in
from git_ai_trail.pipeline.history import Told, chosen, told
from git_ai_trail.pipeline.second_look import refuse_unclean_lines
from git_ai_trail.version import VERSION

FORMS = ("git-ai", "agent-trace")
_SOUND = ("exact", "carried", "unanchored")
Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What another tool's note reports of a commit. `inside` counts lines that the commit adds, `outside` those it does not."""

    oid: str
    subject: str
    source: str
    tool: str
    model: str
    session: str
    inside: int
    outside: int
    files: tuple[tuple[str, tuple[int, ...]], ...]


def export(
    git: Git, revisions: Sequence[str], form: str, *, progress: Progress | None = None
) -> Iterator[dict[str, Any]]:
    """The records of a range, newest first, as values of one of `FORMS`; a git-ai note stands under `note`.

    What leaves the machine is what `refuse_unclean_export` has let pass.
    """
    if form not in FORMS:
        raise TrailError(f"no such form: {form[:40]}", f"one of {', '.join(FORMS)}")
    for one in _sound(git, revisions, progress):
        if form == "git-ai":
            text = gitai.written(one.commit.oid, one.found)
            if text:
                yield {"commit": one.commit.oid, "note": text}
        else:
            record = agent_trace.written(one.commit, one.found, tool="git-ai-trail", version=VERSION)
            if record is not None:
                yield record


def add_notes(git: Git, found: Sequence[dict[str, Any]]) -> tuple[int, int]:
    """(written, left): attaches git-ai notes that `export` gave where a commit has none. One that is there is never touched:
    for git-ai, it is the answer. What must not go out is refused as `refuse_unclean_export` does."""
    there = {oid for oid, _, _ in notes.annotated(git, gitai.REF)}
    written = left = 0
    refuse_unclean_export(git, found)
    for value in found:
        note = value["note"].encode("utf-8", "surrogateescape")
        if value["commit"] not in there and notes.attach_new(git, value["commit"], note, gitai.REF):
            written += 1
        else:
            left += 1
    return written, left


def refuse_unclean_export(git: Git, found: Sequence[dict[str, Any]]) -> None:
    """Raises `TrailError` where a finished export holds what must not go out; rule and commit are named, never the text."""
    lines = [(f"line {number}, commit {_commit(value)[:12]}", line(value)) for number, value in enumerate(found, 1)]
    refuse_unclean_lines(
        lines,
        "the finished export",
        "leave that commit out of the range: another tool's form has no place for a redaction",
        secrets=values_in(git.cwd),
    )


def _commit(value: dict[str, Any]) -> str:
    return str(value["commit"] if "note" in value else value["vcs"]["revision"])


def reported(git: Git, revisions: Sequence[str], *, progress: Progress | None = None) -> list[Report]:
    """What git-ai's notes report of the commits of a range, newest first, cut to what each commit adds."""
    listed = chosen(git, revisions)
    attached = notes.read_many(git, [one.oid for one in listed], gitai.REF)
    some = [one for one in listed if one.oid in attached]
    pairs = [(base_of(one.parents, one.oid), one.oid) for one in some]
    found: list[Report] = []
    for number, (commit, (_, content)) in enumerate(zip(some, diffs(git, pairs), strict=True), 1):
        for one in gitai.read(attached[commit.oid], content):
            inside = sum(map(len, one.inside.values()))
            found.append(
                Report(
                    oid=commit.oid,
                    subject=commit.subject,
                    source="git-ai",
                    tool=one.tool,
                    model=one.model,
                    session=one.conversation,
                    inside=inside,
                    outside=max(0, one.lines - inside),
                    files=tuple(sorted(one.inside.items())),
                )
            )
        if progress is not None:
            progress(number, len(some))
    return found


def reported_json(found: Sequence[Report]) -> list[dict[str, Any]]:
    """The reports as plain values."""
    return [
        {
            "commit": one.oid,
            "reported_by": one.source,
            "agent": one.tool,
            "model": one.model,
            "session": one.session,
            "lines_inside_the_diff": one.inside,
            "lines_outside_the_diff": one.outside,
            "files": [
                {"path": path.encode("utf-8", "replace").decode(), "lines": list(lines)} for path, lines in one.files
            ],
        }
        for one in found
    ]


def text_of(found: Sequence[dict[str, Any]]) -> str:
    """The export as it is printed, a line for each value."""
    return "".join(f"{line(value)}\n" for value in found)


def line(value: dict[str, Any]) -> str:
    """One value as a line of JSON, harmless in a workflow's log."""
    return json.dumps(value, ensure_ascii=True, separators=(",", ":")).replace("##[", "#\\u0023[")


def _sound(git: Git, revisions: Sequence[str], progress: Progress | None) -> Iterator[Told]:
    """Commits whose record holds: what nothing supports is not passed on in another tool's name."""
    return (one for one in told(git, revisions, cores=False, progress=progress) if one.found.status in _SOUND)
