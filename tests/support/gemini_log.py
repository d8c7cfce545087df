"""Writes a chat of Gemini CLI, in the shape of version 0.61.0, as a session would."""

from __future__ import annotations

import hashlib
import json
import os
import uuid
from datetime import UTC, datetime
from pathlib import Path
from typing import Any


class GeminiLog:
    """One session's chat below a home folder. `at` moves with every line."""

    def __init__(self, home: Path, cwd: Path | str, *, at: float, model: str = "gemini-2.5-pro") -> None:
        self.at = at
        self.session_id = str(uuid.uuid4())
        self.cwd = str(cwd)
        self.model = model
        self.count = 0
        digest = hashlib.sha256(self.cwd.encode()).hexdigest()
        began = datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H-%M")
        folder = home / ".gemini" / "tmp" / digest / "chats"
        folder.mkdir(parents=True, exist_ok=True)
        self.path = folder / f"session-{began}-{self.session_id[:8]}.jsonl"
        head = {"sessionId": self.session_id, "projectHash": digest, "startTime": self.stamp(), "kind": "main"}
        self.line({**head, "lastUpdated": self.stamp(), "directories": [self.cwd]})

    def stamp(self) -> str:
        return datetime.fromtimestamp(self.at, UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"

    def line(self, record: dict[str, Any]) -> None:
        self.at += 0.05
        with self.path.open("a") as file:
            file.write(json.dumps(record) + "\n")

    def _message(self, kind: str, **fields: Any) -> None:
        self.count += 1
        self.line({"id": f"m{self.count}", "timestamp": self.stamp(), "type": kind, **fields})

    def prompt(self, text: str) -> None:
        self._message("user", content=[{"text": text}])

    def add_file(self, path: str, text: str) -> None:
        """A `write_file` of a new file."""
        whole = os.path.join(self.cwd, path)
        shown = {
            "fileDiff": f"Index: {path}\n===\n--- {path}\tCurrent\n+++ {path}\tProposed\n",
            "fileName": os.path.basename(path),
            "filePath": whole,
            "originalContent": "",
            "newContent": text,
        }
        name = f"write_file_{int(self.at * 1000)}_{self.count}"
        call = {
            "id": name,
            "name": "write_file",
            "args": {"file_path": whole, "content": text},
            "result": [{"functionResponse": {"id": name, "name": "write_file", "response": {"output": "ok"}}}],
            "status": "success",
            "timestamp": self.stamp(),
            "resultDisplay": shown,
        }
        tokens = {"input": 1000, "output": 64, "cached": 900, "thoughts": 13, "tool": 0, "total": 1077}
        self._message("gemini", content="", thoughts=[], tokens=tokens, model=self.model, toolCalls=[call])
