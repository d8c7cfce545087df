"""A repository without a commit, and a folder that is none: every command says so in one line, and what to do."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.repo import Repo

ON_COMMITS = [
    ["log"],
    ["stats"],
    ["show"],
    ["verify"],
    ["backfill"],
    ["report"],
    ["attest"],
    ["blame", "a.py"],
    ["explain", "HEAD"],
    ["export", "--format", "agent-trace"],
    ["import", "git-ai"],
]
each_command = pytest.mark.parametrize("command", ON_COMMITS, ids=lambda command: str(command[0]))


def run(folder: Path, command: list[str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-m", "git_ai_trail", *command], cwd=folder, capture_output=True, text=True)


@each_command
def test_there_are_no_commits_yet(repo: Repo, command: list[str]) -> None:
    found = run(repo.root, command)
    assert found.returncode == 1
    assert found.stderr.splitlines()[0] in (
        "ai-trail: there are no commits yet",
        "ai-trail: git knows no commit 'HEAD'",
    )
    assert "hint: " in found.stderr
    assert found.stdout == ""


@each_command
def test_not_in_a_repository(tmp_path: Path, command: list[str]) -> None:
    found = run(tmp_path, command)
    assert (found.returncode, found.stdout) == (1, "")
    assert found.stderr == "ai-trail: not inside a git worktree\nhint: run it in a folder of your repository\n"
