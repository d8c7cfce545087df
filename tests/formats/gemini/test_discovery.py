"""Where chats are looked for, what counts as one, and how a chat's folder is found."""

from __future__ import annotations

import hashlib
import json
import os
import time
from pathlib import Path
from typing import Any

from git_ai_trail.formats import claude, gemini, is_own
from tests.formats import fuzz

ID = "5e55104a-0000-4000-8000-00000000000a"
SUB = f"{ID[:-1]}b"
NAME = "session-2026-03-01T12-00-5e55104a"


def touch(path: Path, text: str = "", *, age: float = 0.0) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    if age:
        os.utime(path, (time.time() - age,) * 2)
    return path


def header(folder: str, **more: Any) -> dict[str, Any]:
    digest = hashlib.sha256(folder.encode()).hexdigest()
    return {"sessionId": ID, "projectHash": digest, "startTime": "2026-03-01T12:00:00Z", **more}


def folder_of(log: Path, *records: dict[str, Any]) -> list[str]:
    """The folders that a chat of these records says it was held in, in order."""
    data = "".join(json.dumps(record) + "\n" for record in records).encode()
    return [event.data.cwd for event in fuzz.read(gemini, data, str(log))[0] if event.kind == "meta"]


def test_roots_are_in_the_named_home_or_the_users() -> None:
    assert gemini.roots({}, "/home/dev") == ["/home/dev/.gemini/tmp"]
    assert gemini.roots({"GEMINI_CLI_HOME": "/other"}, "/home/dev") == ["/other/.gemini/tmp"]


def test_chats_of_sessions_and_sub_agents_are_found_and_side_files_are_not(tmp_path: Path) -> None:
    chats = tmp_path / "shop" / "chats"
    found = [touch(chats / f"{NAME}.json"), touch(chats / f"{NAME}.jsonl"), touch(chats / ID / f"{SUB}.jsonl")]
    for name in ("logs.json", "checkpoint-x.json", "shell_history", f".{NAME}.json", f"{NAME}.json.tmp"):
        touch(tmp_path / "shop" / name)
    (chats / "up").symlink_to(tmp_path)
    assert sorted(gemini.discover(str(tmp_path))) == sorted(map(str, found))
    assert list(gemini.discover(str(tmp_path / "missing"))) == []


def test_recent_folders_are_those_that_something_was_put_into(tmp_path: Path) -> None:
    now = time.time()
    touch(tmp_path / "new" / "chats" / ID / f"{SUB}.jsonl")
    touch(tmp_path / "old" / "chats" / f"{NAME}.json")
    os.utime(tmp_path / "old" / "chats", (now - 3 * 86400,) * 2)
    chats = tmp_path / "new" / "chats"
    assert gemini.recent_dirs(str(tmp_path), now) == [str(chats), str(chats / ID)]


def test_a_sub_agents_chat_is_not_taken_for_a_log_of_claude_code(tmp_path: Path) -> None:
    log = touch(tmp_path / f"{SUB}.jsonl", json.dumps(header("/r", kind="subagent")) + "\n")
    assert claude.is_log(log.name)
    assert is_own(gemini, str(log))
    assert not is_own(claude, str(log))


def test_only_what_has_the_right_digest_is_taken_for_the_folder(tmp_path: Path) -> None:
    log = tmp_path / "shop" / "chats" / f"{NAME}.jsonl"
    touch(tmp_path / "shop" / ".project_root", "/home/dev/shop")
    assert folder_of(log, header("/home/dev/shop")) == ["/home/dev/shop"]
    assert folder_of(log, header("/home/dev/other")) == [""]
    assert folder_of(log, header("C:\\src\\shop", directories=["C:\\src", "C:\\src\\shop"])) == ["C:/src/shop"]
    call = {"id": "c", "name": "read_file", "args": {"file_path": "/home/dev/other/src/a.py"}, "status": "success"}
    message = {"id": "m", "type": "gemini", "content": "", "toolCalls": [call]}
    assert folder_of(log, header("/home/dev/other"), message) == ["", "/home/dev/other"]


def test_a_project_file_that_never_ends_or_is_a_folder_does_no_harm(tmp_path: Path) -> None:
    log = tmp_path / "shop" / "chats" / f"{NAME}.jsonl"
    (tmp_path / "shop" / ".project_root").mkdir(parents=True)
    assert folder_of(log, header("/r")) == [""]
