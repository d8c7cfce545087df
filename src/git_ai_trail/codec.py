"""Canonical JSON, the form in which records are digested, and paths as text. Hot-safe.

The form is RFC 8785 for what we allow: objects with ASCII keys, lists, strings, booleans and integers that every JSON
reader holds exactly. Nothing else has a canonical form here, so nothing else gets into a digest.
"""

from __future__ import annotations

import json
import re
from typing import Any

from git_ai_trail.lazy import bytes_pattern, pattern

# Beyond 2^53 - 1 a reader that holds numbers as doubles sees another number.
MAX_INTEGER = 2**53 - 1
MAX_DEPTH = 32

_NAMED = {
    7: "\\a",
    8: "\\b",
    9: "\\t",
    10: "\\n",
    11: "\\v",
    12: "\\f",
    13: "\\r",
    34: '\\"',
    92: "\\\\",
}
_BYTE = {escape[1]: bytes([byte]) for byte, escape in _NAMED.items()}
_QUOTED = pattern(r'"((?:[^"\\]|\\[abtnvfr"\\]|\\[0-3][0-7]{2})*)"', re.ASCII)
_ESCAPE = bytes_pattern(rb'\\([abtnvfr"\\]|[0-3][0-7]{2})')


def canonical(value: Any) -> bytes:
    """Sorted compact JSON in UTF-8. Raises `ValueError` for what has no canonical form: floats, null, integers beyond
    2^53 - 1, keys that are not ASCII, lone surrogates, more than 32 levels."""
    _check(value, 0)
    text = json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"), check_circular=False)
    return text.encode("utf-8")


def _check(value: Any, depth: int) -> None:
    """Goes through containers; what they hold directly is looked at here and not by a call of its own."""
    if depth > MAX_DEPTH:
        raise ValueError("nested too deeply")
    kind = type(value)
    if kind is dict:
        for key in value:
            if type(key) is not str or not key.isascii():
                raise ValueError("a key that is not ASCII text")
        items = value.values()
    elif kind is list or kind is tuple:
        items = value
    else:
        items = (value,)
    for item in items:
        kind = type(item)
        if kind is str or kind is bool:
            continue
        if kind is int:
            if not -MAX_INTEGER <= item <= MAX_INTEGER:
                raise ValueError("integer out of range")
        elif kind is dict or kind is list or kind is tuple:
            _check(item, depth + 1)
        else:
            raise ValueError(f"no canonical form for {kind.__name__}")


def path_text(path: str) -> str:
    """A path (as `os.fsdecode` gives it) as text that JSON can hold: one that is not UTF-8 is written as git quotes it.

    A path that itself begins with a quotation mark is quoted too, so that no two paths share a text.
    """
    try:
        path.encode("utf-8")
    except UnicodeEncodeError:
        return _quoted(path)
    return _quoted(path) if path.startswith('"') else path


def _quoted(path: str) -> str:
    raw = path.encode("utf-8", "surrogateescape")
    return '"' + "".join(_NAMED.get(byte) or _plain(byte) for byte in raw) + '"'


def _plain(byte: int) -> str:
    return chr(byte) if 32 <= byte < 127 else f"\\{byte:03o}"


def text_path(text: str) -> str:
    """The path that `path_text` wrote; any other text stands for itself."""
    found = _QUOTED.fullmatch(text)
    if found is None:
        return text
    inner = found.group(1).encode("utf-8", "surrogatepass")
    return _ESCAPE.sub(_unescaped, inner).decode("utf-8", "surrogateescape")


def _unescaped(found: re.Match[bytes]) -> bytes:
    name = found.group(1).decode()
    return _BYTE[name] if name in _BYTE else bytes([int(name, 8)])
