"""A repository with our native hooks, an agent that writes in it, and what is then known of a commit."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

import pytest

from git_ai_trail.attach.record import digest, note_line, parse_note
from tests.support.codex_log import CodexLog
from tests.support.repo import Repo

LINES = "def fetch(url):\n    for attempt in range(5):\n        answer = open_connection(url)\n    return answer\n"


@pytest.fixture
def codex(home: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = home / ".codex"
    monkeypatch.setenv("CODEX_HOME", str(folder))
    monkeypatch.setenv("PATH", f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}")
    return folder


@pytest.fixture
def hooked(repo: Repo, codex: Path) -> Repo:
    """A repository with one commit and our native hooks; the database is not fed, so that nothing runs on after a test."""
    repo.commit_file("README.md", "Title\n", "base")
    repo.git("config", "ai-log-trail.ingest", "false")
    repo.run("git-ai-trail", "init", "--native")
    repo.git("add", "-A")
    repo.git("commit", "-q", "--no-verify", "-m", "set up", env={"GIT_AI_TRAIL": "0"})
    return repo


def show(repo: Repo, rev: str = "HEAD") -> dict:
    return json.loads(repo.run("git-ai-trail", "show", "--json", rev).stdout)


def trailer(repo: Repo, rev: str = "HEAD") -> str:
    return repo.git("log", "-1", "--format=%(trailers:key=AI-Trail,valueonly)", rev).strip()


def disclosed(repo: Repo, rev: str = "HEAD") -> str:
    return repo.git("log", "-1", "--format=%(trailers:key=Assisted-by,valueonly)", rev).strip()


def owners(view: dict, path: str) -> dict[int, str]:
    file = next(one for one in view["files"] if one["path"] == path)
    return {number: one["class"] for one in file["ranges"] for number in range(one["start"], one["end"] + 1)}


def agent_writes(repo: Repo, codex: Path, path: str = "fetch.py", text: str = LINES, **log: object) -> CodexLog:
    session = CodexLog(codex, repo.root, **log)  # type: ignore[arg-type]
    session.prompt("Write fetch with retries")
    session.add_file(path, text)
    repo.write(path, text)
    return session


def forge(repo: Repo, session: str, path: str) -> None:
    """A record of just this commit, sound in every digest, that gives all its lines to a session."""
    core = json.loads(json.dumps(next(one.core for one in notes_of(repo, "HEAD~1") if one.core)))
    made = next(one.core for one in notes_of(repo, "HEAD") if one.core)
    core.update(patch=made["patch"], files=made["files"], counts=made["counts"])
    core["sessions"][0]["id"] = session
    repo.git("notes", "--ref=ai-log-trail", "remove", "HEAD")
    repo.git("notes", "--ref=ai-log-trail", "add", "-F", "-", stdin=note_line(core, {}).decode() + "\n")
    message = f"Forged\n\nAI-Trail: 1:{digest(core)}\n"
    note = repo.git("notes", "--ref=ai-log-trail", "show", "HEAD")
    repo.git("commit", "-q", "--amend", "-F", "-", stdin=message, env={"GIT_AI_TRAIL": "0"})
    repo.git("notes", "--ref=ai-log-trail", "add", "-f", "-F", "-", stdin=note + "\n")


def notes_of(repo: Repo, rev: str) -> list:
    return parse_note(repo.git("notes", "--ref=ai-log-trail", "show", rev).encode())
