"""Secrets in the texts of other agents' logs, followed through a commit, the database and what is printed."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.formats.kept import Keeper
from tests.formats.test_hooked import (
    PROGRAM,
    TEXT,
    aider,
    copilot,
    copilot_document,
    gemini_document,
    gemini_lines,
    opencode,
    session_of,
    vscode_changes,
    vscode_document,
)
from tests.support.repo import Repo
from tests.test_canaries import needles, planted

# Values that say what a record is or where it belongs; every other text gets the secret put behind it.
_KEPT = ("id", "type", "sessionId", "projectHash", "toolCallId", "toolName", "name", "status", "timestamp", "startTime")
_KEPT += ("path", "file_path", "file_text", "content_of_file", "cwd", "producer", "command", "copilotVersion", "model")
_KEPT += ("k", "kind", "scheme", "toolId", "callId")
_KEPT += ("role", "tool", "callID", "filePath", "modelID")


def with_secrets(value: Any, secret: str) -> Any:
    if isinstance(value, dict):
        spoiled = {
            key: part if key in _KEPT or part == TEXT else with_secrets(part, secret) for key, part in value.items()
        }
        return {**spoiled, "extra": secret, secret: {"x": [secret]}}
    if isinstance(value, list):
        return [with_secrets(part, secret) for part in value]
    return f"{value} {secret}" if isinstance(value, str) else value


def spoil_files(home: Path) -> set[Path]:
    """Plants the secrets in the one log that is a file."""
    logs = [path for path in home.rglob("*.json*") if {".gemini", ".copilot", "chatSessions"} & set(path.parts)]
    assert len(logs) == 1
    text = logs[0].read_text()
    document = logs[0].suffix == ".json"
    records = [json.loads(part) for part in ([text] if document else text.splitlines())]
    spoiled = [json.dumps(with_secrets(record, planted())) for record in records]
    logs[0].write_text("\n".join(spoiled) + ("" if document else "\n"))
    return set(logs)


def spoil_history(root: Path) -> set[Path]:
    """Plants them behind every line of a chat history that is not the file's own text, and in an answer of their own."""
    path, secret = root / ".aider.chat.history.md", planted()
    mine = TEXT.splitlines()
    spoiled = []
    for line in path.read_text().split("\n"):
        keeps = line in mine or line.startswith(
            ("#### W", "<<<", "===", ">>>", "```", "value.py", "# aider", "> A", "> M")
        )
        spoiled.append(line if keeps or not line.strip() else f"{line.rstrip()} {secret}  ")
        if line.startswith("#### W"):
            spoiled += [f"#### {secret}  "]
        if line.startswith("> aider"):
            spoiled += [f"> Model: {secret} with diff edit format  ", f"> {secret}  "]
    spoiled += ["", "#### Go on  ", "", secret, "", f"> Applied edit to {secret}  ", f"> Running {secret}  "]
    path.write_text("\n".join(spoiled) + "\n")
    return {path}


def spoil_rows(keeper: Keeper) -> set[Path]:
    """Plants them in every row of a database, and what is left of it in the database and its write-ahead log."""
    secret = planted()
    for table in ("message", "part"):
        for name, data in keeper.conn.execute(f"SELECT id, data FROM {table}").fetchall():
            spoiled = json.dumps(with_secrets(json.loads(data), secret))
            keeper.conn.execute(f"UPDATE {table} SET data = ? WHERE id = ?", (spoiled, name))
    keeper.conn.execute("UPDATE session SET title = ?", (secret,))
    return {Path(f"{keeper.path}{end}") for end in ("", "-wal", "-shm")}


@pytest.mark.parametrize(
    "make", [aider, opencode, gemini_document, gemini_lines, copilot, copilot_document, vscode_document, vscode_changes]
)
def test_no_canary_survives_in_anything_written_or_printed(
    make: Any, repo: Repo, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}")
    for name in ("GEMINI_CLI_HOME", "COPILOT_HOME"):
        monkeypatch.delenv(name, raising=False)
    repo.commit_file("README.md", "Title\n", "base")
    repo.git("config", "ai-log-trail.ingest", "false")
    repo.run("git-ai-trail", "init", "--native")
    repo.commit("set up")
    keeper = make(home, repo.root)
    if make is aider:
        theirs = spoil_history(repo.root)
    else:
        theirs = spoil_rows(keeper) if isinstance(keeper, Keeper) else spoil_files(home)
    repo.write("value.py", TEXT)
    repo.git("add", "-A")
    said = [repo.run("git", "commit", "-m", "Values")]
    commands = (
        ["ingest", "-v"],
        ["show", "--json"],
        ["explain", "--json"],
        ["sessions", "--json"],
        ["session", session_of(make, repo.root)],
    )
    said.extend(repo.run(*PROGRAM, *command) for command in commands)
    assert "4 of 4 added lines have evidence" in said[0].stderr
    assert "[REDACTED:" in said[-1].stdout
    places = {"printed": "".join(one.stdout + one.stderr for one in said).encode()}
    for root in (home, repo.root):
        for path in root.rglob("*"):
            if path.is_file() and path not in theirs:
                places[str(path)] = path.read_bytes()
    objects = ["git", "cat-file", "--batch", "--batch-all-objects"]
    places["git objects"] = subprocess.run(objects, cwd=repo.root, capture_output=True, check=True).stdout
    assert not [(place, needle) for place, content in places.items() for needle in needles() if needle in content]
