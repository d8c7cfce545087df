"""JSON inside texts: agents keep arguments and outputs so. Read only where nothing of the text would get lost."""

from __future__ import annotations

import json
from typing import Any

_STARTS = ("{", "[", " ", "\n", "\t", "\r")
_MAX = 8 * 1024 * 1024


def parsed(text: str) -> Any:
    """The object or array that a text is, or None. One that states a key twice is a text: half of it would be lost."""
    if text[:1] not in _STARTS or len(text) < 4 or len(text) > _MAX:
        return None
    bare = text.strip()
    if bare[:1] not in ("{", "[") or bare[-1] not in ("}", "]"):
        return None
    try:
        return _decode(bare) or None
    except (ValueError, RecursionError):
        return None


def dumped(value: Any, *, like: str) -> str:
    """The text of a value, spaced as the text it was read from."""
    head = like[:4096]
    if head.lstrip()[1:2] in ("\n", "\r"):
        return json.dumps(value, ensure_ascii=like.isascii(), indent=2)
    return _ENCODE['": ' in head or ", " in head, like.isascii()](value)


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) != len(pairs):
        raise ValueError("a key stands twice")
    return made


_decode = json.JSONDecoder(object_pairs_hook=_unique).decode
# By whether there are blanks behind commas and colons, and whether everything is ASCII.
_ENCODE = {
    (spaced, plain): json.JSONEncoder(ensure_ascii=plain, separators=(", ", ": ") if spaced else (",", ":")).encode
    for spaced in (False, True)
    for plain in (False, True)
}
