"""Errors a person can act on. Anything else that escapes is our bug and is reported as one."""

from __future__ import annotations

import errno


class TrailError(Exception):
    """What happened, where, and what to do about it; printed as one line, exit code 1.

    `message` says what happened and where, `hint` says what to do. Neither ever holds text from a log.
    """

    exit_code = 1

    def __init__(self, message: str, hint: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


# SQLITE_CORRUPT and SQLITE_NOTADB, SQLITE_BUSY and SQLITE_LOCKED; written out, so that whoever needs an error needs no sqlite3.
_DAMAGED = (11, 26)
_HELD = (5, 6)

# ENOENT and ENOTDIR are not among them: a file of ours that is not there is our own failure.
_REFUSED = (errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EACCES, errno.EPERM, errno.EIO, errno.EMFILE, errno.ENFILE)
_REFUSED_BY_SQLITE = {
    3: "a database of ours may not be opened",
    5: "a database of ours is held by another process",
    6: "a database of ours is held by another process",
    8: "a database of ours cannot be written",
    10: "a database of ours cannot be read or written",
    13: "no room for a database of ours",
    14: "a database of ours cannot be opened",
}


def is_damage(error: BaseException) -> bool:
    """Whether SQLite said that a file is no database, or no whole one."""
    return _sqlite_code(error) in _DAMAGED


def is_held(error: BaseException) -> bool:
    """Whether SQLite said that another process holds the database."""
    return _sqlite_code(error) in _HELD


def refusal(error: BaseException) -> str:
    """What the machine refused, in words, where an error is about nothing else; empty for any other."""
    if isinstance(error, OSError):
        where = f": {error.filename}" if error.filename else ""
        return f"{error.strerror}{where}" if error.errno in _REFUSED else ""
    return _REFUSED_BY_SQLITE.get(_sqlite_code(error), "")


def _sqlite_code(error: BaseException) -> int:
    code = getattr(error, "sqlite_errorcode", 0)
    return code & 0xFF if isinstance(code, int) else 0


class GitError(TrailError):
    """git refused or is missing; `message` carries git's own first line."""


class ConfigError(TrailError):
    """A configuration or rule file that cannot be used; `message` names file, line and key."""

    exit_code = 2


class StoreError(TrailError):
    """The trail database cannot be opened, is too new, or holds something it must not."""
