"""Reads what a record says about its session and its settings."""

from __future__ import annotations

from typing import Any

from git_ai_trail.facts import Meta
from git_ai_trail.formats.fields import an_id, text_of
from git_ai_trail.formats.paths import resolve

# By `entrypoint`, which records have since 2.1.78 at the latest.
_SOURCES = {
    "cli": "cli",
    "sdk-cli": "exec",
    "sdk-ts": "exec",
    "sdk-py": "exec",
    "claude-vscode": "vscode",
    "claude-jetbrains": "vscode",
    "mcp": "mcp",
}


def read_meta(record: dict[str, Any], session_id: str, parent_id: str, *, agent: bool, began: float | None) -> Meta:
    """The session, as its first record in the conversation states it; `parent_id` is whose sub-agent or fork it is."""
    entrypoint = text_of(record.get("entrypoint"), 64)
    return Meta(
        session_id=session_id or "unknown",
        started_at=began,
        cwd=resolve(record.get("cwd")),
        agent_version=text_of(record.get("version"), 64),
        originator=entrypoint,
        source="subagent" if agent else _SOURCES.get(entrypoint, "unknown"),
        parent_id=parent_id,
        # A fork stands on its own; a sub-agent works for the session that started it.
        root_id=(parent_id if agent else "") or session_id or "unknown",
        git_oid="",
        git_branch=text_of(record.get("gitBranch")),
        git_url="",
        model_provider="",
    )


def session_of(record: dict[str, Any]) -> str:
    """The session id that a record carries."""
    return an_id(record.get("sessionId")).lower()
