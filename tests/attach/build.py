"""Matches, diffs and records with sensible defaults."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Any

from git_ai_trail.attach.record import build_core, digest, lines_digest, note_line
from git_ai_trail.facts import CommitMatch, EvidenceFact, FileDiff, FileMatch, Range, SessionMatch

SESSION = "019a55c1-0000-7000-8000-000000000001"
OTHER = "019a55c1-0000-7000-8000-000000000002"
CODE = (
    "def fetch(url, retries=3):",
    '    """Fetches and retries."""',
    "    for attempt in range(retries):",
    "        response = session.get(url, timeout=attempt)",
    "        if response.ok:",
    "            return response.json()",
    "    raise TimeoutError(url)",
)


def lines(*texts: str) -> tuple[bytes, ...]:
    return tuple(text.encode() for text in texts)


def a_diff(path: str = "src/fetch.py", added: Sequence[str] = CODE, *, first: int = 1, **more: Any) -> FileDiff:
    fields: dict[str, Any] = {
        "path": path,
        "old_path": "",
        "status": "A",
        "old_mode": "000000",
        "new_mode": "100644",
        "old_oid": "0" * 40,
        "new_oid": "1" * 40,
        "added": lines(*added),
        "removed": (),
        "positions": tuple(range(first, first + len(added))),
        "binary": False,
        "truncated": False,
    }
    return FileDiff(**{**fields, **more})


def a_range(diff: FileDiff, start: int, count: int, *, session: str = SESSION, kind: str = "generated") -> Range:
    return Range(start, count, session, kind, 0, lines_digest(diff.added[start - 1 : start - 1 + count]))


def a_session(session: str = SESSION, **more: Any) -> SessionMatch:
    fields: dict[str, Any] = {
        "session_id": session,
        "agent": "codex",
        "agent_version": "0.169.0",
        "models": ("gpt-5.6",),
        "role": "authored",
        "evidence": (EvidenceFact("content", 7, 5, 90, "lines it wrote stand in the commit"),),
        "turns": (0,),
        "actions": (("calls", 4), ("edits", 2)),
        "prompts": ((0, hashlib.sha256(session.encode()).hexdigest()),),
        "started_at": 1.0,
        "ended_at": 2.0,
        "last_edit_at": 1.5,
    }
    return SessionMatch(**{**fields, **more})


def a_match(
    diffs: Sequence[FileDiff],
    ranges: Sequence[Sequence[Range]] | None = None,
    sessions: Sequence[SessionMatch] | None = None,
) -> CommitMatch:
    """By default one session wrote every line."""
    if ranges is None:
        ranges = [[a_range(diff, 1, len(diff.added))] if diff.added else [] for diff in diffs]
    files = tuple(FileMatch(diff.path, len(diff.added), tuple(own)) for diff, own in zip(diffs, ranges, strict=True))
    every = [one for own in ranges for one in own]
    return CommitMatch(
        sessions=tuple(sessions if sessions is not None else (a_session(),)),
        files=files,
        added=sum(len(diff.added) for diff in diffs),
        generated=sum(one.count for one in every if one.line_class == "generated"),
        edited=sum(one.count for one in every if one.line_class == "edited"),
        deleted=sum(len(diff.removed) for diff in diffs),
    )


def a_core(diffs: Sequence[FileDiff] | None = None, match: CommitMatch | None = None, **more: Any) -> dict[str, Any]:
    diffs = [a_diff()] if diffs is None else diffs
    return build_core(match or a_match(diffs), diffs, tool="git-ai-trail/0.1.0", **more)


def a_line(core: dict[str, Any]) -> bytes:
    return note_line(core, {"tree": "2" * 40})


def a_message(core: dict[str, Any] | None = None) -> str:
    trailer = f"\nAI-Trail: 1:{digest(core)}\n" if core is not None else ""
    return f"Retry fetches that time out\n\nA body.\n{trailer}"
