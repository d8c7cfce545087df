"""Recognises what a record is where its place in the log does not say it."""

from __future__ import annotations

from typing import Any

from git_ai_trail.formats.codex.prompts import content_texts

ANSWERS = (
    "reasoning",
    "function_call",
    "function_call_output",
    "custom_tool_call",
    "custom_tool_call_output",
    "local_shell_call",
    "local_shell_call_output",
)


def bare_kind(data: dict[str, Any]) -> str:
    """What an unwrapped line of the versions before 0.32 would be called today."""
    kind = data.get("type")
    if data.get("record_type") == "state":
        return "state"
    if kind in ANSWERS or kind == "message":
        return "response_item"
    if kind is None and isinstance(data.get("id"), str) and "timestamp" in data:
        return "session_meta"
    return kind if isinstance(kind, str) else ""


def is_answer(payload: dict[str, Any]) -> bool:
    """Whether an item is the agent's: a prompt whose event has not come by then has none."""
    return payload.get("role") == "assistant" if payload.get("type") == "message" else payload.get("type") in ANSWERS


def prompt_text(payload: dict[str, Any]) -> str:
    """The text of a `user_message` event or a `UserMessage` item."""
    item = payload.get("item")
    if isinstance(item, dict):
        return "\n".join(content_texts(item.get("content")))
    message = payload.get("message")
    return message if isinstance(message, str) else ""
