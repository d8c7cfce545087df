"""A real Claude Code of a given version."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.e2e.agent import Agent, fetched, target

_PACKAGE = "@anthropic-ai/claude-code"
# From 2.1.113 on the package holds no program; that is in a package for each platform.
_NATIVE_FROM = (2, 1, 113)


@dataclass(frozen=True, slots=True, kw_only=True)
class Claude(Agent):
    """One installed Claude Code whose folder is `home`/.claude, as a person has it."""

    brand = "Claude"

    @classmethod
    def fetch(cls, version: str) -> tuple[str, ...]:
        if tuple(map(int, version.split("."))) < _NATIVE_FROM:
            return "node", str(fetched("claude", version, f"{_PACKAGE}@{version}") / "cli.js")
        return (str(fetched("claude", version, f"{_PACKAGE}-{target('Claude Code')}@{version}") / "claude"),)

    def run(self, prompt: str, *, place: Path, resume: str = "", locked: bool = False, fork: bool = False) -> str:
        if locked:
            pytest.skip("the sandbox of Claude Code is not tested here")
        options = ["-p", "--output-format", "json", "--dangerously-skip-permissions", "--model", self.model]
        options += ["--resume", resume] if resume else []
        options += ["--fork-session"] if fork else []
        done = self.start([*options, prompt], place)
        session: str = json.loads(done.stdout.splitlines()[-1])["session_id"]
        return session

    def rollouts(self, session: str) -> list[Path]:
        """The logs of a session, those of its sub-agents included."""
        projects = self.home / ".claude" / "projects"
        return sorted([*projects.glob(f"*/{session}.jsonl"), *projects.glob(f"*/{session}/subagents/*.jsonl")])

    def logs(self) -> list[Path]:
        """The logs of all sessions, without those of sub-agents."""
        return sorted((self.home / ".claude" / "projects").glob("*/*-*-*-*-*.jsonl"))

    def settings(self, place: Path) -> Mapping[str, str]:
        return {
            "ANTHROPIC_BASE_URL": self.url,
            "ANTHROPIC_API_KEY": "unused",
            "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1",
            "DISABLE_TELEMETRY": "1",
            "DISABLE_AUTOUPDATER": "1",
            "DISABLE_ERROR_REPORTING": "1",
            "IS_SANDBOX": "1",  # else it refuses to run as root without asking
        }
