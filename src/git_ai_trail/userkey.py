"""The user's own 32-byte key: what every keyed digest of ours is made with. It never leaves the machine.

Hot path: a commit reads it. Nothing but `os` and our errors is imported.
"""

from __future__ import annotations

import os

from git_ai_trail.errors import TrailError

NAME = "key"
SIZE = 32


def load(data_dir: str) -> bytes | None:
    """The key kept in `data_dir`, or None where there is none yet. A damaged key is an error, never replaced."""
    path = os.path.join(data_dir, NAME)
    try:
        descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_CLOEXEC", 0))
    except FileNotFoundError:
        return None
    try:
        key = os.read(descriptor, SIZE + 1)
    finally:
        os.close(descriptor)
    if len(key) != SIZE:
        raise TrailError(
            f"the key file {path} is damaged ({len(key)} bytes instead of {SIZE})",
            "restore it from a backup, or delete it and run `git ai-trail ingest --rescrub`",
        )
    return key


def load_or_create(data_dir: str) -> bytes:
    """The key kept in `data_dir`, made on first use (mode 0600). Two processes at once get the same key.

    Raises OSError where the folder cannot be written to and holds no key.
    """
    key = load(data_dir)
    if key is not None:
        return key
    os.makedirs(data_dir, mode=0o700, exist_ok=True)
    path = os.path.join(data_dir, NAME)
    draft = f"{path}.{os.getpid()}.{os.urandom(4).hex()}"
    _write(draft, os.urandom(SIZE))
    try:
        # A link appears with its whole content or not at all, and never replaces what another process made.
        os.link(draft, path)
    except FileExistsError:
        pass
    except OSError:
        _write_where_links_are_unknown(path)
    finally:
        os.unlink(draft)
    key = load(data_dir)
    if key is None:
        raise TrailError(f"the key file {path} vanished while it was made", "try again")
    return key


def _write(path: str, content: bytes) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_CLOEXEC", 0), 0o600)
    try:
        os.write(descriptor, content)
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _write_where_links_are_unknown(path: str) -> None:
    try:
        _write(path, os.urandom(SIZE))
    except FileExistsError:
        return
