"""Walks the folders of logs: any nesting, loops of links cut, what cannot be read passed over."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator

MAX_DEPTH = 12
DAY = 86400.0
# A folder of more folders than this is not asked for each one's time; the scan after a commit finds what is new there.
MANY = 1024


def walk(root: str, is_log: Callable[[str], bool], skip: tuple[str, ...] = ()) -> Iterator[str]:
    """Every file below `root` whose name `is_log` accepts, sorted within its folder; folders named in `skip` are not entered."""
    yield from _walk(root, is_log, skip, set(), 0)


def _walk(
    folder: str, is_log: Callable[[str], bool], skip: tuple[str, ...], seen: set[tuple[int, int]], depth: int
) -> Iterator[str]:
    try:
        stat = os.stat(folder)
        if (stat.st_dev, stat.st_ino) in seen or depth > MAX_DEPTH:
            return
        seen.add((stat.st_dev, stat.st_ino))
        with os.scandir(folder) as entries:
            found = sorted(entries, key=lambda entry: entry.name)
    except OSError:
        return
    for entry in found:
        try:
            if entry.is_dir():
                if entry.name not in skip:
                    yield from _walk(entry.path, is_log, skip, seen, depth + 1)
            elif is_log(entry.name) and entry.is_file():
                yield entry.path
        except OSError:
            continue


def folders_in(folder: str) -> list[str]:
    """The folders directly below `folder`; none if there are so many that asking each would be slow."""
    try:
        with os.scandir(folder) as entries:
            found = [entry.path for entry in entries if entry.is_dir()]
    except OSError:
        return []
    return found if len(found) <= MANY else []


def changed(folder: str, now: float) -> bool:
    """Whether something was put into the folder, or taken out of it, within a day."""
    try:
        return os.stat(folder).st_mtime >= now - DAY
    except OSError:
        return False
