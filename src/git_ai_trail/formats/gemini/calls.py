"""Reads one entry of `toolCalls`: the call, how it ended, and what it wrote and committed."""

from __future__ import annotations

import re
from typing import Any

from git_ai_trail.facts import Call, Edit, Output, Plan
from git_ai_trail.formats.diffs import read_hunks
from git_ai_trail.formats.fields import arguments_of, text_of
from git_ai_trail.formats.linediff import Runs, new_lines, runs_of, split_lines
from git_ai_trail.formats.paths import resolve
from git_ai_trail.formats.reply import Reply, ToolCall
from git_ai_trail.formats.shell.commits import commit_calls, commits_made
from git_ai_trail.formats.shell.edits import edits_of_scripts
from git_ai_trail.formats.shell.steps import Script
from git_ai_trail.lazy import pattern

_LONGEST = 32 * 1024 * 1024
_SHELL = "run_shell_command"
_EDITORS = ("write_file", "replace")
_STATUS = {"success": "completed", "error": "failed", "cancelled": "declined"}
_EXIT = pattern(r"^Exit Code: (\d{1,5})\s*$", re.MULTILINE)
_BEFORE = pattern(r"(?:<untrusted_context>\n)?(?:Command: .*?\nDirectory: [^\n]*\n)?(?:Output|Stdout): ", re.DOTALL)
_BEHIND = ("Error: ", "Stderr: ", "Exit Code: ", "Signal: ", "Background PIDs: ", "Process Group PGID: ", "</untrusted")
_MOVED = "Command moved to background"
_STEPS = 256


def read_call(entry: dict[str, Any], folder: str) -> ToolCall:
    """An entry of `toolCalls`, in a session that was held in `folder`."""
    name, call_id = text_of(entry.get("name"), 128), text_of(entry.get("id"), 128)
    given = entry.get("args")
    args: dict[str, Any] = given if isinstance(given, dict) else {}
    arguments = arguments_of(given, 1 << 20)
    status = _STATUS.get(text_of(entry.get("status")), "unknown")
    text = _response(entry)
    if name != _SHELL:
        edits = _edit(name, args, entry, call_id, folder) if status == "completed" and name in _EDITORS else []
        call = Call(call_id, name, "", folder, arguments)
        return ToolCall(call, _plan(name, args), Output(call_id, None, status, text), edits, [])
    workdir = resolve(args.get("dir_path") or args.get("directory"), folder) or folder
    command = text_of(args.get("command"), 4 << 20)
    scripts = (Script(command, workdir),)
    reply = _shell_reply(text, status)
    ran = reply.status in ("completed", "running")
    committing = commit_calls(scripts)
    # A script can fail behind its commit.
    commits = commits_made(committing, reply, call_id) if committing else []
    return ToolCall(
        Call(call_id, name, command, workdir, arguments),
        None,
        Output(call_id, reply.exit_code, reply.status, reply.text),
        edits_of_scripts(scripts, call_id, reply.text if reply.status == "completed" else None) if ran else [],
        commits,
    )


def _response(entry: dict[str, Any]) -> str:
    """The text that the model got back."""
    texts = []
    result = entry.get("result")
    for part in result if isinstance(result, list) else ():
        answer = part.get("functionResponse") if isinstance(part, dict) else None
        response = answer.get("response") if isinstance(answer, dict) else None
        if isinstance(response, dict):
            texts.append(text_of(response.get("output") or response.get("error"), _LONGEST))
    return "\n".join(text for text in texts if text)


def _shell_reply(text: str, status: str) -> Reply:
    """A failing command is a success to Gemini CLI; its exit code stands behind its output, since 0.28.2 only if it is not 0."""
    if status != "completed":
        return Reply(None, status, text, "")
    if text.removeprefix("<untrusted_context>\n").startswith(_MOVED):
        return Reply(None, "running", text, "")
    # The last one: a command can print what looks like it.
    codes = _EXIT.findall(text)
    code = int(codes[-1]) if codes else 0
    before = _BEFORE.match(text)
    printed = text[before.end() :] if before else text
    lines = printed.split("\n")
    while len(lines) > 1 and lines[-1].startswith(_BEHIND):
        lines.pop()
    return Reply(code, "completed" if code == 0 else "failed", "\n".join(lines), "")


def _edit(name: str, args: dict[str, Any], entry: dict[str, Any], call_id: str, folder: str) -> list[Edit]:
    shown = entry.get("resultDisplay")
    display = shown if isinstance(shown, dict) else {}
    path = resolve(display.get("filePath") or args.get("file_path"), folder)
    if not path:
        return []
    found = _of_display(display, args) or (_of_write(args) if name == "write_file" else _of_strings(args))
    if found is None:
        return []
    op, added, removed = found
    return [Edit(path, "", op, added, removed, "patch", call_id, True)]


_Change = tuple[str, Runs, int]


def _of_display(display: dict[str, Any], args: dict[str, Any]) -> _Change | None:
    """From what was recorded since 0.28.2: the file before and after, or the diff between them."""
    before, after = display.get("originalContent"), display.get("newContent")
    diff = display.get("fileDiff")
    new = display.get("isNewFile") is True
    if isinstance(after, str) and (isinstance(before, str) or new):
        old_lines, lines = split_lines(before if isinstance(before, str) else ""), split_lines(after)
        fresh = new_lines(old_lines, lines)
        removed = len(old_lines) - (len(lines) - sum(fresh))
        fresh = _without_persons(lines, fresh, display, args)
        return "add" if new else "update", runs_of(lines, fresh), removed
    if isinstance(diff, str) and diff:
        hunks = read_hunks(diff[diff.find("\n@@") + 1 :])
        return "add" if new else "update", hunks.added, hunks.removed
    return None


def _without_persons(lines: list[str], fresh: list[bool], display: dict[str, Any], args: dict[str, Any]) -> list[bool]:
    """Leaves out the lines that a person put into the proposal before it was written."""
    stat = display.get("diffStat")
    proposed = args.get("ai_proposed_content")
    if not isinstance(stat, dict) or not stat.get("user_added_lines") or not isinstance(proposed, str):
        return fresh
    theirs = set(split_lines(proposed))
    return [new and line in theirs for line, new in zip(lines, fresh, strict=True)]


def _of_write(args: dict[str, Any]) -> _Change | None:
    """Without a word on what was in the file: then every line was written all the same."""
    content = args.get("content")
    if not isinstance(content, str):
        return None
    lines = split_lines(content)
    return "add", ((tuple(lines),) if lines else ()), 0


def _of_strings(args: dict[str, Any]) -> _Change | None:
    """Up to 0.20.2: from the strings of the call. They need not begin and end with a line and are given as they stand."""
    old, new = args.get("old_string"), args.get("new_string")
    if not isinstance(new, str):
        return None
    before, after = split_lines(old if isinstance(old, str) else ""), split_lines(new)
    fresh = new_lines(before, after)
    return "update", runs_of(after, fresh), len(before) - (len(after) - sum(fresh))


def _plan(name: str, args: dict[str, Any]) -> Plan | None:
    todos = args.get("todos")
    if name != "write_todos" or not isinstance(todos, list):
        return None
    steps = [todo for todo in todos[:_STEPS] if isinstance(todo, dict)]
    return Plan("", tuple((text_of(todo.get("status"), 32), text_of(todo.get("description"), 4096)) for todo in steps))
