"""Where chat sessions are looked for on each system, what counts as one, and how a session's folder is found."""

from __future__ import annotations

import json
import os
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from git_ai_trail.formats import claude, gemini, is_own, vscode
from git_ai_trail.formats.vscode.uris import path_of, workspace_folder
from tests.formats import fuzz

ID = "5e55104a-0000-4000-8000-00000000000a"
OTHER = f"{ID[:-1]}b"
THIRD = f"{ID[:-1]}c"
START = {
    "kind": 0,
    "v": {"version": 3, "creationDate": 1772366400000, "responderUsername": "GitHub Copilot", "sessionId": ID},
}


def touch(path: Path, text: str = "") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


@pytest.mark.parametrize(
    ("system", "env", "user"),
    [
        ("linux", {}, "/home/dev/.config/Code/User"),
        ("linux", {"XDG_CONFIG_HOME": "/etc/dev"}, "/etc/dev/Code/User"),
        ("darwin", {}, "/home/dev/Library/Application Support/Code/User"),
        ("win32", {}, "/home/dev/AppData/Roaming/Code/User"),
        ("win32", {"APPDATA": "/roaming"}, "/roaming/Code/User"),
        ("linux", {"VSCODE_APPDATA": "/data"}, "/data/Code/User"),
    ],
)
def test_each_system_has_its_folder(
    system: str, env: dict[str, str], user: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "platform", system)
    roots = vscode.roots(env, "/home/dev")
    assert roots[0] == user
    assert roots[1:3] == [user.replace("Code", "Code - Insiders"), user.replace("Code", "VSCodium")]
    assert "/home/dev/.vscode-server/data/User" in roots


def test_a_portable_editor_keeps_everything_with_itself() -> None:
    assert vscode.roots({"VSCODE_PORTABLE": "/stick"}, "/home/dev") == ["/stick/user-data/User"]


def test_sessions_are_found_where_the_editor_keeps_them_and_nowhere_else(tmp_path: Path) -> None:
    stored = tmp_path / "workspaceStorage"
    found = [
        touch(stored / "ab12" / "chatSessions" / f"{ID}.json"),
        touch(stored / "cd34" / "chatSessions" / f"{OTHER}.jsonl"),
        touch(tmp_path / "globalStorage" / "emptyWindowChatSessions" / f"{THIRD}.jsonl"),
    ]
    for name in (f"ab12/some.extension/{ID}.json", "ab12/state.vscdb", "ab12/chatSessions/index.json"):
        touch(stored / name)
    touch(tmp_path / "globalStorage" / "some.extension" / f"{ID}.json")
    touch(tmp_path / "History" / "12" / f"{ID}.json")
    assert sorted(vscode.discover(str(tmp_path))) == sorted(map(str, found))
    assert [vscode.session_id_of(str(path)) for path in found] == [ID, OTHER, THIRD]
    assert list(vscode.discover(str(tmp_path / "missing"))) == []


def test_of_copies_of_a_session_the_one_written_to_last_is_read(tmp_path: Path) -> None:
    before = touch(tmp_path / "globalStorage" / "emptyWindowChatSessions" / f"{ID}.jsonl")
    now = touch(tmp_path / "workspaceStorage" / "ab12" / "chatSessions" / f"{ID}.jsonl")
    document = touch(now.with_suffix(".json"))
    for path, age in ((before, 60), (document, 30)):
        os.utime(path, (time.time() - age,) * 2)
    assert list(vscode.discover(str(tmp_path))) == [str(now)]


def test_sessions_that_were_copied_elsewhere_are_found_too(tmp_path: Path) -> None:
    log = touch(tmp_path / "kept" / f"{ID}.jsonl")
    (tmp_path / "kept" / "up").symlink_to(tmp_path)
    assert list(vscode.discover(str(tmp_path))) == [str(log)]


def test_recent_folders_are_those_that_something_was_put_into(tmp_path: Path) -> None:
    now = time.time()
    new = touch(tmp_path / "workspaceStorage" / "new" / "chatSessions" / f"{ID}.jsonl").parent
    old = touch(tmp_path / "workspaceStorage" / "old" / "chatSessions" / f"{ID}.jsonl").parent
    empty = touch(tmp_path / "globalStorage" / "emptyWindowChatSessions" / f"{ID}.jsonl").parent
    os.utime(old, (now - 3 * 86400,) * 2)
    assert vscode.recent_dirs(str(tmp_path), now) == [str(new), str(empty)]


