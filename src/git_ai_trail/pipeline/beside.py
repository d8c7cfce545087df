"""Half of some work in a second process, which inherits all that there is and sends back bytes. Cold path."""

from __future__ import annotations

import multiprocessing
import threading
from collections.abc import Callable
from multiprocessing.connection import Connection
from typing import TypeVar

from git_ai_trail.errors import TrailError

T = TypeVar("T")


def is_possible() -> bool:
    """Whether this process can be forked: a system that knows how, and no thread that could hold a lock."""
    return "fork" in multiprocessing.get_all_start_methods() and threading.active_count() == 1


def both(mine: Callable[[], T], theirs: Callable[[], bytes]) -> tuple[T, bytes]:
    """What `mine` gives here, and `theirs` at the same time in a fork of this process; empty where that came to nothing."""
    context = multiprocessing.get_context("fork")
    here, there = context.Pipe(duplex=False)
    child = context.Process(target=_send, args=(there, theirs))
    child.start()
    there.close()
    try:
        made = mine()
        sent = here.recv_bytes()
    except EOFError:
        sent = b""  # it was killed, or ran out of memory
    finally:
        here.close()  # whoever still has something to send gives up
        child.join()
    return made, sent


def _send(pipe: Connection, work: Callable[[], bytes]) -> None:
    try:
        sent = work()
    except TrailError:
        sent = b""  # whoever does it again meets the same error and can say it
    pipe.send_bytes(sent)
