"""The ways in which a person gets our hooks into a repository: native files, the pre-commit framework, prek."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from filelock import FileLock

from tests.e2e.outside import CACHE, package_env
from tests.support.repo import Repo

ROOT = Path(__file__).resolve().parents[2]
# What a clone of the project must hold so that a hook manager can install it.
_SOURCE = (
    "src",
    "hooks",
    "templates",
    "pyproject.toml",
    "README.md",
    "CHANGELOG.md",
    "LICENSE",
    ".pre-commit-hooks.yaml",
)
_HOMES = {"pre-commit": "PRE_COMMIT_HOME", "prek": "PREK_HOME"}
_STALE_AFTER = 24 * 3600

_CONFIG = """\
default_install_hook_types: [prepare-commit-msg, commit-msg, post-commit, post-rewrite]
repos:
  - repo: {source}
    rev: {rev}
    hooks:
      - id: ai-trail-prepare-commit-msg
      - id: ai-trail-commit-msg
      - id: ai-trail-post-commit
      - id: ai-trail-post-rewrite
"""


def installer(mode: str, monkeypatch: pytest.MonkeyPatch) -> Callable[[Repo], None]:
    """Puts this Python's programs first on PATH and returns what sets a repository up in the given way.

    `auto` is what `init` takes by itself: entries of git's configuration where git knows them, else native hooks. With `-only`
    after the manager's name nothing but the manager's own configuration is written: no `init`.
    """
    monkeypatch.setenv("PATH", f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}")
    if mode in ("auto", "native"):
        return lambda repo: _own(repo, mode)
    manager, only = mode.removesuffix("-only"), mode.endswith("-only")
    source = _hook_source()
    monkeypatch.setenv(_HOMES[manager], str(source.parent / manager))

    def install(repo: Repo) -> None:
        _managed(repo, manager, source)
        if not only:
            repo.run("git", "ai-trail", "init")

    return install


def _own(repo: Repo, mode: str) -> None:
    repo.run("git", "ai-trail", "init", *(["--native"] if mode == "native" else []))


def _managed(repo: Repo, manager: str, source: Path) -> None:
    rev = Repo(source).git("rev-parse", "HEAD")
    repo.write(".pre-commit-config.yaml", _CONFIG.format(source=source, rev=rev))
    repo.git("add", ".pre-commit-config.yaml")
    # The environment is built once for all tests of this state of the project.
    with FileLock(source.parent / f"{manager}.lock"):
        repo.run(manager, "install", "--install-hooks", env=package_env())


def _hook_source() -> Path:
    """A git repository with the project as it is now; one folder per state, so that environments can be kept."""
    base = CACHE / "hook-sources"
    base.mkdir(parents=True, exist_ok=True)
    with FileLock(base / "lock"):
        folder = base / _fingerprint()
        source = folder / "git-ai-trail"
        if not source.is_dir():
            _drop_stale(base)
            shutil.rmtree(folder, ignore_errors=True)
            _copy(folder / "copying")
            Repo(folder / "copying").commit("source")
            (folder / "copying").rename(source)
        os.utime(folder)
    return source


def _copy(folder: Path) -> None:
    folder.mkdir(parents=True)
    subprocess.run(["git", "init", "-q", "-b", "main", "."], cwd=folder, check=True)
    for name in _SOURCE:
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
        elif (ROOT / name).exists():
            shutil.copy2(ROOT / name, folder / name)


def _fingerprint() -> str:
    hashed = hashlib.sha256()
    for name in _SOURCE:
        for path in sorted([ROOT / name, *(ROOT / name).rglob("*")]):
            if path.is_file() and "__pycache__" not in path.parts:
                hashed.update(f"{path.relative_to(ROOT)}\0{path.stat().st_mode}\0".encode() + path.read_bytes())
    return hashed.hexdigest()[:16]


def _drop_stale(base: Path) -> None:
    for folder in base.iterdir():
        if folder.is_dir() and time.time() - folder.stat().st_mtime > _STALE_AFTER:
            shutil.rmtree(folder, ignore_errors=True)
