"""Log files as lines, read as a stream from any offset. Hot path.

What is read is what was there when the file was opened. Offsets, lengths and digests are always of the file's own bytes;
only UTF-16 is turned into UTF-8 for whoever reads a line.
"""

from __future__ import annotations

import errno
import hashlib
import os
import stat
from collections.abc import Iterator
from io import BufferedReader, BytesIO
from types import TracebackType
from typing import NamedTuple

from git_ai_trail.facts import Event

MAX_LINE = 32 * 1024 * 1024
PROBE_BYTES = 4096
CHUNK = 1 << 20
LIMIT = MAX_LINE + 2
# Of the bytes before a place so many pieces are kept before they are cut to what is needed.
_PIECES = 64

TOO_LONG = "line over 32 MiB"
UNFINISHED = "unfinished last line"

# Neither waiting for a pipe's other end nor taking a terminal; on Windows there are no such flags and no such files.
_FLAGS = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_NOCTTY", 0) | getattr(os, "O_CLOEXEC", 0)
_FLAGS |= getattr(os, "O_BINARY", 0)


class Line(NamedTuple):
    """One line without its terminator. `text` is what to read: the same bytes, or UTF-8 made of UTF-16.

    Of a line over 32 MiB there is only its place, its length and its sha256 (hex); `sha256` is empty for any other.
    """

    raw: bytes
    text: bytes
    offset: int
    length: int
    sha256: str


class Look(NamedTuple):
    """What shows that a log has changed: what the system says of a file, or the like of it for a log that is made."""

    inode: int
    size: int
    mtime_ns: int


class Made(NamedTuple):
    """A log that no file holds: lines made of what an agent keeps in another form.

    `settled` are complete lines, in an order in which new ones follow behind; `going` are lines of what is not finished: they
    come last and may be others the next time. `skipped` counts what no line was made of.
    """

    settled: bytes
    going: bytes
    look: Look
    skipped: dict[str, int]


