"""The chat history of the repository in which a command is run, and those below the folders that a person names."""

from __future__ import annotations

import json
import os
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from tests.formats import test_hooked
from tests.formats.test_hooked import TEXT
from tests.support.repo import Repo

PROGRAM = (sys.executable, "-m", "git_ai_trail")


@pytest.fixture(autouse=True)
def _no_other_history(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AIDER_CHAT_HISTORY_FILE", raising=False)


def said(repo: Repo, *words: str, cwd: Path | None = None) -> Any:
    return json.loads(repo.run(*PROGRAM, *words, cwd=cwd).stdout)


def at(seconds: float) -> str:
    return f"{int(time.time() + seconds)} +0000"


def test_a_commit_that_no_hook_saw_is_matched_if_it_is_not_older_than_the_session(repo: Repo, home: Path) -> None:
    test_hooked.aider(home, repo.root)
    repo.commit_file("value.py", TEXT, "Typed long before", at=at(-4000))
    repo.git("rm", "-q", "value.py")
    repo.commit("Taken out", at=at(-3000))
    repo.commit_file("value.py", TEXT, "Values")
    repo.run(*PROGRAM, "backfill", "--all")
    found = {view["subject"]: view["summary"]["generated"] for view in said(repo, "log", "--all", "--json")}
    assert found["Values"] == 4
    assert not found.get("Typed long before")


def test_ingest_reads_the_history_of_the_worktree_around_it(repo: Repo, home: Path, tmp_path: Path) -> None:
    test_hooked.aider(home, repo.root)
    below, outside = repo.root / "src", tmp_path / "outside"
    for folder in (below, outside):
        folder.mkdir()
    assert said(repo, "ingest", "--json", cwd=outside)["logs"] == 0
    assert said(repo, "ingest", "--json", cwd=below)["sessions"] == 1
    (one,) = said(repo, "sessions", "--json")
    assert (one["agent"], one["prompts"], one["edits"], one["models"]) == ("aider", 1, 1, ["gpt-5"])
    again = said(repo, "ingest", "--json")
    assert (again["unchanged"], again["sessions"]) == (1, 0)


def test_histories_below_a_log_root_are_read_from_anywhere(repo: Repo, home: Path, tmp_path: Path) -> None:
    test_hooked.aider(home, repo.root)
    config = home / ".config" / "git-ai-trail" / "config.toml"
    config.parent.mkdir(parents=True, exist_ok=True)
    config.write_text(f'[logs]\nroots = ["{repo.root}"]\n')
    outside = tmp_path / "outside"
    outside.mkdir()
    assert said(repo, "ingest", "--json", cwd=outside)["sessions"] == 1
    assert said(repo, "ingest", "--json")["unchanged"] == 1  # found in two ways, it is one


def test_the_file_that_the_environment_names_is_read(
    repo: Repo, home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    test_hooked.aider(home, repo.root)
    named = tmp_path / "logs" / "mine.md"
    named.parent.mkdir()
    os.rename(repo.root / ".aider.chat.history.md", named)
    assert said(repo, "ingest", "--json")["sessions"] == 0
    monkeypatch.setenv("AIDER_CHAT_HISTORY_FILE", str(named))
    assert said(repo, "ingest", "--json")["sessions"] == 1


def test_doctor_names_the_history(repo: Repo, home: Path) -> None:
    test_hooked.aider(home, repo.root)
    done = repo.run(*PROGRAM, "doctor", "--json", exit=1)
    details = [check["detail"] for check in json.loads(done.stdout) if check["name"] == "logs"]
    assert details == [f"Aider: 1 in {repo.root}/.aider.chat.history.md"]
