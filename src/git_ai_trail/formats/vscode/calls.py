"""Reads the tool calls of one answer: what the model asked for, and what became of it in the editor."""

from __future__ import annotations

import json
from typing import Any, NamedTuple

from git_ai_trail.formats.clock import unix_time
from git_ai_trail.formats.fields import text_of
from git_ai_trail.formats.records import decode_inner
from git_ai_trail.formats.reply import Reply
from git_ai_trail.formats.shell.commits import CommitCall, commit_calls
from git_ai_trail.formats.shell.steps import Script
from git_ai_trail.formats.vscode.uris import path_of
from git_ai_trail.lazy import pattern

_LONGEST = 32 * 1024 * 1024
_MOST_CALLS = 4096
_MOST_NODES = 10_000
_DENIED, _SKIPPED = 0, 5
_DRAWN = pattern(r"\x1b(?:\[[0-9;?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\))|\r")
_FAILED = ("ERROR", "Error", "Applying patch failed", "String replacement failed", "Invalid input")
# The extension's names of tools, where they are not the model's.
_NAMES = {
    "copilot_applyPatch": "apply_patch",
    "copilot_createDirectory": "create_directory",
    "copilot_createFile": "create_file",
    "copilot_editNotebook": "edit_notebook_file",
    "copilot_fetchWebPage": "fetch_webpage",
    "copilot_findFiles": "file_search",
    "copilot_findTextInFiles": "grep_search",
    "copilot_getChangedFiles": "get_changed_files",
    "copilot_getErrors": "get_errors",
    "copilot_insertEdit": "insert_edit_into_file",
    "copilot_listDirectory": "list_dir",
    "copilot_multiReplaceString": "multi_replace_string_in_file",
    "copilot_readFile": "read_file",
    "copilot_replaceString": "replace_string_in_file",
    "copilot_searchCodebase": "semantic_search",
}


class Asked(NamedTuple):
    """One call as the model made it, and what it was told."""

    call_id: str
    tool: str
    text: str  # the arguments as JSON text
    args: dict[str, Any]
    at: float | None
    said: str


class Terminal(NamedTuple):
    """A command that was to run in a terminal."""

    command: str
    workdir: str
    scripts: tuple[Script, ...]
    commits: tuple[CommitCall, ...]


def failed(said: str) -> bool:
    """Whether a call answered that it did nothing."""
    return said.lstrip().startswith(_FAILED)


def millis(value: object) -> float | None:
    """Seconds of a time in milliseconds since the epoch."""
    if type(value) in (int, float) and 0 < value < 1e14:  # type: ignore[operator]
        return value / 1000  # type: ignore[operator]
    return unix_time(value)


def asked(metadata: dict[str, Any]) -> list[Asked]:
    """The calls that the model made, in order, by what the extension keeps of its rounds."""
    results = metadata.get("toolCallResults")
    told = results if isinstance(results, dict) else {}
    found: list[Asked] = []
    for one in _listed(metadata.get("toolCallRounds")):
        at = millis(one.get("timestamp")) if isinstance(one, dict) else None
        for call in _listed(one.get("toolCalls")) if isinstance(one, dict) else ():
            if not isinstance(call, dict) or len(found) >= _MOST_CALLS:
                continue
            call_id, given = text_of(call.get("id"), 128), call.get("arguments")
            text = given if isinstance(given, str) else json.dumps(given, ensure_ascii=False)
            args = decode_inner(text[:_LONGEST])
            said = _told(told.get(call_id)) if call_id else ""
            found.append(
                Asked(call_id, text_of(call.get("name"), 128), text, args if isinstance(args, dict) else {}, at, said)
            )
    return found


class Calls:
    """Brings the calls of the model and the tools that the editor ran together: by id, else in order of each tool."""

    def __init__(self, calls: list[Asked]) -> None:
        self._left = dict(enumerate(calls))
        self._by_id = {call.call_id: number for number, call in self._left.items() if call.call_id}
        self._by_tool: dict[str, list[int]] = {}
        for number in reversed(self._left):
            self._by_tool.setdefault(calls[number].tool, []).append(number)

    def of(self, tool: str, call_id: str) -> Asked | None:
        """The call that the tool ran for, once."""
        number = self._by_id.get(call_id.partition("__vscode")[0])
        if number is not None and number in self._left:
            return self._left.pop(number)
        same = self._by_tool.get(_NAMES.get(tool, tool), [])
        while same:
            number = same.pop()
            if number in self._left:
                return self._left.pop(number)
        return None

    @property
    def rest(self) -> list[Asked]:
        """The calls that no tool was shown for."""
        return list(self._left.values())


