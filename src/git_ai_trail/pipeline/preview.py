"""What redaction makes of a log, beside what stands there: for the eyes of the log's owner, and kept nowhere. Cold path."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from difflib import SequenceMatcher
from itertools import zip_longest
from typing import Any, NamedTuple

from git_ai_trail import places
from git_ai_trail.config import UserConfig
from git_ai_trail.errors import StoreError, TrailError
from git_ai_trail.formats.sources import is_gone, look_at, stands_in
from git_ai_trail.pipeline.discovery import agent_of, all_formats
from git_ai_trail.pipeline.in_force import in_force
from git_ai_trail.pipeline.ingest_log import paired, redactor_for
from git_ai_trail.pipeline.manual_apply import as_read, readable
from git_ai_trail.pipeline.scrubbing import Redactors
from git_ai_trail.pipeline.third_party import admit_what_can
from git_ai_trail.pipeline.unread import Task
from git_ai_trail.pipeline.user_store import find_user_store
from git_ai_trail.store.protocol import Store

MAX_TEXT = 400
_AROUND = 40
_MAX_LINES = 400
_MAX_DEPTH = 64


class Difference(NamedTuple):
    """A text of a log's line and what becomes of it, both cut to what differs. `raw` is as the log has it: not redacted."""

    log: str
    offset: int
    turn: int
    field: str
    raw: str
    redacted: str
    rules: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """A log to look at. `changed` says that it is not what was read into the database any more."""

    task: Task
    changed: bool = False


def sources(env: Mapping[str, str], config: UserConfig, name: str) -> list[Source]:
    """The logs of a stored session (its id or the beginning of it), or the log at a path.

    Raises `TrailError` where there is none, and where it belongs to another account.
    """
    admit_what_can(config.formats)
    if not os.path.isdir(name) and not is_gone(name):
        return [Source(task=_of_file(env, name))]
    store = find_user_store(env, config)
    if store is None:
        raise StoreError("there is no trail database yet, and no log of that name", "run `git ai-trail ingest`")
    try:
        return _of_session(env, store, name)
    finally:
        store.close()


def differences(
    env: Mapping[str, str], config: UserConfig, source: Source, *, everything: bool = False
) -> Iterator[Difference]:
    """What the rules and redactions in force change in a log, in its order; with `everything` what stays, too."""
    store = find_user_store(env, config)
    try:
        now = in_force(env, store) if store is not None else None
    finally:
        if store is not None:
            store.close()
    task = source.task
    if now is not None and task.state is not None:
        task = task._replace(others=now.others(task.state))
    scrubber = redactor_for(now.redactors if now is not None else Redactors(env), task)
    for raw, clean in paired(scrubber, source.task):
        event = clean.event
        rules = {(one.field, one.rule_id) for one in clean.redactions}
        for field, before, after in _texts(raw, event.raw, "", 0):
            if before != after or everything:
                by = sorted(
                    {rule for at, rule in rules if at == field}
                    or ({rule for _, rule in rules} if before != after else ())
                )
                for one, other in _parts(before, after):
                    yield Difference(source.task.shown, event.offset, event.turn, field, one, other, tuple(by))


def _of_file(env: Mapping[str, str], name: str) -> Task:
    path = os.path.abspath(name)
    claims = [fmt for fmt in all_formats() if fmt.is_log(os.path.basename(path))]
    fmt = agent_of(path, claims) if claims else None
    if fmt is None:
        raise TrailError(f"not a log of a known agent: {name}")
    _refuse_others(path)
    return Task(fmt.NAME, path, places.shortened(path, env), look_at(path).size, None)


def _of_session(env: Mapping[str, str], store: Store, name: str) -> list[Source]:
    session = store.session(name).id
    states = [state for state in store.file_states().values() if state.session_id == session]
    found = []
    for state in sorted(states, key=lambda state: state.path):
        path = places.expanded(state.path, env)
        if not readable(env, state):
            continue
        _refuse_others(path)
        task = Task(state.format, path, state.path, state.size, state)
        found.append(Source(task=task, changed=not as_read(env, state)))
    if not found:
        raise TrailError(
            f"the log of session {session[:8]} is gone",
            "only what was redacted is left: `git ai-trail session` shows it",
        )
    return found


def _refuse_others(path: str) -> None:
    owner = getattr(os, "getuid", lambda: -1)()
    if owner not in (-1, 0) and os.stat(stands_in(path)).st_uid != owner:
        raise TrailError(f"the log belongs to another account: {path}")


def _texts(raw: Any, clean: Any, path: str, depth: int) -> Iterator[tuple[str, str, str]]:
    """(place, raw, clean) of every text of a line; what was withheld or left out as a whole stands beside what it was."""
    if depth > _MAX_DEPTH:
        return
    if isinstance(raw, dict) and isinstance(clean, dict) and len(raw) == len(clean):
        for (key, item), (name, other) in zip(raw.items(), clean.items(), strict=True):
            step = f"{path}.{name}" if path else str(name)
            if key != name:
                yield step, str(key), str(name)
            yield from _texts(item, other, step, depth + 1)
    elif isinstance(raw, list) and isinstance(clean, list) and len(raw) == len(clean):
        for number, (item, other) in enumerate(zip(raw, clean, strict=True)):
            yield from _texts(item, other, f"{path}[{number}]", depth + 1)
    elif isinstance(raw, str) or raw != clean:
        yield path, str(raw), str(clean)


def _parts(raw: str, clean: str) -> Iterator[tuple[str, str]]:
    """What differs between two texts, line by line where they have lines, each cut to its surroundings."""
    before, after = raw.splitlines(), clean.splitlines()
    if raw == clean or max(len(before), len(after)) > _MAX_LINES or len(before) < 2:
        yield _cut(raw, clean)
        return
    for kind, low, high, start, end in SequenceMatcher(None, before, after, autojunk=False).get_opcodes():
        if kind != "equal":
            if high - low == end - start:
                yield from (
                    _cut(one, other) for one, other in zip_longest(before[low:high], after[start:end], fillvalue="")
                )
            else:
                yield _cut("\n".join(before[low:high]), "\n".join(after[start:end]))


def _cut(raw: str, clean: str) -> tuple[str, str]:
    if raw == clean:
        return _short(raw), _short(clean)
    head = _alike(raw, clean)
    tail = _alike(raw[head:][::-1], clean[head:][::-1])
    low = max(0, head - _AROUND)
    spared = max(0, tail - _AROUND)
    return tuple(  # type: ignore[return-value]
        ("…" if low else "") + _short(text[low : len(text) - spared]) + ("…" if spared else "") for text in (raw, clean)
    )


def _alike(one: str, other: str) -> int:
    """How many characters two texts begin with in common."""
    return next((at for at, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other)))


def _short(text: str) -> str:
    return text if len(text) <= MAX_TEXT else text[:MAX_TEXT] + f"… ({len(text) - MAX_TEXT} more characters)"
