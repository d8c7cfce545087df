"""Rows of one log before they are written: in memory, and beside the database in a nameless file when there are many.

So the database is locked only while rows are written to it, however long a log takes to be read and redacted.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from typing import IO, Any, NamedTuple

import msgspec

from git_ai_trail.model import CleanEvent
from git_ai_trail.store import sqlite_rows as rows

# Bytes of log lines held in memory; their rows take two to three times as much.
HELD_BYTES = 16 * 1024 * 1024

_SIZE = 8


class Row(NamedTuple):
    """A row that waits to be written; `table` is empty for an output, whose `values` go to the call it answers."""

    table: str
    turn: int
    at: float | None
    offset: int
    length: int
    sha256: str
    values: tuple[Any, ...]
    raw_json: str | None


class Mark(NamedTuple):
    """A redaction in a line: where, and (rule, kind, field, tag, digest)."""

    sha256: str
    turn: int
    offset: int
    what: tuple[str, str, str, str, str]


class Chunk(NamedTuple):
    """Consecutive rows of a log."""

    rows: list[Row]
    marks: list[Mark]


_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(Chunk).decode


class Held:
    """The rows of one log. `folder` is where a file may be made for them."""

    def __init__(self, folder: str) -> None:
        self._folder = folder
        self._file: IO[bytes] | None = None
        self._rows: list[Row] = []
        self._marks: list[Mark] = []
        self._bytes = 0

    def take(self, clean: CleanEvent) -> None:
        kind, at, offset, length, turn, data, raw = clean.event
        values: tuple[Any, ...]
        if kind == "output":
            table, values, text = "", (rows.text(data.call_id), rows.output_values(clean)), None
        else:
            table, values = rows.row(kind, data)
            text = rows.raw_json(raw)
        self._rows.append(Row(table, turn, rows.moment(at), offset, length, clean.sha256, values, text))
        if clean.redactions:
            self.mark(clean)
        self._bytes += length if raw is not None else 256
        if self._bytes >= HELD_BYTES:
            self._set_aside()

    def mark(self, clean: CleanEvent) -> None:
        """Takes an event's redactions alone."""
        event, text = clean.event, rows.text
        for rule, kind, field, tag, digest in clean.redactions:
            what = (text(rule), text(kind), text(field), text(tag), digest)
            self._marks.append(Mark(clean.sha256, event.turn, event.offset, what))

    def chunks(self) -> Iterator[Chunk]:
        """Everything taken, in order; asked once."""
        if self._file is not None:
            self._file.seek(0)
            while size := self._file.read(_SIZE):
                yield _decode(self._file.read(int.from_bytes(size, "big")))
        yield Chunk(self._rows, self._marks)

    def close(self) -> None:
        if self._file is not None:
            self._file.close()

    def _set_aside(self) -> None:
        if self._file is None:
            # Not in /tmp, which may be memory. The file has no name, so it goes with the process whatever happens.
            self._file = tempfile.TemporaryFile(dir=self._folder)  # noqa: SIM115 - closed by close()
        part = _encode(Chunk(self._rows, self._marks))
        self._file.write(len(part).to_bytes(_SIZE, "big"))
        self._file.write(part)
        self._rows, self._marks, self._bytes = [], [], 0
