"""Tells what a person typed from what the client put into the conversation under the person's role."""

from __future__ import annotations

from typing import Any

_TAGGED = (
    "user_instructions",
    "environment_context",
    "skill",
    "user_shell_command",
    "turn_aborted",
    "subagent_notification",
    "recommended_plugins",
    "goal_context",
    "codex_internal_context",
    "hook_prompt",
    "realtime_delegation",
    "user_action",
    "permissions instructions",
)
_OPENINGS = (
    "another language model started to solve this problem",
    ">>> transcript start",
    "the following is the codex agent history",
    "warning: apply_patch was requested via",
    "warning: the maximum number of unified exec processes",
    "warning: your account was flagged",
)
_AGENTS_MD = "# agents.md instructions"
_AGENTS_MD_END = "</instructions>"
_IDE_CONTEXT = "# Context from my IDE setup:"
_IDE_REQUEST = "## My request for Codex:"
_HUMAN_KINDS = ("", "unknown")
_HUMAN_FAMILIES = ("user.", "images.", "audio.")


def content_texts(content: object) -> list[str]:
    """The texts of a message's content, which is a list of parts, a plain string or missing."""
    if isinstance(content, str):
        return [content]
    if not isinstance(content, list):
        return []
    texts = (part.get("text") if isinstance(part, dict) else part for part in content)
    return [text for text in texts if isinstance(text, str)]


def is_injected(text: str) -> bool:
    """Whether a text under the user's role was put there by the client. Begin and end must both fit, so that a person
    may quote a marker."""
    text = text.strip()
    head, tail = text[:96].lower(), text[-64:].lower()
    if head.startswith(_AGENTS_MD):
        return tail.endswith(_AGENTS_MD_END)
    if head.startswith(_OPENINGS):
        return True
    if not head.startswith("<"):
        return False
    name = next((tag for tag in _TAGGED if head.startswith(tag, 1)), "")
    if not name and head.startswith("<external_"):
        name = head[1:].split(">")[0].split()[0]
    return bool(name) and head[1 + len(name) : 2 + len(name)] in (">", " ") and tail.endswith(f"</{name}>")


def human_texts(payload: dict[str, Any]) -> list[str]:
    """The parts of a `message` with role user that a person wrote."""
    content = payload.get("content")
    kinds = _kinds(payload)
    if not isinstance(content, list) or len(kinds) != len(content):
        return [text for text in content_texts(content) if text.strip() and not is_injected(text)]
    found = []
    for part, kind in zip(content, kinds, strict=True):
        text = part.get("text") if isinstance(part, dict) else None
        if isinstance(text, str) and text.strip() and _human_kind(kind) and not is_injected(text):
            found.append(text)
    return found


def _kinds(payload: dict[str, Any]) -> list[Any]:
    passed = payload.get("internal_chat_message_metadata_passthrough")
    kinds = passed.get("content_item_kinds") if isinstance(passed, dict) else None
    return kinds if isinstance(kinds, list) else []


def _human_kind(kind: object) -> bool:
    return not isinstance(kind, str) or kind in _HUMAN_KINDS or kind.startswith(_HUMAN_FAMILIES)


def request(text: str) -> str:
    """The prompt itself, without the context that an IDE puts before it."""
    if text.lstrip().startswith(_IDE_CONTEXT):
        at = text.rfind(_IDE_REQUEST)
        if at >= 0:
            return text[at + len(_IDE_REQUEST) :].strip()
    return text
