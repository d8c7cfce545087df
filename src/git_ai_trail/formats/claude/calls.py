"""Reads a tool call: which tool it is, and what it runs or writes."""

from __future__ import annotations

from typing import Any, NamedTuple

from git_ai_trail.facts import Plan
from git_ai_trail.formats.fields import arguments_of, text_of
from git_ai_trail.formats.shell.steps import Script

EDITORS = ("Edit", "MultiEdit", "Write", "NotebookEdit")
_SHELLS = ("Bash", "PowerShell")
_MAX_NAME = 128
_LONGEST = 1 << 20


class CallText(NamedTuple):
    """What a call carries. kind: shell, edit, other."""

    call_id: str
    kind: str
    tool: str
    command: str
    arguments: str
    scripts: tuple[Script, ...]
    input: dict[str, Any]


def read_call(block: dict[str, Any], folder: str) -> CallText:
    """A `tool_use` block of a record whose folder was `folder`."""
    call_id = text_of(block.get("id"), _MAX_NAME)
    tool = text_of(block.get("name"), _MAX_NAME)
    given = block.get("input")
    arguments = arguments_of(given, _LONGEST)
    parsed = given if isinstance(given, dict) else {}
    if tool in _SHELLS:
        command = text_of(parsed.get("command"), 4 * _LONGEST)
        return CallText(call_id, "shell", tool, command, arguments, (Script(command, folder),), parsed)
    kind = "edit" if tool in EDITORS else "other"
    return CallText(call_id, kind, tool, "", arguments, (), parsed)


def plan_of(call: CallText) -> Plan | None:
    """The plan that a call states: a whole list of steps, one step of it, or a text to be approved."""
    given = call.input
    if call.tool == "TodoWrite":
        todos = given.get("todos")
        steps = [
            _step(todo, "content") for todo in (todos if isinstance(todos, list) else ()) if isinstance(todo, dict)
        ]
        return Plan("", tuple(steps))
    if call.tool == "TaskCreate":
        return Plan("", (("pending", text_of(given.get("subject"), 4096)),))
    if call.tool == "TaskUpdate" and given.get("status"):
        name = text_of(given.get("subject"), 4096) or f"task {text_of(given.get('taskId'), 32)}"
        return Plan("", ((text_of(given.get("status"), 32), name),))
    if call.tool == "ExitPlanMode" and given.get("plan"):
        return Plan(text_of(given.get("plan"), _LONGEST), ())
    return None


def _step(todo: dict[str, Any], name: str) -> tuple[str, str]:
    return text_of(todo.get("status"), 32), text_of(todo.get(name), 4096)
