"""Where Aider keeps its chat history, what the log of one session in it is called, and how it is come by.

`.aider.chat.history.md` lies in the root of the repository (without one, in the folder in which Aider was started), on every
system; $AIDER_CHAT_HISTORY_FILE names another. 0.86.2 was seen. A file holds all sessions, one behind the other.
"""

from __future__ import annotations

import importlib
import os
from collections.abc import Iterator, Mapping
from typing import Any

from git_ai_trail.formats.folders import DAY, walk
from git_ai_trail.lazy import pattern
from git_ai_trail.loglines import LogFile, Look

FILE = ".aider.chat.history.md"
_LOG = pattern(r"[^#/\\]{1,255}#(aider-[0-9a-f]{8}-\d{8}-\d{6})$")
_ASIDE = (".git", "node_modules")


def roots(env: Mapping[str, str], home: str) -> list[str]:
    """The file that $AIDER_CHAT_HISTORY_FILE names. All others lie in repositories, see `in_worktree`."""
    named = env.get("AIDER_CHAT_HISTORY_FILE", "")
    return [os.path.abspath(named)] if named and "\0" not in named else []


def in_worktree(root: str) -> tuple[str, ...]:
    """The history of the worktree at `root`, whether it is there or not."""
    return (os.path.join(root, FILE),)


def is_log(name: str) -> bool:
    """Whether this is the base name of a session's log. No file is called so."""
    return _LOG.match(name) is not None


def is_container(path: str) -> bool:
    """Whether a file of this name may be a history: $AIDER_CHAT_HISTORY_FILE can name it otherwise; it must end so."""
    return path.endswith(".md")


def holds(path: str) -> bool:
    """Whether a log of this name is made here."""
    return _LOG.match(os.path.basename(path)) is not None or is_container(path)


def discover(root: str) -> Iterator[str]:
    """Every session in the histories below `root`, or in it where it is one itself."""
    named = [root] if is_container(root) and os.path.isfile(root) else []
    for path in named or walk(root, FILE.__eq__, _ASIDE):
        try:
            names = _sections().names_in(path)
        except OSError:
            yield path  # which says, when it is read, why it cannot be
        else:
            yield from (f"{path}#{name}" for name in names)


def recent_dirs(root: str, now: float) -> list[str]:
    """None: `recent` gives the sessions themselves."""
    return []


def recent(root: str, now: float) -> list[tuple[str, Look]]:
    """The sessions that were written to last. Of a folder only the history at its top is asked for."""
    path = root if is_container(root) else os.path.join(root, FILE)
    try:
        if os.stat(path).st_mtime < now - DAY:
            return []
        looks: list[tuple[str, Look]] = _sections().recent(path, now)
    except OSError:
        return []
    return looks


def look(path: str) -> Look:
    """What shows whether the session has changed; of a whole history, what the system says."""
    container, name = _parts(path)
    if not name:
        stat = os.stat(path)
        return Look(stat.st_ino, stat.st_size, stat.st_mtime_ns)
    found: Look = _sections().look(container, name)
    return found


def open(path: str) -> LogFile:
    """The session as a log; OSError says in its `strerror` why there is none."""
    container, name = _parts(path)
    found: LogFile = _sections().open_log(path, container, name)
    return found


def former(path: str) -> tuple[str, ...]:
    """None: Aider has always kept its sessions so."""
    return ()


def _parts(path: str) -> tuple[str, str]:
    """History and session of a log's name; the session is empty where the name is that of a history."""
    container, mark, name = path.rpartition("#")
    return (container, name) if mark and is_log(os.path.basename(path)) else (path, "")


def _sections() -> Any:
    return importlib.import_module("git_ai_trail.formats.aider.sections")


def thread_hint(env: Mapping[str, str]) -> str:
    """Nothing: what runs in a session is not told which one."""
    return ""


def session_id_of(path: str) -> str:
    """The session in a log's name."""
    return _parts(path)[1]


def recognises(head: bytes) -> bool:
    """Every log that is made begins with its session."""
    return head.startswith(b'{"type":"session","started":"')


def is_document(path: str) -> bool:
    """A log that is made is lines."""
    return False
