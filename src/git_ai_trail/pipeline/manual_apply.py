"""Brings the trail database in line with what is to go by hand: which logs hold it, redacting those again, and no page left over.

A log that is still there is read again. One that is gone cannot be: its rows are cleaned where they lie.
"""

from __future__ import annotations

import json
import mmap
import os
import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from git_ai_trail import places
from git_ai_trail.formats.sources import is_gone, look_at
from git_ai_trail.model import Ingested, ManualRedaction, Redaction, Skipped
from git_ai_trail.pipeline import scrubbing, workers
from git_ai_trail.pipeline.discovery import all_formats, named
from git_ai_trail.pipeline.in_force import InForce, in_force
from git_ai_trail.pipeline.ingest_log import looked_through
from git_ai_trail.pipeline.logfile import open_log
from git_ai_trail.pipeline.repository_rules import NONE, UnusableRulesError
from git_ai_trail.pipeline.unread import Left, Task
from git_ai_trail.redact import Scrubber, is_clean
from git_ai_trail.redact.rule import MANUAL
from git_ai_trail.store import open_store
from git_ai_trail.store.protocol import Clean, FileState, Store

# progress(logs looked at, logs in all)
Progress = Callable[[int, int], None]

_READ_AGAIN = -1
_ROUNDS = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Applied:
    """What a change meant for what is stored. `counts` are redactions by session.

    `kept` are sessions whose log is gone, so that what was redacted cannot come back; `failed` are logs that could not be
    read. `clean` is False where another process kept the database from being rewritten, `left` counts places where the
    text still stands in its files.
    """

    counts: Mapping[str, int] = field(default_factory=dict)
    logs: int = 0
    again: int = 0
    in_place: int = 0
    kept: tuple[str, ...] = ()
    failed: tuple[Skipped, ...] = ()
    clean: bool = True
    left: int = 0


class Change:
    """One change of what is to go by hand: `wanted` is to be looked for, `dropped` no longer."""

    def __init__(
        self,
        env: Mapping[str, str],
        url: str,
        *,
        wanted: Sequence[ManualRedaction] = (),
        dropped: Sequence[str] = (),
        progress: Progress | None = None,
    ) -> None:
        self.env = env
        self.url = url
        self.wanted = wanted
        self.dropped = dropped
        self.progress = progress
        self.failed: list[Skipped] = []

    def looked(self, store: Store) -> Applied:
        """What `applied` would do, without doing it."""
        found, gone = self._holding(store)
        counts: Counter[str] = Counter()
        for state, count in (*found, *gone):
            counts[state.session_id] += count
        return Applied(
            counts=dict(counts),
            logs=len(store.file_states()),
            again=len(found),
            in_place=len(gone),
            kept=self._kept(store),
            failed=tuple(self.failed),
        )

    def applied(self, store: Store, before: InForce, *, needle: str = "") -> Applied:
        """Redacts again what holds it. `before` is what was in force; `needle` the text, to be looked for in the end."""
        now = in_force(self.env, store)
        states = dict(store.file_states())
        found, gone = self._holding(store)
        self._read_again(store, [state for state, _ in found])
        # What could not be read again is cleaned where it is stored, like what is gone.
        failed = {one.where for one in self.failed}
        again = [pair for pair in found if pair[0].path not in failed]
        gone += [pair for pair in found if pair[0].path in failed]
        for state, _ in gone:
            _clean_in_place(store, now, state, in_any_case=True)
        touched = {state.path for state, _ in (*found, *gone)}
        for digest, paths in _unchanged(states, before, now).items():
            store.restamp([path for path in paths if path not in touched], digest)
        clean = store.purge()
        rules = [f"{MANUAL}{entry.id}" for entry in self.wanted]
        counts: Counter[str] = Counter()
        for path, count in store.redacted_by(rules).items():
            counts[states[path].session_id if path in states else ""] += count
        return Applied(
            counts=dict(counts),
            logs=len(states),
            again=len(again),
            in_place=len(gone),
            kept=self._kept(store),
            failed=tuple(self.failed),
            clean=clean,
            left=_left(self.url, needle) if needle else 0,
        )

    def _holding(self, store: Store) -> tuple[list[tuple[FileState, int]], list[tuple[FileState, int]]]:
        """The logs that must be redacted again, each with how often it holds what is wanted: those there, and those gone."""
        found: list[tuple[FileState, int]] = []
        gone: list[tuple[FileState, int]] = []
        marked = store.redacted_by(self.dropped)
        states = [state for state in store.file_states().values() if state.session_id]
        alone = scrubbing.by_hand_alone(self.env, self.wanted) if self.wanted else None
        for number, state in enumerate(states):
            if self.progress is not None:
                self.progress(number, len(states))
            there = readable(self.env, state)
            count = 0
            if alone is not None and there:
                try:
                    count = self._count(alone, state)
                except Exception as error:
                    # A log that cannot be read: what is stored of it must be clean all the same.
                    there = False
                    reason = error.strerror if isinstance(error, OSError) and error.strerror else type(error).__name__
                    self.failed.append(Skipped(kind=reason, where=state.path, count=1))
            if alone is not None and (not there or not as_read(self.env, state)):
                # What is stored is not what stands in the log.
                count = max(count, self._stored(alone, store, state))
            if there and (count or state.path in marked):
                found.append((state, count))
            elif count:
                gone.append((state, count))
        return found, gone

    def _count(self, alone: Scrubber, state: FileState) -> int:
        events = looked_through(alone, _task(self.env, state, known=True))
        return sum(_by_hand(one.redactions) for one in events)

    def _stored(self, alone: Scrubber, store: Store, state: FileState) -> int:
        return store.rewrite(state.path, _cleaner(alone, store, state), state.ruleset_digest, dry_run=True)

    def _read_again(self, store: Store, states: Sequence[FileState]) -> None:
        done: set[str] = set()
        todo = list(states)
        for _ in range(_ROUNDS):
            if not todo:
                return
            rules = in_force(self.env, store)
            tasks = [_task(self.env, state, known=False)._replace(others=rules.others(state)) for state in todo]
            workers.run(self.env, self.url, tasks, jobs=1, debug=False, done=self._result, tick=lambda _: None)
            done |= {state.path for state in todo}
            # A log that left lines out because another had them is read again when that one was.
            todo = [
                state
                for state in store.file_states().values()
                if state.size == _READ_AGAIN and state.path not in done and readable(self.env, state)
            ]

    def _result(self, result: Ingested | Skipped | Left | None) -> None:
        if isinstance(result, Skipped):
            self.failed.append(result)
        elif isinstance(result, Left):
            self.failed.append(Skipped(kind=result.reason, where=result.path, count=1))

    def _kept(self, store: Store) -> tuple[str, ...]:
        paths = store.redacted_by(self.dropped)
        states = store.file_states()
        gone = [states[path] for path in paths if path in states and not readable(self.env, states[path])]
        return tuple(dict.fromkeys(state.session_id for state in gone))


