"""Rows of one log before they are written: in memory, and beside the database in a nameless file when there are many.

So the database is locked only while rows are written to it, however long a log takes to be read and redacted.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from typing import IO, NamedTuple

import msgspec

from git_ai_trail.model import CleanEvent
from git_ai_trail.store import sqlite_rows as rows

# Bytes of log lines held in memory; their rows take two to three times as much.
HELD_BYTES = 16 * 1024 * 1024

_SIZE = 8

# A redaction in a line: the line's sha256, and the row.
Mark = tuple[str, rows.Row]


class Chunk(NamedTuple):
    """Consecutive rows of a log by their tables, calls among their outputs."""

    tables: dict[str, list[rows.Row]]
    marks: list[Mark]


_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(Chunk).decode


class Held:
    """The rows of one log. `folder` is where a file may be made for them."""

    def __init__(self, folder: str) -> None:
        self._folder = folder
        self._file: IO[bytes] | None = None
        self._tables: dict[str, list[rows.Row]] = {}
        self._marks: list[Mark] = []
        self._bytes = 0

    def take(self, clean: CleanEvent) -> None:
        table, row = rows.row(clean)
        self._tables.setdefault(table, []).append(row)
        if clean.redactions:
            self.mark(clean)
        event = clean.event
        self._bytes += event.length if event.raw is not None else 256
        if self._bytes >= HELD_BYTES:
            self._set_aside()

    def mark(self, clean: CleanEvent) -> None:
        """Takes an event's redactions alone."""
        event, text = clean.event, rows.text
        for rule, kind, field, tag, digest in clean.redactions:
            row: rows.Row = [0, 0, event.turn, event.offset, text(rule), text(kind), text(field), text(tag), digest]
            self._marks.append((clean.sha256, row))

    def chunks(self) -> Iterator[Chunk]:
        """Everything taken, in order; asked once."""
        if self._file is not None:
            self._file.seek(0)
            while size := self._file.read(_SIZE):
                yield _decode(self._file.read(int.from_bytes(size, "big")))
        yield Chunk(self._tables, self._marks)

    def close(self) -> None:
        if self._file is not None:
            self._file.close()

    def _set_aside(self) -> None:
        if self._file is None:
            # Not in /tmp, which may be memory. The file has no name, so it goes with the process whatever happens.
            self._file = tempfile.TemporaryFile(dir=self._folder)  # noqa: SIM115 - closed by close()
        part = _encode(Chunk(self._tables, self._marks))
        self._file.write(len(part).to_bytes(_SIZE, "big"))
        self._file.write(part)
        self._tables, self._marks, self._bytes = {}, [], 0
