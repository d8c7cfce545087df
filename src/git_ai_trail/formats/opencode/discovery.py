"""Where OpenCode keeps its sessions, what the log of one is called, and how it is come by.

All sessions are in `opencode.db` since 1.2 (1.2.4 to 1.18.33 were seen); before (1.0.162, 1.1.53) each was a tree of JSON files
below `storage`, which 1.2 reads in and leaves in place. Of a session that is in both, the database is right.
"""

from __future__ import annotations

import importlib
import os
from collections.abc import Iterator, Mapping
from typing import Any

from git_ai_trail.formats.folders import walk
from git_ai_trail.lazy import pattern
from git_ai_trail.loglines import LogFile, Look

_DATABASE = pattern(r"opencode(?:-[A-Za-z0-9._-]{1,64})?\.db$")
_LOG = pattern(r"(?:[^#/\\]+\.db|storage)#ses_[A-Za-z0-9]{1,64}$")
_SESSION_FILE = pattern(r"(ses_[A-Za-z0-9]{1,64})\.json$")
_FOLDER, _STORAGE = "opencode", "storage"
# Folders with as many files as there are parts, and others in which neither databases nor sessions are.
_ASIDE = (
    "message",
    "part",
    "session_diff",
    "todo",
    "snapshot",
    "worktree",
    "repos",
    "log",
    "bin",
    "node_modules",
    ".git",
)


def roots(env: Mapping[str, str], home: str) -> list[str]:
    """`opencode` in $XDG_DATA_HOME, else in `.local/share` of the user's home, on every system; and the database that
    $OPENCODE_DB names, which may lie elsewhere."""
    folder = os.path.join(env.get("XDG_DATA_HOME") or os.path.join(home, ".local", "share"), _FOLDER)
    named = env.get("OPENCODE_DB", "")
    if not named or named == ":memory:":
        return [folder]
    return [os.path.join(folder, named), folder]


def is_log(name: str) -> bool:
    """Whether this is the base name of a session's log. No file is called so."""
    return _LOG.match(name) is not None


def is_container(path: str) -> bool:
    """Whether a file of this name may be a database of OpenCode's: $OPENCODE_DB can name it otherwise; it must end so."""
    return path.endswith(".db")


def holds(path: str) -> bool:
    """Whether a log of this name is made here."""
    return _LOG.match(os.path.basename(path)) is not None or is_container(path)


def discover(root: str) -> Iterator[str]:
    """Every session below `root`, or in it where it is a database itself: those in databases, then those that are only files."""
    databases, storages = _places(root)
    in_databases: set[str] = set()
    for path in databases:
        for name in _rows().sessions_in(path):
            in_databases.add(name)
            yield f"{path}#{name}" if name else path  # which says, when it is read, why it cannot be
    for storage in storages:
        yield from (f"{storage}#{name}" for name in _files().sessions_in(storage) if name not in in_databases)


def _places(root: str) -> tuple[list[str], list[str]]:
    """The databases in `root` and the folders of files. Where OpenCode keeps its data there are worktrees as well, of any size: what
    lies below is looked through only where nothing of OpenCode's is at the top."""
    databases, storages = _at_the_top(root)
    if databases or storages:
        return databases, storages
    kept = {os.path.dirname(os.path.dirname(path)) for path in walk(root, _is_session_file, _ASIDE)}
    storages = sorted(os.path.dirname(folder) for folder in kept if os.path.basename(folder) == "session")
    return list(walk(root, _is_database, (*_ASIDE, _STORAGE))), storages


def _at_the_top(root: str) -> tuple[list[str], list[str]]:
    """The same without looking into folders."""
    if os.path.isfile(root):
        return ([root] if is_container(root) else []), []
    try:
        with os.scandir(root) as entries:
            names = sorted(entry.name for entry in entries)
    except OSError:
        return [], []
    storage = os.path.join(root, _STORAGE)
    files = [storage] if _STORAGE in names and os.path.isdir(os.path.join(storage, "session")) else []
    return [os.path.join(root, name) for name in names if _is_database(name)], files


def _usual(root: str) -> tuple[list[str], list[str]]:
    """The same, asking for each by its name."""
    database, storage = os.path.join(root, "opencode.db"), os.path.join(root, _STORAGE)
    return (
        [database] if os.path.isfile(database) else [],
        [storage] if os.path.isdir(os.path.join(storage, "session")) else [],
    )


def _is_database(name: str) -> bool:
    """Whether it is called as OpenCode calls its database: `opencode.db`, or with the name of a channel in it."""
    return _DATABASE.match(name) is not None


def _is_session_file(name: str) -> bool:
    return _SESSION_FILE.match(name) is not None


def in_worktree(root: str) -> tuple[str, ...]:
    """None: all sessions are in the user's folder."""
    return ()


def recent_dirs(root: str, now: float) -> list[str]:
    """None: `recent` gives the sessions themselves."""
    return []


def recent(root: str, now: float) -> list[tuple[str, Look]]:
    """The sessions that were written to last. Where there is a database, files are of the past."""
    # A folder of another name may hold any number of logs: it is asked for the usual names only.
    listed = os.path.basename(root) == _FOLDER or is_container(root)
    databases, storages = _at_the_top(root) if listed else _usual(root)
    if not databases:
        return [entry for storage in storages for entry in _files().recent(storage, now)]
    found: list[tuple[str, Look]] = [entry for path in databases for entry in _rows().recent(path, now)]
    return sorted(found, key=lambda entry: entry[1].mtime_ns, reverse=True)


def look(path: str) -> Look:
    """What shows whether the session has changed; of a database that cannot be looked into, what the system says."""
    container, name = _parts(path)
    found: Look = _behind(container).look(container, name)
    return found


def open(path: str) -> LogFile:
    """The session as a log; OSError says in its `strerror` why there is none."""
    container, name = _parts(path)
    found: LogFile = _behind(container).open_log(path, container, name)
    return found


def former(path: str) -> tuple[str, ...]:
    """The session's log among the files that were read into the database."""
    container, name = _parts(path)
    if not name or not is_container(container):
        return ()
    return (os.path.join(os.path.dirname(container), f"{_STORAGE}#{name}"),)


def _parts(path: str) -> tuple[str, str]:
    """Container and session of a log's name; the session is empty where the name is that of a container."""
    container, mark, name = path.rpartition("#")
    return (container, name) if mark and name.startswith("ses_") else (path, "")


def _behind(container: str) -> Any:
    return _rows() if is_container(container) else _files()


def _rows() -> Any:
    return importlib.import_module("git_ai_trail.formats.opencode.database")


def _files() -> Any:
    return importlib.import_module("git_ai_trail.formats.opencode.storage")


def thread_hint(env: Mapping[str, str]) -> str:
    """Nothing: what runs in a session is not told which one."""
    return ""


def session_id_of(path: str) -> str:
    """The session in a log's name."""
    return _parts(path)[1]


def recognises(head: bytes) -> bool:
    """Every log that is made begins with its session."""
    return head.startswith(b'{"type":"session","id":"ses_')


def is_document(path: str) -> bool:
    """A log that is made is lines."""
    return False
