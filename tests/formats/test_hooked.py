"""A commit made with hooks on, by agents whose logs are documents, lines, or wait for the commit to answer."""

from __future__ import annotations

import hashlib
import json
import os
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from tests.support.repo import Repo

PROGRAM = (sys.executable, "-m", "git_ai_trail")
ID = "5e55104a-0000-4000-8000-00000000000a"
TEXT = "".join(f"value_{n} = compute_value({n})\n" for n in range(4))


def stamp(ago: float) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%S.000Z", time.gmtime(time.time() - ago))


def put(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def gemini_records(root: Path) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    digest = hashlib.sha256(str(root).encode()).hexdigest()
    head = {"sessionId": ID, "projectHash": digest, "startTime": stamp(60), "lastUpdated": stamp(30)}
    call = {
        "id": "write_file-1",
        "name": "write_file",
        "args": {"file_path": str(root / "value.py"), "content": TEXT},
        "status": "success",
        "timestamp": stamp(40),
    }
    said = {"id": "g1", "timestamp": stamp(45), "type": "gemini", "content": "", "model": "gemini-2.5-pro"}
    prompt = {"id": "u1", "timestamp": stamp(50), "type": "user", "content": "Write the values"}
    return head, [prompt, {**said, "toolCalls": [call]}]


def gemini_document(home: Path, root: Path) -> None:
    head, messages = gemini_records(root)
    name = f".gemini/tmp/{head['projectHash']}/chats/session-2026-03-01T12-00-5e55104a.json"
    put(home / name, json.dumps({**head, "messages": messages}, indent=2))


def gemini_lines(home: Path, root: Path) -> None:
    head, messages = gemini_records(root)
    records = [{**head, "kind": "main"}, *messages]
    put(
        home / ".gemini/tmp/shop/chats/session-2026-03-01T12-00-5e55104a.jsonl",
        "".join(json.dumps(record) + "\n" for record in records),
    )


def copilot(home: Path, root: Path) -> None:
    """The session's last call is the commit that is being made."""
    start = {"sessionId": ID, "producer": "copilot-agent", "copilotVersion": "1.0.102", "context": {"cwd": str(root)}}
    file = {"toolCallId": "c1", "toolName": "create", "arguments": {"path": "value.py", "file_text": TEXT}}
    commit = {"toolCallId": "c2", "toolName": "bash", "arguments": {"command": "git commit -m Values"}}
    records = [
        ("session.start", 60, start),
        ("user.message", 50, {"content": "Write the values"}),
        ("assistant.message", 48, {"content": "", "model": "gpt-5"}),
        ("tool.execution_start", 45, file),
        ("tool.execution_complete", 44, {"toolCallId": "c1", "success": True, "result": {"content": "ok"}}),
        ("tool.execution_start", 1, commit),
    ]
    text = "".join(
        json.dumps({"type": kind, "data": data, "timestamp": stamp(ago)}) + "\n" for kind, ago, data in records
    )
    put(home / ".copilot/session-state" / ID / "events.jsonl", text)


@pytest.mark.parametrize(
    ("log", "agent", "made"),
    [(gemini_document, "Gemini CLI", False), (gemini_lines, "Gemini CLI", False), (copilot, "GitHub Copilot", True)],
)
def test_a_commit_names_the_session_that_wrote_its_lines(
    log: Any, agent: str, made: bool, repo: Repo, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}")
    for name in ("GEMINI_CLI_HOME", "COPILOT_HOME"):
        monkeypatch.delenv(name, raising=False)
    repo.commit_file("README.md", "Title\n", "base")
    repo.git("config", "ai-log-trail.ingest", "false")
    repo.run("git-ai-trail", "init", "--native")
    repo.commit("set up")
    log(home, repo.root)
    repo.write("value.py", TEXT)
    repo.git("add", "-A")
    said = repo.run("git", "commit", "-m", "Values").stderr
    assert "4 of 4 added lines have evidence" in said
    view = json.loads(repo.run(*PROGRAM, "show", "--json").stdout)
    (session,) = view["sessions"]
    assert (session["agent"], session["id"], view["summary"]["generated"]) == (agent, ID, 4)
    kinds = {one["kind"] for one in session["evidence"]}
    assert ("committed-by-session" in kinds) is made
