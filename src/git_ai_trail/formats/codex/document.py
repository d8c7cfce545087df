"""Takes apart the one JSON document that the TypeScript Codex (2025-04 to 2025-08) wrote for each session.

`{"session": {timestamp, id, instructions}, "items": [...]}`, written anew at each save. Every item becomes a record with
its own place in the file, so that it can be pinned and shown like a line of a later log.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from git_ai_trail.formats.records import MAX_LINE, Record, storable
from git_ai_trail.lazy import pattern

_decode = json.JSONDecoder(strict=False, parse_constant=lambda name: None).raw_decode
_SPACE = pattern(r"[\s\0\ufeff]*")


def read_document(data: bytes) -> tuple[list[Record], str]:
    """The session's record and one for each item, in order, and what was wrong with the document (empty if nothing).

    Of a document that is cut short, what stands before the cut is given.
    """
    if len(data) > MAX_LINE:
        return [], "line over 32 MiB"
    try:
        text, clean = data.decode(), b"\\ud" not in data
    except UnicodeDecodeError:
        text, clean = data.decode("utf-8", "surrogateescape"), False
    places = _Places(text)
    records: list[Record] = []
    try:
        for value, start, end in _parts(text):
            records.append(Record(value if clean else storable(value), *places.in_bytes(start, end)))
    except (ValueError, RecursionError, IndexError):
        begun = text[_skip(text, 0) :].startswith("{")
        return records, "cut line" if begun else "not JSON" if text.strip() else ""
    return records, "" if records else "not a session"


def _parts(text: str) -> Iterator[tuple[dict[str, Any], int, int]]:
    """The session object and the items with their places in characters; raises where the JSON breaks off."""
    at = _expect(text, _skip(text, 0), "{")
    while text[at] != "}":
        key, at = _decode(text, at)
        at = _expect(text, _skip(text, at), ":")
        if key == "items" and text[at] == "[":
            at = _expect(text, at, "[")
            while text[at] != "]":
                value, end = _decode(text, at)
                if isinstance(value, dict):
                    yield value, at, end
                at = _next(text, end)
            end = at + 1
        else:
            value, end = _decode(text, at)
            if key == "session" and isinstance(value, dict):
                yield value, at, end
        at = _next(text, end)


def _skip(text: str, at: int) -> int:
    found = _SPACE.match(text, at)
    return found.end() if found else at


def _expect(text: str, at: int, char: str) -> int:
    """Where the next thing begins behind `char`."""
    if text[at] != char:
        raise ValueError(char)
    return _skip(text, at + 1)


def _next(text: str, at: int) -> int:
    """Behind the comma after a value, or at the bracket that closes what it stands in."""
    at = _skip(text, at)
    return _skip(text, at + 1) if text[at] == "," else at


class _Places:
    """Turns places in characters into places in bytes; they must be asked for in order."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.ascii = text.isascii()
        self.char = self.byte = 0

    def in_bytes(self, start: int, end: int) -> tuple[int, int]:
        """Start and length in bytes."""
        if self.ascii:
            return start, end - start
        self.byte += self._size(self.char, start)
        length = self._size(start, end)
        self.char = start
        return self.byte, length

    def _size(self, start: int, end: int) -> int:
        return len(self.text[start:end].encode("utf-8", "surrogateescape"))
