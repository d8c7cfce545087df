"""A real Copilot CLI of a given version: fetched from npm once, kept in a cache folder, run against a model on loopback.

It runs without an account when it is given a provider of its own.
"""

from __future__ import annotations

import json
import os
import platform
import re
import subprocess
import sys
import time
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from filelock import FileLock

from tests.e2e.claude import pack, unpack
from tests.e2e.claude_model import Block, ClaudeModel
from tests.e2e.dialect import Item
from tests.e2e.model import ScriptedModel
from tests.e2e.outside import CACHE
from tests.e2e.scenario import Step

_PLATFORMS = {("linux", "x86_64"): "linux-x64", ("linux", "aarch64"): "linux-arm64"}
_TIMEOUT = 180
# What Claude Code's tools and their arguments are called here.
_TOOLS = {"Bash": "bash", "Write": "create", "Edit": "edit", "Read": "view"}
_ARGUMENTS = {"file_path": "path", "content": "file_text", "old_string": "old_str", "new_string": "new_str"}
_AGENTS = ("Agent", "Task")
# What it puts around a prompt.
_ADDED = re.compile(r"^\*\*\* Add File: (.+)$", re.MULTILINE)
_AROUND = re.compile(r"<(current_datetime|reminder)>.*?</\1>", re.DOTALL)

_LATE = 1.5  # seconds


def command(version: str) -> tuple[str, ...]:
    """How that version is started; the test is skipped where it cannot be had."""
    target = _PLATFORMS.get((sys.platform, platform.machine()))
    if target is None:
        pytest.skip(f"no Copilot CLI package is known for {sys.platform} on {platform.machine()}")
    folder = CACHE / "copilot" / version
    CACHE.mkdir(parents=True, exist_ok=True)
    with FileLock(CACHE / f"copilot-{version}.lock"):
        if not folder.is_dir():
            unpack(pack(f"@github/copilot-{target}@{version}"), folder)
    return (str(folder / "package" / "copilot"),)


class CopilotModel(ClaudeModel):
    """The same scripts, in calls of Copilot CLI's tools."""

    def learn(self, prompt: str, script: Sequence[Step]) -> None:
        super().learn(prompt, [one for step in script for one in _with_folders(step)])

    def respond(self, request: Mapping[str, Any]) -> list[Block]:
        messages = [{**one, "content": _without_additions(one.get("content"))} for one in request.get("messages") or []]
        tools = [*request["tools"], {"name": "Agent"}] if request.get("tools") else []
        said = super().respond({**request, "messages": messages, "tools": tools})
        return _unhurried([_translated(block) for block in said])


class PatchingModel(ScriptedModel):
    """A model of OpenAI, which gets a tool for patches."""

    def respond(self, request: Mapping[str, Any]) -> list[Item]:
        given = [one for one in request.get("input") or [] if isinstance(one, dict)]
        asked = [{**one, "content": _without_additions(one["content"])} if "content" in one else one for one in given]
        return _unhurried(super().respond({**request, "input": asked}))


def _unhurried(said: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Copilot CLI writes its log some hundred milliseconds late, which no real model's answer is too quick for: ours waits
    before a commit."""
    if "git commit" in json.dumps(said):
        time.sleep(_LATE)
    return said


def _with_folders(step: Step) -> list[Step]:
    """Its tool for new files makes no folders."""
    added = _ADDED.findall(step.text) if step.kind == "patch" else []
    folders = sorted({os.path.dirname(path) for path in added} - {""})
    return [*([Step(kind="shell", text="mkdir -p " + " ".join(folders))] if folders else []), step]


def _without_additions(content: object) -> object:
    if isinstance(content, str):
        return _AROUND.sub("", content).strip()
    parts = content if isinstance(content, list) else []
    return [{**part, "text": _AROUND.sub("", part["text"])} if "text" in part else part for part in parts]


def _translated(block: Block) -> Block:
    if block["type"] != "tool_use":
        return block
    given = {_ARGUMENTS.get(name, name): value for name, value in block["input"].items()}
    if block["name"] in _AGENTS:
        given = {"description": "a piece of work", "prompt": given["prompt"], "agent_type": "general-purpose"}
        return {**block, "name": "task", "input": {**given, "name": "a-helper", "mode": "sync"}}
    return {**block, "name": _TOOLS.get(block["name"], block["name"]), "input": given}


@dataclass(frozen=True, slots=True, kw_only=True)
class Copilot:
    """One installed Copilot CLI whose folder is `home`/.copilot, as a person has it."""

    command: tuple[str, ...]
    version: str
    model: str
    home: Path
    url: str
    brand: str = "Copilot"

    @classmethod
    def install(cls, *, version: str, model: str, home: Path, url: str) -> Copilot:
        """With a provider that speaks as Anthropic's, or as OpenAI's does to a model called `gpt-…`."""
        return cls(command=command(version), version=version, model=model, home=home, url=url)

    def run(self, prompt: str, *, place: Path, resume: str = "", locked: bool = False) -> str:
        """One turn in `place`; returns the session's id."""
        if locked:
            pytest.skip("the sandbox of Copilot CLI is not tested here")
        session = resume or str(uuid.uuid4())
        options = ["--allow-all-tools", "--allow-all-paths", "--no-color", "--session-id", session]
        done = subprocess.run(
            [*self.command, *options, "-p", prompt],
            cwd=place,
            env=self.env(),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=_TIMEOUT,
        )
        assert done.returncode == 0, f"copilot {self.version}: {done.returncode}\n{done.stdout}\n{done.stderr}"
        return session

    def rollouts(self, session: str) -> list[Path]:
        """The log of a session."""
        return sorted((self.home / ".copilot" / "session-state").glob(f"{session}/events.jsonl"))

    def env(self) -> Mapping[str, str]:
        # A proxy that nobody listens on: whatever is not loopback must fail at once.
        nowhere = "http://127.0.0.1:9"
        responses = {"COPILOT_PROVIDER_TYPE": "openai", "COPILOT_PROVIDER_WIRE_API": "responses"}
        return {
            **os.environ,
            **(responses if self.model.startswith("gpt") else {"COPILOT_PROVIDER_TYPE": "anthropic"}),
            "COPILOT_PROVIDER_BASE_URL": self.url,
            "COPILOT_PROVIDER_API_KEY": "unused",
            "COPILOT_MODEL": self.model,
            "COPILOT_OFFLINE": "true",
            "COPILOT_AUTO_UPDATE": "false",
            "CI": "1",
            "HTTPS_PROXY": nowhere,
            "https_proxy": nowhere,
            "NO_PROXY": "127.0.0.1,localhost",
            "no_proxy": "127.0.0.1,localhost",
        }
