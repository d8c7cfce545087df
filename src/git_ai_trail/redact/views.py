"""Other readings of a text in which a secret may show: colour codes and invisible characters gone, escapes undone.

A view keeps, for each of its characters, where it comes from, so that a find in the view can be cut out of the text.
"""

from __future__ import annotations

import re
from array import array
from bisect import bisect_right
from collections.abc import Callable, Iterator
from typing import NamedTuple
from urllib.parse import unquote_to_bytes

_INVISIBLE = re.compile(
    r"\x1b\[[0-9;:?]{0,32}[@-~]|\x1b\][^\x07\x1b]{0,256}(?:\x07|\x1b\\)|\x1b[@-Z\\^_]|[\x00\x08\xad\u200b-\u200f\u2060-\u2064\ufeff]"
)
_HIDDEN = re.compile(r"[\xad\u200b-\u200f\u2060-\u2064\ufeff]")
_PERCENT = re.compile(r"%[0-9A-Fa-f]{2}")
_ESCAPE = re.compile(r"\\{1,4}(?:u00[0-9a-fA-F]{2}|x[0-9a-fA-F]{2}|u\{[0-9a-fA-F]{2}\})")
_ENTITY = re.compile(r"&(?:#\d{2,3}|#x[0-9a-fA-F]{2}|amp|quot|lt|gt|apos|equals|colon|lowbar|sol|hyphen|period);")
_NAMED = {"amp": "&", "quot": '"', "lt": "<", "gt": ">", "apos": "'", "equals": "=", "colon": ":", "lowbar": "_"}
_NAMED |= {"sol": "/", "hyphen": "-", "period": "."}


class View(NamedTuple):
    """`starts[i]` and `origins[i]` say where piece i begins in the view and in the original; both end with the lengths."""

    text: str
    starts: array[int]
    origins: array[int]

    def original(self, start: int, end: int) -> tuple[int, int]:
        """The part of the original that a part of the view was made from, with what was invisible behind it."""
        return self._origin(start), self._origin(end)

    def _origin(self, at: int) -> int:
        piece = bisect_right(self.starts, at) - 1
        return min(self.origins[piece] + at - self.starts[piece], self.origins[-1])


def views(text: str) -> Iterator[View]:
    """The views that differ from the text itself."""
    if "\x1b" in text or "\0" in text or "\b" in text or (not text.isascii() and _HIDDEN.search(text)):
        yield _replaced(text, _INVISIBLE, lambda _: "")
    if "%" in text and _PERCENT.search(text):
        yield _replaced(text, _PERCENT, _unpercent)
    if "\\" in text and _ESCAPE.search(text):
        yield _replaced(text, _ESCAPE, _unescape)
    if "&" in text and _ENTITY.search(text):
        yield _replaced(text, _ENTITY, _unentity)


def _replaced(text: str, pattern: re.Pattern[str], read: Callable[[str], str]) -> View:
    parts: list[str] = []
    starts, origins = array("L"), array("L")
    at = length = 0
    for match in pattern.finditer(text):
        begin, end = match.span()
        character = read(match.group())
        for piece, origin in ((text[at:begin], at), (character, begin)):
            if piece:
                parts.append(piece)
                starts.append(length)
                origins.append(origin)
                length += len(piece)
        at = end
    parts.append(text[at:])
    starts.extend((length, length + len(text) - at))
    origins.extend((at, len(text)))
    return View("".join(parts), starts, origins)


def _unpercent(escape: str) -> str:
    return unquote_to_bytes(escape).decode("latin-1")


def _unescape(escape: str) -> str:
    return chr(int(escape.rstrip("}")[-2:], 16))


def _unentity(entity: str) -> str:
    name = entity[1:-1]
    if name.startswith("#x"):
        return chr(int(name[2:], 16))
    return chr(int(name[1:])) if name.startswith("#") else _NAMED.get(name, " ")