def test_a_session_is_not_taken_for_a_log_of_another_agent(tmp_path: Path) -> None:
    log = touch(tmp_path / f"{ID}.jsonl", json.dumps(START) + "\n")
    for other in (claude, gemini):
        assert other.is_log(log.name)
        assert not is_own(other, str(log))
    assert is_own(vscode, str(log))
    theirs = touch(tmp_path / f"{OTHER}.jsonl", json.dumps({"type": "user", "sessionId": ID}) + "\n")
    assert not is_own(vscode, str(theirs))


@pytest.mark.parametrize(
    ("said", "folder"),
    [
        ({"folder": "file:///home/dev/my%20shop"}, "/home/dev/my shop"),
        ({"folder": "file:///c%3A/src/shop"}, "c:/src/shop"),
        ({"folder": "vscode-remote://wsl%2Bubuntu/home/dev/shop"}, "/home/dev/shop"),
        ({"folder": "vscode-remote://ssh-remote%2Bhost/srv/shop"}, "/srv/shop"),
        ({"folder": "file://server/share/shop"}, "//server/share/shop"),
        ({"workspace": "file:///home/dev/all.code-workspace"}, ""),
        ({"folder": "http://example.com/shop"}, ""),
        ({"folder": "file:///home/dev/" + "x" * 5000}, ""),
        ({"folder": "file:///home/dev/a%0Ab%00"}, ""),
        ({"folder": ["file:///home/dev/shop"]}, ""),
        (["folder"], ""),
    ],
)
def test_the_folder_is_that_of_the_window(said: Any, folder: str, tmp_path: Path) -> None:
    log = touch(tmp_path / "workspaceStorage" / "ab12" / "chatSessions" / f"{ID}.jsonl")
    touch(log.parents[1] / "workspace.json", json.dumps(said))
    assert workspace_folder(str(log)) == folder
    request = {"kind": 2, "k": ["requests"], "v": [{"message": {"text": "Add a cart"}}]}
    data = f"{json.dumps(START)}\n{json.dumps(request)}\n".encode()
    assert [e.data.cwd for e in fuzz.read(vscode, data, str(log))[0] if e.kind == "meta"] == [folder]


@pytest.mark.parametrize("text", ["", "{", "[" * 10_000, '{"folder": "file:///' + "x" * 100_000 + '"}', "\0\xff"])
def test_what_is_no_workspace_gives_no_folder(text: str, tmp_path: Path) -> None:
    log = touch(tmp_path / "ab12" / "chatSessions" / f"{ID}.jsonl")
    touch(log.parents[1] / "workspace.json", text)
    assert workspace_folder(str(log)) == ""


def test_a_workspace_that_is_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    log = touch(tmp_path / "ab12" / "chatSessions" / f"{ID}.jsonl")
    os.mkfifo(log.parents[1] / "workspace.json")
    assert workspace_folder(str(log)) == ""


@pytest.mark.parametrize(
    ("uri", "path"),
    [
        ({"$mid": 1, "path": "/home/dev/a%b.py", "scheme": "file"}, "/home/dev/a%b.py"),
        ({"$mid": 1, "path": "/c:/shop/a.py", "fsPath": "c:\\shop\\a.py", "scheme": "file"}, "c:/shop/a.py"),
        ({"path": "/share/a.py", "authority": "server", "scheme": "file"}, "//server/share/a.py"),
        ({"path": "/home/dev/a.py", "authority": "wsl+ubuntu", "scheme": "vscode-remote"}, "/home/dev/a.py"),
        ({"external": "file:///home/dev/a.py", "scheme": "file"}, "/home/dev/a.py"),
        ({"path": "Untitled-1", "scheme": "untitled"}, ""),
        ({"path": "/a.py", "scheme": "git"}, ""),
        ({"path": 7, "scheme": "file"}, ""),
        ({"external": {"external": {}}}, ""),
        ("relative.py", ""),
        (None, ""),
    ],
)
def test_a_uri_is_a_path_only_where_it_names_a_file(uri: object, path: str) -> None:
    assert path_of(uri) == path