class LogFile:
    """One open log. `offset` is the end of the last complete line that was given.

    `document` says that the whole file is one JSON document: it is then given as one line. OSError where there is
    nothing to read: no file, no right to read it, or no regular file.
    """

    compressed = False

    def __init__(self, path: str, *, document: bool = False) -> None:
        self.path = path
        self.document = document
        descriptor = os.open(path, _FLAGS)
        found = os.fstat(descriptor)
        if not stat.S_ISREG(found.st_mode):
            os.close(descriptor)
            raise OSError(errno.EINVAL, "not a regular file")
        self.size, self.mtime_ns, self.inode = found.st_size, found.st_mtime_ns, found.st_ino
        self.raw_file = os.fdopen(descriptor, "rb")
        self.file: BufferedReader = self.raw_file
        self.offset = 0
        self.skipped: dict[str, int] = {}
        self._start()

    def _start(self) -> None:
        self._head = self.file.read(PROBE_BYTES)
        # The last bytes before `offset`, in the pieces in which they were read.
        self._last: list[bytes] = []
        self.encoding = _encoding(self._head)
        self._lengths: dict[int, int] = {}  # of lines that were given in UTF-16

    def __enter__(self) -> LogFile:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        self.raw_file.close()

    @property
    def end(self) -> int | None:
        """Where reading stops; None where only reading tells."""
        return self.size

    @property
    def all_read(self) -> bool:
        """Whether there is nothing behind `offset`."""
        return self.size == self.offset

    def going(self) -> Iterator[Line]:
        """Lines of what is not finished, where a log has such: they count for nothing but the calls that are still open."""
        yield from ()

    def prefix(self) -> str:
        """A digest of the first bytes and of the last bytes before `offset`, by which what was read is recognised.

        It is made of what was read, not of what stands there now: a log that is rewritten meanwhile is noticed next time.
        """
        return _prefix(self._head[: self.offset], b"".join(self._last)[-PROBE_BYTES:])

    def begins_as_read(self, offset: int, prefix: str) -> bool:
        """Whether a log of which `offset` bytes were read still begins with what they were. Reading then goes on there."""
        if self.document or self.compressed or self.size < offset:
            return False
        self.file.seek(max(0, offset - PROBE_BYTES))
        tail = self.file.read(min(PROBE_BYTES, offset))
        if _prefix(self._head[:offset], tail) != prefix:
            return False
        self.offset, self._last = offset, [tail]
        return True

    def line_at(self, offset: int) -> Line | None:
        """The complete line that begins at `offset`."""
        self.file.seek(offset)
        whole = self._next(LIMIT)
        return self._line(whole, offset) if len(whole) <= MAX_LINE and self._ends(whole) else None

    def bytes_at(self, offset: int, length: int) -> bytes:
        """Bytes that were given before; reading goes on where it is."""
        return os.pread(self.file.fileno(), length, offset)

    def lines(self, until: int | None = None) -> Iterator[Line]:
        """Complete lines from `offset` on, those that begin before `until`.

        What is added while this runs is left for the next run, and so is an unfinished last line.
        """
        if self.document:
            yield from self._whole()
            return
        self.file.seek(self.offset)
        end = self.end
        if until is not None:
            end = until if end is None else min(end, until)
        most = MAX_LINE + (2 if self.encoding else 1)
        while end is None or self.offset < end:
            whole = self._next(LIMIT)
            at = self.offset
            if self._ends(whole) and len(whole) <= most:
                self._passed(whole, len(whole))
                yield self._line(whole, at)
            elif len(whole) > MAX_LINE:
                line = self._long(whole)
                if line is None:
                    return
                yield line
            else:
                if whole:
                    self.count(UNFINISHED)
                return

    def placed(self, events: list[Event], line: Line) -> list[Event]:
        """Events that reading a line gave, with their places in the file's own bytes."""
        if not self.encoding:
            return events
        places = [event.offset if event.offset in self._lengths else line.offset for event in events]
        return [event._replace(offset=at, length=self._lengths[at]) for event, at in zip(events, places, strict=True)]

    def count(self, kind: str) -> None:
        """Counts something that was not read."""
        self.skipped[kind] = self.skipped.get(kind, 0) + 1

    def _passed(self, end: bytes, size: int) -> None:
        """Goes on by `size` bytes, of which `end` are the last ones."""
        if self.offset + size > len(self._head) < PROBE_BYTES:
            self._head = (self._head[: self.offset] + end)[:PROBE_BYTES]  # it grew since it was opened
        if len(end) >= PROBE_BYTES:
            self._last = [end[-PROBE_BYTES:]]
        else:
            self._last.append(end)
            if len(self._last) >= _PIECES:
                self._last = [b"".join(self._last)[-PROBE_BYTES:]]
        self.offset += size

    def _whole(self) -> Iterator[Line]:
        """A document, unless it was given before."""
        if self.offset or not self.size:
            return
        self.file.seek(0)
        raw = self.file.read(LIMIT)
        if len(raw) <= MAX_LINE:
            self._passed(raw, len(raw))
            self._lengths[0] = len(raw)
            yield Line(raw, _utf8(raw, self.encoding) if self.encoding else raw, 0, len(raw), "")
            return
        sha256, size = hashlib.sha256(raw), len(raw)
        while part := self.file.read(CHUNK):
            sha256.update(part)
            size += len(part)
        self._passed(raw[-PROBE_BYTES:], size)
        self.count(TOO_LONG)
        yield Line(b"", b"", 0, size, sha256.hexdigest())

    def _next(self, limit: int) -> bytes:
        """Bytes up to and with the next newline, or `limit` (an even number) of them, or what is left."""
        if not self.encoding:
            return self.file.readline(limit)
        # In UTF-16 the newline's byte may also be half of another character.
        found = bytearray()
        while len(found) < limit:
            part = self.file.readline(limit - len(found))
            found += part
            if len(found) % 2 and part.endswith(b"\n"):
                found += self.file.read(1)
            if not part or self._ends(found):
                break
        return bytes(found)

    def _ends(self, whole: bytes | bytearray) -> bool:
        if not self.encoding:
            return whole.endswith(b"\n")
        return len(whole) % 2 == 0 and whole.endswith(b"\n\0" if self.encoding == "utf-16-le" else b"\0\n")

    def _line(self, whole: bytes, offset: int) -> Line:
        if not self.encoding:
            raw = whole[:-1]
            return Line(raw, raw, offset, len(raw), "")
        raw = whole[:-2]
        self._lengths[offset] = len(raw)
        return Line(raw, _utf8(raw, self.encoding), offset, len(raw), "")

    def _long(self, begun: bytes) -> Line | None:
        """A line that is too long; None where it has no end yet."""
        at, width = self.offset, 2 if self.encoding else 1
        sha256, size, part = hashlib.sha256(), 0, begun
        while not self._ends(part):
            sha256.update(part)
            size += len(part)
            part = self._next(CHUNK)
            if not part:
                self.count(UNFINISHED)
                return None
        sha256.update(part[:-width])
        size += len(part)
        self._passed(part, size)
        self.count(TOO_LONG)
        return Line(b"", b"", at, size - width, sha256.hexdigest())


