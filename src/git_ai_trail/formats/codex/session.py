"""Reads what a log says about its session and the settings of a turn."""

from __future__ import annotations

from typing import Any

from git_ai_trail.facts import Context, Meta
from git_ai_trail.formats.clock import unix_time
from git_ai_trail.formats.codex.prompts import content_texts
from git_ai_trail.formats.fields import an_id, text_of, without_credentials
from git_ai_trail.formats.paths import resolve
from git_ai_trail.lazy import pattern

_ENVIRONMENT = "<environment_context>"
_SEARCHED = 8192
# Two wordings: tags since 2025-08, sentences before.
_CWD = pattern(r"<cwd>([^<\n]{1,4096})</cwd>|Current working directory: ([^\n]{1,4096})")
_APPROVAL = pattern(r"<approval_policy>([\w-]{1,64})</approval_policy>|Approval policy: ([\w-]{1,64})")
_SANDBOX = pattern(r"<sandbox_mode>([\w-]{1,64})</sandbox_mode>|Sandbox mode: ([\w-]{1,64})")

_SOURCES = ("cli", "exec", "vscode", "mcp")
_NOT_HUMAN = ("subagent", "review", "guardian", "compact", "internal")
_THREAD_SOURCES = {
    "subagent": "subagent",
    "guardian_review": "guardian",
    "guardian": "guardian",
    "memory_consolidation": "internal",
    "review": "review",
}


def read_meta(payload: dict[str, Any], fallback_id: str) -> Meta:
    """The session as its `session_meta` (or, in older logs, the first line) states it."""
    source, parent = _source(payload.get("source"))
    thread_source = _THREAD_SOURCES.get(text_of(payload.get("thread_source")))
    if thread_source and source not in _NOT_HUMAN:
        source = thread_source
    session_id = an_id(payload.get("id")) or fallback_id or "unknown"
    parent = an_id(payload.get("parent_thread_id")) or parent
    # A fork stands on its own; a spawned thread works for the one that spawned it.
    root = an_id(payload.get("session_id")) or (parent if source in _NOT_HUMAN else "") or session_id
    git = payload.get("git")
    git = git if isinstance(git, dict) else {}
    return Meta(
        session_id=session_id,
        started_at=unix_time(payload.get("timestamp")),
        cwd=resolve(payload.get("cwd")),
        agent_version=text_of(payload.get("cli_version"), 64),
        originator=text_of(payload.get("originator"), 64),
        source=source,
        parent_id=parent or an_id(payload.get("forked_from_id")),
        root_id=root,
        git_oid=text_of(git.get("commit_hash"), 64),
        git_branch=text_of(git.get("branch")),
        git_url=without_credentials(text_of(git.get("repository_url"), 2048)),
        model_provider=text_of(payload.get("model_provider"), 64),
    )


def is_human(meta: Meta) -> bool:
    """Whether a person prompts this thread (and not another agent or Codex itself)."""
    return meta.source not in _NOT_HUMAN


def _source(value: object) -> tuple[str, str]:
    """Kind of the thread, and the thread that spawned it."""
    if isinstance(value, str):
        return (value if value in _SOURCES else "unknown"), ""
    if not isinstance(value, dict):
        return "unknown", ""
    internal = value.get("internal")
    if internal is not None:
        return ("guardian" if internal == "guardian" else "internal"), ""
    sub = value.get("subagent")
    if isinstance(sub, str):
        return {"review": "review", "compact": "compact", "memory_consolidation": "internal"}.get(sub, "subagent"), ""
    if isinstance(sub, dict):
        spawn = sub.get("thread_spawn")
        parent = an_id(spawn.get("parent_thread_id")) if isinstance(spawn, dict) else ""
        return ("guardian" if sub.get("other") == "guardian" else "subagent"), parent
    return "unknown", ""


def read_context(payload: dict[str, Any]) -> Context:
    """A turn's settings from its `turn_context`."""
    effort = payload.get("effort")
    if not isinstance(effort, str):
        mode = payload.get("collaboration_mode")
        settings = mode.get("settings") if isinstance(mode, dict) else None
        effort = settings.get("reasoning_effort") if isinstance(settings, dict) else ""
    return Context(
        turn_id=an_id(payload.get("turn_id")),
        cwd=resolve(payload.get("cwd")),
        model=text_of(payload.get("model"), 128),
        effort=text_of(effort, 32),
        approval=_kind(payload.get("approval_policy")),
        sandbox=_kind(payload.get("sandbox_policy")) or _kind(payload.get("permission_profile")),
    )


def read_environment(payload: dict[str, Any]) -> Context | None:
    """What a message under the user's role says of the place, in logs that say it nowhere else; None for any other."""
    for text in content_texts(payload.get("content")):
        if text.lstrip()[: len(_ENVIRONMENT)].lower() == _ENVIRONMENT:
            cwd, approval, sandbox = (
                next((part for part in found.groups() if part), "") if (found := form.search(text[:_SEARCHED])) else ""
                for form in (_CWD, _APPROVAL, _SANDBOX)
            )
            folder = resolve(cwd.strip())
            return Context("", folder, "", "", approval, sandbox) if folder else None
    return None


def _kind(value: object) -> str:
    if isinstance(value, dict):
        value = value.get("type") or value.get("mode") or next(iter(value), "")
    return text_of(value, 64)
