"""Reads single fields of a record, whatever a log holds there."""

from __future__ import annotations

import json

from git_ai_trail.lazy import pattern

_MOST = 10**13
_ID = pattern(r"[A-Za-z0-9][A-Za-z0-9._-]{0,127}$")
_SCP = pattern(r"[^/@\s:]+(?::[^/@\s]*)?@([^/\s]+:.*)")
_URL = pattern(r"([A-Za-z][A-Za-z0-9+.-]*://)(?:[^/@\s]*@)?([^?#\s]*)")


def text_of(value: object, limit: int = 256) -> str:
    """A short text field, or the empty string where the log holds something else."""
    return value[:limit] if isinstance(value, str) else ""


def arguments_of(given: object, limit: int) -> str:
    """A call's arguments as text: JSON where they are a structure, as they stand where they are a text."""
    return json.dumps(given, ensure_ascii=False) if isinstance(given, (dict, list)) else text_of(given, limit)


def an_id(value: object) -> str:
    """An identifier of harmless characters, or the empty string."""
    return value if isinstance(value, str) and _ID.match(value) else ""


def without_credentials(url: str) -> str:
    """A remote's URL without user, password and query."""
    found = _URL.match(url)
    if found:
        return found[1] + found[2]
    found = _SCP.match(url)
    return "git@" + found[1] if found else url


def whole(value: object) -> int:
    """A non-negative whole number from what a log gives as integer, float or text; 0 for anything else."""
    if type(value) is int:
        return value if 0 <= value <= _MOST else 0
    if isinstance(value, str) and value.isdecimal() and len(value) <= 13:
        return int(value)
    return int(value) if isinstance(value, float) and 0 <= value <= _MOST else 0