def terminal_of(part: dict[str, Any], folder: str) -> Terminal | None:
    """The command that a tool ran in a terminal: as a person changed it, or the tool, or as the model asked for it."""
    data = part.get("toolSpecificData")
    if not isinstance(data, dict) or data.get("kind") != "terminal":
        return None
    line = data.get("commandLine")
    given: list[object] = [data.get("command")]
    if isinstance(line, dict):
        # What a sandbox makes of it is no command that anybody wrote.
        edited = None if line.get("isSandboxWrapped") else line.get("toolEdited")
        given = [line.get("userEdited"), edited, line.get("original")]
    command = next((text for text in given if isinstance(text, str) and text), "")[: 4 << 20]
    workdir = path_of(data.get("cwd")) or folder
    scripts = (Script(command, workdir),)
    return Terminal(command, workdir, scripts, commit_calls(scripts))


def reply_of(part: dict[str, Any], said: str) -> tuple[Reply, float | None]:
    """What came back from a tool, and when it ended. A call is always kept as complete; a command that has no exit code may
    still run, or be of a version that kept none."""
    confirmed = part.get("isConfirmed")
    how = confirmed.get("type") if isinstance(confirmed, dict) else confirmed
    if how is False or (type(how) is int and how in (_DENIED, _SKIPPED)):
        return Reply(None, "declined", said, ""), None
    data = part.get("toolSpecificData")
    shown = data if isinstance(data, dict) else {}
    details = part.get("resultDetails")
    error = part.get("resultError") or (details.get("isError") if isinstance(details, dict) else None)
    if shown.get("kind") != "terminal":
        text = said or _output(details) or text_of(shown.get("result"), _LONGEST)
        return Reply(None, "failed" if error or failed(said) else "completed", text, ""), None
    output, state = shown.get("terminalCommandOutput"), shown.get("terminalCommandState")
    text = (
        _DRAWN.sub("", text_of(output.get("text"), _LONGEST)) if isinstance(output, dict) else said or _output(details)
    )
    ran = state if isinstance(state, dict) else {}
    began, took, code = millis(ran.get("timestamp")), ran.get("duration"), ran.get("exitCode")
    ended = began + took / 1000 if began and type(took) in (int, float) and 0 <= took < 1e12 else began  # type: ignore[operator]
    if type(code) is int:
        return Reply(code if code >= 0 else 1, "completed" if code == 0 else "failed", text, ""), ended
    if how is None:
        return Reply(None, "unknown", text, ""), ended  # nobody has allowed it yet
    if shown.get("isBackground") or shown.get("didContinueInBackground"):
        return Reply(None, "running", text, ""), ended
    return Reply(None, "failed" if error else "completed", text, ""), ended


def _output(details: object) -> str:
    """The texts of a tool's answer, as the editor shows it."""
    parts = details.get("output") if isinstance(details, dict) else None
    texts = (
        text_of(one.get("value"), _LONGEST)
        for one in _listed(parts)
        if isinstance(one, dict) and not one.get("base64Data")
    )
    return "\n".join(text for text in texts if text)


def _told(result: object) -> str:
    """The texts in what a call answered to the model: plain ones, and those in the tree of a rendered one."""
    texts: list[str] = []
    left = [result]
    for _ in range(_MOST_NODES):
        if not left:
            break
        node = left.pop()
        if isinstance(node, list):
            left.extend(reversed(node))
        elif isinstance(node, dict):
            for key in ("text", "value"):
                if isinstance(node.get(key), str):
                    texts.append(("\n" if node.get("lineBreakBefore") and texts else "") + node[key])
            left.extend(
                node[key] for key in ("children", "node", "value", "content") if isinstance(node.get(key), (dict, list))
            )
    return "".join(texts)


def _listed(value: object) -> list[Any]:
    return value if isinstance(value, list) else []
