"""Takes what was written out of the write-ahead log and into the database while others write on.

Without it whoever fills the log at a commit copies it, and waits for the disk while there is a log to be redacted.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Event, Thread

# The log is well below the size at which a commit would copy it.
_SECONDS = 0.5


@contextmanager
def settling(path: str) -> Iterator[None]:
    """Has a thread with a connection of its own do it as long as the block lasts."""
    done = Event()
    # It holds no text and owes nobody anything: what it leaves, the next commit or the last connection does.
    thread = Thread(target=_settle, args=(path, done), daemon=True)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()


def _settle(path: str, done: Event) -> None:
    try:
        conn = sqlite3.connect(path, timeout=0, isolation_level=None)
    except sqlite3.Error:
        return
    try:
        conn.execute("PRAGMA synchronous = NORMAL")
        while not done.wait(_SECONDS):
            # Passive: it waits for nobody, and nobody for it.
            conn.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchone()
    except sqlite3.Error:
        return
    finally:
        conn.close()
