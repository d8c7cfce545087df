"""Judges many commits for `blame`; for a few, loading this would take longer than it saves. Cold path."""

from __future__ import annotations

from collections.abc import Sequence

from git_ai_trail.attach import status
from git_ai_trail.attach.quick import read_note
from git_ai_trail.attach.quick_verdict import quick_verdict
from git_ai_trail.attach.status import Assessment
from git_ai_trail.git import parse_diff
from git_ai_trail.git_bulk import plain_files
from git_ai_trail.shown import Commit


def judge(commit: Commit, names: Sequence[str], note: bytes, body: bytes) -> Assessment:
    """What the commit's record is worth; `names` is what its message names, `body` its diff as git prints it."""
    lines = read_note(note)
    files = plain_files(body) if len(lines) == 1 else None
    quick = quick_verdict(names, lines[0], files) if files is not None else None
    return quick or status.assess(commit.message, b"", parse_diff(body), lines=lines, names=names)
