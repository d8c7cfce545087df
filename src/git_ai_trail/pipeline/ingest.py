"""Reads agents' logs into the trail database: finds them, leaves alone what has not changed, and goes on where it stopped."""

from __future__ import annotations

import importlib
import os
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime

from git_ai_trail.config import UserConfig
from git_ai_trail.formats.sources import in_worktree
from git_ai_trail.model import Ingested, Outcome, Skipped
from git_ai_trail.pipeline import scrubbing
from git_ai_trail.pipeline.exclusion import reading
from git_ai_trail.pipeline.unread import Task, unread
from git_ai_trail.pipeline.user_store import store_url
from git_ai_trail.store import open_store

# progress(logs done, logs in all, bytes done, bytes in all)
Progress = Callable[[int, int, int, int], None]

# Below this, starting more processes costs more than they save.
_WORTH_WORKERS = 24 * 1024 * 1024


def ingest(
    env: Mapping[str, str],
    config: UserConfig,
    *,
    paths: Sequence[str] = (),
    worktree: str = "",
    agent: str = "",
    since: datetime | None = None,
    limit: int | None = None,
    jobs: int = 0,
    rescrub: bool = False,
    debug: bool = False,
    progress: Progress | None = None,
    report: Callable[[Ingested | Skipped], None] | None = None,
) -> Outcome:
    """Reads what is new in the logs below `paths` (default: wherever the agents keep them, also in the worktree
    at `worktree`, if there is one) into the trail database.

    `limit` is a number of logs, newest first; `jobs` a number of processes (0: as many as help); `rescrub` reads
    everything again. A log that cannot be read is counted and named in the outcome. KeyboardInterrupt leaves every
    log either as it was or read; the next run goes on.
    """
    if config.formats:
        importlib.import_module("git_ai_trail.pipeline.third_party").admit(config.formats)
    # A rule file that cannot be used stops everything before anything is opened.
    scrubbing.ruleset_digest(env)
    url = store_url(env, config)
    with reading(env):
        store = open_store(url)
        try:
            digest = scrubbing.effective_digest(env, store.manual())
            before = {path: state.ruleset_digest for path, state in store.file_states().items()}
            todo = unread(
                env,
                store,
                paths=paths,
                log_roots=(*config.log_roots, *(in_worktree(worktree) if worktree else ())),
                agent=agent,
                since=since,
                ruleset_digest="" if rescrub else digest,
            )
        finally:
            store.close()
        tally = _Tally(todo.tasks[:limit], progress, report)
        if tally.tasks:
            many = jobs or min(os.cpu_count() or 1, 8, 1 + tally.total // _WORTH_WORKERS)
            # Redaction and processes cost a tenth of a second to import, which a run that finds nothing new need not pay.
            workers = importlib.import_module("git_ai_trail.pipeline.workers")
            workers.run(env, url, tally.tasks, jobs=many, debug=debug, done=tally.done, tick=tally.tick)
        changed = any(before.get(task.shown, digest) != digest for task in tally.tasks)
        if rescrub or changed:
            # What the rules did not know before must not stay behind in a page that nothing points to.
            importlib.import_module("git_ai_trail.pipeline.manual_apply").finish(env, url, everything=rescrub)
    logs = len(todo.tasks) + todo.unchanged + len(todo.skipped)
    return tally.outcome(todo.skipped, logs=logs, unchanged=todo.unchanged)


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

    def done(self, result: Ingested | Skipped | None) -> None:
        """A log's own result, or None where another run was quicker."""
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
            warnings=tuple(self._doubts()),
        )

    def _doubts(self) -> Iterator[str]:
        """Logs whose times cannot be right; matching by time passes them over, matching by content does not."""
        doubtful: dict[str, list[str]] = {}
        for one in self.read:
            for doubt in one.doubts:
                doubtful.setdefault(doubt, []).append(one.path)
        for doubt, paths in sorted(doubtful.items()):
            more = f" and {len(paths) - 1} more" if len(paths) > 1 else ""
            yield f"{paths[0]}{more}: {doubt}"
