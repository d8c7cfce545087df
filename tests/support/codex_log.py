"""Writes a Codex rollout line by line, in the shape of the legacy format (0.145), as a session would."""

from __future__ import annotations

import json
import os
import time
import uuid
from datetime import UTC, datetime
from pathlib import Path
from typing import Any


class CodexLog:
    """One session's log below a CODEX_HOME. `at` moves with every line; pass `at=` to jump."""

    def __init__(
        self,
        home: Path,
        cwd: Path | str,
        *,
        at: float | None = None,
        session_id: str | None = None,
        git_oid: str = "",
        url: str = "",
        model: str = "gpt-5.5",
        **meta: Any,
    ) -> None:
        self.at = time.time() - 60 if at is None else at
        self.session_id = session_id or str(uuid.uuid4())
        self.cwd = str(cwd)
        self.calls = 0
        began = datetime.fromtimestamp(self.at, UTC)
        folder = home / "sessions" / began.strftime("%Y/%m/%d")
        folder.mkdir(parents=True, exist_ok=True)
        self.path = folder / f"rollout-{began.strftime('%Y-%m-%dT%H-%M-%S')}-{self.session_id}.jsonl"
        git = {"commit_hash": git_oid, "branch": "main"} if git_oid else {}
        if url:
            git["repository_url"] = url
        payload = {
            "id": self.session_id,
            "timestamp": self._stamp(),
            "cwd": self.cwd,
            "originator": "codex_exec",
            "cli_version": "0.145.0",
            "source": "exec",
            "model_provider": "mock",
            "git": git,
            **meta,
        }
        self.line("session_meta", payload)
        self.line("turn_context", {"turn_id": "t0", "cwd": self.cwd, "model": model, "approval_policy": "never"})

    def _stamp(self) -> str:
        return datetime.fromtimestamp(self.at, UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"

    def line(self, kind: str, payload: dict[str, Any], *, at: float | None = None) -> int:
        """Appends a line; returns the offset where it starts."""
        self.at = self.at + 0.05 if at is None else at
        entry = {"timestamp": self._stamp(), "type": kind, "payload": payload}
        with self.path.open("ab") as file:
            offset = file.tell()
            file.write(json.dumps(entry).encode() + b"\n")
        return offset

    def prompt(self, text: str) -> int:
        content = [{"type": "input_text", "text": text}]
        self.line("response_item", {"type": "message", "role": "user", "content": content})
        return self.line("event_msg", {"type": "user_message", "message": text, "images": []})

    def say(self, text: str) -> None:
        self.line("event_msg", {"type": "agent_message", "message": text})

    def add_file(self, path: str, text: str) -> None:
        """An apply_patch that adds a file, as the call, its event and its output."""
        patch = f"*** Begin Patch\n*** Add File: {path}\n" + "".join(f"+{x}\n" for x in text.splitlines())
        change = {"type": "add", "content": text}
        self._patch(patch + "*** End Patch", {os.path.join(self.cwd, path): change}, f"A {path}")

    def update_file(self, path: str, diff: str) -> None:
        """An apply_patch that changes a file; `diff` is unified hunks."""
        body = "\n".join("@@" if x.startswith("@@") else x for x in diff.splitlines())
        change = {"type": "update", "unified_diff": diff, "move_path": None}
        patch = f"*** Begin Patch\n*** Update File: {path}\n{body}\n*** End Patch"
        self._patch(patch, {os.path.join(self.cwd, path): change}, f"M {path}")

    def _patch(self, patch: str, changes: dict[str, Any], said: str) -> None:
        call = self._call_id()
        item = {"type": "custom_tool_call", "name": "apply_patch", "call_id": call, "input": patch}
        self.line("response_item", item)
        text = f"Success. Updated the following files:\n{said}\n"
        event = {"type": "patch_apply_end", "call_id": call, "turn_id": "t0", "stdout": text, "stderr": ""}
        self.line("event_msg", {**event, "success": True, "status": "completed", "changes": changes})
        self.output(call, f"Exit code: 0\nWall time: 0 seconds\nOutput:\n{text}", custom=True)

    def _call_id(self) -> str:
        self.calls += 1
        return f"call_{self.calls}"

    def shell(self, command: str, output: str | None = "", *, exit: int = 0, workdir: str = "") -> str:
        """An exec_command call; without `output` it has not answered yet. Returns the call's id."""
        call = self._call_id()
        arguments = {"cmd": command, **({"workdir": workdir} if workdir else {})}
        item = {"type": "function_call", "name": "exec_command", "call_id": call, "arguments": json.dumps(arguments)}
        self.line("response_item", item)
        if output is not None:
            self.answer(call, output, exit=exit)
        return call

    def answer(self, call: str, output: str, *, exit: int = 0) -> None:
        head = f"Chunk ID: aa\nWall time: 0.1 seconds\nProcess exited with code {exit}\nOutput:\n"
        self.output(call, head + output)

    def output(self, call: str, text: str, *, custom: bool = False) -> None:
        kind = "custom_tool_call_output" if custom else "function_call_output"
        self.line("response_item", {"type": kind, "call_id": call, "output": text})

    def tokens(self, total: int, last: int) -> None:
        def usage(n: int) -> dict[str, int]:
            return {
                "input_tokens": n,
                "cached_input_tokens": 0,
                "output_tokens": n // 10,
                "reasoning_output_tokens": 0,
                "total_tokens": n + n // 10,
            }

        info = {"total_token_usage": usage(total), "last_token_usage": usage(last), "model_context_window": 1000}
        self.line("event_msg", {"type": "token_count", "info": info, "rate_limits": None})
