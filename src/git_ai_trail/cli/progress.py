"""Progress bars on stderr, gone when the work is done."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import (
    BarColumn,
    DownloadColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    TextColumn,
    TimeRemainingColumn,
    TransferSpeedColumn,
)

_DRAWN_EVERY = 0.1


@contextmanager
def index_progress() -> Iterator[Callable[[int, int, int], None]]:
    """callback(done, total, bytes): logs read into the index."""
    with _unthreaded("reading logs") as advance:
        yield lambda done, total, size: advance(done, total)


@contextmanager
def commit_progress() -> Iterator[Callable[[int, int], None]]:
    """callback(done, total): commits matched."""
    with _unthreaded("matching commits") as advance:
        yield advance


@contextmanager
def _unthreaded(what: str) -> Iterator[Callable[[int, int], None]]:
    """A bar without a thread that draws it: a process with a second thread cannot safely be forked, and work on many commits
    is. It is drawn when something is told, ten times a second at most, and not at all before."""
    bar: Progress | None = None
    drawn_at = 0.0
    try:
        task = None

        def advance(done: int, total: int) -> None:
            nonlocal bar, task, drawn_at
            if bar is None or task is None:
                bar = _bar(MofNCompleteColumn(), auto_refresh=False)
                bar.start()
                task = bar.add_task(what, total=total)
            due = time.monotonic() - drawn_at >= _DRAWN_EVERY or done >= total
            bar.update(task, completed=done, total=total, refresh=due)
            drawn_at = time.monotonic() if due else drawn_at

        yield advance
    finally:
        if bar is not None:
            bar.stop()


@contextmanager
def ingest_progress() -> Iterator[Callable[[int, int, int, int], None]]:
    """callback(logs done, logs, bytes done, bytes)."""
    with _bar(DownloadColumn(), TransferSpeedColumn(), TimeRemainingColumn()) as bar:
        task = bar.add_task("ingest", total=None)

        def progress(logs_done: int, logs: int, bytes_done: int, size: int) -> None:
            bar.update(task, completed=bytes_done, total=size, description=f"{logs_done} of {logs} logs")

        yield progress


def _bar(*columns: ProgressColumn, auto_refresh: bool = True) -> Progress:
    shown = (TextColumn("{task.description}", markup=False), BarColumn(), *columns)
    return Progress(*shown, console=Console(stderr=True), transient=True, auto_refresh=auto_refresh)
