"""Values of a working tree's `.env*` files that must not be seen anywhere, for the redactor. Kept in memory while a log is read.

A log says which folder it is about, and a log may lie: files are only read as regular files of a bounded size, what they hold is
only ever looked for, and nothing of it is written down.
"""

from __future__ import annotations

import os
import re
import stat
from itertools import pairwise

from git_ai_trail.redact.detectors.keyed import is_telling
from git_ai_trail.redact.detectors.values import is_odd_value, is_placeholder, is_random_value

_MAX_BYTES = 64 * 1024
_MAX_FILES = 24
_MAX_LEVELS = 24
_MAX_VALUES = 500
_MIN_LENGTH, _MAX_LENGTH = 6, 4096
# Files that are there to be shown.
_EXAMPLES = re.compile(r"example|sample|template|dist|defaults?\b", re.IGNORECASE)
_LINE = re.compile(r"^[ \t]*(?:export[ \t]+)?([A-Za-z_][\w.]{0,127})[ \t]*=[ \t]*(.*)$", re.MULTILINE)
_QUOTED = re.compile(r"([\"'`])(.*?)\1")
_COMMENT = re.compile(r"[ \t]#.*")
_KEY_NAME = re.compile(r"key|salt|auth|pin\b|cert|private", re.IGNORECASE)


def values_in(folder: str) -> tuple[str, ...]:
    """The secrets in the `.env*` files of a folder and those above it, up to the root of its working tree; empty outside of one."""
    if not os.path.isabs(folder) or "\0" in folder:
        return ()
    found: dict[str, None] = {}
    files = 0
    for level in _levels(os.path.normpath(folder)):
        for path in _files_in(level):
            files += 1
            if files > _MAX_FILES:
                return tuple(found)
            found.update(dict.fromkeys(_secrets(_read(path))))
    return tuple(found)[:_MAX_VALUES]


def _levels(folder: str) -> list[str]:
    levels: list[str] = []
    for _ in range(_MAX_LEVELS):
        levels.append(folder)
        if os.path.lexists(os.path.join(folder, ".git")):
            return levels
        above = os.path.dirname(folder)
        if above == folder:
            break
        folder = above
    return []


def _files_in(folder: str) -> list[str]:
    try:
        names = os.listdir(folder)
    except OSError:
        return []
    return [
        os.path.join(folder, name) for name in sorted(names) if name.startswith(".env") and not _EXAMPLES.search(name)
    ]


def _read(path: str) -> str:
    flags = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_NOFOLLOW", 0)
    try:
        number = os.open(path, flags)
    except OSError:
        return ""
    try:
        if not stat.S_ISREG(os.fstat(number).st_mode):
            return ""
        return os.read(number, _MAX_BYTES).decode("utf-8", "replace")
    except OSError:
        return ""
    finally:
        os.close(number)


def _secrets(content: str) -> list[str]:
    found = []
    for name, rest in _LINE.findall(content):
        quoted = _QUOTED.match(rest)
        value = quoted[2] if quoted else _COMMENT.sub("", rest).strip()
        if _MIN_LENGTH <= len(value) <= _MAX_LENGTH and _is_secret(name, value):
            found.append(value)
    return found


def _is_secret(name: str, value: str) -> bool:
    """Not `true`, `3000`, `localhost` or `us-east-1`, which stand everywhere: odd enough for its name, or random by itself."""
    if is_placeholder(value):
        return False
    if is_telling(name) or _KEY_NAME.search(name):
        return is_odd_value(value) or is_random_value(value) or _is_clear(value)
    return is_random_value(value)


def _is_clear(value: str) -> bool:
    """Letters with punctuation in a row of twelve or more, or mixed small and large letters: nobody's ordinary word."""
    swaps = sum(1 for a, b in pairwise(value) if a.islower() and b.isupper())
    return (
        len(value) >= 10
        and " " not in value
        and (swaps >= 3 or (not value.isalnum() and len(value) >= 12 and ":" not in value))
    )
