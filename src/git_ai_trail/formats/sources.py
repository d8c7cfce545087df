"""Logs that are files and logs that are made, looked at and opened alike. Hot path."""

from __future__ import annotations

import os
from collections.abc import Sequence

from git_ai_trail.formats import FORMATS
from git_ai_trail.formats.protocol import Format, Source
from git_ai_trail.loglines import LogFile, Look


def source_of(fmt: Format) -> Source | None:
    """Where the format's sessions come from; None where they are files."""
    found: Source | None = getattr(fmt, "SOURCE", None)
    return found


def look_at(path: str, formats: Sequence[Format] = FORMATS) -> Look:
    """What shows whether a log has changed, whichever of these formats it may be; OSError where it cannot be looked at."""
    for fmt in formats:
        source = source_of(fmt)
        if source is not None and source.holds(path):
            return source.look(path)
    stat = os.stat(path)
    return Look(stat.st_ino, stat.st_size, stat.st_mtime_ns)


def is_gone(path: str) -> bool:
    """Whether there is no such log any more; one that cannot be looked at is still there."""
    try:
        look_at(path)
    except FileNotFoundError:
        return True
    except OSError:
        return not any(source.holds(path) for source in map(source_of, FORMATS) if source is not None)
    return False


def stands_in(path: str) -> str:
    """The file or folder that a log stands in: itself, or what it is made of."""
    made = any(source.holds(path) for source in map(source_of, FORMATS) if source is not None)
    return path.rpartition("#")[0] or path if made else path


def is_container(path: str, formats: Sequence[Format] = FORMATS) -> bool:
    """Whether the file holds sessions of one of these formats, by its name."""
    return any(source.is_container(path) for source in map(source_of, formats) if source is not None)


def in_worktree(root: str) -> tuple[str, ...]:
    """The files in the worktree at `root` that may hold sessions, whether they are there or not."""
    return tuple(name for source in map(source_of, FORMATS) if source is not None for name in source.in_worktree(root))


def former_names(path: str, formats: Sequence[Format]) -> list[str]:
    """Names that the session's log had before."""
    found = (source.former(path) for source in map(source_of, formats) if source is not None and source.holds(path))
    return [name for names in found for name in names]


def open_made(path: str, formats: Sequence[Format] = FORMATS) -> LogFile | None:
    """The log of this name where it is made by one of these formats, None where it is a file; OSError where it cannot be made."""
    for fmt in formats:
        source = source_of(fmt)
        if source is not None and source.holds(path):
            return source.open(path)
    return None
