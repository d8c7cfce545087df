"""Reads agents' logs into the trail database: finds them, leaves alone what has not changed, and goes on where it stopped."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime

from git_ai_trail import places
from git_ai_trail.config import UserConfig
from git_ai_trail.errors import TrailError
from git_ai_trail.formats import BY_NAME, FORMATS
from git_ai_trail.formats.protocol import Format
from git_ai_trail.model import Ingested, Outcome, Skipped
from git_ai_trail.pipeline.ingest_log import Task
from git_ai_trail.pipeline.scrubbing import open_redactor
from git_ai_trail.pipeline.user_store import store_url
from git_ai_trail.pipeline.workers import Ingester, Result, run_alone, run_side_by_side
from git_ai_trail.redact import is_clean
from git_ai_trail.store import open_store
from git_ai_trail.store.protocol import FileState, Store

# progress(logs done, logs in all, bytes done, bytes in all)
Progress = Callable[[int, int, int, int], None]

# Below this, starting more processes costs more than they save.
_WORTH_WORKERS = 24 * 1024 * 1024


def ingest(
    env: Mapping[str, str],
    config: UserConfig,
    *,
    paths: Sequence[str] = (),
    agent: str = "",
    since: datetime | None = None,
    limit: int | None = None,
    jobs: int = 0,
    rescrub: bool = False,
    debug: bool = False,
    progress: Progress | None = None,
    report: Callable[[Ingested | Skipped], None] | None = None,
) -> Outcome:
    """Reads what is new in the logs below `paths` (default: wherever the agents keep them) into the trail database.

    `limit` is a number of logs, newest first; `jobs` a number of processes (0: as many as help); `rescrub` reads
    everything again. A log that cannot be read is counted and named in the outcome. KeyboardInterrupt leaves every
    log either as it was or read; the next run goes on.
    """
    redactor = open_redactor(env)
    url = store_url(env, config)
    store = open_store(url, is_clean=is_clean)
    try:
        found, skipped = _found(env, config, paths, agent)
        tasks, unchanged = _tasks(
            env, store, found, since=since, ruleset_digest="" if rescrub else redactor.ruleset_digest
        )
        logs = len(tasks) + unchanged + len(skipped)
        tally = _Tally(tasks[:limit], progress, report)
        many = jobs or min(os.cpu_count() or 1, 8, 1 + tally.total // _WORTH_WORKERS)
        if many > 1 and len(tally.tasks) > 1:
            run_side_by_side(env, url, tally.tasks, jobs=many, debug=debug, done=tally.done, tick=tally.tick)
        else:
            run_alone(Ingester(store, redactor.scrubber, debug=debug), tally.tasks, done=tally.done, tick=tally.tick)
    finally:
        store.close()
    return tally.outcome(skipped, logs=logs, unchanged=unchanged)


def _found(
    env: Mapping[str, str], config: UserConfig, paths: Sequence[str], agent: str
) -> tuple[list[tuple[Format, str]], list[Skipped]]:
    formats = [BY_NAME[agent]] if agent else list(FORMATS)
    skipped: list[Skipped] = []
    found: dict[str, Format] = {}
    if paths:
        for path in paths:
            for fmt, log in _named(formats, path, skipped, env, certain=bool(agent)):
                found.setdefault(log, fmt)
    else:
        for fmt in formats:
            for root in dict.fromkeys((*fmt.roots(env, places.home_dir(env)), *config.log_roots)):
                for log in fmt.discover(root):
                    found.setdefault(log, fmt)
    return [(fmt, log) for log, fmt in found.items()], skipped


def _named(
    formats: Sequence[Format], path: str, skipped: list[Skipped], env: Mapping[str, str], *, certain: bool
) -> Iterator[tuple[Format, str]]:
    """The logs that a path on the command line stands for."""
    whole = os.path.abspath(path)
    if os.path.isdir(whole):
        for fmt in formats:
            for log in fmt.discover(whole):
                yield fmt, log
        return
    if not os.path.exists(whole):
        raise TrailError(f"no such file or folder: {path}")
    claims = [fmt for fmt in formats if certain or fmt.is_log(os.path.basename(whole))]
    if claims:
        yield claims[0], whole
    else:
        skipped.append(Skipped(kind="not a log of a known agent", where=places.shortened(whole, env), count=1))


def _tasks(
    env: Mapping[str, str],
    store: Store,
    found: Iterable[tuple[Format, str]],
    *,
    since: datetime | None,
    ruleset_digest: str,
) -> tuple[list[Task], int]:
    """The logs that must be read, newest first, and how many need not."""
    states = store.file_states()
    by_inode = {(state.inode, state.size, state.mtime_ns): state for state in states.values()}
    tasks: list[tuple[int, Task]] = []
    unchanged = 0
    for fmt, path in found:
        try:
            stat = os.stat(path)
        except OSError:
            stat = None
        if stat is not None and since is not None and stat.st_mtime < since.timestamp():
            continue
        shown = places.shortened(path, env)
        state = states.get(shown)
        look = (stat.st_ino, stat.st_size, stat.st_mtime_ns) if stat is not None else (0, 0, 0)
        if state is None and look in by_inode:
            state = _followed(env, store, by_inode[look], shown)
        if state is not None and state.ruleset_digest != ruleset_digest:
            state = None  # redacted by other rules: everything in it again
        elif state is not None and look == (state.inode, state.size, state.mtime_ns):
            unchanged += 1
            continue
        tasks.append((look[2], Task(fmt.NAME, path, shown, look[1], state)))
    tasks.sort(key=lambda entry: entry[0], reverse=True)
    return [task for _, task in tasks], unchanged


def _followed(env: Mapping[str, str], store: Store, state: FileState, shown: str) -> FileState | None:
    """A log that was renamed (Codex archives by renaming) keeps its rows."""
    if os.path.exists(places.expanded(state.path, env)):
        return None
    store.moved(state.path, shown)
    return state._replace(path=shown)


class _Tally:
    """Gathers results as they come, and passes on how far the run is."""

    def __init__(
        self,
        tasks: list[Task],
        progress: Progress | None,
        report: Callable[[Ingested | Skipped], None] | None,
    ) -> None:
        self.tasks = tasks
        self.total = sum(task.new_bytes for task in tasks)
        self.bytes_done = 0
        self.logs_done = 0
        self.read: list[Ingested] = []
        self.failed: list[Skipped] = []
        self.progress = progress
        self.report = report

    def tick(self, size: int) -> None:
        self.bytes_done += size
        if self.progress is not None:
            self.progress(self.logs_done, len(self.tasks), self.bytes_done, self.total)

    def done(self, task: Task, result: Result) -> None:
        self.logs_done += 1
        if isinstance(result, Ingested):
            self.read.append(result)
        elif result is not None:
            self.failed.append(result)
        if result is not None and self.report is not None:
            self.report(result)

    def outcome(self, skipped: Sequence[Skipped], *, logs: int, unchanged: int) -> Outcome:
        lines: Counter[str] = Counter()
        redactions: Counter[str] = Counter()
        for one in self.read:
            lines.update(one.skipped)
            redactions.update(one.redactions)
        counted = [Skipped(kind=kind, where="", count=count) for kind, count in lines.most_common()]
        return Outcome(
            logs=logs,
            unchanged=unchanged + self.logs_done - len(self.read) - len(self.failed),
            sessions=len({one.session_id for one in self.read} - {""}),
            prompts=sum(one.prompts for one in self.read),
            calls=sum(one.calls for one in self.read),
            tokens=sum(one.tokens for one in self.read),
            bytes_read=sum(one.bytes_read for one in self.read),
            redactions=dict(redactions.most_common()),
            skipped=(*skipped, *self.failed, *counted),
            warnings=(),
        )
