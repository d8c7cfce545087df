"""Where VS Code keeps its chat sessions, which files are sessions, and what their names say.

A session is `workspaceStorage/<hash>/chatSessions/<uuid>.json`, one document, or since 2026 `.jsonl`, a log of changes to one; of
a window without a folder it lies in `globalStorage/emptyWindowChatSessions`. Both are below the user's folder of the editor.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Mapping

from git_ai_trail.formats.folders import changed, folders_in, walk
from git_ai_trail.lazy import pattern

_UUID = r"[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}"
_SESSION = pattern(rf"({_UUID})\.jsonl?$")
_PROGRAMS = ("Code", "Code - Insiders", "VSCodium", "VSCodium - Insiders", "Code - OSS")
_SERVERS = (".vscode-server", ".vscode-server-insiders", ".vscodium-server", ".vscode-remote")
_OF_A_FOLDER = "workspaceStorage"
_SESSIONS = "chatSessions"
_WITHOUT_A_FOLDER = (
    os.path.join("globalStorage", "emptyWindowChatSessions"),
    os.path.join("globalStorage", "transferredChatSessions"),
)


def roots(env: Mapping[str, str], home: str) -> list[str]:
    """The folder `User` of each edition, as this system has them, then those of the servers that a remote window talks to."""
    if env.get("VSCODE_PORTABLE"):
        return [os.path.join(env["VSCODE_PORTABLE"], "user-data", "User")]
    if env.get("VSCODE_APPDATA"):
        base = env["VSCODE_APPDATA"]
    elif sys.platform == "win32":
        base = env.get("APPDATA") or os.path.join(home, "AppData", "Roaming")
    elif sys.platform == "darwin":
        base = os.path.join(home, "Library", "Application Support")
    else:
        base = env.get("XDG_CONFIG_HOME") or os.path.join(home, ".config")
    editors = [os.path.join(base, name, "User") for name in _PROGRAMS]
    return [*editors, *(os.path.join(home, name, "data", "User") for name in _SERVERS)]


def is_log(name: str) -> bool:
    """Whether a file of this name can be a session; those of other agents are named like it."""
    return name.endswith((".json", ".jsonl")) and _SESSION.match(name) is not None


def discover(root: str) -> Iterator[str]:
    """Every session below `root`, once: a window that is given a folder copies its sessions there, and an older document can
    lie beside the log that goes on with it; what was written to last is the session.

    Of an editor's own folder only the places where sessions lie are entered: beside them extensions keep what they like.
    """
    found = list(_places(root))
    last: dict[str, tuple[float, str]] = {}
    for path in found:
        session = session_id_of(path)
        last[session] = max(last.get(session, (0.0, "")), (_written(path), path))
    return iter([path for path in found if last[session_id_of(path)][1] == path])


def _written(path: str) -> float:
    try:
        return os.stat(path).st_mtime
    except OSError:
        return 0.0


def _places(root: str) -> Iterator[str]:
    stored = os.path.join(root, _OF_A_FOLDER)
    known = [os.path.join(root, name) for name in _WITHOUT_A_FOLDER]
    if not any(os.path.isdir(folder) for folder in (stored, *known)):
        yield from walk(root, is_log)
        return
    for folder in _listed(stored):
        yield from walk(os.path.join(folder, _SESSIONS), is_log)
    for folder in known:
        yield from walk(folder, is_log)


def _listed(folder: str) -> list[str]:
    try:
        with os.scandir(folder) as entries:
            return sorted(entry.path for entry in entries if entry.is_dir())
    except OSError:
        return []


def recent_dirs(root: str, now: float) -> list[str]:
    """Folders of sessions in which one was created within a day."""
    stored = (os.path.join(folder, _SESSIONS) for folder in folders_in(os.path.join(root, _OF_A_FOLDER)))
    return [
        folder
        for folder in (*stored, *(os.path.join(root, name) for name in _WITHOUT_A_FOLDER))
        if changed(folder, now)
    ]


def thread_hint(env: Mapping[str, str]) -> str:
    """Nothing: what runs in a terminal of the editor is not told which session started it."""
    return ""


def session_id_of(path: str) -> str:
    """Id in the file's name."""
    found = _SESSION.match(os.path.basename(path.replace("\\", "/")))
    return found[1].lower() if found else ""


def program_of(path: str) -> str:
    """The edition of the editor, by the folder that `User` lies in; empty where a session lies elsewhere."""
    parts = path.replace("\\", "/").split("/")
    at = len(parts) - 1 - parts[::-1].index("User") if "User" in parts else 0
    name = parts[at - 2] if at > 1 and parts[at - 1] == "data" else parts[at - 1] if at else ""
    return name if name in (*_PROGRAMS, *_SERVERS) else ""


def recognises(head: bytes) -> bool:
    """A session begins with who answers in it, in both forms."""
    return b'"responderUsername"' in head


def is_document(path: str) -> bool:
    """Always: what a session says stands in the last state of a document that is changed line by line, and the file is written
    anew after a thousand changes."""
    return True
