"""Where the sessions of GitHub Copilot CLI lie, which files are logs, and what their names say.

A session is `session-state/<uuid>/events.jsonl` below ~/.copilot; for a while in autumn 2025 it was `session-state/<uuid>.jsonl`,
and in the first versions (0.0.340 and 0.0.343 were looked into) a document, `history-session-state/session_<uuid>_<ms>.json`.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping

from git_ai_trail.formats.folders import changed, folders_in, walk
from git_ai_trail.lazy import pattern

_UUID = r"[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}"
_FLAT = pattern(rf"({_UUID})\.jsonl$")
_FOLDER = pattern(rf"(?:^|/)({_UUID})/events\.jsonl$")
_DOCUMENT = pattern(rf"session_({_UUID})_\d{{10,16}}\.json$")
_NOT_FOLDERS = ("files", "checkpoints", "rewind-file-snapshots")


def roots(env: Mapping[str, str], home: str) -> list[str]:
    """`session-state` in $COPILOT_HOME, else in ~/.copilot, on every system; then where the first versions kept theirs."""
    base = env.get("COPILOT_HOME") or os.path.join(home, ".copilot")
    bases = (base, os.path.join(env["XDG_STATE_HOME"], ".copilot")) if env.get("XDG_STATE_HOME") else (base,)
    return [os.path.join(base, "session-state"), *(os.path.join(one, "history-session-state") for one in bases)]


def is_log(name: str) -> bool:
    """Whether a file of this name is the log of a session."""
    if name.endswith(".json"):
        return _DOCUMENT.match(name) is not None
    return name == "events.jsonl" or (name.endswith(".jsonl") and _FLAT.match(name) is not None)


def discover(root: str) -> Iterator[str]:
    """Every log below `root`, sorted within its folder."""
    return walk(root, is_log, _NOT_FOLDERS)


def recent_dirs(root: str, now: float) -> list[str]:
    """The folders of sessions that began within a day, and the one of flat logs."""
    found = [root] if changed(root, now) else []
    return [*found, *(folder for folder in folders_in(root) if changed(folder, now))]


def thread_hint(env: Mapping[str, str]) -> str:
    """Nothing: what runs in a session is not told which one."""
    return ""


def session_id_of(path: str) -> str:
    """Id in the name of the session's folder, or of its file."""
    name = os.path.basename(path)
    found = _FOLDER.search(path.replace("\\", "/")) or _FLAT.match(name) or _DOCUMENT.match(name)
    return found[1].lower() if found else ""


def recognises(head: bytes) -> bool:
    """A log begins with the start of its session, a document with what the model was told."""
    return (b'"session.start"' in head and b'"producer"' in head) or b'"chatMessages"' in head


def is_document(path: str) -> bool:
    """The first versions wrote one document, anew at each save."""
    return path.endswith(".json")
