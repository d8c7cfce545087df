"""Decodes one line of a log into its records: usually one, two after a crash in older versions, none if it is broken."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any, NamedTuple

MAX_LINE = 32 * 1024 * 1024
_ZSTD_MAGIC = b"\x28\xb5\x2f\xfd"
# How the records of Codex begin, which matters where one was cut and the next follows in the same line.
RESTARTS = ('{"timestamp"', '{"record_type"', '{"type"', '{"id"')
_MAX_RESTARTS = 8

# Control characters inside strings do occur; NaN and Infinity are no JSON and would not survive being stored.
_decode = json.JSONDecoder(strict=False, parse_constant=lambda name: None).raw_decode


# A quicker decoder of whole lines, where one is in use; see `decode_with`.
_quick: Callable[[bytes], Any] | None = None


class Record(NamedTuple):
    """One decoded record with its place in the line, in bytes."""

    data: dict[str, Any]
    start: int
    length: int


def read_records(line: bytes, restarts: tuple[str, ...] = RESTARTS) -> tuple[list[Record], str]:
    """The records of a line, and what was wrong with it (empty if nothing).

    `restarts` is how a record of this format begins: there reading goes on after a record that was cut.
    """
    if len(line) > MAX_LINE:
        return [], "line over 32 MiB"
    if _quick is not None and line[:1] == b"{" and line[-1:] == b"}" and b"\\ud" not in line:
        try:
            return [Record(_quick(line), 0, len(line))], ""
        except (ValueError, RecursionError):
            pass  # it is stricter than we are
    try:
        text = line.decode()
        data, end = _decode(text)
        if end == len(text) and type(data) is dict and b"\\ud" not in line:
            return [Record(data, 0, len(line))], ""
    except (ValueError, RecursionError):
        pass
    return _read_odd(line, restarts)


def decode_with(decode: Callable[[bytes], Any] | None) -> None:
    """Has lines decoded by `decode` from now on (None: by Python's own decoder), which must raise `ValueError` for whatever
    Python's would refuse or read differently. For the cold path: a commit cannot pay for importing another decoder.
    """
    global _quick  # noqa: PLW0603 - one choice for the whole process, as what is imported is
    _quick = decode


def _read_odd(line: bytes, restarts: tuple[str, ...]) -> tuple[list[Record], str]:
    if line.startswith(_ZSTD_MAGIC):
        return [], "compressed log"
    bare = line.replace(b"\0", b"").removeprefix(b"\xef\xbb\xbf").strip()
    if not bare:
        return [], "" if not line.strip() else "not JSON"
    text = line.decode("utf-8", "surrogateescape")  # so that places can be counted in bytes
    found: list[Record] = []
    broken = False
    at = _next_start(text, 0, restarts)
    for _ in range(_MAX_RESTARTS):
        if at < 0:
            break
        try:
            data, end = _decode(text, at)
        except (ValueError, RecursionError):
            broken = True
            at = _next_restart(text, at + 1, restarts)
            continue
        if type(data) is dict:
            found.append(_placed(storable(data), text, at, end))
        at = _next_start(text, end, restarts)
    if found:
        return found, "cut line" if broken else ""
    return [], "cut line" if broken and bare.startswith(b"{") else "not JSON"


def _placed(data: dict[str, Any], text: str, start: int, end: int) -> Record:
    before = len(text[:start].encode("utf-8", "surrogateescape"))
    return Record(data, before, len(text[start:end].encode("utf-8", "surrogateescape")))


def _next_start(text: str, after: int, restarts: tuple[str, ...]) -> int:
    at = text.find("{", after)
    return at if at >= 0 and not text[after:at].strip("\0\ufeff \t\r\n,") else _next_restart(text, after, restarts)


def _next_restart(text: str, after: int, restarts: tuple[str, ...]) -> int:
    starts = [at for at in (text.find(mark, after) for mark in restarts) if at >= 0]
    return min(starts, default=-1)


def storable(data: Any) -> Any:
    """A decoded value without lone surrogates, which no later stage could encode."""
    text = json.dumps(data, ensure_ascii=False)
    try:
        text.encode()
    except UnicodeEncodeError:
        return json.loads(text.encode("utf-8", "replace"))
    return data


def decode_inner(text: str) -> Any:
    """The value of JSON text that stands in a field of a record; None if it is no JSON."""
    try:
        value, _ = _decode(text.strip())
    except (ValueError, RecursionError):
        return None
    return storable(value) if "\\ud" in text else value
