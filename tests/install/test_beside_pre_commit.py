"""Our hooks files beside the real pre-commit, whichever of the two came first."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from git_ai_trail.install import native, place
from tests.install.conftest import journal_of
from tests.support.repo import Repo

CONFIG = """\
repos:
  - repo: local
    hooks:
      - id: theirs
        name: theirs
        entry: sh -c 'echo theirs >>calls'
        language: system
        stages: [commit-msg]
        always_run: true
"""


@pytest.fixture
def both(repo: Repo, home: Path, monkeypatch: pytest.MonkeyPatch) -> Repo:
    """A repository with pre-commit's configuration, where our shims start a stand-in for Python."""
    monkeypatch.setenv("PRE_COMMIT_HOME", str(home / "pre-commit"))
    python = home / "python3"
    python.write_text('#!/bin/sh\nshift 5\necho "ours $1" >>calls\n')
    python.chmod(0o755)
    monkeypatch.setattr("sys.executable", str(python))
    repo.write(".pre-commit-config.yaml", CONFIG)
    repo.write(".gitignore", "calls\n")
    repo.git("add", "-A")
    return repo


INTERPRETER = sys.executable


def pre_commit_install(repo: Repo) -> None:
    repo.run(INTERPRETER, "-m", "pre_commit", "install", "-t", "commit-msg")


def ours_install(repo: Repo) -> None:
    native.install(place.find(str(repo.root)), journal_of(repo))


def commit(repo: Repo) -> list[str]:
    repo.git("commit", "-q", "--allow-empty", "-m", "x")
    calls = (repo.root / "calls").read_text().splitlines()
    (repo.root / "calls").unlink()
    return [call for call in calls if call in ("theirs", "ours commit-msg")]


def test_pre_commit_first(both: Repo) -> None:
    pre_commit_install(both)
    ours_install(both)

    assert commit(both) == ["theirs", "ours commit-msg"]


def test_pre_commit_second(both: Repo) -> None:
    ours_install(both)
    pre_commit_install(both)

    assert commit(both) == ["ours commit-msg", "theirs"]


def test_pre_commit_first_and_once_more(both: Repo) -> None:
    pre_commit_install(both)
    ours_install(both)
    pre_commit_install(both)

    assert commit(both) == ["ours commit-msg", "theirs"]


def test_taken_away_again_pre_commit_runs_as_before(both: Repo) -> None:
    pre_commit_install(both)
    before = (both.root / ".git/hooks/commit-msg").read_bytes()
    ours_install(both)
    native.remove(place.find(str(both.root)), journal_of(both))

    assert (both.root / ".git/hooks/commit-msg").read_bytes() == before
    assert commit(both) == ["theirs"]
