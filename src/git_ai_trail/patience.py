"""Ends a hook that takes too long, whatever it is waiting for: a commit must not wait for us. Hot path.

A thread of its own ends the whole process, because nothing else ends a call that hangs in git or on a slow disk. What the hook was
writing is then as if it had been killed: whole or not there.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Mapping

SECONDS = 5.0
_VARIABLE = "GIT_AI_TRAIL_HOOK_SECONDS"


def seconds(env: Mapping[str, str]) -> float:
    """How long one hook may take; the environment can say otherwise."""
    try:
        stated = float(env.get(_VARIABLE, ""))
    except ValueError:
        return SECONDS
    return stated if 0 < stated <= 3600 else SECONDS


class Patience:
    """Calls `give_up` and ends the process with exit code 0 after so many seconds, unless `end` was called before."""

    def __init__(self, limit: float, give_up: Callable[[], None]) -> None:
        self._until = time.monotonic() + limit
        self._give_up = give_up
        self._ended = threading.Event()
        threading.Thread(target=self._watch, daemon=True).start()

    def extend(self, limit: float) -> None:
        """Begins anew, with another limit."""
        self._until = time.monotonic() + limit

    def end(self) -> None:
        self._ended.set()

    def _watch(self) -> None:
        while (left := self._until - time.monotonic()) > 0:
            if self._ended.wait(left):
                return
        try:
            self._give_up()
        finally:
            os._exit(0)
