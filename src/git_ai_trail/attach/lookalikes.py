"""Paths that look like other paths: what in them misleads a reader, and what they look like. Cold path.

A policy speaks of names as people read them. A path that only looks like a forbidden one counts as that one.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable

# Letters of other scripts that are drawn like Latin ones, and those Latin letters.
_DRAWN_ALIKE = str.maketrans(
    "асеорхуіјѕһԁԛԝѵАВСЕНІЈКМОРЅТУХԌԚԜ" + "αικνορυχΑΒΕΖΗΙΚΜΝΟΡΤΥΧ" + "ıɑɡօոսⅼ",
    "aceopxyijshdqwvABCEHIJKMOPSTYXGQW" + "aiknopuxABEZHIKMNOPTYX" + "iagonul",
)
_LETTERS = re.compile(r"[^\W\d_]+")
# A path is read up to here; no file system has longer ones.
_LONGEST = 4096

MISLEADING = {
    "control": "a control character",
    "direction": "a character that changes the direction of writing",
    "invisible": "a character that cannot be seen",
    "composed": "letters put together of parts, where one letter is usual",
    "scripts": "letters of two scripts that look alike",
}
_DIRECTIONS = {*"\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"}


def tricks(path: str) -> tuple[str, ...]:
    """What in a path misleads: keys of `MISLEADING`, in their order."""
    text = path[:_LONGEST]
    if text.isascii() and text.isprintable():
        return ()
    kinds = {char: unicodedata.category(char) for char in set(text)}
    found = {
        "control": "Cc" in kinds.values(),
        "direction": not _DIRECTIONS.isdisjoint(kinds),
        "invisible": any(
            kind in ("Cf", "Cn", "Co", "Zl", "Zp") for char, kind in kinds.items() if char not in _DIRECTIONS
        ),
        "composed": unicodedata.normalize("NFC", text) != text,
        "scripts": any(_is_mixed(part) for part in _LETTERS.findall(text)),
    }
    return tuple(name for name in MISLEADING if found[name])


def as_read(path: str) -> str:
    """The path as a reader takes it: without what cannot be seen, letters as they look."""
    text = unicodedata.normalize("NFKC", path[:_LONGEST])
    shown = "".join(char for char in text if unicodedata.category(char) not in ("Cc", "Cf", "Cn", "Co"))
    return shown.translate(_DRAWN_ALIKE)


def twins(paths: Iterable[str]) -> bool:
    """Whether two of these paths look the same and are not."""
    read = [as_read(path) for path in dict.fromkeys(paths)]
    return len(set(read)) < len(read)


def _is_mixed(name: str) -> bool:
    """Whether a word has Latin letters, and letters that only look like such."""
    return any(char.isascii() and char.isalpha() for char in name) and name.translate(_DRAWN_ALIKE) != name
