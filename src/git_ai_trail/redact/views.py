"""Other readings of a text in which a secret may show: colour codes and invisible characters gone, escapes undone.

A view keeps, for each of its characters, where it comes from, so that a find in the view can be cut out of the text.
"""

from __future__ import annotations

import re
from array import array
from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple
from urllib.parse import unquote_to_bytes

from git_ai_trail.redact.joined import Joined
from git_ai_trail.redact.tokens import is_hex, is_rough, looks_random

_INVISIBLE = re.compile(
    r"\x1b\[[0-9;:?]{0,32}[@-~]|\x1b\][^\x07\x1b]{0,256}(?:\x07|\x1b\\)|\x1b[@-Z\\^_]|[\x00\x08\xad\u200b-\u200f\u2060-\u2064\ufeff]"
)
_HIDING = (b"\x1b", b"\0", b"\b")
_HIDDEN = "\xad\u200b\u200c\u200d\u200e\u200f\u2060\u2061\u2062\u2063\u2064\ufeff"
_PERCENT = re.compile(r"%[0-9A-Fa-f]{2}")
_ESCAPE = re.compile(r"\\{1,4}(?:u00[0-9a-fA-F]{2}|x[0-9a-fA-F]{2}|u\{[0-9a-fA-F]{2}\})")
_ANY_PERCENT = re.compile(rb"%[0-9A-Fa-f]{2}")
_ANY_ENTITY = re.compile(rb"&(?:#\d|#x|[a-z]{2,6};)")
_ENTITY = re.compile(r"&(?:#\d{2,3}|#x[0-9a-fA-F]{2}|amp|quot|lt|gt|apos|equals|colon|lowbar|sol|hyphen|period);")
_QUOTED = re.compile(r"\\+[nrt\\\"'/]")
_NAMED = {"amp": "&", "quot": '"', "lt": "<", "gt": ">", "apos": "'", "equals": "=", "colon": ":", "lowbar": "_"}
_NAMED |= {"sol": "/", "hyphen": "-", "period": "."}

_RUN = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_+/=-"
_MIN_RUN, _MAX_RUN = 12, 200
_QUOTE = r"\\{0,3}[\"'`]"
_JOINT = rf"{_QUOTE}[ \t]{{0,4}}(?:[+.&]|\\?\r?\n)[ \t\r\n+]{{0,60}}[bfru]?{_QUOTE}"
# With the characters on either side.
_LONGEST_JOINT = 80
_BREAK = re.compile(r"\r?\n[+ ]?(?=[A-Za-z0-9_+/=-]{4})", re.ASCII)
_CONCATENATED = re.compile(rf"(?<=[A-Za-z0-9_+/=:@-]){_JOINT}(?=[A-Za-z0-9_+/=:@-])", re.ASCII)


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


def views(joined: Joined) -> Iterator[tuple[int, View]]:
    """The views that differ from the text itself, each with the number of its text."""
    encoded = joined.encoded
    hidden = any(mark in encoded for mark in _HIDING) or any(map(_holds_hidden, joined.texts))
    percent = b"%" in encoded and _ANY_PERCENT.search(encoded) is not None
    entity = b"&" in encoded and _ANY_ENTITY.search(encoded) is not None
    if not (hidden or percent or entity):
        return
    for number, text in enumerate(joined.texts):
        if hidden and _hides(text):
            yield number, _replaced(text, _INVISIBLE, lambda _: "")
        if percent and "%" in text and _PERCENT.search(text):
            yield number, _replaced(text, _PERCENT, _unpercent)
        if entity and "&" in text and _ENTITY.search(text):
            yield number, _replaced(text, _ENTITY, _unentity)


def unescaped(text: str) -> View | None:
    """The text with the escapes of JSON and of programs' strings undone, however often they were done; None without any."""
    return _replaced(text, _QUOTED, _unquote) if "\\" in text and _QUOTED.search(text) else None


def _unquote(escape: str) -> str:
    return {"n": "\n", "r": "\r", "t": "\t"}.get(escape[-1], escape[-1])