class MadeLog(LogFile):
    """A log that is made; offsets and digests are of the lines that were made."""

    def __init__(self, path: str, made: Made) -> None:
        self.path = path
        self.document = False
        self.inode, self.size, self.mtime_ns = made.look
        self._content, self._going = made.settled, made.going
        self.raw_file = self.file = BytesIO(made.settled)  # type: ignore[assignment]  # it is read and closed like one
        self.offset = 0
        self.skipped = dict(made.skipped)
        self._start()

    @property
    def end(self) -> int:
        return len(self._content)

    @property
    def all_read(self) -> bool:
        return self.offset == len(self._content)

    def going(self) -> Iterator[Line]:
        at = len(self._content)
        for raw in self._going.splitlines() if self.all_read else ():
            yield Line(raw, raw, at, len(raw), "")
            at += len(raw) + 1

    def prefix(self) -> str:
        """A digest of everything before `offset`: rows are changed where they stand, not only added."""
        return hashlib.blake2b(self._content[: self.offset], digest_size=16).hexdigest()

    def begins_as_read(self, offset: int, prefix: str) -> bool:
        same = hashlib.blake2b(self._content[:offset], digest_size=16).hexdigest() == prefix
        if same and offset <= len(self._content):
            self.offset = offset
            return True
        return False

    def bytes_at(self, offset: int, length: int) -> bytes:
        return self._content[offset : offset + length]


def open_plain(path: str, *, document: bool = False) -> LogFile:
    """A log that is not compressed; OSError for one that is (reading those takes more than a commit may load)."""
    if path.endswith(".zst"):
        raise OSError(errno.EINVAL, "compressed")
    return LogFile(path, document=document)


def head_of(path: str, size: int) -> bytes:
    """The first `size` bytes of a log, as UTF-8; OSError where it cannot be read or is no regular file."""
    with LogFile(path) as log:
        log.raw_file.seek(0)
        head = log.raw_file.read(size)
        return _utf8(head, log.encoding) if log.encoding else head.removeprefix(b"\xef\xbb\xbf")


def _prefix(head: bytes, tail: bytes) -> str:
    return hashlib.blake2b(head + b"\0" + tail, digest_size=16).hexdigest()


def _encoding(head: bytes) -> str:
    """The encoding of a log that begins so; empty for UTF-8 and whatever else keeps newlines as they are."""
    if head.startswith((b"\xff\xfe", b'{\0"\0')):
        return "utf-16-le"
    return "utf-16-be" if head.startswith((b"\xfe\xff", b'\0{\0"')) else ""


def _utf8(raw: bytes, encoding: str) -> bytes:
    return raw.decode(encoding, "replace").removeprefix("\ufeff").encode()
