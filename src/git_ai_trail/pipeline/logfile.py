"""Opens logs as lines: plain ones, and compressed ones, which only the cold path reads."""

from __future__ import annotations

import os
import sys
from collections import OrderedDict
from io import BufferedReader
from typing import cast

from git_ai_trail.formats.sources import open_made
from git_ai_trail.loglines import Line, LogFile

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

CUT = "end of a compressed log missing"

# A compressed log that becomes larger than this is not one that an agent wrote.
_MAX_GROWTH, _ALWAYS_FINE = 2_000, 64 * 1024 * 1024

# A prompt is known for one by a line that follows soon.
_KEPT_LINES, _KEPT_BYTES = 32, 64 * 1024


class UnreadableLog(OSError):
    """A compressed log that is damaged, or no compressed log at all."""

    def __init__(self, why: str) -> None:
        super().__init__(0, why)


class ZstdLog(LogFile):
    """A zstd-compressed log; offsets are of the plain text. It is never added to, only replaced."""

    compressed = True

    def _start(self) -> None:
        self.file = cast("BufferedReader", zstd.ZstdFile(self.raw_file))
        self._recent: OrderedDict[int, bytes] = OrderedDict()
        self._largest = max(_ALWAYS_FINE, self.size * _MAX_GROWTH)
        try:
            super()._start()
        except (zstd.ZstdError, EOFError) as error:
            self.close()
            cut = isinstance(error, EOFError)
            raise UnreadableLog(
                f"a compressed log {'of which too little is left' if cut else 'that is none'}"
            ) from error

    def close(self) -> None:
        self.file.close()
        super().close()

    @property
    def end(self) -> int | None:
        return None

    def prefix(self) -> str:
        """Nothing: there is never a rest to go on with."""
        return ""

    def bytes_at(self, offset: int, length: int) -> bytes:
        kept = self._recent.get(offset)
        if kept is not None:
            return kept[:length]
        with open(self.path, "rb") as raw, zstd.ZstdFile(raw) as again:
            again.seek(offset)
            return again.read(length)

    def _next(self, limit: int) -> bytes:
        if self.offset > self._largest:
            raise UnreadableLog("a compressed log that becomes far too large")
        try:
            return super()._next(limit)
        except EOFError:
            self.count(CUT)
            return b""
        except zstd.ZstdError as error:
            raise UnreadableLog("a damaged compressed log") from error

    def _line(self, whole: bytes, offset: int) -> Line:
        line = super()._line(whole, offset)
        if line.length <= _KEPT_BYTES:
            self._recent[offset] = line.raw
            if len(self._recent) > _KEPT_LINES:
                self._recent.popitem(last=False)
        return line


def open_log(path: str, *, document: bool = False) -> LogFile:
    """The log at `path`, plain, compressed or made by its format; OSError (with a reason in `strerror`) where it cannot be read."""
    made = open_made(path)
    if made is not None:
        return made
    if os.path.splitext(path)[1] == ".zst":
        return ZstdLog(path, document=document)
    return LogFile(path, document=document)
