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

from git_ai_trail.formats import BY_NAME
from tests.formats.kept import Keeper
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


def copilot_document(home: Path, root: Path) -> None:
    """A session of the first versions; its last call is the commit that is being made."""
    told = f"* Current working directory: {root}\n* Git repository root: {root}"
    file = {"command": "create", "path": str(root / "value.py"), "file_text": TEXT}
    wrote = {"callId": "c1", "name": "str_replace_editor", "arguments": file, "result": {"type": "success", "log": "x"}}
    commit = {"callId": "c2", "name": "bash", "arguments": {"command": "git commit -m Values"}}
    timeline = [
        {"id": "1", "timestamp": stamp(50), "type": "user", "text": "Write the values"},
        {"id": "2", "timestamp": stamp(45), "type": "tool_call_completed", **wrote},
        {"id": "3", "timestamp": stamp(1), "type": "tool_call_requested", **commit},
    ]
    head = {"sessionId": ID, "startTime": stamp(60), "chatMessages": [{"role": "system", "content": told}]}
    document = {**head, "timeline": timeline, "selectedModel": "gpt-5"}
    name = f"session_{ID}_{int(time.time() * 1000)}.json"
    put(home / ".copilot/history-session-state" / name, json.dumps(document, indent=2))


def vscode_request(root: Path) -> tuple[dict[str, Any], dict[str, Any]]:
    """A chat session without its request, and the request; its file's text is in the editor, not in a call."""
    now = int(time.time() * 1000)
    uri = {"$mid": 1, "path": str(root / "value.py"), "scheme": "file"}
    span = {"startLineNumber": 1, "startColumn": 1, "endLineNumber": 1, "endColumn": 1}
    written = {"kind": "textEditGroup", "uri": uri, "edits": [[{"text": TEXT, "range": span}], []], "done": True}
    prompt = {"text": "Write the values", "parts": []}
    told = {"value": "I will write the values."}
    request = {"requestId": "r1", "timestamp": now - 50_000, "message": prompt, "modelId": "copilot/gpt-5"}
    head = {"version": 3, "responderUsername": "GitHub Copilot", "sessionId": ID, "creationDate": now - 60_000}
    return {**head, "requests": []}, {**request, "response": [told, written]}


def vscode_folder(home: Path, root: Path) -> Path:
    stored = home / ".config/Code/User/workspaceStorage/ab12"
    put(stored / "workspace.json", json.dumps({"folder": root.as_uri()}))
    return stored / "chatSessions"


def vscode_document(home: Path, root: Path) -> None:
    document, request = vscode_request(root)
    put(vscode_folder(home, root) / f"{ID}.json", json.dumps({**document, "requests": [request]}, indent=2))


def vscode_changes(home: Path, root: Path) -> None:
    """The session's last tool is the commit that is being made."""
    document, request = vscode_request(root)
    command = {"kind": "terminal", "commandLine": {"original": "git commit -m Values"}, "language": "sh"}
    ran = {
        "kind": "toolInvocationSerialized",
        "toolId": "run_in_terminal",
        "toolCallId": "c2",
        "isConfirmed": {"type": 4},
    }
    changes = [
        {"kind": 0, "v": document},
        {"kind": 2, "k": ["requests"], "v": [request]},
        {"kind": 2, "k": ["requests", 0, "response"], "v": [{**ran, "toolSpecificData": command}]},
    ]
    put(vscode_folder(home, root) / f"{ID}.jsonl", "".join(json.dumps(change) + "\n" for change in changes))


OPENCODE_ID = "ses_dfa0575fcffeQx7NbZ2tWk9Lm4"
_RUNNING: list[Keeper] = []  # programs that are still there while the commit is made


def opencode(home: Path, root: Path) -> Keeper:
    """The session's last call is the commit that is being made; all of it stands in the write-ahead log."""
    now = int(time.time() * 1000)
    keeper = Keeper(home / ".local/share/opencode/opencode.db")
    _RUNNING.append(keeper)
    keeper.session(OPENCODE_ID, str(root), now - 60_000)
    keeper.message(OPENCODE_ID, "msg_1", now - 50_000, role="user", model={"modelID": "claude-sonnet-4-5"})
    keeper.part(OPENCODE_ID, "msg_1", "prt_1", now - 50_000, type="text", text="Write the values")
    keeper.message(OPENCODE_ID, "msg_2", now - 45_000, role="assistant", modelID="claude-sonnet-4-5")
    file = {"filePath": str(root / "value.py"), "content": TEXT}
    keeper.tool(OPENCODE_ID, "msg_2", "prt_2", now - 40_000, "write", file)
    commit = {"command": "git commit -m Values"}
    keeper.tool(OPENCODE_ID, "msg_2", "prt_3", now - 1_000, "bash", commit, status="running")
    return keeper


