"""Reads a tool's part: the call, how it ended, and what it wrote and committed."""

from __future__ import annotations

from typing import Any

from git_ai_trail.facts import Call, Output, PendingCommit, Plan
from git_ai_trail.formats.fields import arguments_of, text_of
from git_ai_trail.formats.opencode.edits import EDITORS, edits_of
from git_ai_trail.formats.opencode.seen import Seen, wrote
from git_ai_trail.formats.paths import resolve
from git_ai_trail.formats.reply import Reply, ToolCall
from git_ai_trail.formats.shell.commits import commit_calls, commits_made
from git_ai_trail.formats.shell.edits import edits_of_scripts
from git_ai_trail.formats.shell.steps import Script

_LONGEST = 16 * 1024 * 1024
_SHELLS = ("bash", "shell")
_STEPS = 256
_REFUSED = ("The user rejected", "The user has specified a rule which prevents", "The user dismissed")


def read_call(part: dict[str, Any], state: dict[str, Any], folder: str, seen: Seen) -> ToolCall:
    """A part with its `state`, in a session that is held in `folder` and has `seen` files."""
    tool, call_id = text_of(part.get("tool"), 128), text_of(part.get("callID"), 128)
    given = state.get("input")
    args: dict[str, Any] = given if isinstance(given, dict) else {}
    arguments = arguments_of(given, 1 << 20)
    if tool in _SHELLS:
        script = _script(args, folder)
        reply = _shell_reply(state)
        # A script can fail behind its commit.
        committing = commit_calls((script,))
        edits = edits_of_scripts((script,), call_id, reply.text) if reply.status == "completed" else []
        seen.edited(edits)
        return ToolCall(
            Call(call_id, tool, script.text, script.workdir, arguments),
            None,
            Output(call_id, reply.exit_code, reply.status, reply.text),
            edits,
            commits_made(committing, reply, call_id) if committing else [],
        )
    status, text = _ended(state)
    done = status == "completed" and tool in EDITORS
    edits = edits_of(tool, args, _metadata(state), folder, call_id, seen) if done else []
    seen.edited(edits)
    if status == "completed" and tool == "read":
        seen.read(resolve(args.get("filePath"), folder), text)
    elif edits and tool == "write":
        seen.holds(edits[0].path, wrote(args) or [])
    call = Call(call_id, tool, "", folder, arguments)
    return ToolCall(call, _plan(tool, args), Output(call_id, None, status, text), edits, [])


def going_commits(
    part: dict[str, Any], state: dict[str, Any], folder: str, at: float | None, turn: int
) -> list[PendingCommit]:
    """The commits that a call which goes on would make."""
    given = state.get("input")
    if part.get("tool") not in _SHELLS or not isinstance(given, dict):
        return []
    script = _script(given, folder)
    call_id = text_of(part.get("callID"), 128)
    return [PendingCommit(at, call.workdir, script.text, call_id, turn) for call in commit_calls((script,))]


def _script(args: dict[str, Any], folder: str) -> Script:
    return Script(text_of(args.get("command"), 4 << 20), resolve(args.get("workdir"), folder) or folder)


def _metadata(state: dict[str, Any]) -> dict[str, Any]:
    found = state.get("metadata")
    return found if isinstance(found, dict) else {}


def _ended(state: dict[str, Any]) -> tuple[str, str]:
    """How a call ended, and what came back."""
    if state.get("status") == "completed":
        return "completed", text_of(state.get("output"), _LONGEST)
    text = text_of(state.get("error"), _LONGEST)
    return ("declined" if text.removeprefix("Error: ").startswith(_REFUSED) else "failed"), text


def _shell_reply(state: dict[str, Any]) -> Reply:
    """A failing command is completed to OpenCode; its exit code stands apart, and is missing where it was ended from outside."""
    status, text = _ended(state)
    metadata = _metadata(state)
    if status != "completed":
        return Reply(None, status, text, "")
    # The output that the model sees has remarks of the program's behind it, and is cut.
    text = text_of(metadata.get("output"), _LONGEST) or text
    code = metadata.get("exit")
    if type(code) is not int or not 0 <= code < 1 << 16:
        return Reply(None, "unknown", text, "")
    return Reply(code, "completed" if code == 0 else "failed", text, "")


def _plan(tool: str, args: dict[str, Any]) -> Plan | None:
    todos = args.get("todos")
    if tool != "todowrite" or not isinstance(todos, list):
        return None
    steps = [todo for todo in todos[:_STEPS] if isinstance(todo, dict)]
    return Plan("", tuple((text_of(todo.get("status"), 32), text_of(todo.get("content"), 4096)) for todo in steps))
