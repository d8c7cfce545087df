"""One log on its way into the store: read, parsed, redacted and kept, in one transaction."""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from itertools import chain, groupby
from typing import TYPE_CHECKING, Any, Protocol

from git_ai_trail.errors import StoreError
from git_ai_trail.facts import Event, Other
from git_ai_trail.formats.protocol import Format, Reader
from git_ai_trail.loglines import TOO_LONG, Line, LogFile
from git_ai_trail.model import CleanEvent, CleanSession, Ingested, Redaction, SourceFile
from git_ai_trail.pipeline.clock import Clock
from git_ai_trail.pipeline.discovery import named
from git_ai_trail.pipeline.logfile import open_log
from git_ai_trail.pipeline.repository_rules import Named, OtherRulesError, Scope
from git_ai_trail.pipeline.scrubbing import Redactors
from git_ai_trail.pipeline.unread import Task
from git_ai_trail.store.protocol import ReadUpTo, Store

if TYPE_CHECKING:
    from git_ai_trail.redact import Scrubber

# A line of a log (or its sha256, where it is too long to be held) with what it says.
Said = tuple[bytes | str, list[Event]]

NOT_UTF8 = "line with bytes that are not UTF-8, read with others in their place"

# How often a long log says how far it is and asks whether to go on.
_TICK_BYTES = 1 << 18

# So many lines are read to learn where a session works before its rules are chosen. As a rule the first one says it.
_FIRST_LINES = 32
# Twice is the most, unless the log is written to meanwhile.
_MOST_BEGINNINGS = 8


class Scrubbing(Protocol):
    """The part of `redact.Scrubber` that is needed to look through a log."""

    def scrub(
        self,
        source: SourceFile,
        events: Iterator[tuple[bytes | str, list[Event]]],
        *,
        offset: int,
        appended: bool,
        skipped: Mapping[str, int],
        seen: Mapping[str, str],
        session_id: str,
    ) -> CleanSession: ...

    def value(self, value: Any, field: str = "") -> tuple[Any, tuple[Redaction, ...]]: ...

    def text(self, text: str, field: str = "") -> tuple[str, tuple[Redaction, ...]]: ...


def ingest_log(store: Store, redactors: Redactors, task: Task, *, tick: Callable[[int], None]) -> Ingested:
    """Reads what is new in one log. `tick` is told of bytes read, and may raise to stop (nothing is then kept).

    It is redacted with the rules of all repositories that the log names, wherever in it they are named: where one with rules
    turns up late, the log is begun again. Raises `UnusableRulesError` where such rules cannot be used.
    """
    scope = task.others
    for late in range(_MOST_BEGINNINGS):
        try:
            return _ingested(store, redactors, task, scope, tick)
        except OtherRulesError as other:
            # What is stored already was redacted without them, too.
            task = task._replace(state=None)
            roots = other.roots if late == 0 else (*other.roots, *_named_in(redactors, task).roots)
            scope = redactors.repositories.ruled(roots)
    raise StoreError(f"{task.shown}: names more repositories each time it is read", "run `git ai-trail ingest` again")


def _ingested(store: Store, redactors: Redactors, task: Task, others: Scope, tick: Callable[[int], None]) -> Ingested:
    fmt = _format_of(task)
    began = time.time()
    with open_log(task.path, document=fmt.is_document(task.path)) as log:
        reader = _resumed(fmt, log, task)
        appended = reader is not None
        known = redactors.repositories.opened(task.state.folders) if task.state is not None and appended else None
        named = Named(redactors.repositories, known or (), others)
        reading = _Reading(log, reader or fmt.reader(task.path), tick, named)
        lines, offset = reading.lines(), log.offset
        first = _until_named(lines, named)
        scope = named.chosen()
        if appended and task.state is not None and redactors.digest(scope) != task.state.ruleset_digest:
            raise OtherRulesError(named.roots)
        scrubber = reading.scrubber = redactors.of(scope)
        session = scrubber.scrub(
            SourceFile(
                format=task.format,
                path=task.shown,
                size=log.size,
                mtime_ns=log.mtime_ns,
                inode=log.inode,
                looked_at=began,
            ),
            chain(first, lines, reading.end()),
            offset=offset,
            appended=appended,
            skipped=reading.skipped,
            seen=store.redaction_tags(task.shown) if appended else {},
            session_id=_session_id(fmt, task),
        )
        for root, content in redactors.repositories.to_remember(scope):
            store.keep_repository_rules(root, content)
        done = store.add(session, read_up_to=reading.read_up_to)
        return replace(done, doubts=reading.clock.doubts(), rules=session.ruleset_digest)


def _until_named(lines: Iterator[Said], named: Named) -> list[Said]:
    """The lines up to the one that names a folder, if it is among the first."""
    first: list[Said] = []
    while not named.any and len(first) < _FIRST_LINES and (line := next(lines, None)) is not None:
        first.append(line)
    return first


def redactor_for(redactors: Redactors, task: Task) -> Scrubber:
    """The redactor with the rules of all repositories that a whole log names."""
    return redactors.of(redactors.repositories.ruled(_named_in(redactors, task).roots))


def _named_in(redactors: Redactors, task: Task) -> Named:
    """All that a log names; it is read and nothing else."""
    fmt, named = _format_of(task), Named(redactors.repositories, (), task.others)
    with open_log(task.path, document=fmt.is_document(task.path)) as log:
        reader = fmt.reader(task.path)
        for line in log.lines():
            if not line.sha256:
                named.see(reader.feed(line.text, line.offset))
    return named


