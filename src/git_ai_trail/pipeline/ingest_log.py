"""One log on its way into the store: read, parsed, redacted and kept, in one transaction."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from itertools import groupby
from typing import Any, Protocol

from git_ai_trail.facts import Event, Other
from git_ai_trail.formats.protocol import Format, Reader
from git_ai_trail.loglines import TOO_LONG, Line, LogFile
from git_ai_trail.model import CleanEvent, CleanSession, Ingested, Redaction, SourceFile
from git_ai_trail.pipeline.clock import Clock
from git_ai_trail.pipeline.discovery import named
from git_ai_trail.pipeline.logfile import open_log
from git_ai_trail.pipeline.unread import Task
from git_ai_trail.store.protocol import ReadUpTo, Store

NOT_UTF8 = "line with bytes that are not UTF-8, read with others in their place"

# How often a long log says how far it is and asks whether to go on.
_TICK_BYTES = 1 << 18


class Scrubbing(Protocol):
    """The part of `redact.Scrubber` that is needed here."""

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


def ingest_log(store: Store, scrubber: Scrubbing, task: Task, *, tick: Callable[[int], None]) -> Ingested:
    """Reads what is new in one log. `tick` is told of bytes read, and may raise to stop (nothing is then kept)."""
    fmt = _format_of(task)
    with open_log(task.path, document=fmt.is_document(task.path)) as log:
        reader = _resumed(fmt, log, task)
        appended = reader is not None
        reading = _Reading(log, reader or fmt.reader(task.path), scrubber, tick)
        session = scrubber.scrub(
            SourceFile(format=task.format, path=task.shown, size=log.size, mtime_ns=log.mtime_ns, inode=log.inode),
            reading.events(),
            offset=log.offset,
            appended=appended,
            skipped=reading.skipped,
            seen=store.redaction_tags(task.shown) if appended else {},
            session_id=_session_id(fmt, task),
        )
        done = store.add(session, read_up_to=reading.read_up_to)
        return replace(done, doubts=reading.clock.doubts())


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
        reading = _Reading(log, fmt.reader(task.path), scrubber, lambda _: None)

        def noted() -> Iterator[tuple[bytes | str, list[Event]]]:
            for line, events in reading.events():
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
    """One log on its way through its reader. `skipped` is complete when the events are exhausted."""

    def __init__(self, log: LogFile, reader: Reader, scrubber: Scrubbing, tick: Callable[[int], None]) -> None:
        self.log = log
        self.reader = reader
        self.scrubber = scrubber
        self.tick = tick
        self.skipped: Counter[str] = Counter()
        self.clock = Clock()

    def events(self) -> Iterator[tuple[bytes | str, list[Event]]]:
        """Each line with what it says: its bytes, or the sha256 of one that is too long to be held."""
        log, feed, see = self.log, self.reader.feed, self.clock.see
        told, turn = log.offset, -1
        for line in log.lines():
            if line.sha256:
                yield line.sha256, [_withheld(line, turn)]
            else:
                events = log.placed(feed(line.text, line.offset), line)
                if events:
                    turn = events[-1].turn
                    see(events[-1].at)
                yield from self._pinned(events, line)
                if not line.raw.isascii():
                    self._count_odd(line)
            if log.offset - told >= _TICK_BYTES:
                self.tick(log.offset - told)
                told = log.offset
        self.tick(log.offset - told)
        for kind, count in (*self.reader.skipped.items(), *log.skipped.items()):
            # A kind can name a type that the log made up.
            self.skipped[self.scrubber.text(kind, "skipped")[0]] += count

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
        return ReadUpTo(self.log.offset, self.log.prefix(), json.dumps(state, separators=(",", ":")))

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
