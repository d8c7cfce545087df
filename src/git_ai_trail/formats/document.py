"""Takes apart a log that is one JSON document: its own fields, and the records in one of its lists with their places."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, NamedTuple

from git_ai_trail.formats.records import MAX_LINE, Record, storable
from git_ai_trail.lazy import pattern

_decode = json.JSONDecoder(strict=False, parse_constant=lambda name: None).raw_decode
_SPACE = pattern(r"[\s\0\ufeff]*")
_MAX_FIELDS = 256


class Document(NamedTuple):
    """`head` has the document's fields but those whose objects are `records`; `problem` says what was wrong with it (empty if nothing)."""

    head: dict[str, Any]
    records: list[Record]
    problem: str


def read_document(data: bytes, listed: str, *, beside: str = "") -> Document:
    """The document's fields and the objects in its list `listed`, each with its own place in the file, so that it can be
    pinned and shown like a line; so is the object in the field `beside`, in order with them. Of a document that is cut short, what
    stands before the cut is given."""
    head: dict[str, Any] = {}
    records: list[Record] = []
    if len(data) > MAX_LINE:
        return Document(head, records, "line over 32 MiB")
    try:
        text, clean = data.decode(), b"\\ud" not in data
    except UnicodeDecodeError:
        text, clean = data.decode("utf-8", "surrogateescape"), False
    places = _Places(text)
    try:
        for key, value, start, end in _parts(text, listed):
            value = value if clean else storable(value)
            if key not in (listed, beside):
                if len(head) < _MAX_FIELDS:
                    head[key if clean else storable(key)] = value
            elif isinstance(value, dict):
                records.append(Record(value, *places.in_bytes(start, end)))
    except (ValueError, RecursionError, IndexError):
        begun = text[_skip(text, 0) :].startswith("{")
        return Document(head, records, "cut line" if begun else "not JSON" if text.strip() else "")
    return Document(head, records, "" if records or head else "not a session")


def _parts(text: str, listed: str) -> Iterator[tuple[str, Any, int, int]]:
    """Each field, and each value of the list under the list's name, with its place in characters; raises where the JSON
    breaks off."""
    at = _expect(text, _skip(text, 0), "{")
    while text[at] != "}":
        key, at = _decode(text, at)
        if not isinstance(key, str):
            raise ValueError("key")
        at = _expect(text, _skip(text, at), ":")
        if key == listed and text[at] == "[":
            at = _expect(text, at, "[")
            while text[at] != "]":
                value, end = _decode(text, at)
                yield key, value, at, end
                at = _next(text, end)
            end = at + 1
        else:
            value, end = _decode(text, at)
            if key != listed:
                yield key, value, at, end
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
