"""What a core must look like before anything believes it: a note may come from anyone. Hot path."""

from __future__ import annotations

import re
from typing import Any

from git_ai_trail.lazy import pattern
from git_ai_trail.words import WORD

HEX64 = pattern(r"[0-9a-f]{64}")

_HEX32 = pattern(r"[0-9a-f]{32}")
_PHRASE = pattern(r"[ -~]{0,200}")
# More lines than any commit has; what is larger would only serve to make a reader count.
_MANY = 2**31


def is_core(value: Any) -> bool:
    """Whether `value` has the keys and types of a core of version 1. Keys that we do not know are let pass."""
    if not isinstance(value, dict) or type(value.get("v")) is not int or value["v"] != 1:
        return False
    sessions, files, counts = value.get("sessions"), value.get("files"), value.get("counts")
    return (
        _is(HEX64, value.get("patch"))
        and (value.get("tool") == "" or _is(WORD, value.get("tool")))
        and _is_lines(counts)
        and isinstance(sessions, list)
        and all(_is_session(one) for one in sessions)
        and isinstance(files, list)
        and is_files(files)
        and all(r["session"] < len(sessions) for file in files for r in file["ranges"])
        and _list_of(value.get("prior", []), lambda one: _is(HEX64, one))
        and _is_counts(value.get("cut", {}))
    )


def _is_lines(value: Any) -> bool:
    """Whether `value` counts lines. What is kept apart is part of the rest, so it is never more."""
    if not isinstance(value, dict) or not all(
        _number(value.get(name)) for name in ("added", "generated", "edited", "unattributed", "deleted")
    ):
        return False
    apart = value.get("apart", {"files": 0, "added": 0, "generated": 0, "edited": 0})
    return (
        _number(value.get("beyond", 0))
        and isinstance(apart, dict)
        and all(_number(apart.get(name)) for name in ("files", "added", "generated", "edited"))
        and all(apart[name] <= value[name] for name in ("added", "generated", "edited"))
    )


def is_files(value: Any) -> bool:
    """Whether `value` is a list of files with ranges, as a core and a derived line have it."""
    return isinstance(value, list) and all(_is_file(one) for one in value)


def _is_file(value: Any) -> bool:
    return (
        isinstance(value, dict)
        and isinstance(value.get("path"), str)
        and 0 < len(value["path"]) <= 4096 * 4
        and _number(value.get("added"))
        and _list_of(value.get("ranges"), _is_range)
    )


def _is_range(value: Any) -> bool:
    return (
        isinstance(value, dict)
        and _number(value.get("start"), 1)
        and _number(value.get("count"), 1)
        and _number(value.get("session"))
        and _number(value.get("turn"), -1)
        and value.get("class") in ("generated", "edited")
        and _is(_HEX32, value.get("digest"))
    )


def _is_session(value: Any) -> bool:
    return (
        isinstance(value, dict)
        and _is(WORD, value.get("id"))
        and value.get("role") in ("authored", "consulted")
        and all(value.get(name) == "" or _is(WORD, value.get(name)) for name in ("agent", "agent_version"))
        and _list_of(value.get("models"), lambda one: _is(WORD, one))
        and _list_of(value.get("evidence"), _is_evidence)
        and _is_counts(value.get("actions"))
        and _list_of(value.get("prompts"), _is_prompt)
    )


def _is_evidence(value: Any) -> bool:
    return (
        isinstance(value, dict)
        and _is(WORD, value.get("kind"))
        and all(_number(value.get(name)) for name in ("lines", "rare", "cover"))
        and _is(_PHRASE, value.get("detail"))
    )


def _is_prompt(value: Any) -> bool:
    return isinstance(value, dict) and _number(value.get("turn"), -1) and _is(HEX64, value.get("commitment"))


def _is_counts(value: Any) -> bool:
    return isinstance(value, dict) and all(_is(WORD, name) and _number(count) for name, count in value.items())


def _list_of(value: Any, fits: Any) -> bool:
    return isinstance(value, list) and all(fits(one) for one in value)


def _is(pattern: re.Pattern[str], value: Any) -> bool:
    return isinstance(value, str) and pattern.fullmatch(value) is not None


def _number(value: Any, least: int = 0) -> bool:
    return type(value) is int and least <= value <= _MANY
