"""Where sessions are looked for, and what counts as one."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path

from git_ai_trail.formats import claude, copilot, is_own

ID = "5e55104a-0000-4000-8000-00000000000a"
START = {"type": "session.start", "data": {"sessionId": ID, "producer": "copilot-agent"}}


def touch(path: Path, text: str = "") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


def test_the_root_is_in_the_named_folder_or_the_users() -> None:
    first = "history-session-state"
    assert copilot.roots({}, "/home/dev") == [f"/home/dev/.copilot/{name}" for name in ("session-state", first)]
    assert copilot.roots({"COPILOT_HOME": "/other"}, "/home/dev") == ["/other/session-state", f"/other/{first}"]
    moved = copilot.roots({"XDG_STATE_HOME": "/state"}, "/home/dev")
    assert moved[1:] == [f"/home/dev/.copilot/{first}", f"/state/.copilot/{first}"]


def test_the_documents_of_the_first_versions_are_found(tmp_path: Path) -> None:
    log = touch(tmp_path / f"session_{ID}_1760000000000.json")
    touch(tmp_path / f"session_{ID}.json")
    touch(tmp_path / "session_x_1760000000000.json")
    assert list(copilot.discover(str(tmp_path))) == [str(log)]
    assert copilot.session_id_of(str(log)) == ID
    assert copilot.is_document(str(log))
    assert not copilot.is_document(f"/home/dev/.copilot/session-state/{ID}.jsonl")


def test_sessions_of_both_layouts_are_found_and_what_a_session_keeps_is_not(tmp_path: Path) -> None:
    found = [touch(tmp_path / ID / "events.jsonl"), touch(tmp_path / f"{ID}.jsonl")]
    for name in ("workspace.yaml", "files/events.jsonl", "checkpoints/events.jsonl", "events.jsonl.tmp"):
        touch(tmp_path / ID / name)
    assert sorted(copilot.discover(str(tmp_path))) == sorted(map(str, found))
    assert [copilot.session_id_of(str(path)) for path in found] == [ID, ID]
    assert copilot.session_id_of("/elsewhere/events.jsonl") == ""


def test_recent_folders_are_those_that_something_was_put_into(tmp_path: Path) -> None:
    now = time.time()
    touch(tmp_path / "new" / "events.jsonl")
    touch(tmp_path / "old" / "events.jsonl")
    os.utime(tmp_path / "old", (now - 3 * 86400,) * 2)
    assert copilot.recent_dirs(str(tmp_path), now) == [str(tmp_path), str(tmp_path / "new")]


def test_a_flat_session_is_not_taken_for_a_log_of_claude_code(tmp_path: Path) -> None:
    log = touch(tmp_path / f"{ID}.jsonl", json.dumps(START) + "\n")
    assert claude.is_log(log.name)
    assert is_own(copilot, str(log))
    assert not is_own(claude, str(log))
