"""A real Copilot CLI of a given version.

It runs without an account when it is given a provider of its own.
"""

from __future__ import annotations

import json
import os
import re
import time
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.agent import Agent, fetched, target
from tests.e2e.claude_model import Block, ClaudeModel
from tests.e2e.dialect import Item
from tests.e2e.model import ScriptedModel
from tests.e2e.scenario import Step

# What Claude Code's tools and their arguments are called here.
_TOOLS = {"Bash": "bash", "Write": "create", "Edit": "edit", "Read": "view"}
_ARGUMENTS = {"file_path": "path", "content": "file_text", "old_string": "old_str", "new_string": "new_str"}
_AGENTS = ("Agent", "Task")
_ADDED = re.compile(r"^\*\*\* Add File: (.+)$", re.MULTILINE)
# What it puts around a prompt.
_AROUND = re.compile(r"<(current_datetime|reminder)>.*?</\1>", re.DOTALL)

# How long its log is waited for, and how often it is looked at, in seconds.
_PATIENCE = 20.0
_STEP = 0.05


class CopilotModel(ClaudeModel):
    """The same scripts, in calls of Copilot CLI's tools."""

    def learn(self, prompt: str, script: Sequence[Step]) -> None:
        super().learn(prompt, [one for step in script for one in _with_folders(step)])

    def respond(self, request: Mapping[str, Any]) -> list[Block]:
        messages = [{**one, "content": _without_additions(one.get("content"))} for one in request.get("messages") or []]
        tools = [*request["tools"], {"name": "Agent"}] if request.get("tools") else []
        said = super().respond({**request, "messages": messages, "tools": tools})
        results = [block.get("tool_use_id") for one in messages for block in _parts(one["content"])]
        return _when_logged([one for one in results if one], [_translated(block) for block in said])


class PatchingModel(ScriptedModel):
    """A model of OpenAI, which gets a tool for patches."""

    def respond(self, request: Mapping[str, Any]) -> list[Item]:
        given = [one for one in request.get("input") or [] if isinstance(one, dict)]
        asked = [{**one, "content": _without_additions(one["content"])} if "content" in one else one for one in given]
        results = [one.get("call_id") for one in given if str(one.get("type")).endswith("_output")]
        return _when_logged([one for one in results if one], super().respond({**request, "input": asked}))


def _when_logged(results: Sequence[str], said: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Copilot CLI writes its log some hundred milliseconds late, which no real model's answer is too quick for: ours gives the
    word for a commit only when the last call's result has been written."""
    if results and "git commit" in json.dumps(said):
        end = time.monotonic() + _PATIENCE
        while not _is_logged(results[-1]):
            assert time.monotonic() < end, f"the log does not get the result of {results[-1]}"
            time.sleep(_STEP)
    return said


def _is_logged(call: str) -> bool:
    logs = Path(os.environ["HOME"], ".copilot", "session-state").glob("*/events.jsonl")
    lines = (line for log in logs for line in log.read_text(encoding="utf-8", errors="replace").splitlines())
    return any(call in line and "tool.execution_complete" in line for line in lines)


def _with_folders(step: Step) -> list[Step]:
    """Its tool for new files makes no folders."""
    added = _ADDED.findall(step.text) if step.kind == "patch" else []
    folders = sorted({os.path.dirname(path) for path in added} - {""})
    return [*([Step(kind="shell", text="mkdir -p " + " ".join(folders))] if folders else []), step]


def _without_additions(content: object) -> object:
    if isinstance(content, str):
        return _AROUND.sub("", content).strip()
    return [{**part, "text": _AROUND.sub("", part["text"])} if "text" in part else part for part in _parts(content)]


def _parts(content: object) -> list[Any]:
    return content if isinstance(content, list) else []


def _translated(block: Block) -> Block:
    if block["type"] != "tool_use":
        return block
    given = {_ARGUMENTS.get(name, name): value for name, value in block["input"].items()}
    if block["name"] in _AGENTS:
        given = {"description": "a piece of work", "prompt": given["prompt"], "agent_type": "general-purpose"}
        return {**block, "name": "task", "input": {**given, "name": "a-helper", "mode": "sync"}}
    return {**block, "name": _TOOLS.get(block["name"], block["name"]), "input": given}


@dataclass(frozen=True, slots=True, kw_only=True)
class Copilot(Agent):
    """One installed Copilot CLI whose folder is `home`/.copilot, as a person has it. Its provider speaks as Anthropic's, or as
    OpenAI's does to a model called `gpt-…`."""

    brand = "Copilot"

    @classmethod
    def fetch(cls, version: str) -> tuple[str, ...]:
        package = fetched("copilot", version, f"@github/copilot-{target('Copilot CLI')}@{version}")
        return (str(package / "copilot"),)

    def run(self, prompt: str, *, place: Path, resume: str = "", locked: bool = False, fork: bool = False) -> str:
        assert not fork, "not tested here"
        if locked:
            pytest.skip("the sandbox of Copilot CLI is not tested here")
        session = resume or str(uuid.uuid4())
        options = ["--allow-all-tools", "--allow-all-paths", "--no-color", "--session-id", session]
        self.start([*options, "-p", prompt], place)
        return session

    def rollouts(self, session: str) -> list[Path]:
        return sorted((self.home / ".copilot" / "session-state").glob(f"{session}/events.jsonl"))

    def settings(self, place: Path) -> Mapping[str, str]:
        responses = {"COPILOT_PROVIDER_TYPE": "openai", "COPILOT_PROVIDER_WIRE_API": "responses"}
        return {
            **(responses if self.model.startswith("gpt") else {"COPILOT_PROVIDER_TYPE": "anthropic"}),
            "COPILOT_PROVIDER_BASE_URL": self.url,
            "COPILOT_PROVIDER_API_KEY": "unused",
            "COPILOT_MODEL": self.model,
            "COPILOT_OFFLINE": "true",
            "COPILOT_AUTO_UPDATE": "false",
            "CI": "1",
        }
