"""Reads one answer of a chat session: what was said and thought, the tools that ran, and what they wrote."""

from __future__ import annotations

from typing import Any

from git_ai_trail.facts import Call, Edit, Message, Output, Plan, Reasoning
from git_ai_trail.formats.fields import text_of
from git_ai_trail.formats.shell.commits import commits_made
from git_ai_trail.formats.shell.edits import edits_of_scripts
from git_ai_trail.formats.skipped import Skipped
from git_ai_trail.formats.vscode.calls import Asked, Calls, Terminal, asked, failed, reply_of, terminal_of
from git_ai_trail.formats.vscode.edits import Editor, Intent, changes_of
from git_ai_trail.formats.vscode.replay import Request
from git_ai_trail.formats.vscode.uris import path_of
from git_ai_trail.lazy import pattern

_LONGEST = 1 << 22
_STEPS = 256
_MOST_FILES = 4096
_FENCES = pattern(r"[`\s]*$")
_COMPLETE, _FAILED = 1, 3
_PATCHES = ("apply_patch", "copilot_applyPatch")
_EDIT_TOOLS = ("apply_patch", "create_file", "multi_replace_string_in_file", "replace_string_in_file")


class Answer:
    """`facts` are (number of the record, fact, time), in order. `waiting` are commands that may still run, by id."""

    def __init__(self, request: Request, at: float | None, folder: str, skipped: Skipped) -> None:
        self.facts: list[tuple[int, Any, float | None]] = []
        self.waiting: list[tuple[str, Terminal]] = []
        self.at = at
        self.folder = folder
        self._skipped = skipped
        self._request = request
        self._texts: list[str] = []
        self._text_record = request.record
        self._tool = ("", "")  # the last edit tool that ran: its name and the call's id
        data = request.data
        given = data.get("result")
        result: dict[str, Any] = given if isinstance(given, dict) else {}
        found = result.get("metadata")
        metadata: dict[str, Any] = found if isinstance(found, dict) else {}
        calls = asked(metadata)
        ran = Calls(calls)
        self._asked = [_asked_by(part, ran) for part, _ in request.parts]
        ids = {
            one.call_id: text_of(part.get("toolCallId"), 128)
            for (part, _), one in zip(request.parts, self._asked, strict=True)
            if one
        }
        self._editor = Editor([_intent(call, ids, folder) for call in calls if call.tool in _EDIT_TOOLS])
        self._routed = ""
        for (part, record), call in zip(request.parts, self._asked, strict=True):
            self._part(part, record, call)
        self._said()
        self._rest(ran.rest)
        state = data.get("modelState")
        if self.waiting and isinstance(state, dict) and state.get("value") in (_COMPLETE, _FAILED):
            self.waiting = []
        self.model = _model(metadata.get("resolvedModel")) or self._routed or _model(data.get("modelId"))

    def _add(self, record: int, data: Any, at: float | None = None) -> None:
        self.facts.append((record, data, self.at if at is None else at))

    def _part(self, part: Any, record: int, call: Asked | None) -> None:
        kind = part.get("kind") if isinstance(part, dict) else None
        if not isinstance(part, dict):
            self._skipped.add("not a part")
        elif kind is None or kind == "markdownContent":
            self._text(part, record)
        elif kind == "inlineReference":
            self._texts.append(text_of(part.get("name"), 1024)) if self._texts else None
        elif kind == "thinking":
            self._said()
            self._thought(part, record)
        elif kind == "toolInvocationSerialized":
            self._said()
            self._tool_call(part, record, call)
        elif kind == "textEditGroup":
            self._said()
            tool, call_id = self._tool
            path = path_of(part.get("uri"))
            self._written(record, self._editor.group(path, part.get("edits"), call_id, patched=tool in _PATCHES))
        elif kind in ("notebookEditGroup", "externalEdit", "workspaceEdit"):
            self._files(part, kind, record)
        else:
            if kind == "autoModeResolution" and isinstance(part.get("resolved"), dict):
                self._routed = _model(part["resolved"].get("id")) or self._routed
            self._skipped.unused(kind, "part ")

    # -- words --------------------------------------------------------------------------------------------------------

    def _text(self, part: dict[str, Any], record: int) -> None:
        content = part.get("content")
        text = text_of(content.get("value") if isinstance(content, dict) else part.get("value"), _LONGEST)
        if not self._texts:
            self._text_record = record
        # The editor draws a file's edits between the marks of a code block.
        if text and not _FENCES.match(text):
            self._texts.append(text)

    def _said(self) -> None:
        text = "".join(self._texts)
        self._texts = []
        if text.strip():
            self._add(self._text_record, Message("assistant", text[:_LONGEST], ""))

    def _thought(self, part: dict[str, Any], record: int) -> None:
        value = part.get("value")
        texts = value if isinstance(value, list) else [value]
        text = "\n".join(one for one in texts if isinstance(one, str))[:_LONGEST]
        if text.strip():
            self._add(record, Reasoning(text))

    # -- tools --------------------------------------------------------------------------------------------------------

    def _tool_call(self, part: dict[str, Any], record: int, call: Asked | None) -> None:
        call_id, tool = text_of(part.get("toolCallId"), 128), text_of(part.get("toolId"), 128)
        self._tool = (tool, call_id)
        began = call.at if call else None
        arguments = call.text if call else ""
        terminal = terminal_of(part, self.folder)
        if terminal is not None:
            self._command(part, record, call_id, tool, terminal, call)
            return
        reply, ended = reply_of(part, call.said if call else "")
        self._add(record, Call(call_id, tool, "", self.folder, arguments), began)
        self._add(record, Output(call_id, reply.exit_code, reply.status, reply.text), ended or began)
        self._about(part.get("toolSpecificData"), record, began)

    def _about(self, data: object, record: int, at: float | None) -> None:
        if not isinstance(data, dict):
            return
        prompt, todos = text_of(data.get("prompt"), _LONGEST), data.get("todoList")
        if data.get("kind") == "subagent" and prompt.strip():
            self._add(record, Message("agent", prompt, ""), at)
        if data.get("kind") == "todoList" and isinstance(todos, list):
            steps = [todo for todo in todos[:_STEPS] if isinstance(todo, dict)]
            named = ((text_of(todo.get("status"), 32), text_of(todo.get("title"), 4096)) for todo in steps)
            self._add(record, Plan("", tuple(named)), at)

    def _command(
        self, part: dict[str, Any], record: int, call_id: str, tool: str, terminal: Terminal, call: Asked | None
    ) -> None:
        reply, ended = reply_of(part, call.said if call else "")
        began = call.at if call else None
        arguments = call.text if call else ""
        ended = began if ended is None else ended
        self._add(record, Call(call_id, tool, terminal.command, terminal.workdir, arguments), began)
        self._add(record, Output(call_id, reply.exit_code, reply.status, reply.text), ended)
        if reply.status in ("completed", "running"):
            said = reply.text if reply.status == "completed" else None
            for edit in edits_of_scripts(terminal.scripts, call_id, said):
                self._add(record, edit, ended)
        made = commits_made(terminal.commits, reply, call_id) if terminal.commits else []
        for commit in made:
            self._add(record, commit, ended)
        if terminal.commits and not made and reply.exit_code is None and reply.status in ("completed", "running"):
            self.waiting.append((call_id, terminal))

    def _rest(self, calls: list[Asked]) -> None:
        """Calls that no tool was shown for, and the edits of those that say that they were made."""
        for call in calls:
            status = "failed" if failed(call.said) else "completed" if call.said else "unknown"
            self._add(self._request.ended, Call(call.call_id, call.tool, "", self.folder, call.text), call.at)
            self._add(self._request.ended, Output(call.call_id, None, status, call.said), call.at)
        self._written(self._request.ended, self._editor.left())

    # -- files --------------------------------------------------------------------------------------------------------

    def _written(self, record: int, written: list[Any]) -> None:
        for edit, at in written:
            self._add(record, edit, at)

    def _files(self, part: dict[str, Any], kind: str, record: int) -> None:
        """Files that were made, moved or removed, or changed in a way that the log does not show."""
        call_id = self._tool[1]
        if kind != "workspaceEdit":
            path, old = path_of(part.get("uri")), path_of(part.get("originalUri"))
            how = part.get("editKind")
            op = "delete" if how == "delete" else "move" if how == "rename" and old else "update"
            if path and (kind == "externalEdit" or part.get("edits")):
                known = op != "update"
                self._add(record, Edit(path, old if op == "move" else "", op, (), 0, "patch", call_id, known))
            return
        edits = part.get("edits")
        for one in edits[:_MOST_FILES] if isinstance(edits, list) else ():
            before = path_of(one.get("oldResource")) if isinstance(one, dict) else ""
            after = path_of(one.get("newResource")) if isinstance(one, dict) else ""
            if before and after and before != after:
                self._add(record, Edit(after, before, "move", (), 0, "patch", call_id, True))
            elif before and not after:
                self._add(record, Edit(before, "", "delete", (), 0, "patch", call_id, True))


def _asked_by(part: Any, calls: Calls) -> Asked | None:
    """The call that a tool ran for. Those of a sub-agent are not among the calls of the model that answers."""
    if not isinstance(part, dict) or part.get("kind") != "toolInvocationSerialized" or part.get("subAgentInvocationId"):
        return None
    return calls.of(text_of(part.get("toolId"), 128), text_of(part.get("toolCallId"), 128))


def _intent(call: Asked, ids: dict[str, str], folder: str) -> Intent:
    return Intent(ids.get(call.call_id) or call.call_id, call.at, changes_of(call.tool, call.args, folder), call.said)


def _model(value: object) -> str:
    """A model's name without who serves it: `copilot/gpt-5` is gpt-5. That the editor was to choose one names none."""
    name = text_of(value, 128).rpartition("/")[2]
    return "" if name == "auto" else name
