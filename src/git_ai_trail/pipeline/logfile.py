"""Log files as lines, read as a stream: plain or zstd-compressed, from the start or from where the last run stopped."""

from __future__ import annotations

import hashlib
import os
import sys
from collections import Counter
from collections.abc import Iterator
from types import TracebackType
from typing import IO, cast

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

MAX_LINE = 32 * 1024 * 1024
PROBE_BYTES = 4096
CHUNK = 1 << 20

TOO_LONG = "line over 32 MiB"
UNFINISHED = "unfinished last line"


class LogFile:
    """One open log. `offset` is the end of the last complete line that was given; offsets are of the plain text."""

    def __init__(self, path: str) -> None:
        self.path = path
        self.compressed = path.endswith(".zst")
        self._file = open(path, "rb")  # noqa: SIM115 - closed by __exit__
        stat = os.fstat(self._file.fileno())
        self.size, self.mtime_ns, self.inode = stat.st_size, stat.st_mtime_ns, stat.st_ino
        self._text: IO[bytes] = cast("IO[bytes]", zstd.ZstdFile(self._file)) if self.compressed else self._file
        self.offset = 0
        self.skipped: Counter[str] = Counter()

    def __enter__(self) -> LogFile:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._text is not self._file:
            self._text.close()
        self._file.close()

    def prefix(self, offset: int) -> str:
        """A digest of the first bytes and of the last bytes before `offset`, by which what was read is recognised.

        Empty for compressed logs: they are never added to, only replaced.
        """
        if self.compressed:
            return ""
        self._file.seek(0)
        head = self._file.read(min(PROBE_BYTES, offset))
        self._file.seek(max(0, offset - PROBE_BYTES))
        tail = self._file.read(min(PROBE_BYTES, offset))
        return hashlib.blake2b(head + b"\0" + tail, digest_size=16).hexdigest()

    def line_at(self, offset: int) -> bytes | None:
        """The complete line that begins at `offset`, without its newline."""
        self._file.seek(offset)
        line = self._file.readline(MAX_LINE + 1)
        return line[:-1] if line.endswith(b"\n") else None

    def lines(self, offset: int) -> Iterator[tuple[bytes, int]]:
        """Complete lines (without newline) from `offset` on, each with its own offset.

        What is added while this runs is left for the next run, and so is an unfinished last line. A line over 32 MiB
        is left out and counted.
        """
        self._text.seek(offset)
        self.offset = offset
        end = None if self.compressed else self.size
        while end is None or self.offset < end:
            line = self._text.readline(MAX_LINE + 1)
            if not line:
                return
            at = self.offset
            if line.endswith(b"\n"):
                self.offset += len(line)
                yield line[:-1], at
            elif len(line) > MAX_LINE:
                self.offset += len(line) + self._pass_line()
                self.skipped[TOO_LONG] += 1
            else:
                self.skipped[UNFINISHED] += 1
                return

    def _pass_line(self) -> int:
        size = 0
        while True:
            part = self._text.readline(CHUNK)
            size += len(part)
            if not part or part.endswith(b"\n"):
                return size
