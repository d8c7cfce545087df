"""Follows the calls of a session from the call to its answer, and says what they edited and committed."""

from __future__ import annotations

import re
from typing import Any

from git_ai_trail.facts import Call, Edit, Output, PendingCommit
from git_ai_trail.formats.codex.calls import PatchText
from git_ai_trail.formats.codex.edits import edits_of_patches
from git_ai_trail.formats.diffs import DiffLines, read_hunks
from git_ai_trail.formats.events import Fact
from git_ai_trail.formats.fields import arguments_of, text_of, whole
from git_ai_trail.formats.linediff import new_lines, runs_of, split_lines
from git_ai_trail.formats.paths import resolve
from git_ai_trail.formats.reply import Reply
from git_ai_trail.formats.shell.commits import CommitCall, commit_calls, commits_made
from git_ai_trail.formats.shell.edits import edits_of_scripts
from git_ai_trail.formats.shell.steps import Script
from git_ai_trail.lazy import pattern

_MAX_OPEN = 128
_LONGEST = 32 * 1024 * 1024
_SHELLS = ("bash", "powershell")
_EDITORS = ("create", "edit", "str_replace_editor")
_PATCH = "apply_patch"
_EXIT = pattern(r"\n?<(?:exited|shellId: [^>\n]{1,64} completed) with exit code (\d{1,5})>\s*$", re.MULTILINE)


class OpenCall:
    """A call that has not been answered."""

    def __init__(self, data: dict[str, Any], offset: int, at: float | None, turn: int, folder: str) -> None:
        given = data.get("arguments")
        self.args: dict[str, Any] = given if isinstance(given, dict) else {}
        self.call_id, self.tool = text_of(data.get("toolCallId"), 128), text_of(data.get("toolName"), 128)
        self.offset, self.at, self.turn, self.folder = offset, at, turn, folder
        shell = self.tool in _SHELLS
        self.command = text_of(self.args.get("command"), 4 << 20) if shell else ""
        self.scripts = (Script(self.command, folder),) if shell else ()
        self.commits: tuple[CommitCall, ...] = commit_calls(self.scripts)
        # The models of OpenAI give a patch as it is, not as a field of something.
        self.arguments = arguments_of(given, _LONGEST)
        patch = self.args.get("input") or self.args.get("patch") or given
        self.patches = (PatchText(text_of(patch, _LONGEST), folder),) if self.tool == _PATCH else ()

    def flags(self) -> list[Any]:
        return [self.offset, self.at, self.turn, self.folder]


class Work:
    """The calls of one log."""

    def __init__(self) -> None:
        self.open: dict[str, OpenCall] = {}

    def call(self, call: OpenCall) -> list[Fact]:
        """A call; one that is repeated says nothing new."""
        if call.call_id in self.open:
            return []
        self.keep(call)
        return [Fact(Call(call.call_id, call.tool, call.command, call.folder, call.arguments), call.turn, call.at)]

    def keep(self, call: OpenCall) -> None:
        self.open[call.call_id] = call
        while len(self.open) > _MAX_OPEN:
            del self.open[next(iter(self.open))]

    def answer(self, data: dict[str, Any], turn: int, at: float | None) -> list[Fact]:
        """What came back from a call: its output, its edits and the commits it made."""
        call_id = text_of(data.get("toolCallId"), 128)
        call = self.open.pop(call_id, None)
        reply = _reply(data, shell=call is not None and bool(call.scripts))
        facts: list[Any] = [Output(call_id, reply.exit_code, reply.status, reply.text)]
        if call is not None:
            turn = call.turn
            if call.scripts:
                facts += edits_of_scripts(call.scripts, call_id, reply.text) if reply.status == "completed" else []
                facts += commits_made(call.commits, reply, call_id) if call.commits else []
            elif reply.status == "completed" and call.patches:
                facts += edits_of_patches(call.patches, call_id)
            elif reply.status == "completed" and call.tool in _EDITORS:
                facts += _edits(call, data)
        return [Fact(fact, turn, at) for fact in facts]

    def pending(self) -> list[PendingCommit]:
        return [
            PendingCommit(call.at, commit.workdir, call.command, call.call_id, call.turn)
            for call in self.open.values()
            for commit in call.commits
        ]


def _reply(data: dict[str, Any], *, shell: bool) -> Reply:
    """A failing command is a success to Copilot; its exit code stands apart since 1.0.102, before behind its output."""
    result, error, ran = data.get("result"), data.get("error"), data.get("shellExecution")
    text = text_of(result.get("content"), _LONGEST) if isinstance(result, dict) else ""
    if data.get("success") is not True:
        said = text_of(error.get("message"), _LONGEST) if isinstance(error, dict) else ""
        denied = isinstance(error, dict) and error.get("code") in ("denied", "rejected")
        return Reply(None, "declined" if denied else "failed", said or text, "")
    if not shell:
        return Reply(None, "completed", text, "")
    found = _EXIT.search(text)
    if isinstance(ran, dict) and type(ran.get("exitCode")) is int:
        code = whole(ran["exitCode"]) if ran["exitCode"] >= 0 else 1
    elif found:
        code = int(found[1])
    else:
        return Reply(None, "running", text, "")
    return Reply(code, "completed" if code == 0 else "failed", text[: found.start()] if found else text, "")


def _edits(call: OpenCall, data: dict[str, Any]) -> list[Edit]:
    """From the diff in the answer; of a new file from the call, because some versions add an empty line to its diff."""
    args = call.args
    action = text_of(args.get("command"), 32) if call.tool == "str_replace_editor" else call.tool
    path = resolve(args.get("path"), call.folder)
    if not path or action == "view":
        return []
    text = args.get("file_text")
    if action == "create" and isinstance(text, str):
        lines = split_lines(text)
        return [Edit(path, "", "add", ((tuple(lines),) if lines else ()), 0, "patch", call.call_id, True)]
    result = data.get("result")
    detail = text_of(result.get("detailedContent"), _LONGEST) if isinstance(result, dict) else ""
    at = detail.find("\n@@")
    if at >= 0:
        hunks = _hunks(detail[at + 1 :])
        return [Edit(path, "", "update", hunks.added, hunks.removed, "patch", call.call_id, True)]
    old, new = args.get("old_str"), args.get("new_str")
    if not isinstance(new, str):
        return []
    before, after = split_lines(old if isinstance(old, str) else ""), split_lines(new)
    fresh = new_lines(before, after)
    removed = len(before) - (len(after) - sum(fresh))
    return [Edit(path, "", "update", runs_of(after, fresh), removed, "patch", call.call_id, True)]


def _hunks(text: str) -> DiffLines:
    """The lines of a diff that takes the end of a file for one more, empty line. Where it is shown as added, the empty line that it
    was taken for, in front of what was added at the end, is shown as one that was there."""
    lines = text.removesuffix("\n").split("\n")
    if lines[-1] == "+":
        lines.pop()
        at = len(lines)
        while at and lines[at - 1].startswith(("+", "-")):
            at -= 1
        if 0 < at < len(lines) and lines[at - 1] == " ":
            lines[at - 1] = "+"
    return read_hunks("\n".join(lines))
