"""Reads logs into one open store. A log that cannot be read never stops the rest.

Redaction and all it needs are imported here: a process that only starts others is quicker without.
"""

from __future__ import annotations

import gc
import os
import sqlite3
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager

import msgspec

from git_ai_trail.errors import is_damage
from git_ai_trail.formats.records import decode_with
from git_ai_trail.model import Ingested, Skipped
from git_ai_trail.pipeline.ingest_log import ingest_log
from git_ai_trail.pipeline.repository_rules import UnusableRulesError
from git_ai_trail.pipeline.scrubbing import Redactors
from git_ai_trail.pipeline.unread import Left, Task
from git_ai_trail.redact import is_clean
from git_ai_trail.store import open_store
from git_ai_trail.store.protocol import ReadMeanwhile, Store

# A log's own result, or None where another run was quicker.
Result = Ingested | Skipped | Left | None


class Stopped(Exception):
    """The person interrupted the run; the log that was being read stays as it was."""


class Ingester:
    """Reads logs into one open store."""

    def __init__(self, store: Store, redactors: Redactors, *, debug: bool = False) -> None:
        self.store = store
        self.redactors = redactors
        self.debug = debug

    def read(self, task: Task, tick: Callable[[int], None]) -> Result:
        """Reads one log; whatever goes wrong with it is named, without any text from it."""
        try:
            return ingest_log(self.store, self.redactors, task, tick=tick)
        except ReadMeanwhile:
            return None
        except UnusableRulesError as error:
            return Left(task.shown, error.message)
        except Stopped:
            raise
        except sqlite3.DatabaseError as error:
            if is_damage(error):
                raise  # no log can be kept then
            return Skipped(kind=f"log not read: {self._cause(error)}", where=task.shown, count=1)
        except Exception as error:
            return Skipped(kind=f"log not read: {self._cause(error)}", where=task.shown, count=1)

    def _cause(self, error: Exception) -> str:
        if isinstance(error, OSError) and error.strerror:
            return error.strerror
        if isinstance(error, sqlite3.OperationalError) and "locked" in str(error):
            return "the database is busy"
        if not self.debug:
            return type(error).__name__
        trace = error.__traceback__
        while trace is not None and trace.tb_next is not None:
            trace = trace.tb_next
        place = f"{os.path.basename(trace.tb_frame.f_code.co_filename)}:{trace.tb_lineno}" if trace else "?"
        return f"{type(error).__name__} at {place}"


@contextmanager
def ingester(env: Mapping[str, str], url: str, *, debug: bool) -> Iterator[Ingester]:
    """The ingester of this process, with a store of its own."""
    made = opened(env, url, debug=debug)
    try:
        with made.store.settling(), _at_full_speed():
            yield made
    finally:
        made.store.close()


def opened(env: Mapping[str, str], url: str, *, debug: bool) -> Ingester:
    """The same for a process that does nothing else, and leaves the store to its end."""
    store = open_store(url, is_clean=is_clean)
    try:
        return Ingester(store, _redactors(env, store), debug=debug)
    except BaseException:
        store.close()
        raise


def _redactors(env: Mapping[str, str], store: Store) -> Redactors:
    made = Redactors(env, store.manual(), store.repository_rules())
    made.ready()  # what is wrong with all is no reason to leave out one log after the other
    return made


@contextmanager
def _at_full_speed() -> Iterator[None]:
    """With msgspec's decoder. Python's search for cycles, a twentieth of the time here, has next to nothing to find."""
    before = gc.get_threshold()
    speed_up()
    try:
        yield
    finally:
        gc.set_threshold(*before)
        decode_with(None)


def speed_up() -> None:
    """Prepares a process that does nothing but read logs."""
    gc.set_threshold(100_000, 20, 100)
    decode_with(msgspec.json.Decoder().decode)
