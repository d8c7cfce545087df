"""Where Codex keeps its logs, which files are logs, and what a file's name says."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator, Mapping

from git_ai_trail.formats.folders import DAY, walk
from git_ai_trail.lazy import pattern

_UUID = r"[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}"
_IN_NAME = pattern(rf"({_UUID})(?:_{_UUID})?\.json(?:l(?:\.zst)?)?$")
# Any program may keep .json files here; only the TypeScript Codex, which did not write lines, named them like this.
_DOCUMENT = pattern(rf"rollout-\d{{4}}-\d\d-\d\d-{_UUID}\.json$")
_WHOLE = pattern(rf"{_UUID}$")
_NOT_LOGS = ("history.jsonl", "session_index.jsonl")
_NOT_FOLDERS = ("thread-writer-locks", "rollout-migrations")


def roots(env: Mapping[str, str], home: str) -> list[str]:
    """`sessions` and `archived_sessions` of every folder in $CODEX_HOME (several are separated as in $PATH or by
    commas), else of ~/.codex."""
    named = [part.strip() for entry in env.get("CODEX_HOME", "").split(",") for part in entry.split(os.pathsep)]
    homes = [os.path.expanduser(part) for part in named if part] or [os.path.join(home, ".codex")]
    return [os.path.join(folder, kind) for folder in dict.fromkeys(homes) for kind in ("sessions", "archived_sessions")]


def is_log(name: str) -> bool:
    """Whether a file of this name is a log; the compressed form counts, temporary and side files do not."""
    if name.endswith(".json"):
        return _DOCUMENT.match(name) is not None
    if not name.endswith((".jsonl", ".jsonl.zst")) or name.startswith("."):
        return False
    return name not in _NOT_LOGS


def discover(root: str) -> Iterator[str]:
    """Every log below `root`, sorted within its folder. A compressed log beside its plain twin is left out."""
    for path in walk(root, is_log, _NOT_FOLDERS):
        if not (path.endswith(".zst") and os.path.exists(path.removesuffix(".zst"))):
            yield path


def recent_dirs(root: str, now: float) -> list[str]:
    """Existing folders in which a log created yesterday or today lies. Folders are named by local date, and the zone of
    the agent may not be ours, so tomorrow's counts as well."""
    found = []
    for base in (root, os.path.join(root, "sessions"), os.path.join(root, "archived_sessions")):
        if not os.path.isdir(base):
            continue
        for shift in (0.0, -DAY, DAY):
            day = os.path.join(base, *time.strftime("%Y %m %d", time.localtime(now + shift)).split())
            if os.path.isdir(day):
                found.append(day)
        found.append(base)
    return found


def thread_hint(env: Mapping[str, str]) -> str:
    """Id of the thread in which this process seems to run; inherited by everything a session starts, so only a hint."""
    for key in ("CODEX_THREAD_ID", "CODEX_SESSION_ID"):
        value = env.get(key, "").strip()
        if _WHOLE.match(value):
            return value.lower()
    return ""


def session_id_of(path: str) -> str:
    """Thread id in the file's name; a reverted thread's file carries the thread's id first and its own after it."""
    found = _IN_NAME.search(os.path.basename(path))
    return found[1].lower() if found else ""


def recognises(head: bytes) -> bool:
    """A record has a `payload`; the versions before 0.32 began with a line of `id` and `timestamp` or a state."""
    start = head.lstrip(b"\xef\xbb\xbf \t\r\n")
    return b'"payload"' in head or start.startswith((b'{"record_type"', b'{"id"', b'{"timestamp"', b"\x28\xb5\x2f\xfd"))


def is_document(path: str) -> bool:
    """The first, TypeScript Codex wrote each session as one JSON document."""
    return path.endswith(".json")
