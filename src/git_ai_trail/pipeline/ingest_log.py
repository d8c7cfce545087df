"""One log on its way into the store: read, parsed, redacted and kept, in one transaction."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple, Protocol

from git_ai_trail.facts import Event
from git_ai_trail.formats import BY_NAME
from git_ai_trail.formats.protocol import Format, Reader
from git_ai_trail.model import CleanSession, Ingested, Redaction, SourceFile
from git_ai_trail.pipeline.logfile import LogFile
from git_ai_trail.store.protocol import FileState, ReadUpTo, Store

# How often a long log says how far it is and asks whether to go on.
_TICK_BYTES = 1 << 18


class Scrubbing(Protocol):
    """The part of `redact.Scrubber` that is needed here."""

    def scrub(
        self,
        source: SourceFile,
        events: Iterator[tuple[bytes, list[Event]]],
        *,
        offset: int,
        appended: bool,
        skipped: Mapping[str, int],
        seen: Mapping[str, str],
    ) -> CleanSession: ...

    def value(self, value: Any, field: str = "") -> tuple[Any, tuple[Redaction, ...]]: ...

    def text(self, text: str, field: str = "") -> tuple[str, tuple[Redaction, ...]]: ...


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


def ingest_log(store: Store, scrubber: Scrubbing, task: Task, *, tick: Callable[[int], None]) -> Ingested:
    """Reads what is new in one log. `tick` is told of bytes read, and may raise to stop (nothing is then kept)."""
    fmt = BY_NAME[task.format]
    with LogFile(task.path) as log:
        skipped: Counter[str] = Counter()
        reader, offset = _resumed(fmt, log, task)
        appended = reader is not None
        if reader is None:
            reader, offset = fmt.reader(task.path), 0
        source = SourceFile(format=task.format, path=task.shown, size=log.size, mtime_ns=log.mtime_ns, inode=log.inode)
        events = _events(log, reader, offset, skipped, scrubber, tick)
        seen = store.redaction_tags(task.shown) if appended else {}
        session = scrubber.scrub(source, events, offset=offset, appended=appended, skipped=skipped, seen=seen)

        def read_up_to() -> ReadUpTo:
            # The state names folders and is kept beside the rows, so it is redacted like them.
            state, _ = scrubber.value(reader.state(), "state")
            return ReadUpTo(log.offset, log.prefix(log.offset), json.dumps(state, separators=(",", ":")))

        return store.add(session, read_up_to=read_up_to)


def _events(
    log: LogFile,
    reader: Reader,
    offset: int,
    skipped: Counter[str],
    scrubber: Scrubbing,
    tick: Callable[[int], None],
) -> Iterator[tuple[bytes, list[Event]]]:
    told = offset
    for line, at in log.lines(offset):
        yield line, reader.feed(line, at)
        if log.offset - told >= _TICK_BYTES:
            tick(log.offset - told)
            told = log.offset
    tick(log.offset - told)
    for kind, count in (*reader.skipped.items(), *log.skipped.items()):
        # A kind can name a type that the log made up.
        skipped[scrubber.text(kind, "skipped")[0]] += count


def _resumed(fmt: Format, log: LogFile, task: Task) -> tuple[Reader | None, int]:
    """A reader that goes on where the last run stopped, if the log still begins with what was read then."""
    state = task.state
    if state is None or not state.session_id or log.size < state.offset or log.compressed:
        return None, 0
    if log.prefix(state.offset) != state.prefix:
        return None, 0
    kept: dict[str, Any] = json.loads(state.state)
    reader = fmt.reader(task.path, kept)
    for offset in fmt.open_offsets(kept):
        line = log.line_at(offset)
        if line is not None:
            reader.feed(line, offset)
    return reader, state.offset
