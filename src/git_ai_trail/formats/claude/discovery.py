"""Where the logs of Claude Code lie, which files are logs, and what their names say.

A session is `projects/<folder>/<uuid>.jsonl`. Its sub-agents have files of their own: `agent-<id>.jsonl` beside it (seen in
2.0.28 to 2.0.76), below `<uuid>/subagents/` since. What the folder's name stands for cannot be told from it.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping

from git_ai_trail.formats.folders import changed, folders_in, walk
from git_ai_trail.lazy import pattern

_UUID = r"[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}"
_WHOLE = pattern(rf"{_UUID}$")
_SESSION = pattern(rf"({_UUID})\.jsonl$")
_AGENT = pattern(r"agent-([A-Za-z0-9_-]{1,64})\.jsonl$")
_OF_SESSION = pattern(rf"/({_UUID})/subagents/(?:.*/)?agent-[^/]*$")
_NOT_FOLDERS = ("tool-results",)


def roots(env: Mapping[str, str], home: str) -> list[str]:
    """`projects` of every folder in $CLAUDE_CONFIG_DIR (several are separated by commas), else of ~/.claude and of the
    place that some versions 1.0 used below the XDG config folder."""
    named = [part.strip() for part in env.get("CLAUDE_CONFIG_DIR", "").split(",")]
    homes = [os.path.expanduser(part) for part in named if part] or [
        os.path.join(home, ".claude"),
        os.path.join(env.get("XDG_CONFIG_HOME") or os.path.join(home, ".config"), "claude"),
    ]
    return [os.path.join(folder, "projects") for folder in dict.fromkeys(homes)]


def is_log(name: str) -> bool:
    """Whether a file of this name is the log of a session or of a sub-agent."""
    return name.endswith(".jsonl") and (_SESSION.match(name) or _AGENT.match(name)) is not None


def discover(root: str) -> Iterator[str]:
    """Every log below `root`, sorted within its folder."""
    return walk(root, is_log, _NOT_FOLDERS)


def recent_dirs(root: str, now: float) -> list[str]:
    """Folders in which a log was created within a day: a new file changes its folder's time, an old one that grows does
    not. Agents are started in few folders, so asking each for its time is cheap."""
    found = [root] if changed(root, now) else []
    for project in folders_in(root):
        if changed(project, now):
            found.append(project)
            below = (os.path.join(session, "subagents") for session in folders_in(project))
            found.extend(folder for folder in below if changed(folder, now))
    return found


def thread_hint(env: Mapping[str, str]) -> str:
    """Id of the session in which this process seems to run (seen in 2.1.330); a sub-agent's commands name its parent, and
    everything that a session starts inherits it."""
    value = env.get("CLAUDE_CODE_SESSION_ID", "").strip()
    return value.lower() if _WHOLE.match(value) else ""


def session_id_of(path: str) -> str:
    """Id in the file's name; of a sub-agent only where the folder names its session as well."""
    name = os.path.basename(path)
    found = _SESSION.match(name)
    if found:
        return found[1].lower()
    parent = _OF_SESSION.search(path.replace("\\", "/"))
    return sub_agent_id(agent_of(path), parent[1].lower()) if parent else ""


def agent_of(path: str) -> str:
    """Id of the sub-agent whose log this is; empty for a session's own log."""
    found = _AGENT.match(os.path.basename(path))
    return found[1] if found else ""


def sub_agent_id(agent: str, session_id: str) -> str:
    """The session id under which a sub-agent is known: its own id is short, and unique only within its session."""
    return f"{agent}-{session_id}" if agent and session_id else agent or session_id


def recognises(head: bytes) -> bool:
    """Nearly every record names its session; those that do not are a summary and a snapshot of files, which others lack.
    Gemini CLI and Copilot name sessions in the same way, but say more beside."""
    others = (b'"projectHash"', b'"session.start"', b'"responderUsername"', b'"chatMessages"')
    return not any(mark in head for mark in others) and any(
        mark in head for mark in (b'"sessionId"', b'"parentUuid"', b'"leafUuid"', b'"isSnapshotUpdate"')
    )


def is_document(path: str) -> bool:
    """Every version wrote one record a line."""
    return False
