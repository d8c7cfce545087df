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
from git_ai_trail.pipeline.in_force import InForce, in_force
from git_ai_trail.pipeline.unread import Left, Task, Unread, again, unread
from git_ai_trail.pipeline.user_store import store_url
from git_ai_trail.store import open_store
from git_ai_trail.store.protocol import Store

# progress(logs done, logs in all, bytes done, bytes in all)
Progress = Callable[[int, int, int, int], None]

# Below this, starting more processes costs more than they save.
_WORTH_WORKERS = 24 * 1024 * 1024

_ROUNDS = 4


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
    log either as it was or read; the next run goes on. Logs whose repository's rules cannot be used are left for later.
    """
    if config.formats:
        importlib.import_module("git_ai_trail.pipeline.third_party").admit(config.formats)
    # A rule file that cannot be used stops everything before anything is opened.
    scrubbing.ruleset_digest(env)
    url = store_url(env, config)
    with reading(env):
        store = open_store(url)
        try:
            if rescrub:
                _forget_what_went(env, store)
            rules = in_force(env, store)
            todo = unread(
                env,
                store,
                paths=paths,
                log_roots=(*config.log_roots, *(in_worktree(worktree) if worktree else ())),
                agent=agent,
                since=since,
                rules=rules,
                everything=rescrub,
            )
        finally:
            store.close()
        tally = _Tally(todo.tasks[:limit], progress, report)
        tally.left += todo.left
        if tally.tasks:
            many = jobs or min(os.cpu_count() or 1, 8, 1 + tally.total // _WORTH_WORKERS)
            # Redaction and processes cost a tenth of a second to import, which a run that finds nothing new need not pay.
            workers = importlib.import_module("git_ai_trail.pipeline.workers")
            workers.run(env, url, tally.tasks, jobs=many, debug=debug, done=tally.done, tick=tally.tick)
            if rules.anywhere or any(one.rules != rules.redactors.digest() for one in tally.read.values()):
                _bring_together(env, url, tally, debug=debug)
        changed = any(_before(rules, path, one) != one.rules for path, one in tally.read.items())
        if rescrub or changed:
            # What the rules did not know before must not stay behind in a page that nothing points to.
            importlib.import_module("git_ai_trail.pipeline.manual_apply").finish(env, url, everything=rescrub)
    return tally.outcome(todo)


def _before(rules: InForce, path: str, one: Ingested) -> str:
    """What a log was stored under before this run; what it is stored under now where it was not."""
    state = rules.states.get(path)
    return state.ruleset_digest if state is not None else one.rules


def _forget_what_went(env: Mapping[str, str], store: Store) -> None:
    """Forgets the rules of work trees that are there and have none any more."""
    repositories = in_force(env, store).redactors.repositories
    for root in repositories.remembered:
        if repositories.is_there(root) and repositories.is_remembered(root):
            store.keep_repository_rules(repositories.sealed(root), "")


def _bring_together(env: Mapping[str, str], url: str, tally: _Tally, *, debug: bool) -> None:
    """Reads logs again of which another log of the same session, read just now, says that more rules hold."""
    done: set[str] = set()
    for _ in range(_ROUNDS):
        sessions = {one.session_id for one in tally.read.values()} - {""}
        store = open_store(url)
        try:
            tasks = again(env, store, in_force(env, store), sessions)
        finally:
            store.close()
        tasks = [task for task in tasks if task.shown not in done]
        if not tasks:
            return
        done |= {task.shown for task in tasks}
        workers = importlib.import_module("git_ai_trail.pipeline.workers")
        workers.run(env, url, tasks, jobs=1, debug=debug, done=tally.corrected, tick=lambda _: None)


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
        self.read: dict[str, Ingested] = {}
        self.failed: list[Skipped] = []
        self.left: list[Left] = []
        self.progress = progress
        self.report = report

    def tick(self, size: int) -> None:
        self.bytes_done += size
        if self.progress is not None:
            self.progress(self.logs_done, len(self.tasks), self.bytes_done, self.total)

    def done(self, result: Ingested | Skipped | Left | None) -> None:
        """A log's own result, or None where another run was quicker."""
        self.logs_done += 1
        if isinstance(result, Ingested):
            self.read[result.path] = result
        elif isinstance(result, Left):
            self.left.append(result)
        elif result is not None:
            self.failed.append(result)
        if isinstance(result, Ingested | Skipped) and self.report is not None:
            self.report(result)

    def corrected(self, result: Ingested | Skipped | Left | None) -> None:
        """The result of reading a log once more, which takes the place of the first."""
        if isinstance(result, Ingested):
            self.read[result.path] = result

    def outcome(self, todo: Unread) -> Outcome:
        read = self.read.values()
        lines: Counter[str] = Counter()
        redactions: Counter[str] = Counter()
        for one in read:
            lines.update(one.skipped)
            redactions.update(one.redactions)
        counted = [Skipped(kind=kind, where="", count=count) for kind, count in lines.most_common()]
        quicker = self.logs_done - len(read) - len(self.failed) - (len(self.left) - len(todo.left))
        return Outcome(
            logs=len(todo.tasks) + todo.unchanged + len(todo.skipped) + len(todo.left),
            unchanged=todo.unchanged + quicker,
            sessions=len({one.session_id for one in read} - {""}),
            prompts=sum(one.prompts for one in read),
            calls=sum(one.calls for one in read),
            tokens=sum(one.tokens for one in read),
            bytes_read=sum(one.bytes_read for one in read),
            redactions=dict(redactions.most_common()),
            skipped=(*todo.skipped, *self.failed, *counted),
            left=len(self.left),
            warnings=(*self._left(), *self._doubts()),
        )

    def _left(self) -> Iterator[str]:
        """Rule files of repositories that cannot be used, each said once."""
        for reason, many in Counter(one.reason for one in self.left).items():
            logs = "1 log is" if many == 1 else f"{many} logs are"
            yield f"{reason}; {logs} left for later"

    def _doubts(self) -> Iterator[str]:
        """Logs whose times cannot be right; matching by time passes them over, matching by content does not."""
        doubtful: dict[str, list[str]] = {}
        for one in self.read.values():
            for doubt in one.doubts:
                doubtful.setdefault(doubt, []).append(one.path)
        for doubt, paths in sorted(doubtful.items()):
            more = f" and {len(paths) - 1} more" if len(paths) > 1 else ""
            yield f"{paths[0]}{more}: {doubt}"
