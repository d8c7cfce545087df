"""Logs of several agents side by side: every part of the program takes each for what it is."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

import pytest

from tests.support.claude_log import ClaudeLog
from tests.support.codex_log import CodexLog
from tests.support.repo import Repo

PROGRAM = (sys.executable, "-m", "git_ai_trail")


def lines(name: str) -> str:
    return "".join(f"{name}_{n} = compute_{name}({n})\n" for n in range(4))


@pytest.fixture
def mixed(repo: Repo, home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Repo:
    """A repository that two agents work in; both logs lie in one folder under names that do not tell them apart."""
    monkeypatch.setenv("PATH", f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}")
    repo.commit_file("README.md", "Title\n", "base")
    repo.git("config", "ai-log-trail.ingest", "false")
    repo.run("git-ai-trail", "init", "--native", "--no-index")
    repo.commit("set up")
    folder = tmp_path / "logs"
    folder.mkdir()
    (home / ".config/git-ai-trail").mkdir(parents=True, exist_ok=True)
    (home / ".config/git-ai-trail/config.toml").write_text(f'[logs]\nroots = ["{folder}"]\n')
    codex = CodexLog(tmp_path / "codex", repo.root)
    codex.prompt("Add the first")
    codex.add_file("first.py", lines("first"))
    claude = ClaudeLog(tmp_path / "claude", repo.root)
    claude.prompt("Add the second")
    claude.add_file("second.py", lines("second"))
    for log in (codex, claude):
        log.path.rename(folder / f"{log.session_id}.jsonl")
    repo.write("first.py", lines("first"))
    repo.write("second.py", lines("second"))
    repo.git("add", "-A")
    return repo


def agents(repo: Repo) -> dict[str, list[str]]:
    """Names of the agents that own lines, by path."""
    view = json.loads(repo.run(*PROGRAM, "show", "--json").stdout)
    names = {one["id"]: one["agent"] for one in view["sessions"]}
    owned = {file["path"]: [names[part["session"]] for part in file["ranges"]] for file in view["files"]}
    return {path: names for path, names in owned.items() if names}


OWNED = {"first.py": ["Codex"], "second.py": ["Claude Code"]}


def test_a_commit_knows_the_lines_of_each_agent(mixed: Repo) -> None:
    said = mixed.run("git", "commit", "-m", "Both").stderr
    assert "8 of 8 added lines have evidence · Claude Code claude-sonnet-4-5, Codex gpt-5.5 · 2 sessions" in said
    assert agents(mixed) == OWNED
    disclosed = mixed.git("log", "-1", "--format=%(trailers:key=Assisted-by,valueonly)").split()
    assert sorted(disclosed) == ["Claude:claude-sonnet-4-5", "Codex:gpt-5.5"]


def test_so_do_backfill_ingest_and_doctor(mixed: Repo) -> None:
    mixed.git("commit", "-q", "-m", "Both", env={"GIT_AI_TRAIL": "0"})
    mixed.run(*PROGRAM, "backfill", "--all")
    assert agents(mixed) == OWNED
    mixed.run(*PROGRAM, "ingest")
    sessions = json.loads(mixed.run(*PROGRAM, "sessions", "--json").stdout)
    assert sorted((one["agent"], one["prompts"], one["edits"]) for one in sessions) == [
        ("claude", 1, 1),
        ("codex", 1, 1),
    ]
    checked = mixed.run(*PROGRAM, "doctor").stdout
    assert "Claude Code: 1 in" in checked
    assert "Codex: 1 in" in checked


def test_a_log_named_on_the_command_line_is_read_as_its_agents(mixed: Repo, tmp_path: Path) -> None:
    for log in sorted((tmp_path / "logs").iterdir()):
        mixed.run(*PROGRAM, "ingest", str(log))
    sessions = json.loads(mixed.run(*PROGRAM, "sessions", "--json").stdout)
    assert sorted((one["agent"], one["prompts"]) for one in sessions) == [("claude", 1), ("codex", 1)]


def test_a_resumed_session_keeps_its_tokens_and_turns(repo: Repo, home: Path) -> None:
    log = ClaudeLog(home / ".claude", repo.root)
    log.prompt("Add a cart")
    log.say("half", message_id="msg_a", requestId="req_a", output=10)
    repo.run(*PROGRAM, "ingest")
    log.say("whole", message_id="msg_a", requestId="req_a", output=50)
    log.prompt("Fill the shelf")
    log.say("done", output=7)
    repo.run(*PROGRAM, "ingest")
    (session,) = json.loads(repo.run(*PROGRAM, "sessions", "--json").stdout)
    assert (session["prompts"], session["tokens"]["output"], session["tokens"]["input"]) == (2, 57, 2 * 1112)
    assert session["tokens"]["cached"] == 2 * 900


def test_side_notes_alone_are_no_session_until_it_begins(repo: Repo, home: Path) -> None:
    log = ClaudeLog(home / ".claude", repo.root)
    log.note("queue-operation", operation="enqueue", timestamp=log.stamp(), content="Add a cart")
    log.note("ai-title", aiTitle="A cart")
    repo.run(*PROGRAM, "ingest")
    assert json.loads(repo.run(*PROGRAM, "sessions", "--json").stdout) == []
    log.prompt("Add a cart")
    log.add_file("cart.py", "cart = []\n")
    repo.run(*PROGRAM, "ingest")
    (session,) = json.loads(repo.run(*PROGRAM, "sessions", "--json").stdout)
    assert (session["id"], session["prompts"], session["edits"]) == (log.session_id, 1, 1)