def finish(env: Mapping[str, str], url: str, *, everything: bool) -> bool:
    """After logs were read again under other rules: cleans the rows of logs that are gone, and takes what was replaced out of
    every page. With `everything` also the rows that these rules have been over already."""
    store = open_store(url, is_clean=is_clean)
    try:
        rules = in_force(env, store)
        for state in store.file_states().values():
            if state.session_id and not readable(env, state) and (everything or not rules.is_current(state)):
                _clean_in_place(store, rules, state)
        return store.purge()
    finally:
        store.close()


def _clean_in_place(store: Store, rules: InForce, state: FileState, *, in_any_case: bool = False) -> None:
    """Cleans the rows of a log where they lie, with the rules of its repositories. Where these cannot be used nothing is done, or,
    `in_any_case`, what can be done without them; the log then counts as not redacted under the rules in force."""
    try:
        scope = rules.scope(state)
        scrubber, digest = rules.redactors.of(scope), rules.redactors.digest(scope)
    except UnusableRulesError:
        if not in_any_case:
            return
        scrubber, digest = rules.redactors.of(NONE), ""
    store.rewrite(state.path, _cleaner(scrubber, store, state), digest)


def _unchanged(states: Mapping[str, FileState], before: InForce, now: InForce) -> Mapping[str, list[str]]:
    """The logs that were redacted under the rules that were in force, by what these are called now."""
    found: dict[str, list[str]] = {}
    for path, state in states.items():
        try:
            if state.ruleset_digest == before.digest(state):
                found.setdefault(now.digest(state), []).append(path)
        except UnusableRulesError:
            continue
    return found


def _cleaner(scrubber: Scrubber, store: Store, state: FileState) -> Clean:
    """What cleans the stored rows of one log. Where nobody can say any more who wrote a line, it counts as a prompt's."""
    one = scrubber.going_on(state.session_id, store.redaction_tags(state.path))

    def clean(text: str, is_json: bool) -> tuple[str, list[tuple[str, str, str, str]]]:
        found: Iterable[Redaction]
        try:
            value = json.loads(text) if is_json else text
        except (ValueError, RecursionError):
            value = text
        new, found = one.value(value, said=True)
        if new == value:
            return text, []
        written = new if isinstance(value, str) else json.dumps(new, ensure_ascii=False, separators=(",", ":"))
        removed = [(each.rule_id, each.kind, each.tag, each.digest) for each in found]
        return written.encode("utf-8", "replace").decode(), removed

    return clean


def _task(env: Mapping[str, str], state: FileState, *, known: bool) -> Task:
    """The log as one to be read whole; `known` keeps what is known of it, such as its session."""
    path = places.expanded(state.path, env)
    size = look_at(path, all_formats()).size
    return Task(state.format, path, state.path, size, state if known else None)


def readable(env: Mapping[str, str], state: FileState) -> bool:
    """Whether the log of a stored session is still where it was, in a form that is read here."""
    return named(state.format) is not None and not is_gone(places.expanded(state.path, env))


def as_read(env: Mapping[str, str], state: FileState) -> bool:
    """Whether a log still begins with everything that was read of it."""
    path = places.expanded(state.path, env)
    fmt = named(state.format)
    try:
        if look_at(path, all_formats()) == (state.inode, state.size, state.mtime_ns):
            return True
        with open_log(path, document=fmt is not None and fmt.is_document(path)) as log:
            return log.begins_as_read(state.offset, state.prefix)
    except OSError:
        return False


def _by_hand(redactions: Iterable[Redaction]) -> int:
    return sum(1 for one in redactions if one.rule_id.startswith(MANUAL))


def _left(url: str, needle: str) -> int:
    """In how many places of the database's files the text stands, as it is or as JSON writes it."""
    path = url.partition("://")[2] or url
    count = 0
    forms = {needle.encode("utf-8", "replace"), json.dumps(needle)[1:-1].encode()}
    pattern = re.compile(rb"(?<![A-Za-z0-9])(?:" + rb"|".join(map(re.escape, forms)) + rb")(?![A-Za-z0-9])")
    for name in (path, f"{path}-wal", f"{path}-journal"):
        if os.path.isfile(name) and os.path.getsize(name):
            with open(name, "rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as pages:
                count += sum(1 for _ in pattern.finditer(pages))
    return count
