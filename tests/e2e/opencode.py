"""A real OpenCode of a given version."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.agent import Agent, fetched, target
from tests.e2e.claude_model import Block, ClaudeModel

# What Claude Code's tools and their arguments are called here.
_TOOLS = {"Bash": "bash", "Write": "write", "Edit": "edit", "Read": "read"}
_ARGUMENTS = {"file_path": "filePath", "old_string": "oldString", "new_string": "newString"}


class OpenCodeModel(ClaudeModel):
    """The same scripts, in calls of OpenCode's tools."""

    def learn(self, prompt: str, script: Any) -> None:
        super().learn(prompt, script)
        super().learn(f'"{prompt}"', script)  # how `opencode run` puts an argument with blanks

    def respond(self, request: Mapping[str, Any]) -> list[Block]:
        return [_translated(block) for block in super().respond(request)]


def _translated(block: Block) -> Block:
    if block["type"] != "tool_use":
        return block
    given = {_ARGUMENTS.get(name, name): value for name, value in block["input"].items()}
    return {**block, "name": _TOOLS.get(block["name"], block["name"]), "input": given}


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenCode(Agent):
    """One installed OpenCode that keeps its sessions in `home`, as a person has it."""

    brand = "OpenCode"

    @classmethod
    def fetch(cls, version: str) -> tuple[str, ...]:
        package = fetched("opencode", version, f"opencode-{target('OpenCode')}@{version}")
        return (str(package / "bin" / "opencode"),)

    def files(self) -> Mapping[str, str]:
        allowed = dict.fromkeys(("*", "edit", "bash", "external_directory"), "allow")
        options = {"baseURL": f"{self.url}/v1", "apiKey": "unused"}
        known = {"name": self.model, "tool_call": True, "limit": {"context": 200_000, "output": 8000}}
        settings = {
            "autoupdate": False,
            "share": "disabled",
            "permission": allowed,
            "model": f"lab/{self.model}",
            "small_model": f"lab/{self.model}",
            "provider": {"lab": {"npm": "@ai-sdk/anthropic", "options": options, "models": {self.model: known}}},
        }
        return {".config/opencode/opencode.json": json.dumps(settings)}

    def make_database(self) -> None:
        """Makes its database, which two that start at once and find none both try to do; one of them then fails."""
        self.start(["session", "list"], self.home)

    def run(self, prompt: str, *, place: Path, resume: str = "", locked: bool = False, fork: bool = False) -> str:
        if locked:
            pytest.skip("OpenCode has no sandbox")
        options = ["--format", "json", *(["--session", resume] if resume else []), *(["--fork"] if fork else [])]
        done = self.start(["run", *options, prompt], place)
        # Before its first event it may say that it makes a database.
        session: str = next(json.loads(line)["sessionID"] for line in done.stdout.splitlines() if line.startswith("{"))
        return session

    def rollouts(self, session: str) -> list[Path]:
        """The database if the session is in it, else the session's own file."""
        data = self.home / ".local" / "share" / "opencode"
        if not (data / "opencode.db").exists():
            return sorted((data / "storage" / "session").glob(f"*/{session}.json"))
        with closing(sqlite3.connect(data / "opencode.db")) as conn:
            there = conn.execute("SELECT count(*) FROM session WHERE id = ?", (session,)).fetchone()[0]
        return [data / "opencode.db"] if there else []

    def settings(self, place: Path) -> Mapping[str, str]:
        off = ("AUTOUPDATE", "MODELS_FETCH", "LSP_DOWNLOAD", "SHARE", "DEFAULT_PLUGINS")
        return {"PWD": str(place), **{f"OPENCODE_DISABLE_{name}": "1" for name in off}}
