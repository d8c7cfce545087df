"""A real Codex of a given version."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.e2e.agent import Agent, fetched, target

_SESSION = re.compile(r"session id: ([0-9a-f-]{36})")
_TIMEOUT = 120

_FREE = "--dangerously-bypass-approvals-and-sandbox"
_CONFINED = (
    'sandbox_mode="workspace-write"',
    "sandbox_workspace_write.exclude_slash_tmp=true",
    "sandbox_workspace_write.exclude_tmpdir_env_var=true",
)

_CONFIG = """\
model = "{model}"
model_provider = "scripted"
check_for_update_on_startup = false

[analytics]
enabled = false

[model_providers.scripted]
name = "scripted"
base_url = "{url}"
wire_api = "responses"
env_key = "SCRIPTED_KEY"
request_max_retries = 1
stream_max_retries = 1
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Codex(Agent):
    """One installed Codex with its settings in `home`/.codex, as a person has it."""

    brand = "Codex"

    @classmethod
    def fetch(cls, version: str) -> tuple[str, ...]:
        """What only speaks and listens is left out."""
        named = f"{version}-{target('Codex')}"
        (program,) = fetched("codex", named, f"@openai/codex@{named}", without="voice").glob("vendor/*/bin/codex")
        return (str(program),)

    def files(self) -> Mapping[str, str]:
        return {".codex/config.toml": _CONFIG.format(model=self.model, url=self.url)}

    def run(self, prompt: str, *, place: Path, resume: str = "", locked: bool = False, fork: bool = False) -> str:
        assert not fork, "not tested here"
        options = ["exec", *(self._sandbox(place) if locked else [_FREE]), "-C", str(place)]
        done = self.start([*options, *(["resume", resume] if resume else []), prompt], place)
        found = _SESSION.search(done.stderr)
        assert found, f"codex {self.version} names no session\n{done.stderr}"
        return found.group(1)

    def _sandbox(self, place: Path) -> list[str]:
        """Lets commands write to the worktree and its .git, and nowhere else; skips where the kernel cannot."""
        git_dir = place / ".git"
        settings = [f'sandbox_workspace_write.writable_roots=["{git_dir}"]', *_CONFINED]
        options = [word for setting in settings for word in ("-c", setting)]
        self._touch(options, self.home / "probe", place)
        if not self._touch(options, git_dir / "probe", place) or (self.home / "probe").exists():
            pytest.skip("Codex's sandbox does not work on this kernel")
        (git_dir / "probe").unlink()
        return options

    def _touch(self, options: list[str], path: Path, place: Path) -> bool:
        """Whether that can be done in the sandbox."""
        words = [*self.command, "sandbox", *options, "touch", str(path)]
        return (
            subprocess.run(words, cwd=place, env=self.env(place), capture_output=True, timeout=_TIMEOUT).returncode == 0
        )

    def rollouts(self, session: str) -> list[Path]:
        return sorted((self.home / ".codex" / "sessions").rglob(f"rollout-*{session}.jsonl*"))

    def settings(self, place: Path) -> Mapping[str, str]:
        return {"SCRIPTED_KEY": "unused", "OPENAI_API_KEY": ""}
