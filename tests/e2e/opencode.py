"""A real OpenCode of a given version: fetched from npm once, kept in a cache folder, run against a model on loopback."""

from __future__ import annotations

import json
import os
import platform
import sqlite3
import subprocess
import sys
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from filelock import FileLock

from tests.e2e.claude import pack, unpack
from tests.e2e.claude_model import Block, ClaudeModel
from tests.e2e.outside import CACHE
from tests.e2e.scenario import Step

_PLATFORMS = {("linux", "x86_64"): "linux-x64", ("linux", "aarch64"): "linux-arm64"}
_TIMEOUT = 180
# What Claude Code's tools and their arguments are called here.
_TOOLS = {"Bash": "bash", "Write": "write", "Edit": "edit", "Read": "read"}
_ARGUMENTS = {"file_path": "filePath", "old_string": "oldString", "new_string": "newString"}


def command(version: str) -> tuple[str, ...]:
    """How that version is started; the test is skipped where it cannot be had."""
    target = _PLATFORMS.get((sys.platform, platform.machine()))
    if target is None:
        pytest.skip(f"no OpenCode package is known for {sys.platform} on {platform.machine()}")
    folder = CACHE / "opencode" / version
    CACHE.mkdir(parents=True, exist_ok=True)
    with FileLock(CACHE / f"opencode-{version}.lock"):
        if not folder.is_dir():
            unpack(pack(f"opencode-{target}@{version}"), folder)
    return (str(folder / "package" / "bin" / "opencode"),)


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
class OpenCode:
    """One installed OpenCode that keeps its sessions in `home`, as a person has it."""

    command: tuple[str, ...]
    version: str
    model: str
    home: Path
    url: str
    brand: str = "OpenCode"

    @classmethod
    def install(cls, *, version: str, model: str, home: Path, url: str) -> OpenCode:
        found = cls(command=command(version), version=version, model=model, home=home, url=url)
        settings = home / ".config" / "opencode"
        settings.mkdir(parents=True, exist_ok=True)
        (settings / "opencode.json").write_text(json.dumps(found._settings()))
        return found

    def _settings(self) -> dict[str, Any]:
        allowed = dict.fromkeys(("*", "edit", "bash", "external_directory"), "allow")
        options = {"baseURL": f"{self.url}/v1", "apiKey": "unused"}
        known = {"name": self.model, "tool_call": True, "limit": {"context": 200_000, "output": 8000}}
        return {
            "autoupdate": False,
            "share": "disabled",
            "permission": allowed,
            "model": f"lab/{self.model}",
            "small_model": f"lab/{self.model}",
            "provider": {"lab": {"npm": "@ai-sdk/anthropic", "options": options, "models": {self.model: known}}},
        }

    def make_database(self) -> None:
        """Makes its database, which two that start at once and find none both try to do; one of them then fails."""
        subprocess.run(
            [*self.command, "session", "list"],
            cwd=self.home,
            env=self.env(self.home),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            check=True,
            timeout=_TIMEOUT,
        )

    def run(self, prompt: str, *, place: Path, resume: str = "", locked: bool = False, fork: bool = False) -> str:
        """One turn in `place`; returns the session's id. It has no sandbox that a test could lock."""
        if locked:
            pytest.skip("OpenCode has no sandbox")
        options = ["--format", "json", *(["--session", resume] if resume else []), *(["--fork"] if fork else [])]
        done = subprocess.run(
            [*self.command, "run", *options, prompt],
            cwd=place,
            env=self.env(place),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=_TIMEOUT,
        )
        assert done.returncode == 0, f"opencode {self.version}: {done.returncode}\n{done.stdout}\n{done.stderr}"
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

    def env(self, place: Path) -> Mapping[str, str]:
        # A proxy that nobody listens on: whatever is not loopback must fail at once.
        nowhere = "http://127.0.0.1:9"
        off = ("AUTOUPDATE", "MODELS_FETCH", "LSP_DOWNLOAD", "SHARE", "DEFAULT_PLUGINS")
        return {
            **os.environ,
            "PWD": str(place),
            **{f"OPENCODE_DISABLE_{name}": "1" for name in off},
            "HTTPS_PROXY": nowhere,
            "https_proxy": nowhere,
            "NO_PROXY": "127.0.0.1,localhost",
            "no_proxy": "127.0.0.1,localhost",
        }


def call(tool: str, **given: object) -> Step:
    """A call of a tool by the name it has here; FOLDER in it stands for the repository."""
    return Step(kind="call", text=json.dumps([tool, given]))
