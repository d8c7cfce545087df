"""Finds the sessions in a chat history. Each begins with the line `# aider chat started at 2026-03-01 12:00:00`, in local time.

Aider writes that line between two empty ones and goes on with a notice. An answer can hold such a line too (it may quote a
history): what does not stand so, or names a time before the session above it or after the file's last change, begins nothing.
"""

from __future__ import annotations

import errno
import hashlib
import os
import time
from itertools import pairwise
from typing import NamedTuple
from zlib import crc32

from git_ai_trail.formats.aider.lines import MAX_LOG, made_of
from git_ai_trail.formats.folders import DAY
from git_ai_trail.lazy import bytes_pattern
from git_ai_trail.loglines import LogFile, Look, MadeLog

_MARK = b"# aider chat started at "
_LINE = bytes_pattern(rb"# aider chat started at (\d{4}-\d\d-\d\d \d\d:\d\d:\d\d)[ \t]*\r?\n")
_BEHIND = bytes_pattern(rb"\r?\n(?:$|> |#### |\r?\n(?:#|$))")
_CHUNK = 1 << 20
_AROUND = 256
_MOST_RECENT = 4
_MOST_SESSIONS = 20_000
# A commit does not look through more than this; the scan after it does.
_MOST_IN_A_COMMIT = 16 * 1024 * 1024
# Clocks are put back by an hour in autumn, and by a little at any time.
_BACK = 2 * 3600.0


class Section(NamedTuple):
    """One session: where it lies in the file, when it began (local time), and when the next one did (empty if there is none)."""

    name: str
    started: str
    begin: int
    end: int
    closed: str


class _Found(NamedTuple):
    """What was found in a file that looked so."""

    path: str
    look: Look
    sections: tuple[Section, ...]


# Each session is asked for by itself: the file is looked through once for all of them.
_last: _Found | None = None


def local_time(text: str) -> float | None:
    """Seconds since the epoch of a local time as Aider writes it; None where there is no such time."""
    try:
        numbers = [int(part) for part in text.replace("-", " ").replace(":", " ").split()]
        year, month, day, hour, minute, second = numbers
        if not (1970 <= year <= 9999 and 1 <= month <= 12 and 1 <= day <= 31 and hour < 24 and minute < 60):
            return None
        return time.mktime((year, month, day, hour, minute, second, 0, 0, -1))
    except (ValueError, OverflowError):
        return None


def names_in(path: str) -> list[str]:
    """The sessions in the file, oldest first."""
    return [section.name for section in _found(path).sections]


def recent(path: str, now: float) -> list[tuple[str, Look]]:
    """The sessions of a file that were written to last, latest first."""
    if os.stat(path).st_size > _MOST_IN_A_COMMIT:
        return []
    found = _found(path)
    looks = [(f"{path}#{section.name}", _look(section, found.look)) for section in found.sections[-_MOST_RECENT:]]
    return [entry for entry in reversed(looks) if entry[1].mtime_ns >= (now - DAY) * 1e9]


def look(path: str, name: str) -> Look:
    """What shows whether the session has changed."""
    found = _found(path)
    return _look(_named(found, name), found.look)


def open_log(log: str, path: str, name: str) -> LogFile:
    """The session's part of the file as a log."""
    with LogFile(path) as file:
        found = _sections(path, file)
        section = _named(found, name)
        file.raw_file.seek(section.begin)
        data = file.raw_file.read(min(section.end - section.begin, MAX_LOG + 1))
    return MadeLog(log, made_of(section.started, data, _look(section, found.look)))


def _named(found: _Found, name: str) -> Section:
    for section in found.sections:
        if section.name == name:
            return section
    if not name:
        raise OSError(errno.EINVAL, "a chat history that cannot be looked into")
    raise FileNotFoundError(errno.ENOENT, "no such session")


def _look(section: Section, file: Look) -> Look:
    """A session is written to until the next one begins."""
    began = local_time(section.closed) if section.closed else None
    at = file.mtime_ns if began is None else int(began) * 10**9
    return Look(crc32(section.name.encode()), section.end - section.begin, at)


def _found(path: str) -> _Found:
    stat = os.stat(path)
    if _last is not None and _last.path == path and _last.look == (stat.st_ino, stat.st_size, stat.st_mtime_ns):
        return _last
    with LogFile(path) as file:
        return _sections(path, file)


def _sections(path: str, file: LogFile) -> _Found:
    global _last  # noqa: PLW0603 - what was found last, and nothing else
    seen = Look(file.inode, file.size, file.mtime_ns)
    if _last is None or (_last.path, _last.look) != (path, seen):
        place = os.path.join(os.path.realpath(os.path.dirname(path)), os.path.basename(path))
        starts = _starts(file)
        twins: dict[str, int] = {}
        sections = []
        for (begin, started), (end, after) in pairwise((*starts, (file.size, ""))):
            twins[started] = twins.get(started, 0) + 1
            sections.append(Section(_name(place, started, twins[started]), started, begin, end, after))
        _last = _Found(path, seen, tuple(sections))
    return _last


def _name(place: str, started: str, number: int) -> str:
    """Two sessions of one second, in one file or in two, are two; what tells them apart stands where lists do not cut it off."""
    digest = hashlib.blake2b(f"{place}\0{started}\0{number}".encode("utf-8", "surrogateescape"), digest_size=4)
    return f"aider-{digest.hexdigest()}-{started.replace('-', '').replace(':', '').replace(' ', '-')}"


def _starts(file: LogFile) -> list[tuple[int, str]]:
    """Where sessions begin, and when."""
    found: list[tuple[int, str]] = []
    before, latest = 0.0, file.mtime_ns / 1e9 + DAY
    data, base, at, left = b"", 0, 0, file.size
    file.raw_file.seek(0)
    while len(found) < _MOST_SESSIONS:
        part = file.raw_file.read(min(_CHUNK, left))
        left -= len(part)
        data += part
        at = data.find(_MARK, at)
        while at >= 0 and (not part or at + _AROUND <= len(data)):
            started = _started(data, at, base)
            began = local_time(started) if started else None
            if began is not None and before - _BACK <= began <= latest:
                found.append((base + at, started))
                before = began
            at = data.find(_MARK, at + 1)
        if not part:
            break
        at = at if at >= 0 else max(0, len(data) - len(_MARK))
        kept = max(0, at - _AROUND)
        data, base, at = data[kept:], base + kept, at - kept
    return found


def _started(data: bytes, at: int, base: int) -> str:
    """The time that a line names with which a session begins; empty for any other line."""
    line = _LINE.match(data, at)
    above = data[max(0, at - 3) : at].replace(b"\r", b"")
    alone = above.endswith(b"\n\n") or (base == 0 and not data[:at].strip())
    if line is None or not alone or _BEHIND.match(data, line.end(), line.end() + _AROUND) is None:
        return ""
    return line[1].decode("ascii")