def looked_through(scrubber: Scrubbing, task: Task) -> Iterator[CleanEvent]:
    """The events of a whole log as they would be stored, which nothing is."""
    yield from _looked_through(scrubber, task, lambda _: None)


def paired(scrubber: Scrubbing, task: Task) -> Iterator[tuple[Any, CleanEvent]]:
    """The same for the lines of a log, each beside what stands in it, unredacted."""
    waiting: dict[tuple[int, int], Any] = {}

    def note(event: Event) -> None:
        if event.raw is not None:
            waiting[event.offset, event.length] = event.raw

    for clean in _looked_through(scrubber, task, note):
        if clean.event.raw is not None:
            yield waiting.pop((clean.event.offset, clean.event.length), None), clean


def _looked_through(scrubber: Scrubbing, task: Task, note: Callable[[Event], None]) -> Iterator[CleanEvent]:
    fmt = _format_of(task)
    with open_log(task.path, document=fmt.is_document(task.path)) as log:
        reading = _Reading(log, fmt.reader(task.path), lambda _: None)
        reading.scrubber = scrubber

        def noted() -> Iterator[Said]:
            for line, events in chain(reading.lines(), reading.end()):
                for event in events:
                    note(event)
                yield line, events

        source = SourceFile(format=task.format, path=task.shown, size=log.size, mtime_ns=log.mtime_ns, inode=log.inode)
        session = scrubber.scrub(
            source,
            noted(),
            offset=0,
            appended=False,
            skipped=reading.skipped,
            seen={},
            session_id=_session_id(fmt, task),
        )
        yield from session.events


def _format_of(task: Task) -> Format:
    fmt = named(task.format)
    assert fmt is not None, "a task is made for a format that is read"
    return fmt


def _session_id(fmt: Format, task: Task) -> str:
    """The session's id as far as it is known before the log is read."""
    return task.state.session_id if task.state is not None else fmt.session_id_of(task.path)


class _Reading:
    """One log on its way through its reader. `skipped` is complete when `end` is exhausted, which needs the scrubber."""

    scrubber: Scrubbing

    def __init__(self, log: LogFile, reader: Reader, tick: Callable[[int], None], named: Named | None = None) -> None:
        self.log = log
        self.reader = reader
        self.tick = tick
        self.named = named
        self.skipped: Counter[str] = Counter()
        self.clock = Clock()

    def lines(self) -> Iterator[Said]:
        """Each line with what it says: its bytes, or the sha256 of one that is too long to be held."""
        log, feed, see = self.log, self.reader.feed, self.clock.see
        note = self.named.see if self.named is not None else None
        placed = log.placed if log.encoding else None
        told, turn = log.offset, -1
        for line in log.lines():
            if line.sha256:
                yield line.sha256, [_withheld(line, turn)]
            else:
                events = feed(line.text, line.offset)
                if placed is not None:
                    events = placed(events, line)
                if events:
                    last = events[-1]
                    turn = last.turn
                    see(last.at)
                    if note is not None:
                        note(events)
                    if len(events) == 1 and last.offset == line.offset and last.length == line.length:
                        yield line.raw, events  # as nearly always
                    else:
                        yield from self._pinned(events, line)
                if not line.raw.isascii():
                    self._count_odd(line)
            if log.offset - told >= _TICK_BYTES:
                self.tick(log.offset - told)
                told = log.offset
        self.tick(log.offset - told)

    def end(self) -> Iterator[Said]:
        """No line, but the counts of what was not read."""
        for kind, count in (*self.reader.skipped.items(), *self.log.skipped.items()):
            # A kind can name a type that the log made up.
            self.skipped[self.scrubber.text(kind, "skipped")[0]] += count
        yield from ()

    def _pinned(self, events: list[Event], line: Line) -> Iterator[tuple[bytes, list[Event]]]:
        """Events with the bytes that each is about: as a rule the line, but a record can be part of one, and a prompt may
        turn out to be one only when a later line shows it."""
        whole = (line.offset, line.length)
        for event in events:
            if event.offset != line.offset or event.length != line.length:
                break
        else:
            yield line.raw, events
            return
        for place, some in groupby(events, key=lambda event: (event.offset, event.length)):
            yield line.raw if place == whole else self.log.bytes_at(*place), list(some)

    def read_up_to(self) -> ReadUpTo:
        # The state names folders and is kept beside the rows, so it is redacted like them.
        state, _ = self.scrubber.value(self.reader.state(), "state")
        folders = self.named.sealed() if self.named is not None else ""
        return ReadUpTo(self.log.offset, self.log.prefix(), json.dumps(state, separators=(",", ":")), folders)

    def _count_odd(self, line: Line) -> None:
        try:
            line.text.decode()
        except UnicodeDecodeError:
            self.log.count(NOT_UTF8)


def _withheld(line: Line, turn: int) -> Event:
    """A line that is not read: its place and length, and that there was one."""
    return Event("other", None, line.offset, line.length, turn, Other("withheld"), {"withheld": TOO_LONG})


def _resumed(fmt: Format, log: LogFile, task: Task) -> Reader | None:
    """A reader that goes on where the last run stopped, if the log still begins with what was read then."""
    state = task.state
    if state is None or not state.session_id or not log.begins_as_read(state.offset, state.prefix):
        return None
    kept: dict[str, Any] = json.loads(state.state)
    reader = fmt.reader(task.path, kept)
    for offset in fmt.open_offsets(kept):
        line = log.line_at(offset)
        if line is not None:
            reader.feed(line.text, offset)
    return reader
