"""Which logs hold something that was not read yet: one look at each, and none into those that have not changed."""

from __future__ import annotations

import os
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

from git_ai_trail import places
from git_ai_trail.errors import TrailError
from git_ai_trail.formats.protocol import Format
from git_ai_trail.formats.sources import former_names, is_container, is_gone, look_at
from git_ai_trail.model import Skipped
from git_ai_trail.pipeline.discovery import VERSIONS, Found, admitted, agent_of, all_formats, find, named
from git_ai_trail.pipeline.in_force import InForce
from git_ai_trail.pipeline.repository_rules import NONE, Scope, UnusableRulesError
from git_ai_trail.store.protocol import FileState, Store


class Task(NamedTuple):
    """A log to read. `shown` is its path as it is kept and shown; `state` is from the last time, if it was read. `others` are
    the work trees with rules of their own that other logs of its session name."""

    format: str
    path: str
    shown: str
    size: int
    state: FileState | None
    others: Scope = NONE

    @property
    def new_bytes(self) -> int:
        """How much of it there is to read, as far as its size tells."""
        before = self.state.offset if self.state is not None else 0
        return self.size - before if before <= self.size else self.size


class Left(NamedTuple):
    """A log that is left for later, since the rules of a repository that its session is of cannot be used. `reason` names file,
    line and rule."""

    path: str
    reason: str


class Unread(NamedTuple):
    """What there is to do: logs to read, newest first, how many need not be read, what is no log, and what must wait."""

    tasks: list[Task]
    unchanged: int
    skipped: list[Skipped]
    left: list[Left]


def unread(
    env: Mapping[str, str],
    store: Store,
    *,
    paths: Sequence[str],
    log_roots: Sequence[str],
    agent: str,
    since: datetime | None,
    rules: InForce,
    everything: bool,
) -> Unread:
    """Looks for logs below `paths`, or wherever the agents keep them and in `log_roots`.

    What was redacted under other rules than those of `rules`, or read by another version of its reader, counts as not read;
    so does all with `everything`.
    """
    skipped: list[Skipped] = []
    wanted = named(agent)
    if agent and wanted is None:
        raise TrailError(f"no logs are read under the name {agent!r}", "'git ai-trail ingest -h' names those that are")
    formats = [wanted] if wanted is not None else list(all_formats())
    if paths:
        found = _named(formats, paths, skipped, env, certain=bool(agent))
    else:
        found = find(formats, lambda fmt: (*fmt.roots(env, places.home_dir(env)), *log_roots))
    tasks, unchanged, left = _tasks(env, store, found, since=since, rules=rules, everything=everything)
    for fmt in admitted():
        skipped += [Skipped(kind=kind, where=fmt.NAME, count=count) for kind, count in fmt.troubles.items()]
    return Unread(tasks, unchanged, skipped, left)


def _named(
    formats: Sequence[Format], paths: Sequence[str], skipped: list[Skipped], env: Mapping[str, str], *, certain: bool
) -> Found:
    """The logs that paths on the command line stand for."""
    found: Found = {}
    for path in paths:
        whole = os.path.abspath(path)
        if os.path.isdir(whole) or (is_container(whole, formats) and os.path.isfile(whole)):
            found.update(find(formats, lambda _, root=whole: (root,)))  # type: ignore[misc]
            continue
        if is_gone(whole):
            raise TrailError(f"no such file or folder: {path}")
        claims = [fmt for fmt in formats if certain or fmt.is_log(os.path.basename(whole))]
        if claims and (os.path.isfile(whole) or not os.path.exists(whole)) and agent_of(whole, claims) is not None:
            found[whole] = claims
        else:
            kind = "not a log of a known agent" if os.path.isfile(whole) else "not a regular file"
            skipped.append(Skipped(kind=kind, where=places.shortened(whole, env), count=1))
    return found


def _tasks(
    env: Mapping[str, str], store: Store, found: Found, *, since: datetime | None, rules: InForce, everything: bool
) -> tuple[list[Task], int, list[Left]]:
    """The logs that must be read, newest first, how many need not, and those that cannot be now."""
    states = rules.states
    by_look = {(state.inode, state.size, state.mtime_ns): state for state in states.values()}
    oldest = since.timestamp() if since is not None else None
    tasks: list[tuple[int, Task]] = []
    unchanged, left = 0, []
    for path, claims in found.items():
        try:
            look = tuple(look_at(path, claims))
        except OSError:
            look = (0, 0, 0)  # gone or out of reach; reading it says so
        if oldest is not None and look[2] and look[2] / 1e9 < oldest:
            continue
        shown = places.shortened(path, env)
        state = states.get(shown)
        if state is None and look in by_look:
            state = _followed(env, store, by_look[look], shown)
        for name in former_names(path, claims) if state is None else ():
            before = states.get(places.shortened(name, env))
            if before is not None:
                store.moved(before.path, shown)
                state = before._replace(path=shown)
        others = NONE
        if state is not None:
            try:
                current = _is_current(state, rules)
            except UnusableRulesError as error:
                left.append(Left(shown, error.message))
                continue
            others = rules.others(state)
            if not current or everything:
                state = None  # everything in it again
            elif look == (state.inode, state.size, state.mtime_ns):
                unchanged += 1
                continue
        fmt = agent_of(path, claims)
        if fmt is not None:
            kept = state if state is not None and state.format == fmt.NAME else None
            tasks.append((look[2], Task(fmt.NAME, path, shown, look[1], kept, others)))
    tasks.sort(key=lambda entry: entry[0], reverse=True)
    return [task for _, task in tasks], unchanged, left


def again(env: Mapping[str, str], store: Store, rules: InForce, sessions: Collection[str]) -> list[Task]:
    """The logs of these sessions that were read under other rules than hold for them by now, as far as they are there."""
    tasks = []
    for state in store.file_states().values():
        if state.session_id not in sessions:
            continue
        try:
            if state.ruleset_digest != rules.digest(state):
                path = places.expanded(state.path, env)
                size = look_at(path, all_formats()).size
                tasks.append(Task(state.format, path, state.path, size, None, rules.others(state)))
        except (UnusableRulesError, OSError):
            continue  # the next run says so; of what is gone the rows are cleaned
    return tasks


def _is_current(state: FileState, rules: InForce) -> bool:
    """Whether what is stored of a log is as reading it now would leave it; raises where that cannot be told."""
    current = state.ruleset_digest == rules.digest(state)
    return current and rules.is_known(state) and state.version == VERSIONS.get(state.format)


def _followed(env: Mapping[str, str], store: Store, state: FileState, shown: str) -> FileState | None:
    """A log that was renamed (Codex archives by renaming) keeps its rows."""
    if not is_gone(places.expanded(state.path, env)):
        return None
    store.moved(state.path, shown)
    return state._replace(path=shown)
