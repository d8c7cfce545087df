"""Logs of made-up sessions, in the forms of Codex (0.145) and Claude Code (2.1.330). Used by `replay.py`."""

from __future__ import annotations

import json
import random
import re
import uuid
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple


class Hunk(NamedTuple):
    context: str | None
    removed: tuple[str, ...]
    added: tuple[str, ...]


class Work(NamedTuple):
    """One edit of a session."""

    writer: int
    hunks: tuple[Hunk, ...]
    whole: str | None = None  # the text of the whole file, written by a shell command


class Log:
    """One session's log, in the form of Codex or of Claude Code."""

    def __init__(self, home: Path, cwd: str, at: float, chance: random.Random, url: str = "") -> None:
        self.id = str(uuid.UUID(int=chance.getrandbits(128), version=4))
        self.cwd = cwd
        self.codex = chance.random() < 0.5
        self.calls = 0
        day = datetime.fromtimestamp(at, UTC)
        if self.codex:
            name = f".codex/sessions/{day:%Y/%m/%d}/rollout-{day:%Y-%m-%dT%H-%M-%S}-{self.id}.jsonl"
        else:
            name = f".claude/projects/{re.sub('[^A-Za-z0-9]', '-', cwd)}/{self.id}.jsonl"
        self.path = home / name
        self.path.parent.mkdir(parents=True, exist_ok=True)
        if self.codex:
            git = {"git": {"repository_url": url, "branch": "main"}} if url else {}
            about = {"id": self.id, "timestamp": stamp(at), "cwd": cwd, "originator": "codex_exec", "source": "exec"}
            self._codex(at, "session_meta", {**about, "cli_version": "0.145.0", "model_provider": "openai", **git})
            self._codex(
                at, "turn_context", {"turn_id": "1", "cwd": cwd, "model": "gpt-5.5", "approval_policy": "never"}
            )
            self._codex(at, "event_msg", {"type": "user_message", "message": "Go on with the work.", "images": []})
        else:
            self._claude(at, "user", {"role": "user", "content": "Go on with the work."})

    def work(self, at: float, path: str, work: Work, *, new: bool) -> None:
        self.calls += 1
        call = f"call_{self.calls}"
        if work.whole is not None:
            command = f"mkdir -p {Path(path).parent}; cat > '{path}' <<'END_OF_FILE'\n{work.whole}END_OF_FILE"
            self._shell(at, call, command)
        elif self.codex:
            self._patch(at, call, path, work.hunks, new=new)
        else:
            self._edits(at, call, path, work.hunks, new=new)

    def _shell(self, at: float, call: str, command: str) -> None:
        if self.codex:
            given = json.dumps({"cmd": command, "workdir": self.cwd})
            item = {"type": "function_call", "name": "exec_command", "call_id": call, "arguments": given}
            self._codex(at, "response_item", item)
            said = "Chunk ID: aa\nWall time: 0.1 seconds\nProcess exited with code 0\nOutput:\n"
            self._codex(at + 1, "response_item", {"type": "function_call_output", "call_id": call, "output": said})
        else:
            outcome = {"stdout": "", "stderr": "", "interrupted": False, "isImage": False}
            self._tool(at, call, "Bash", {"command": command}, "", outcome)

    def _patch(self, at: float, call: str, path: str, hunks: Sequence[Hunk], *, new: bool) -> None:
        lines = ["*** Begin Patch", f"*** {'Add' if new else 'Update'} File: {path}"]
        for hunk in hunks:
            lines += [] if new else ["@@", *([f" {hunk.context}"] if hunk.context is not None else [])]
            lines += [f"-{text}" for text in hunk.removed] + [f"+{text}" for text in hunk.added]
        item = {"type": "custom_tool_call", "status": "completed", "call_id": call, "name": "apply_patch"}
        self._codex(at, "response_item", {**item, "input": "\n".join([*lines, "*** End Patch"])})
        said = f"Exit code: 0\nWall time: 0 seconds\nOutput:\nSuccess. Updated the following files:\nM {path}\n"
        self._codex(at + 1, "response_item", {"type": "custom_tool_call_output", "call_id": call, "output": said})

    def _edits(self, at: float, call: str, path: str, hunks: Sequence[Hunk], *, new: bool) -> None:
        name = f"{self.cwd}/{path}"
        if new:
            text = "".join(f"{line}\n" for hunk in hunks for line in hunk.added)
            outcome = {"type": "create", "filePath": name, "content": text, "structuredPatch": [], "originalFile": None}
            self._tool(at, call, "Write", {"file_path": name, "content": text}, "File created", outcome)
            return
        for number, hunk in enumerate(hunks):
            head = [] if hunk.context is None else [hunk.context]
            old, text = "\n".join([*head, *hunk.removed]), "\n".join([*head, *hunk.added])
            lines = [f" {x}" for x in head] + [f"-{x}" for x in hunk.removed] + [f"+{x}" for x in hunk.added]
            sizes = {"oldLines": len(head) + len(hunk.removed), "newLines": len(head) + len(hunk.added)}
            patch = [{"oldStart": 1, "newStart": 1, **sizes, "lines": lines}]
            given = {"file_path": name, "old_string": old, "new_string": text, "replace_all": False}
            outcome = {"filePath": name, "oldString": old, "newString": text, "originalFile": None}
            outcome |= {"structuredPatch": patch, "userModified": False, "replaceAll": False}
            self._tool(at + number * 0.01, f"{call}_{number}", "Edit", given, "The file has been updated.", outcome)

    def _tool(self, at: float, call: str, tool: str, given: dict[str, Any], said: str, outcome: Any) -> None:
        block = {"type": "tool_use", "id": call, "name": tool, "input": given}
        about = {"id": f"msg_{call}", "type": "message", "role": "assistant", "model": "claude-sonnet-4-5"}
        self._claude(at, "assistant", {**about, "content": [block], "usage": {"input_tokens": 9, "output_tokens": 9}})
        result = {"tool_use_id": call, "type": "tool_result", "content": said}
        self._claude(at + 0.005, "user", {"role": "user", "content": [result]}, toolUseResult=outcome)

    def _codex(self, at: float, kind: str, payload: Mapping[str, Any]) -> None:
        self._line({"timestamp": stamp(at), "type": kind, "payload": payload})

    def _claude(self, at: float, kind: str, message: Mapping[str, Any], **more: Any) -> None:
        about = {"parentUuid": None, "isSidechain": False, "type": kind, "message": message, "uuid": str(uuid.uuid4())}
        place = {"cwd": self.cwd, "sessionId": self.id, "version": "2.1.330", "gitBranch": "main"}
        self._line({**about, **more, "timestamp": stamp(at), "userType": "external", **place})

    def _line(self, record: Mapping[str, Any]) -> None:
        with self.path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(record) + "\n")


def stamp(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
