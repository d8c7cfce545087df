"""Runs the ingest of many logs, in this process or in several; a log that cannot be read never stops the rest."""

from __future__ import annotations

import gc
import importlib
import multiprocessing
import os
import signal
import sqlite3
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from multiprocessing.synchronize import Event as Signal
from typing import NamedTuple

import msgspec

from git_ai_trail.errors import TrailError, is_damage
from git_ai_trail.formats.records import decode_with
from git_ai_trail.model import Ingested, Skipped
from git_ai_trail.pipeline.discovery import admitted
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


def run(
    env: Mapping[str, str],
    url: str,
    tasks: Sequence[Task],
    *,
    jobs: int,
    debug: bool,
    done: Callable[[Result], None],
    tick: Callable[[int], None],
) -> None:
    """Reads all logs, in this process or in `jobs` of them. `done` is told of each log, `tick` of bytes read."""
    if jobs > 1 and len(tasks) > 1:
        _run_side_by_side(env, url, tasks, jobs=min(jobs, len(tasks)), debug=debug, done=done, tick=tick)
        return
    with _ingester(env, url, debug=debug) as ingester:
        for task in tasks:
            done(ingester.read(task, tick))


@contextmanager
def _ingester(env: Mapping[str, str], url: str, *, debug: bool) -> Iterator[Ingester]:
    """The ingester of this process, with a store of its own."""
    store = open_store(url, is_clean=is_clean)
    try:
        with store.settling(), _at_full_speed():
            yield Ingester(store, _redactors(env, store), debug=debug)
    finally:
        store.close()


def _redactors(env: Mapping[str, str], store: Store) -> Redactors:
    made = Redactors(env, store.manual(), store.repository_rules())
    made.ready()  # what is wrong with all is no reason to leave out one log after the other
    return made


@contextmanager
def _at_full_speed() -> Iterator[None]:
    """With msgspec's decoder. Python's search for cycles, a twentieth of the time here, has next to nothing to find."""
    before = gc.get_threshold()
    _speed_up()
    try:
        yield
    finally:
        gc.set_threshold(*before)
        decode_with(None)


def _speed_up() -> None:
    gc.set_threshold(100_000, 20, 100)
    decode_with(msgspec.json.Decoder().decode)


class _Setup(NamedTuple):
    """What a worker process needs to begin."""

    env: Mapping[str, str]
    url: str
    debug: bool
    stop: Signal
    formats: tuple[str, ...]  # of other packages


class _Worker:
    """The one ingester of a worker process."""

    ingester: Ingester
    stop: Signal


class _Shared:
    """The logs that are still to be read: this process takes one after the other, and sees to it that the others have some."""

    def __init__(
        self,
        pool: ProcessPoolExecutor,
        others: int,
        tasks: Sequence[Task],
        done: Callable[[Result], None],
        tick: Callable[[int], None],
    ) -> None:
        self._pool = pool
        # One more than there are processes waits in the pool, so that none has to wait for this one.
        self._most = others + 1
        # The longest first, so that none of them is left for the end.
        self._waiting = deque(sorted(tasks, key=lambda task: -task.size))
        self._running: dict[Future[Result], Task] = {}
        self._done = done
        self._tick = tick

    def take(self) -> Task | None:
        """The next log for this process."""
        self.give()
        return self._waiting.popleft() if self._waiting else None

    def give(self) -> None:
        """Tells of what the others have read, and gives them more. What went wrong with them is told at the end."""
        for future in [one for one in self._running if one.done() and one.exception() is None]:
            self._tell(future)
        while self._waiting and len(self._running) < self._most:
            try:
                future = self._pool.submit(_read, self._waiting[0])
            except BrokenProcessPool:
                return
            self._running[future] = self._waiting.popleft()

    def finish(self) -> None:
        """Waits for the others; raises what went wrong with one of them."""
        for future in as_completed(list(self._running)):
            self._tell(future)

    def _tell(self, future: Future[Result]) -> None:
        task = self._running.pop(future)
        self._done(future.result())
        self._tick(task.new_bytes)


def _run_side_by_side(
    env: Mapping[str, str],
    url: str,
    tasks: Sequence[Task],
    *,
    jobs: int,
    debug: bool,
    done: Callable[[Result], None],
    tick: Callable[[int], None],
) -> None:
    """This process and others, each with a connection of its own. An interrupt lets none of them leave half a log behind."""
    # Not fork: the redaction engine and SQLite do not survive it reliably.
    context = multiprocessing.get_context("spawn")
    stop = context.Event()
    setup = _Setup(dict(env), url, debug, stop, tuple(fmt.NAME for fmt in admitted()))
    others = jobs - 1
    with ProcessPoolExecutor(others, mp_context=context, initializer=_begin, initargs=(setup,)) as pool:
        shared = _Shared(pool, others, tasks, done, tick)

        def own_tick(size: int) -> None:
            tick(size)
            shared.give()

        try:
            shared.give()  # the others begin while this process makes itself ready
            with _ingester(env, url, debug=debug) as ingester:
                while (task := shared.take()) is not None:
                    done(ingester.read(task, own_tick))
            shared.finish()
        except BrokenProcessPool as error:
            raise TrailError("a worker process was killed", "run `git ai-trail ingest --jobs 1`") from error
        except BaseException:
            stop.set()
            pool.shutdown(wait=True, cancel_futures=True)
            raise


def _begin(setup: _Setup) -> None:
    # The parent tells its workers to stop; the terminal's own signal would end them in the middle of a transaction.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    _speed_up()
    if setup.formats:
        importlib.import_module("git_ai_trail.pipeline.third_party").admit(setup.formats)
    store = open_store(setup.url, is_clean=is_clean)
    _Worker.ingester = Ingester(store, _redactors(setup.env, store), debug=setup.debug)
    _Worker.stop = setup.stop


def _read(task: Task) -> Result:
    return _Worker.ingester.read(task, _stop_if_told)


def _stop_if_told(size: int) -> None:
    if _Worker.stop.is_set():
        raise Stopped
