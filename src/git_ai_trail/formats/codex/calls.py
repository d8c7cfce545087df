"""Reads a tool call: which tool, what shell text or patches it carries, and where it runs."""

from __future__ import annotations

import json
from typing import Any, NamedTuple

from git_ai_trail.formats.codex.javascript import tool_calls
from git_ai_trail.formats.codex.patch import BEGIN
from git_ai_trail.formats.fields import text_of
from git_ai_trail.formats.paths import resolve
from git_ai_trail.formats.records import decode_inner
from git_ai_trail.formats.shell.steps import Script, script_of

_SHELL_TOOLS = ("shell", "container.exec", "shell_command", "exec_command", "local_shell", "unified_exec")
_PATCH_TOOLS = ("apply_patch", "applypatch")
_MAX_NAME = 128
# A script longer than this is not searched for literals.
_MAX_SOURCE = 1 << 20


class PatchText(NamedTuple):
    text: str
    workdir: str


class CallText(NamedTuple):
    """What a call carries. kind: shell, patch, script (code mode), more (goes on with a running process), other."""

    call_id: str
    kind: str
    tool: str
    command: str
    arguments: str
    scripts: tuple[Script, ...]
    patches: tuple[PatchText, ...]
    target: str  # the process or cell that a call of kind `more` goes on with
    parsed: dict[str, Any]

    @property
    def typed(self) -> str:
        """What a call of kind `more` types into the process."""
        chars = self.parsed.get("chars") if self.kind == "more" else None
        return chars if isinstance(chars, str) else ""


def read_call(payload: dict[str, Any], folder: str) -> CallText:
    """A `function_call`, `custom_tool_call` or `local_shell_call` made while the turn's folder was `folder`."""
    call_id = text_of(payload.get("call_id") or payload.get("id"), _MAX_NAME)
    if payload.get("type") == "local_shell_call":
        action = payload.get("action")
        action = action if isinstance(action, dict) else {}
        workdir = resolve(action.get("working_directory"), folder) or folder
        return _shell(call_id, "local_shell", action.get("command"), workdir, "", {})
    name = text_of(payload.get("name"), _MAX_NAME).removeprefix("functions.")
    given = payload.get("input") if payload.get("type") == "custom_tool_call" else payload.get("arguments")
    arguments = given if isinstance(given, str) else json.dumps(given) if isinstance(given, (dict, list)) else ""
    if payload.get("type") == "custom_tool_call" and name == "exec":
        return _code_mode(call_id, arguments, folder)
    parsed = _parsed(given)
    workdir = resolve(parsed.get("workdir") or parsed.get("cwd"), folder) or folder
    if name in _SHELL_TOOLS:
        command = parsed.get("command", parsed.get("cmd"))
        return _shell(call_id, name, command, workdir, arguments, parsed)
    if name in _PATCH_TOOLS:
        text = next((parsed[key] for key in ("input", "patch") if isinstance(parsed.get(key), str)), arguments)
        return _patch(call_id, name, text, workdir, arguments)
    if name in ("write_stdin", "wait"):
        target = parsed.get("session_id", parsed.get("cell_id"))
        return CallText(call_id, "more", name, "", arguments, (), (), str(target)[:64], parsed)
    namespace = text_of(payload.get("namespace"), _MAX_NAME)
    tool = f"{namespace}.{name}" if namespace else name
    return CallText(call_id, "other", tool, "", arguments, (), (), "", parsed)


def _parsed(arguments: object) -> dict[str, Any]:
    if isinstance(arguments, str) and arguments.lstrip()[:1] == "{":
        arguments = decode_inner(arguments)
    return arguments if isinstance(arguments, dict) else {}


def _shell(call_id: str, tool: str, command: object, workdir: str, arguments: str, parsed: dict[str, Any]) -> CallText:
    if isinstance(command, list):
        argv = [word for word in command if isinstance(word, str)]
        if len(argv) == 2 and argv[0] in _PATCH_TOOLS:
            return _patch(call_id, tool, argv[1], workdir, arguments)
        command = script_of(argv)
    command = command if isinstance(command, str) else ""
    return CallText(call_id, "shell", tool, command, arguments, (Script(command, workdir),), (), "", parsed)


def _patch(call_id: str, tool: str, text: str, workdir: str, arguments: str) -> CallText:
    patches = (PatchText(text, workdir),) if BEGIN in text else ()
    return CallText(call_id, "patch", tool, "", arguments, (), patches, "", {})


def _code_mode(call_id: str, source: str, folder: str) -> CallText:
    """A JavaScript call, with the shell commands and patches that stand in it as literals."""
    scripts: list[Script] = []
    patches: list[PatchText] = []
    for name, argument in tool_calls(source) if len(source) <= _MAX_SOURCE and "tools" in source else ():
        fields = argument if isinstance(argument, dict) else {}
        workdir = resolve(fields.get("workdir"), folder) or folder
        if name in _PATCH_TOOLS:
            text = argument if isinstance(argument, str) else fields.get("input", fields.get("patch"))
            if isinstance(text, str):
                patches.append(PatchText(text, workdir))
        elif name in _SHELL_TOOLS:
            command = fields.get("cmd", fields.get("command"))
            if isinstance(command, list):
                command = script_of([word for word in command if isinstance(word, str)])
            if isinstance(command, str):
                scripts.append(Script(command, workdir))
    command = "\n".join(script.text for script in scripts)
    return CallText(call_id, "script", "exec", command, source, tuple(scripts), tuple(patches), "", {})