class Trigger(NamedTuple):
    """A view that takes a look at every character to see whether it is wanted, which the gate does on its way.

    `joins` says that it puts pieces together that stand apart in the text.
    """

    name: str
    gate: str
    view: Callable[[str, list[int] | None], View | None]
    joins: bool = True


def _unbroken(text: str, ends: list[int] | None) -> View | None:
    """Without the line ends that cut tokens, as a terminal's edge does. `ends` are places in the next line's beginning."""
    if ends is None:
        breaks = list(_BREAK.finditer(text))
    else:
        starts = {text.rfind("\n", max(0, end - 8), end) for end in ends}
        found = (_BREAK.match(text, at - (text[at - 1 : at] == "\r")) for at in sorted(starts) if at >= 0)
        breaks = [match for match in found if match is not None]
    cut = [match for match in breaks if _cuts_token(text, match.start())]
    return _without(text, cut) if cut else None


def _cuts_token(text: str, at: int) -> bool:
    before = text[max(0, at - _MAX_RUN - 1) : at]
    run = before[len(before.rstrip(_RUN)) :]
    if not _MIN_RUN <= len(run) <= _MAX_RUN or is_hex(run) or not any(c.isdigit() for c in run):
        return False
    return looks_random(run) or is_rough(run)


def _unescaped(text: str, _ends: list[int] | None) -> View | None:
    return _replaced(text, _ESCAPE, _unescape) if "\\" in text and _ESCAPE.search(text) else None


def _unquoted(text: str, ends: list[int] | None) -> View | None:
    """With strings that a program puts together in one piece. `ends` are places behind the first character of the next one."""
    joints = [joint for low, high in _stretches(ends, len(text)) for joint in _CONCATENATED.finditer(text, low, high)]
    return _without(text, joints) if joints else None


def _stretches(ends: list[int] | None, length: int) -> list[tuple[int, int]]:
    """The parts of a text in which joints can stand that end at `ends`, apart from each other; None: anywhere."""
    if ends is None:
        return [(0, length)]
    found: list[tuple[int, int]] = []
    for end in sorted(ends):
        low = max(0, end - _LONGEST_JOINT)
        if found and low <= found[-1][1]:
            low = found.pop()[0]
        found.append((low, end))
    return found


TRIGGERS = (
    Trigger("escapes", r"\\(?:u00[0-9a-fA-F]{2}|x[0-9a-fA-F]{2}|u\{[0-9a-fA-F]{2}\})", _unescaped, joins=False),
    Trigger(
        "wrapped",
        # Any four characters of these, the first of which may be a blank: half the work of an optional one.
        rf"[A-Za-z0-9_+/=-]{{{_MIN_RUN}}}\r?\n[+ A-Za-z0-9_/=-][A-Za-z0-9_+/=-]{{3}}",
        _unbroken,
    ),
    Trigger("concatenated", rf"[A-Za-z0-9_+/=:@-]{_JOINT}[A-Za-z0-9_+/=:@-]", _unquoted),
)


def _hides(text: str) -> bool:
    return ("\x1b" in text or "\0" in text or "\b" in text or _holds_hidden(text)) and _INVISIBLE.search(
        text
    ) is not None


def _holds_hidden(text: str) -> bool:
    return not text.isascii() and any(mark in text for mark in _HIDDEN)


def _replaced(text: str, pattern: re.Pattern[str], read: Callable[[str], str]) -> View:
    return _made(text, ((match.start(), match.end(), read(match.group())) for match in pattern.finditer(text)))


def _without(text: str, parts: list[re.Match[str]]) -> View:
    return _made(text, ((match.start(), match.end(), "") for match in parts))


def _made(text: str, changes: Iterable[tuple[int, int, str]]) -> View:
    """The text with other words in some places (start, end, what stands there)."""
    parts: list[str] = []
    starts, origins = array("L"), array("L")
    at = length = 0
    for begin, end, character in changes:
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
