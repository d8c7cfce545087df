"""Reads the folder in which OpenCode kept its sessions before 1.2: a JSON file for each session, message and part.

`session/PROJECT/SESSION.json`, `message/SESSION/MESSAGE.json`, `part/MESSAGE/PART.json`.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from typing import Any
from zlib import crc32

from git_ai_trail.formats.fields import an_id, text_of, whole
from git_ai_trail.formats.folders import DAY, folders_in
from git_ai_trail.formats.opencode.lines import MAX_ROW, Session, made_of
from git_ai_trail.formats.records import decode_inner
from git_ai_trail.loglines import LogFile, Look, MadeLog

MOST_RECENT = 16
_MOST_FILES = 100_000
_MOST_LISTED = 1024
_FAMILY = 16


def sessions_in(storage: str) -> list[str]:
    """Ids of all sessions in the folder."""
    names = {name for folder in folders_in(f"{storage}/session") for name in _names(folder, "ses_")}
    return sorted(name.removesuffix(".json") for name in names)


def recent(storage: str, now: float) -> list[tuple[str, Look]]:
    """The few sessions that were written to last, within a day. Ids begin with the newest; of many only these are looked at."""
    found = []
    for folder in folders_in(f"{storage}/session"):
        for name in _names(folder, "ses_")[:_MOST_LISTED]:
            try:
                at = os.stat(f"{folder}/{name}").st_mtime
            except OSError:
                continue
            if at >= now - DAY:
                found.append((at, name.removesuffix(".json")))
    latest = sorted(found, reverse=True)[:MOST_RECENT]
    looks = []
    for _, name in latest:
        try:
            looks.append((f"{storage}#{name}", look(storage, name)))
        except OSError:
            continue
    return looks


def look(storage: str, name: str) -> Look:
    """What shows whether the session has changed. What is written last is the session, its last message or that one's parts."""
    times = [os.stat(_session_file(storage, name)).st_mtime_ns]
    messages = _names(f"{storage}/message/{name}", "msg_")
    if messages:
        last = messages[-1].removesuffix(".json")
        parts = _names(f"{storage}/part/{last}", "prt_")
        files = [f"{storage}/message/{name}/{messages[-1]}", *(f"{storage}/part/{last}/{part}" for part in parts)]
        times += [os.stat(file).st_mtime_ns for file in files]
    return Look(crc32(name.encode()), len(messages), max(times))


def open_log(log: str, storage: str, name: str) -> LogFile:
    """The session's files as a log."""
    seen = look(storage, name)
    data = _object(_session_file(storage, name))
    if not data:
        raise OSError(errno.EINVAL, "a session that cannot be read")
    parent = root = an_id(data.get("parentID"))
    for _ in range(_FAMILY):
        above = an_id(_object(_session_file(storage, root)).get("parentID")) if _has(storage, root) else ""
        if not above:
            break
        root = above
    times = data.get("time")
    created = whole(times.get("created")) if isinstance(times, dict) else 0
    session = Session(
        name, parent, root, text_of(data.get("directory"), 4096), text_of(data.get("version"), 64), created
    )
    messages = [file.removesuffix(".json") for file in _names(f"{storage}/message/{name}", "msg_")]
    rows = ((message, _text(f"{storage}/message/{name}/{message}.json")) for message in messages)
    return MadeLog(log, made_of(session, rows, _parts(storage, messages), seen))


def _parts(storage: str, messages: list[str]) -> Iterator[tuple[str, str, str | None]]:
    for message in messages:
        for file in _names(f"{storage}/part/{message}", "prt_"):
            yield file.removesuffix(".json"), message, _text(f"{storage}/part/{message}/{file}")


def _has(storage: str, name: str) -> bool:
    try:
        return bool(name and _session_file(storage, name))
    except OSError:
        return False


def _session_file(storage: str, name: str) -> str:
    for folder in folders_in(f"{storage}/session"):
        path = f"{folder}/{name}.json"
        if os.path.isfile(path):
            return path
    raise FileNotFoundError(errno.ENOENT, "no such session")


def _names(folder: str, start: str) -> list[str]:
    """Names of the JSON files in a folder that begin so, in order, which is that of time."""
    try:
        with os.scandir(folder) as entries:
            names = [entry.name for entry in entries if entry.name.startswith(start) and entry.name.endswith(".json")]
    except OSError:
        return []
    return sorted(name for name in names[:_MOST_FILES] if an_id(name))


def _text(path: str) -> str | None:
    """A file's text; None where it is too long, empty where it is gone or no regular file."""
    try:
        with open(path, "rb") if os.path.isfile(path) else open(os.devnull, "rb") as file:
            raw = file.read(MAX_ROW + 1)
    except OSError:
        return ""
    return None if len(raw) > MAX_ROW else raw.decode("utf-8", "replace")


def _object(path: str) -> dict[str, Any]:
    value = decode_inner(_text(path) or "")
    return value if isinstance(value, dict) else {}
