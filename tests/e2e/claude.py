"""A real Claude Code of a given version: fetched from npm once, kept in a cache folder, run against a model on loopback."""

from __future__ import annotations

import json
import os
import platform
import shutil
import subprocess
import sys
import tarfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest
from filelock import FileLock

from tests.e2e.codex import SAFE
from tests.e2e.outside import CACHE, package_env

_PACKAGE = "@anthropic-ai/claude-code"
_PLATFORMS = {("linux", "x86_64"): "linux-x64", ("linux", "aarch64"): "linux-arm64"}
# From 2.1.113 on the package holds no program; that is in a package for each platform.
_NATIVE_FROM = (2, 1, 113)
_TIMEOUT = 120


def command(version: str) -> tuple[str, ...]:
    """How that version is started; the test is skipped where it cannot be had."""
    native = tuple(map(int, version.split("."))) >= _NATIVE_FROM
    package, inside = _PACKAGE, "cli.js"
    if native:
        target = _PLATFORMS.get((sys.platform, platform.machine()))
        if target is None:
            pytest.skip(f"no Claude Code package is known for {sys.platform} on {platform.machine()}")
        package, inside = f"{_PACKAGE}-{target}", "claude"
    folder = CACHE / "claude" / version
    CACHE.mkdir(parents=True, exist_ok=True)
    with FileLock(CACHE / f"claude-{version}.lock"):
        if not folder.is_dir():
            unpack(pack(f"{package}@{version}"), folder)
    program = str(folder / "package" / inside)
    return (program,) if native else ("node", program)


def pack(name: str) -> Path:
    """The archive of a package from npm; the test is skipped where it cannot be had."""
    npm = shutil.which("npm")
    if npm is None:
        pytest.skip(f"needs npm, to fetch {name}")
    words = [npm, "pack", "--silent", "--pack-destination", str(CACHE), name]
    done = subprocess.run(words, cwd=CACHE, env=package_env(), capture_output=True, text=True, timeout=900)
    if done.returncode != 0:
        pytest.skip(f"npm cannot fetch {name}: {done.stderr.strip()[-300:]}")
    return CACHE / done.stdout.split()[-1]


def unpack(archive: Path, folder: Path) -> None:
    """Puts the archive's files under `folder`, all or none."""
    partial = folder.with_suffix(".part")
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(parents=True)
    with tarfile.open(archive) as tar:
        tar.extractall(partial, **SAFE)
    partial.rename(folder)
    archive.unlink()


@dataclass(frozen=True, slots=True, kw_only=True)
class Claude:
    """One installed Claude Code whose folder is `home`/.claude, as a person has it."""

    command: tuple[str, ...]
    version: str
    model: str
    home: Path
    url: str
    brand: str = "Claude"

    @classmethod
    def install(cls, *, version: str, model: str, home: Path, url: str) -> Claude:
        return cls(command=command(version), version=version, model=model, home=home, url=url)

    def run(self, prompt: str, *, place: Path, resume: str = "", locked: bool = False, fork: bool = False) -> str:
        """One turn in `place`; returns the session's id. It has no sandbox that a test could lock."""
        if locked:
            pytest.skip("the sandbox of Claude Code is not tested here")
        options = ["-p", "--output-format", "json", "--dangerously-skip-permissions", "--model", self.model]
        options += ["--resume", resume] if resume else []
        options += ["--fork-session"] if fork else []
        done = subprocess.run(
            [*self.command, *options, prompt],
            cwd=place,
            env=self.env(),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=_TIMEOUT,
        )
        assert done.returncode == 0, f"claude {self.version}: {done.returncode}\n{done.stdout}\n{done.stderr}"
        session: str = json.loads(done.stdout.splitlines()[-1])["session_id"]
        return session

    def rollouts(self, session: str) -> list[Path]:
        """The logs of a session, those of its sub-agents included."""
        projects = self.home / ".claude" / "projects"
        return sorted([*projects.glob(f"*/{session}.jsonl"), *projects.glob(f"*/{session}/subagents/*.jsonl")])

    def env(self) -> Mapping[str, str]:
        # A proxy that nobody listens on: whatever is not loopback must fail at once.
        nowhere = "http://127.0.0.1:9"
        return {
            **os.environ,
            "ANTHROPIC_BASE_URL": self.url,
            "ANTHROPIC_API_KEY": "unused",
            "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1",
            "DISABLE_TELEMETRY": "1",
            "DISABLE_AUTOUPDATER": "1",
            "DISABLE_ERROR_REPORTING": "1",
            "IS_SANDBOX": "1",  # else it refuses to run as root without asking
            "HTTPS_PROXY": nowhere,
            "https_proxy": nowhere,
            "NO_PROXY": "127.0.0.1,localhost",
            "no_proxy": "127.0.0.1,localhost",
        }
