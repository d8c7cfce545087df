"""Which logs hold something that was not read yet: one look at each, and none into those that have not changed."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

from git_ai_trail import places
from git_ai_trail.errors import TrailError
from git_ai_trail.formats.protocol import Format
from git_ai_trail.formats.sources import former_names, is_container, is_gone, look_at
from git_ai_trail.model import Skipped
from git_ai_trail.pipeline.discovery import VERSIONS, Found, admitted, agent_of, all_formats, find, named
from git_ai_trail.store.protocol import FileState, Store


class Task(NamedTuple):
    """A log to read. `shown` is its path as it is kept and shown; `state` is from the last time, if it was read."""

    format: str
    path: str
    shown: str
    size: int
    state: FileState | None

    @property
    def new_bytes(self) -> int:
        """How much of it there is to read, as far as its size tells."""
        before = self.state.offset if self.state is not None else 0
        return self.size - before if before <= self.size else self.size


class Unread(NamedTuple):
    """What there is to do: logs to read, newest first, how many need not be read, and what is no log."""

    tasks: list[Task]
    unchanged: int
    skipped: list[Skipped]


def unread(
    env: Mapping[str, str],
    store: Store,
    *,
    paths: Sequence[str],
    log_roots: Sequence[str],
    agent: str,
    since: datetime | None,
    ruleset_digest: str,
) -> Unread:
    """Looks for logs below `paths`, or wherever the agents keep them and in `log_roots`.

    What was redacted under another rule set, or read by another version of its reader, counts as not read.
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
    tasks, unchanged = _tasks(env, store, found, since=since, ruleset_digest=ruleset_digest)
    for fmt in admitted():
        skipped += [Skipped(kind=kind, where=fmt.NAME, count=count) for kind, count in fmt.troubles.items()]
    return Unread(tasks, unchanged, skipped)


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
    env: Mapping[str, str], store: Store, found: Found, *, since: datetime | None, ruleset_digest: str
) -> tuple[list[Task], int]:
    """The logs that must be read, newest first, and how many need not."""
    states = store.file_states()
    by_look = {(state.inode, state.size, state.mtime_ns): state for state in states.values()}
    current = VERSIONS
    oldest = since.timestamp() if since is not None else None
    tasks: list[tuple[int, Task]] = []
    unchanged = 0
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
        if state is not None and state.ruleset_digest == ruleset_digest and state.version == current.get(state.format):
            if look == (state.inode, state.size, state.mtime_ns):
                unchanged += 1
                continue
        else:
            state = None  # everything in it again
        fmt = agent_of(path, claims)
        if fmt is not None:
            kept = state if state is not None and state.format == fmt.NAME else None
            tasks.append((look[2], Task(fmt.NAME, path, shown, look[1], kept)))
    tasks.sort(key=lambda entry: entry[0], reverse=True)
    return [task for _, task in tasks], unchanged


def _followed(env: Mapping[str, str], store: Store, state: FileState, shown: str) -> FileState | None:
    """A log that was renamed (Codex archives by renaming) keeps its rows."""
    if not is_gone(places.expanded(state.path, env)):
        return None
    store.moved(state.path, shown)
    return state._replace(path=shown)
