"""Runs the ingest of many logs, in this process or in several.

What reading takes is imported when the others have been started, so that they begin meanwhile.
"""

from __future__ import annotations

import importlib
import multiprocessing
import signal
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from multiprocessing.synchronize import Event as Signal
from typing import TYPE_CHECKING, Any, NamedTuple

from git_ai_trail.errors import TrailError
from git_ai_trail.pipeline.discovery import admitted
from git_ai_trail.pipeline.unread import Task

if TYPE_CHECKING:
    from git_ai_trail.pipeline.ingester import Ingester, Result


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
    with _reading().ingester(env, url, debug=debug) as ingester:
        for task in tasks:
            done(ingester.read(task, tick))


def _reading() -> Any:
    """The module that reads, which takes a tenth of a second to import."""
    return importlib.import_module("git_ai_trail.pipeline.ingester")


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
            with _reading().ingester(env, url, debug=debug) as ingester:
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
    reading = _reading()
    reading.speed_up()
    if setup.formats:
        importlib.import_module("git_ai_trail.pipeline.third_party").admit(setup.formats)
    _Worker.ingester = reading.opened(setup.env, setup.url, debug=setup.debug)
    _Worker.stop = setup.stop


def _read(task: Task) -> Result:
    return _Worker.ingester.read(task, _stop_if_told)


def _stop_if_told(size: int) -> None:
    if _Worker.stop.is_set():
        raise _reading().Stopped
