"""Writes a log of Claude Code line by line, in the shape of version 2.1.330, as a session would."""

from __future__ import annotations

import json
import time
import uuid
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

VERSION = "2.1.330"


class ClaudeLog:
    """One session's log below a CLAUDE_CONFIG_DIR. `at` moves with every line; pass `at=` to jump.

    With `agent` it is the log of a sub-agent of the session `session_id`.
    """

    def __init__(
        self,
        home: Path,
        cwd: Path | str,
        *,
        at: float | None = None,
        session_id: str | None = None,
        model: str = "claude-sonnet-4-5",
        version: str = VERSION,
        agent: str = "",
        seed: int | None = None,
    ) -> None:
        self.at = time.time() - 60 if at is None else at
        self.session_id = session_id or str(uuid.uuid4())
        self.cwd = str(cwd)
        self.model = model
        self.version = version
        self.agent = agent
        self.seed = seed
        self.count = 0
        self.last: str | None = None
        folder = home / "projects" / "".join(char if char.isalnum() else "-" for char in self.cwd)
        name = f"{self.session_id}/subagents/agent-{agent}.jsonl" if agent else f"{self.session_id}.jsonl"
        self.path = folder / name
        self.path.parent.mkdir(parents=True, exist_ok=True)

    def stamp(self) -> str:
        return datetime.fromtimestamp(self.at, UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"

    def raw(self, data: bytes) -> int:
        """Appends bytes as they are; returns the offset where they start."""
        with self.path.open("ab") as file:
            offset = file.tell()
            file.write(data)
        return offset

    def note(self, kind: str, *, at: float | None = None, **fields: Any) -> int:
        """A line beside the conversation."""
        self.at = self.at + 0.05 if at is None else at
        return self.raw(json.dumps({"type": kind, **fields, "sessionId": self.session_id}).encode() + b"\n")

    def line(self, kind: str, *, at: float | None = None, **fields: Any) -> int:
        """A record of the conversation; a field given as None is left out."""
        self.at = self.at + 0.05 if at is None else at
        self.count += 1
        made = uuid.UUID(int=(self.seed << 64) + self.count) if self.seed is not None else uuid.uuid4()
        record: dict[str, Any] = {
            "parentUuid": self.last,
            "isSidechain": bool(self.agent),
            **({"agentId": self.agent} if self.agent else {}),
            "type": kind,
            **fields,
            "uuid": fields.get("uuid", str(made)),
            "timestamp": self.stamp(),
            "userType": "external",
            "entrypoint": "sdk-cli",
            "cwd": fields.get("cwd", self.cwd),
            "sessionId": fields.get("sessionId", self.session_id),
            "version": self.version,
            "gitBranch": "main",
        }
        self.last = record["uuid"]
        record = {name: value for name, value in record.items() if value is not None or name == "parentUuid"}
        return self.raw(json.dumps(record).encode() + b"\n")

    def prompt(self, text: object, **fields: Any) -> int:
        """What stands under the user's role: a string, or a list of blocks."""
        fields = {"permissionMode": "default", "promptSource": "typed", **fields}
        return self.line("user", message={"role": "user", "content": text}, **fields)

    def answer(self, *blocks: dict[str, Any], output: int = 77, message_id: str = "", **fields: Any) -> int:
        """A line of a response with some of its blocks."""
        number = self.count + 1
        message = {
            "id": message_id or f"msg_{number:04}",
            "type": "message",
            "role": "assistant",
            "model": fields.pop("model", self.model),
            "content": list(blocks),
            "stop_reason": "tool_use",
            "usage": fields.pop("usage", None) or usage(output=output),
        }
        return self.line("assistant", message=message, requestId=fields.pop("requestId", f"req_{number:04}"), **fields)

    def say(self, text: str, **fields: Any) -> int:
        return self.answer({"type": "text", "text": text}, **fields)

    def call(self, tool: str, given: dict[str, Any], **fields: Any) -> str:
        """A call; returns its id."""
        call = f"toolu_{self.count + 1:04}"
        self.answer({"type": "tool_use", "id": call, "name": tool, "input": given}, **fields)
        return call

    def result(self, call: str, text: object, outcome: Any = None, *, error: bool | None = None, **fields: Any) -> int:
        """What came back from a call; `outcome` is the structured form."""
        block = {"tool_use_id": call, "type": "tool_result", "content": text}
        if error is not None:
            block["is_error"] = error
        message = {"role": "user", "content": [block]}
        return self.line("user", message=message, toolUseResult=None if self.agent else outcome, **fields)

    def add_file(self, path: str, text: str) -> str:
        """A `Write` of a new file."""
        name = f"{self.cwd}/{path}"
        call = self.call("Write", {"file_path": name, "content": text})
        outcome = {"type": "create", "filePath": name, "content": text, "structuredPatch": [], "originalFile": None}
        self.result(call, f"File created successfully at: {name}", outcome)
        return call

    def edit(self, path: str, old: str, new: str, hunks: list[dict[str, Any]], **more: Any) -> str:
        """An `Edit` that was applied, with the patch that Claude Code records."""
        name = f"{self.cwd}/{path}"
        call = self.call("Edit", {"file_path": name, "old_string": old, "new_string": new})
        outcome = {
            "filePath": name,
            "oldString": old,
            "newString": new,
            "originalFile": None,
            "structuredPatch": hunks,
            "userModified": False,
            "replaceAll": False,
            **more,
        }
        self.result(call, f"The file {name} has been updated successfully.", outcome)
        return call

    def shell(self, command: str, output: str | None = "", *, exit: int = 0, **more: Any) -> str:
        """A `Bash` call; without `output` it has not answered yet. Returns the call's id."""
        call = self.call("Bash", {"command": command})
        if output is not None:
            self.printed(call, output, exit=exit, **more)
        return call

    def printed(self, call: str, output: str, *, exit: int = 0, **more: Any) -> int:
        if exit:
            text = f"Exit code {exit}\n{output}"
            return self.result(call, text, f"Error: {text}", error=True)
        outcome = {"stdout": output, "stderr": "", "interrupted": False, "isImage": False, **more}
        return self.result(call, output or "(Bash completed with no output)", outcome, error=False)


def usage(*, fresh: int = 12, written: int = 200, cached: int = 900, output: int = 77, **more: Any) -> dict[str, Any]:
    """The usage of a response as the log has it."""
    return {
        "input_tokens": fresh,
        "cache_creation_input_tokens": written,
        "cache_read_input_tokens": cached,
        "output_tokens": output,
        **more,
    }


def hunk(lines: list[str], *, old: int = 1, new: int = 1) -> dict[str, Any]:
    """A hunk of a `structuredPatch`; `lines` have their marks in front."""
    marks = [line[:1] for line in lines]
    return {
        "oldStart": old,
        "oldLines": sum(mark in "- " for mark in marks),
        "newStart": new,
        "newLines": sum(mark in "+ " for mark in marks),
        "lines": lines,
    }
