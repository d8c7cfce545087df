"""Facts for reports with sensible defaults: a test states only what it is about."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from git_ai_trail.model import TokenTotals
from git_ai_trail.report.build import build
from git_ai_trail.report.document import (
    CommitFact,
    FileFact,
    Lines,
    Policy,
    PromptFact,
    Reason,
    Report,
    Repository,
    SessionFact,
    Subject,
)

START = datetime(2026, 11, 1, 9, 0, tzinfo=UTC)


def oid(number: int) -> str:
    return hashlib.sha1(str(number).encode(), usedforsecurity=False).hexdigest()


def a_session(
    number: int = 1, *, turns: tuple[int, ...] = (0,), texts: Mapping[int, str] | None = None, **more: Any
) -> SessionFact:
    given = {
        "id": f"019a55c1-0000-7000-8000-{number:012d}",
        "agent": "Codex",
        "agent_version": "0.169.0",
        "models": ("gpt-5.5",),
        "role": "authored",
        "reasons": (Reason(kind="content", lines=7, rare=5, cover=90, detail="lines it wrote stand in the commit"),),
        "generated": 7,
        "edited": 1,
        "actions": {"calls": 4, "edits": 2},
        "prompts": tuple(PromptFact(turn=turn, at=None, text=(texts or {}).get(turn, "")) for turn in turns),
        "tokens": TokenTotals(input=1000, cached=400, output=200, reasoning=50),
        "cost_usd": 0.25,
        "redactions": {},
    }
    return SessionFact(**{**given, **more})


def a_commit(
    number: int = 1, *sessions: SessionFact, files: Mapping[str, tuple[int, int, int]] | None = None, **more: Any
) -> CommitFact:
    """`files` gives (added, generated, edited) by path."""
    facts = tuple(FileFact(path=path, added=a, generated=g, edited=e) for path, (a, g, e) in (files or {}).items())
    generated, edited = sum(one.generated for one in sessions), sum(one.edited for one in sessions)
    at = START + timedelta(hours=number)
    given = {
        "oid": oid(number),
        "subject": f"Change number {number}",
        "author": "",
        "authored_at": at,
        "committed_at": at,
        "merge": False,
        "status": "exact" if sessions else "none",
        "evidence": "content" if sessions else "",
        "lines": Lines(added=generated + edited + 2, generated=generated, edited=edited, unattributed=2, deleted=1),
        "sessions": sessions,
        "files": facts,
        "digest": "d" * 64 if sessions else "",
        "problems": (),
    }
    return CommitFact(**{**given, **more})


def a_report(*commits: CommitFact, mode: str = "summary", url: str = "https://example.org/a/b", **more: Any) -> Report:
    given: dict[str, Any] = {
        "tool": "git-ai-trail/0.1.0",
        "title": "AI assistance in v1.4.0",
        "repository": Repository(name="a/b", url=url),
        "subject": Subject(
            kind="release",
            name="v1.4.0",
            tag="v1.4.0",
            previous="v1.3.0",
            base_oid=oid(0),
            tip_oid=oid(99),
            tip_at=START,
            revisions="v1.3.0..v1.4.0",
            chosen="The last release before it is v1.3.0.",
        ),
        "mode": mode,
        "filters": {},
        "policy": Policy(publish="none", profile="default", require=(), source="the worktree"),
        "commits": commits,
        "removed": {},
        "rulesets": (),
    }
    return build(**{**given, **more})
