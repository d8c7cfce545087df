"""Keeps runs that read logs and changes of what is to go by hand apart: no run may store a text that was redacted meanwhile."""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from git_ai_trail import places
from git_ai_trail.errors import TrailError

NAME = "reading.lock"

# How long one waits for the others. Reading everything anew takes minutes.
_PATIENCE = 600.0
_POLL = 0.05


@contextmanager
def reading(env: Mapping[str, str]) -> Iterator[None]:
    """While logs are read into the store; many may at a time."""
    with _held(env, fcntl.LOCK_SH):
        yield


@contextmanager
def alone(env: Mapping[str, str], *, patience: float = _PATIENCE) -> Iterator[None]:
    """While what is to go by hand changes; nobody reads logs then. `TrailError` where others do not come to an end."""
    with _held(env, fcntl.LOCK_EX, patience):
        yield


@contextmanager
def _held(env: Mapping[str, str], kind: int, patience: float = _PATIENCE) -> Iterator[None]:
    folder = places.data_dir(env)
    try:
        os.makedirs(folder, mode=0o700, exist_ok=True)
        lock = os.open(os.path.join(folder, NAME), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise TrailError(f"{folder}: {error.strerror}", "GIT_AI_TRAIL_DATA can name another folder") from error
    try:
        until = time.monotonic() + patience
        while True:
            try:
                fcntl.flock(lock, kind | fcntl.LOCK_NB)
                break
            except OSError:
                if time.monotonic() >= until:
                    raise TrailError("other runs that read logs do not come to an end", "try again later") from None
                time.sleep(_POLL)
        yield
    finally:
        os.close(lock)
