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

_CHAT_ROLES = ("user", "assistant", "system", "tool")
_MAX_CALLS = 128


def bare_kind(data: dict[str, Any]) -> str:
    """What an unwrapped line of the versions before 0.32 would be called today."""
    kind = data.get("type")
    if data.get("record_type") == "state":
        return "state"
    if kind in ANSWERS or kind == "message":
        return "response_item"
    if kind is None and isinstance(data.get("id"), str) and "timestamp" in data:
        return "session_meta"
    if kind is None and data.get("role") in _CHAT_ROLES:
        return "chat"
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


def chat_calls(payload: dict[str, Any]) -> list[dict[str, Any]]:
    """The tool calls of a chat message in the form of today's."""
    calls = payload.get("tool_calls")
    found = []
    for call in calls[:_MAX_CALLS] if isinstance(calls, list) else ():
        function = call.get("function") if isinstance(call, dict) else None
        if isinstance(function, dict):
            named = {"name": function.get("name"), "arguments": function.get("arguments")}
            found.append({"type": "function_call", "call_id": call.get("id"), **named})
    return found
