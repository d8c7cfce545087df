"""Reads a file of a work tree that may be a stranger's: a regular file of bounded size, behind no link, and never waited for."""

from __future__ import annotations

import os
import stat

from git_ai_trail.errors import ConfigError

# The most that a repository's rule file can have.
RULE_BYTES = 1 << 17

_FOLDER = os.O_RDONLY | getattr(os, "O_DIRECTORY", 0) | getattr(os, "O_CLOEXEC", 0)
_FILE = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_NOCTTY", 0) | getattr(os, "O_CLOEXEC", 0)
_NO_LINK = getattr(os, "O_NOFOLLOW", 0)


def read_inside(top: str, name: str, limit: int, *, shown: str) -> bytes | None:
    """The bytes of the file `name` (`folder/file`, or a bare name) in the folder `top`; None where there is none.

    Raises `ConfigError`, in which the file is called `shown`, for a link in its place or its folder's, for what is no regular
    file or cannot be read, and for more than `limit` bytes.
    """
    folder, _, base = name.rpartition("/")
    held: list[int] = []
    try:
        held.append(os.open(top, _FOLDER))
        if folder:
            if _kind(folder, held[-1], shown) != stat.S_IFDIR:
                return None
            held.append(os.open(folder, _FOLDER | _NO_LINK, dir_fd=held[-1]))
        if _kind(base, held[-1], shown) != stat.S_IFREG:
            raise ConfigError(f"{shown}: not a regular file", "replace it by a file, or remove it")
        held.append(os.open(base, _FILE | _NO_LINK, dir_fd=held[-1]))
        return _content(held[-1], limit, shown)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        raise ConfigError(f"{shown}: {error.strerror}", "make the file readable, or remove it") from None
    finally:
        for number in held:
            os.close(number)


def _kind(name: str, folder: int, shown: str) -> int:
    found = stat.S_IFMT(os.stat(name, dir_fd=folder, follow_symlinks=False).st_mode)
    if found == stat.S_IFLNK:
        raise ConfigError(f"{shown}: a symbolic link, which is not followed", "replace it by what it leads to")
    return found


def _content(file: int, limit: int, shown: str) -> bytes:
    if not stat.S_ISREG(os.fstat(file).st_mode):
        raise ConfigError(f"{shown}: not a regular file", "replace it by a file, or remove it")
    parts: list[bytes] = []
    left = limit + 1
    while left and (part := os.read(file, left)):
        parts.append(part)
        left -= len(part)
    if not left:
        raise ConfigError(f"{shown}: larger than {limit // 1024} KiB", "make it smaller")
    return b"".join(parts)
