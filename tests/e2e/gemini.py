"""A real Gemini CLI of a given version."""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.agent import Agent, fetched
from tests.e2e.claude_model import Block, ClaudeModel

# What Claude Code's tools and their arguments are called here.
_TOOLS = {"Bash": "run_shell_command", "Write": "write_file", "Edit": "replace", "Read": "read_file"}
_AGENTS = ("Agent", "Task")
_SETTINGS = {
    "security": {"auth": {"selectedType": "gemini-api-key"}},
    "privacy": {"usageStatisticsEnabled": False},
    "telemetry": {"enabled": False},
    "general": {"enableAutoUpdate": False, "enableAutoUpdateNotification": False},
}


class GeminiModel(ClaudeModel):
    """The same scripts, in calls of Gemini CLI's tools and in the words of Gemini's own protocol."""

    folder = ""  # that was told of last: a sub-agent is not told

    def respond(self, request: Mapping[str, Any]) -> list[Block]:
        declared = [one for tool in request.get("tools") or [] for one in tool.get("functionDeclarations") or []]
        tools = [{"name": name} for name in ("Agent", *(one["name"] for one in declared))] if declared else []
        messages = [_message(one) for one in request.get("contents") or []]
        # Where it is told of the folder, the words differ.
        told = json.dumps(request.get("contents")).partition("Workspace Directories:**\\n  - ")[2].partition("\\n")[0]
        self.folder = told or self.folder
        system = f"working directory: {self.folder}"
        return [_translated(one) for one in super().respond({"tools": tools, "messages": messages, "system": system})]

    def stream(self, blocks: Sequence[Block], request: Mapping[str, Any]) -> bytes:
        """One event with the whole answer, as a short one is."""
        parts = [
            {"text": block["text"]}
            if block["type"] == "text"
            else {"functionCall": {"name": block["name"], "args": block["input"]}}
            for block in blocks
        ]
        candidate = {"content": {"role": "model", "parts": parts}, "finishReason": "STOP", "index": 0}
        used = {
            "promptTokenCount": 1000,
            "cachedContentTokenCount": 900,
            "candidatesTokenCount": 64,
            "totalTokenCount": 1064,
        }
        answer = {"candidates": [candidate], "usageMetadata": used, "modelVersion": "gemini-2.5-pro"}
        return f"data: {json.dumps(answer)}\n\n".encode()


def _message(content: Mapping[str, Any]) -> Block:
    """A turn of the conversation as Claude's protocol has it."""
    blocks: list[Block] = []
    for part in content.get("parts") or []:
        if "functionResponse" in part:
            blocks.append({"type": "tool_result", "content": part["functionResponse"].get("response")})
        elif "text" in part:
            blocks.append({"type": "text", "text": part["text"]})
    return {"role": "assistant" if content.get("role") == "model" else "user", "content": blocks}


def _translated(block: Block) -> Block:
    if block["type"] != "tool_use":
        return block
    given = dict(block["input"])
    if block["name"] == "Edit":
        given["instruction"] = "change the text"
    if block["name"] in _AGENTS:
        return {**block, "name": "invoke_agent", "input": {"agent_name": "generalist", "prompt": given["prompt"]}}
    return {**block, "name": _TOOLS.get(block["name"], block["name"]), "input": given}


@dataclass(frozen=True, slots=True, kw_only=True)
class Gemini(Agent):
    """One installed Gemini CLI whose folder is `home`/.gemini, as a person has it."""

    brand = "Gemini"

    @classmethod
    def fetch(cls, version: str) -> tuple[str, ...]:
        return "node", str(fetched("gemini", version, f"@google/gemini-cli@{version}") / "bundle" / "gemini.js")

    def files(self) -> Mapping[str, str]:
        return {".gemini/settings.json": json.dumps(_SETTINGS)}

    def run(self, prompt: str, *, place: Path, resume: str = "", locked: bool = False, fork: bool = False) -> str:
        assert not fork, "not tested here"
        if locked:
            pytest.skip("the sandbox of Gemini CLI is not tested here")
        session = resume or str(uuid.uuid4())
        options = ["--approval-mode", "yolo", "-m", self.model, "--resume" if resume else "--session-id", session]
        self.start([*options, "-p", prompt], place)
        return session

    def rollouts(self, session: str) -> list[Path]:
        """The chats of a session, those of its sub-agents included."""
        chats = (self.home / ".gemini" / "tmp").glob("*/chats/**/*.jsonl")
        return sorted(path for path in chats if session in path.read_text()[:4096])

    def settings(self, place: Path) -> Mapping[str, str]:
        return {
            "GEMINI_API_KEY": "unused",
            "GOOGLE_GEMINI_BASE_URL": self.url,
            "GEMINI_CLI_TRUST_WORKSPACE": "true",
            "GEMINI_SANDBOX": "false",
            "GEMINI_TELEMETRY_ENABLED": "false",
            "NO_BROWSER": "true",
            "CI": "1",
        }
