"""How a scripted step reads as a tool call, in the dialect that the request offers. Knows the tools of Codex and of Copilot CLI, not
scenarios."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

# Longer than any step takes: a call that answers "still running" would leave the next step too early.
_PATIENCE_MS = 30_000

Item = dict[str, Any]


def tools(request: Mapping[str, Any]) -> dict[str, Item]:
    """The tools that a request offers, by name; newer models get some of them through an input item."""
    offered = list(request.get("tools") or [])
    for item in request.get("input") or []:
        if isinstance(item, dict) and item.get("type") == "additional_tools":
            offered += item.get("tools") or []
    named: dict[str, Item] = {}
    for tool in offered:
        inner = tool.get("tools", []) if tool.get("type") == "namespace" else []
        if tool.get("name") in ("functions", "") and inner:
            named.update({one["name"]: one for one in inner if "name" in one})
        named[tool.get("name") or tool.get("type", "")] = tool
    return named


def message(text: str, *, final: bool, number: int) -> Item:
    return {
        "type": "message",
        "id": f"msg_{number}",
        "role": "assistant",
        "content": [{"type": "output_text", "text": text}],
        "phase": "final_answer" if final else "commentary",
    }


def shell(offered: Mapping[str, Item], call_id: str, command: str) -> Item:
    """A shell command, by the first tool of the request that runs one."""
    if "exec_command" in offered:
        return _function("exec_command", call_id, {"cmd": command, "yield_time_ms": _PATIENCE_MS})
    if "shell_command" in offered:
        return _function("shell_command", call_id, {"command": command, "timeout_ms": _PATIENCE_MS})
    if "shell" in offered:
        return _function("shell", call_id, {"command": ["bash", "-lc", command], "timeout_ms": _PATIENCE_MS})
    if "bash" in offered:  # of Copilot CLI
        return _function("bash", call_id, {"command": command, "description": "run a command"})
    if "exec" in offered:
        options = json.dumps({"cmd": command, "yield_time_ms": _PATIENCE_MS})
        return _script(call_id, f"const r = await tools.exec_command({options});\ntext(r);\n")
    raise ValueError(f"no tool that runs a command among {sorted(offered)}")


def patch(offered: Mapping[str, Item], call_id: str, text: str) -> Item:
    """A patch: by the patch tool if there is one, from a script in code mode, else through the shell."""
    tool = offered.get("apply_patch")
    if tool is not None and tool.get("type") == "custom":
        return _custom("apply_patch", call_id, text)
    if tool is not None:
        return _function("apply_patch", call_id, {"input": text})
    if "exec" in offered and "exec_command" not in offered:
        return _script(call_id, f"const r = await tools.apply_patch({json.dumps(text)});\ntext(r);\n")
    if "shell" in offered:
        return _function("shell", call_id, {"command": ["apply_patch", text]})
    return shell(offered, call_id, f"apply_patch <<'EOF'\n{text.rstrip()}\nEOF\n")


def _function(name: str, call_id: str, arguments: Item) -> Item:
    return {
        "type": "function_call",
        "id": f"fc_{call_id}",
        "call_id": call_id,
        "name": name,
        "arguments": json.dumps(arguments),
    }


def _custom(name: str, call_id: str, text: str) -> Item:
    return {
        "type": "custom_tool_call",
        "id": f"ctc_{call_id}",
        "call_id": call_id,
        "name": name,
        "status": "completed",
        "input": text,
    }


def _script(call_id: str, source: str) -> Item:
    return _custom("exec", call_id, f'// @exec: {{"yield_time_ms": {_PATIENCE_MS}}}\n{source}')
