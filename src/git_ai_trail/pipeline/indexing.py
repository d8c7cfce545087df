"""Brings the whole index up to date: every log of every agent. Cold path."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from git_ai_trail import userkey
from git_ai_trail.formats.protocol import Format
from git_ai_trail.formats.sources import former_names, is_gone, look_at
from git_ai_trail.index import query
from git_ai_trail.index.access import Index, open_index
from git_ai_trail.index.scan import LogState, refresh
from git_ai_trail.pipeline.discovery import VERSIONS, admitted, agent_of, all_formats, find
from git_ai_trail.pipeline.evidence import log_format
from git_ai_trail.pipeline.logfile import open_log
from git_ai_trail.places import cache_dir, data_dir, index_path

# progress(done, total, bytes read)
Progress = Callable[[int, int, int], None]


class Indexed(NamedTuple):
    """What a full look found."""

    logs: int
    read: int
    bytes_read: int
    unreadable: int


def open_user_index(env: Mapping[str, str]) -> Index:
    """The user's index, created if it is not there; raises `OSError` where its folders cannot be made."""
    os.makedirs(cache_dir(env), mode=0o700, exist_ok=True)
    index = open_index(index_path(env), userkey.load_or_create(data_dir(env)))
    # Nobody waits for this process, so it waits for the others.
    index.target.execute("PRAGMA busy_timeout = 20000")
    return index


def build(env: Mapping[str, str], *, log_roots: Sequence[str] = (), progress: Progress | None = None) -> Indexed:
    """Reads what is new in every log; unchanged logs cost one look at their size and time."""
    index = open_user_index(env)
    try:
        return refresh_all(index, env, log_roots=log_roots, progress=progress)
    finally:
        index.close()


def refresh_all(
    index: Index, env: Mapping[str, str], *, log_roots: Sequence[str] = (), progress: Progress | None = None
) -> Indexed:
    """Reads what is new in every log into an open index; logs that are gone are forgotten."""
    known = _known(index)
    found = find(all_formats(), lambda fmt: (*fmt.roots(env, env.get("HOME", "")), *log_roots))
    query.name_agents(index.target, {fmt.NAME: fmt.AGENT for fmt in admitted()})
    current = VERSIONS
    read = bytes_read = unreadable = 0
    for number, (path, claims) in enumerate(found.items(), 1):
        try:
            now = look_at(path, claims)
        except OSError:
            unreadable += 1
            continue
        name, version, *look = known.get(path, ("", None))
        if look != [*now] or version != current.get(name):
            fmt = agent_of(path, claims)
            if fmt is None:
                continue
            state = _refresh(index, fmt, path)
            read += state is not None
            unreadable += state is None
            bytes_read += state.bytes_read if state else 0
        if progress is not None:
            progress(number, len(found), bytes_read)
    moved = {name for path, claims in found.items() for name in former_names(path, claims)}
    _forget(index, known.keys() - found.keys(), moved)
    return Indexed(len(found), read, bytes_read, unreadable)


def _known(index: Index) -> dict[str, tuple[str, object, int, int, int]]:
    """What each log was when it was read: format, version of the reader, inode, size, time of change; by path."""
    rows = index.target.execute(
        "SELECT path, format, json_extract(state, '$.version'), inode, size, mtime_ns FROM logs"
    ).fetchall()
    return {row[0]: row[1:] for row in rows}


def _refresh(index: Index, fmt: Format, path: str) -> LogState | None:
    return refresh(index.target, index.keys, log_format(fmt), path, open_log=open_log)


def _forget(index: Index, paths: set[str], moved: set[str]) -> None:
    gone = [(path,) for path in paths if path and (path in moved or is_gone(path))]
    index.target.executemany("DELETE FROM logs WHERE path = ?", gone)
