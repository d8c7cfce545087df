"""Where the chats of Gemini CLI lie, which files are chats, and what their names say.

A session is `tmp/<project>/chats/session-<time>-<id>.json`, one document (0.4.1 to 0.36.0 were seen), or `.jsonl` (0.47.0 to
0.61.0). The project is the sha256 of its folder, later a short name that `.project_root` beside `chats` explains. Sub-agents
have `chats/<session id>/<id>.jsonl` since 0.47.0.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping

from git_ai_trail.formats.folders import changed, folders_in, walk
from git_ai_trail.lazy import pattern

_UUID = r"[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}"
_SESSION = pattern(r"session-\d{4}-\d\d-\d\dT\d\d-\d\d-[0-9a-fA-F]{8}\.jsonl?$")
_AGENT = pattern(rf"({_UUID})\.jsonl$")
_PARENT = pattern(rf"/({_UUID})/[^/]*$")


def roots(env: Mapping[str, str], home: str) -> list[str]:
    """`.gemini/tmp` in $GEMINI_CLI_HOME, else in the user's home, on every system."""
    return [os.path.join(env.get("GEMINI_CLI_HOME") or home, ".gemini", "tmp")]


def is_log(name: str) -> bool:
    """Whether a file of this name is the chat of a session or of a sub-agent."""
    return name.endswith((".json", ".jsonl")) and (_SESSION.match(name) or _AGENT.match(name)) is not None


def discover(root: str) -> Iterator[str]:
    """Every chat below `root`, sorted within its folder."""
    return walk(root, is_log)


def recent_dirs(root: str, now: float) -> list[str]:
    """Folders in which a chat was created within a day: a new file changes its folder's time, one that is written again
    does not."""
    found = []
    for project in folders_in(root):
        chats = os.path.join(project, "chats")
        if changed(chats, now):
            found.append(chats)
            found.extend(folder for folder in folders_in(chats) if changed(folder, now))
    return found


def thread_hint(env: Mapping[str, str]) -> str:
    """Nothing: what runs in a session is not told which one (`GEMINI_CLI` says only that it is one)."""
    return ""


def session_id_of(path: str) -> str:
    """Id in the file's name: whole for a sub-agent, only its beginning, and so nothing, for a session."""
    found = _AGENT.match(os.path.basename(path))
    return found[1].lower() if found else ""


def parent_of(path: str) -> str:
    """The session that started the sub-agent whose chat this is, by its folder."""
    found = _PARENT.search(path.replace("\\", "/")) if session_id_of(path) else None
    return found[1].lower() if found else ""


def recognises(head: bytes) -> bool:
    """Every chat begins with its session and the digest of its project."""
    return b'"projectHash"' in head


def is_document(path: str) -> bool:
    """Up to 0.36.0 a chat was one document, written anew at each save."""
    return path.endswith(".json")
