"""Progress bars on stderr, gone when the work is done."""

from __future__ import annotations

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


@contextmanager
def index_progress() -> Iterator[Callable[[int, int, int], None]]:
    """callback(done, total, bytes): logs read into the index."""
    with _bar(MofNCompleteColumn()) as bar:
        task = bar.add_task("reading logs", total=None)
        yield lambda done, total, size: bar.update(task, completed=done, total=total)


@contextmanager
def commit_progress() -> Iterator[Callable[[int, int], None]]:
    """callback(done, total): commits matched."""
    # It has no thread that draws it: a process with a second thread cannot safely be forked, and work on many commits is.
    with _bar(MofNCompleteColumn(), auto_refresh=False) as bar:
        task = bar.add_task("matching commits", total=None, visible=False)
        yield lambda done, total: bar.update(task, completed=done, total=total, visible=True, refresh=True)


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
