"""A real Codex of a given version: fetched from npm once, kept in a cache folder, run against a model on loopback."""

from __future__ import annotations

import os
import platform
import re
import shutil
import subprocess
import sys
import tarfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest
from filelock import FileLock

from tests.e2e.outside import CACHE, package_env

# The safe filter came with Python 3.11.4; what is unpacked here we made or npm checked.
SAFE = {"filter": "data"} if hasattr(tarfile, "data_filter") else {}

_PLATFORMS = {("linux", "x86_64"): "linux-x64", ("linux", "aarch64"): "linux-arm64"}
_PACKAGE = "@openai/codex"
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


def binary(version: str) -> Path:
    """The program of that version; the test is skipped where it cannot be had."""
    target = _PLATFORMS.get((sys.platform, platform.machine()))
    if target is None:
        pytest.skip(f"no Codex package is known for {sys.platform} on {platform.machine()}")
    folder = CACHE / "codex" / f"{version}-{target}"
    CACHE.mkdir(parents=True, exist_ok=True)
    with FileLock(CACHE / f"codex-{version}.lock"):
        if not folder.is_dir():
            _unpack(_pack(f"{version}-{target}"), folder)
    (program,) = folder.glob("package/vendor/*/bin/codex")
    return program


def _pack(version: str) -> Path:
    npm = shutil.which("npm")
    if npm is None:
        pytest.skip("needs npm, to fetch a real Codex")
    command = [npm, "pack", "--silent", "--pack-destination", str(CACHE), f"{_PACKAGE}@{version}"]
    done = subprocess.run(command, cwd=CACHE, env=package_env(), capture_output=True, text=True, timeout=600)
    if done.returncode != 0:
        pytest.skip(f"npm cannot fetch {_PACKAGE}@{version}: {done.stderr.strip()[-300:]}")
    return CACHE / done.stdout.split()[-1]


def _unpack(archive: Path, folder: Path) -> None:
    """Puts the archive's files under `folder`, all or none; what only speaks and listens is left out."""
    partial = folder.with_suffix(".part")
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(parents=True)
    with tarfile.open(archive) as tar:
        members = [member for member in tar if "/voice/" not in member.name]
        tar.extractall(partial, members=members, **SAFE)
    partial.rename(folder)
    archive.unlink()


@dataclass(frozen=True, slots=True, kw_only=True)
class Codex:
    """One installed Codex with its settings in `home`/.codex, as a person has it."""

    program: Path
    version: str
    model: str
    home: Path
    brand: str = "Codex"

    @classmethod
    def install(cls, *, version: str, model: str, home: Path, url: str) -> Codex:
        folder = home / ".codex"
        folder.mkdir(exist_ok=True)
        folder.joinpath("config.toml").write_text(_CONFIG.format(model=model, url=url))
        return cls(program=binary(version), version=version, model=model, home=home)

    def run(self, prompt: str, *, place: Path, resume: str = "", locked: bool = False) -> str:
        """One turn in `place`; returns the session's id. `locked`: in Codex's own sandbox, home is read-only."""
        options = ["exec", *(self._sandbox(place) if locked else [_FREE]), "-C", str(place)]
        if resume:
            options += ["resume", resume]
        done = subprocess.run(
            [str(self.program), *options, prompt],
            cwd=place,
            env=self._env(),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=_TIMEOUT,
        )
        assert done.returncode == 0, f"codex {self.version}: {done.returncode}\n{done.stdout}\n{done.stderr}"
        found = _SESSION.search(done.stderr)
        assert found, f"codex {self.version} names no session\n{done.stderr}"
        return found.group(1)

    def _sandbox(self, place: Path) -> list[str]:
        """Lets commands write to the worktree and its .git, and nowhere else; skips where the kernel cannot."""
        git_dir = place / ".git"
        settings = [f'sandbox_workspace_write.writable_roots=["{git_dir}"]', *_CONFINED]
        options = [word for setting in settings for word in ("-c", setting)]
        probe = [str(self.program), "sandbox", *options, "touch", str(self.home / "probe")]
        subprocess.run(probe, cwd=place, env=self._env(), capture_output=True, timeout=_TIMEOUT)
        inside = [str(self.program), "sandbox", *options, "touch", str(git_dir / "probe")]
        allowed = subprocess.run(inside, cwd=place, env=self._env(), capture_output=True, timeout=_TIMEOUT)
        if allowed.returncode != 0 or (self.home / "probe").exists():
            pytest.skip("Codex's sandbox does not work on this kernel")
        (git_dir / "probe").unlink()
        return options

    def rollouts(self, session: str) -> list[Path]:
        """The logs of a session."""
        return sorted((self.home / ".codex" / "sessions").rglob(f"rollout-*{session}.jsonl*"))

    def _env(self) -> Mapping[str, str]:
        # A proxy that nobody listens on: whatever is not loopback must fail at once.
        nowhere = "http://127.0.0.1:9"
        return {
            **os.environ,
            "SCRIPTED_KEY": "unused",
            "HTTPS_PROXY": nowhere,
            "https_proxy": nowhere,
            "NO_PROXY": "127.0.0.1,localhost",
            "OPENAI_API_KEY": "",
        }