def aider(home: Path, root: Path) -> None:
    """The chat history is in the repository itself, and ignored there."""
    put(root / ".git/info/exclude", ".aider*\n")
    block = f"value.py\n```\n<<<<<<< SEARCH\n=======\n{TEXT}>>>>>>> REPLACE\n```\n"
    started = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(time.time() - 60))
    text = f"\n# aider chat started at {started}\n\n> aider  \n> Model: openai/gpt-5 with diff edit format  \n"
    text += f"\n#### Write the values  \n\n{block}\n> Tokens: 2.5k sent, 97 received.  \n> Applied edit to value.py  \n"
    put(root / ".aider.chat.history.md", text)


def session_of(made: Any, root: Path) -> str:
    """The session's id: of one that its log does not name, what it is called after."""
    if made is not aider:
        return OPENCODE_ID if made is opencode else ID
    (path,) = BY_NAME["aider"].discover(str(root))
    return BY_NAME["aider"].session_id_of(path)


@pytest.mark.parametrize(
    ("log", "agent", "made"),
    [
        (aider, "Aider", False),
        (opencode, "OpenCode", True),
        (gemini_document, "Gemini CLI", False),
        (gemini_lines, "Gemini CLI", False),
        (copilot, "GitHub Copilot", True),
        (copilot_document, "GitHub Copilot", True),
        (vscode_document, "GitHub Copilot Chat", False),
        (vscode_changes, "GitHub Copilot Chat", True),
    ],
)
def test_a_commit_names_the_session_that_wrote_its_lines(
    log: Any, agent: str, made: bool, repo: Repo, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}")
    for name in ("AIDER_CHAT_HISTORY_FILE", "GEMINI_CLI_HOME", "COPILOT_HOME", "OPENCODE_DB"):
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
    assert (session["agent"], session["id"], view["summary"]["generated"]) == (
        agent,
        session_of(log, repo.root),
        4,
    )
    kinds = {one["kind"] for one in session["evidence"]}
    assert ("committed-by-session" in kinds) is made


def test_a_commit_of_two_agents_shows_the_share_of_each(
    repo: Repo, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}")
    for name in ("GEMINI_CLI_HOME", "COPILOT_HOME"):
        monkeypatch.delenv(name, raising=False)
    repo.commit_file("README.md", "Title\n", "base")
    repo.git("config", "ai-log-trail.ingest", "false")
    repo.run("git-ai-trail", "init", "--native")
    repo.commit("set up")
    vscode_document(home, repo.root)
    gemini_lines(home, repo.root)
    (log,) = home.glob(".gemini/tmp/*/chats/*.jsonl")
    other = f"{ID[:-1]}b"
    log.write_text(log.read_text().replace("value", "other").replace(ID, other))
    repo.write("value.py", TEXT)
    repo.write("other.py", TEXT.replace("value", "other"))
    repo.write("person.py", "typed = 'by a person'\n")
    repo.git("add", "-A")
    repo.run("git", "commit", "-m", "Values")
    view = json.loads(repo.run(*PROGRAM, "show", "--json").stdout)
    agents = {one["id"]: (one["agent"], one["models"]) for one in view["sessions"]}
    assert agents == {ID: ("GitHub Copilot Chat", ["gpt-5"]), other: ("Gemini CLI", ["gemini-2.5-pro"])}
    owners = {file["path"]: {part["session"] for part in file["ranges"]} for file in view["files"]}
    assert owners == {"value.py": {ID}, "other.py": {other}, "person.py": set()}
    assert view["summary"]["unattributed"] == 1
    disclosed = repo.git("log", "-1", "--format=%(trailers:key=Assisted-by,valueonly)").split()
    assert sorted(disclosed) == ["Copilot:gpt-5", "Gemini:gemini-2.5-pro"]
