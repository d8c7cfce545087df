"""A world of its own for each test."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from tests.endurance.world import World
from tests.support import faults
from tests.support.repo import Repo


@pytest.fixture(scope="session")
def injectable() -> None:
    why_not = faults.unsupported()
    if why_not:
        pytest.skip(why_not)


@pytest.fixture
def world(tmp_path: Path, home: Path, monkeypatch: pytest.MonkeyPatch) -> World:
    """A repository with our hooks and one commit; the database is not fed, so that nothing runs on after a commit."""
    monkeypatch.setenv("CODEX_HOME", str(home / ".codex"))
    monkeypatch.setenv("PATH", f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}")
    made = World(tmp_path, home)
    Repo.init(made.repo.root)
    made.repo.commit_file("README.md", "Title\n", "base")
    made.repo.git("config", "ai-log-trail.ingest", "false")
    made.program("init", "--native")
    made.repo.git("add", "-A")
    made.repo.git("commit", "-q", "--no-verify", "-m", "set up", env={"GIT_AI_TRAIL": "0"})
    return made
