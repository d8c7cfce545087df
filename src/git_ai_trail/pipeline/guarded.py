"""A format of another package behind a guard: whatever it raises or returns, other logs are read as if it were not there.

What it gives is checked, since index and store take the shape of events on trust. A log that it cannot read, or reads into
something else than events, becomes unreadable (`Broken`), which every caller counts with its reason.
"""

from __future__ import annotations

import math
import types
from collections.abc import Callable, Iterator, Mapping
from typing import Any, TypeVar, Union, get_args, get_origin, get_type_hints

from git_ai_trail.facts import Event, PendingCommit
from git_ai_trail.formats.events import KINDS
from git_ai_trail.formats.protocol import Format, Reader

# Beyond this a whole number is not one everywhere.
_LARGEST = 1 << 53
_HINTS: dict[type, tuple[Any, ...]] = {}

_Said = TypeVar("_Said")


class Broken(OSError):
    """A log that its reader could not read; `strerror` says why, without any text from the log."""

    def __init__(self, why: str) -> None:
        super().__init__(0, why)


class Guarded:
    """Satisfies `formats.protocol.Format`. `package` is the name and version of where it comes from.

    `troubles` counts what went wrong while logs were looked for, by kind.
    """

    def __init__(self, fmt: Format, package: str) -> None:
        self.NAME = fmt.NAME
        self.AGENT = fmt.AGENT
        self.STATE_VERSION = fmt.STATE_VERSION
        self.package = package
        self.troubles: dict[str, int] = {}
        self._fmt = fmt

    def roots(self, env: Mapping[str, str], home: str) -> list[str]:
        return self._looked("roots", list[str], [], env, home)

    def discover(self, root: str) -> Iterator[str]:
        try:
            for path in self._fmt.discover(root):
                if _fits(path, str):
                    yield path
                else:
                    self._trouble("discover", TypeError())
        except (Exception, SystemExit) as error:
            self._trouble("discover", error)

    def recent_dirs(self, root: str, now: float) -> list[str]:
        return self._looked("recent_dirs", list[str], [], root, now)

    def is_log(self, name: str) -> bool:
        return self._looked("is_log", bool, False, name)

    def recognises(self, head: bytes) -> bool:
        return self._looked("recognises", bool, False, head)

    def thread_hint(self, env: Mapping[str, str]) -> str:
        return self._looked("thread_hint", str, "", env)

    def is_document(self, path: str) -> bool:
        return self._read("is_document", bool, lambda: self._fmt.is_document(path))

    def session_id_of(self, path: str) -> str:
        return self._read("session_id_of", str, lambda: self._fmt.session_id_of(path))

    def open_offsets(self, state: Mapping[str, Any]) -> list[int]:
        return self._read("open_offsets", list[int], lambda: self._fmt.open_offsets(state))

    def reader(self, path: str, state: Mapping[str, Any] | None = None) -> Reader:
        return _GuardedReader(self, self._read("reader", Any, lambda: self._fmt.reader(path, state)))

    def _looked(self, name: str, kind: Any, otherwise: _Said, *given: Any) -> _Said:
        """What a function says that is asked while logs are looked for; `otherwise` where it fails."""
        try:
            said: _Said = getattr(self._fmt, name)(*given)
        except (Exception, SystemExit) as error:
            self._trouble(name, error)
            return otherwise
        if _fits(said, kind):
            return said
        self._trouble(name, TypeError())
        return otherwise

    def _read(self, name: str, kind: Any, call: Callable[[], _Said]) -> _Said:
        """What a function says that is asked for one log; `Broken` where it fails."""
        try:
            said = call()
        except (Exception, SystemExit) as error:
            raise Broken(f"{name} of {self.NAME} raised {type(error).__name__}") from error
        if not _fits(said, kind):
            raise Broken(f"{name} of {self.NAME} returned what it may not")
        return said

    def _trouble(self, name: str, error: BaseException) -> None:
        kind = f"logs not looked for: {name} of {self.NAME} raised {type(error).__name__}"
        if isinstance(error, TypeError) and not error.args:
            kind = f"logs not looked for: {name} of {self.NAME} returned what it may not"
        self.troubles[kind] = self.troubles.get(kind, 0) + 1


class _GuardedReader:
    """Satisfies `formats.protocol.Reader`."""

    def __init__(self, fmt: Guarded, reader: Reader) -> None:
        self._guard = fmt
        self._reader = reader

    def feed(self, line: bytes, offset: int) -> list[Event]:
        return self._events("feed", lambda: self._reader.feed(line, offset))

    def finish(self) -> list[Event]:
        return self._events("finish", self._reader.finish)

    def pending_commits(self) -> list[PendingCommit]:
        said = self._guard._read("pending_commits", list, self._reader.pending_commits)
        if not all(type(one) is PendingCommit and _holds(one) for one in said):
            raise Broken(f"pending_commits of {self._guard.NAME} returned what it may not")
        return list(said)

    def state(self) -> dict[str, Any]:
        said = self._guard._read("state", dict, self._reader.state)
        return {**said, "version": self._guard.STATE_VERSION}

    @property
    def skipped(self) -> Mapping[str, int]:
        return self._guard._read("skipped", dict[str, int], lambda: dict(self._reader.skipped))

    def _events(self, name: str, call: Callable[[], list[Event]]) -> list[Event]:
        said = self._guard._read(name, list, call)
        if not all(map(_is_event, said)):
            raise Broken(f"{name} of {self._guard.NAME} returned something else than events")
        return said


def _is_event(one: Any) -> bool:
    return (
        type(one) is Event
        and type(one.data) in KINDS
        and KINDS[type(one.data)] == one.kind
        and _holds(one)
        and _holds(one.data)
        and one.turn >= -1
        and one.offset >= 0
        and one.length >= 0
    )


def _holds(one: tuple[Any, ...]) -> bool:
    """Whether every field of a named tuple is what its declaration says."""
    kind = type(one)
    if kind not in _HINTS:
        _HINTS[kind] = tuple(get_type_hints(kind).values())
    return len(one) == len(_HINTS[kind]) and all(map(_fits, one, _HINTS[kind]))


def _fits(value: Any, kind: Any) -> bool:
    """Whether a value is of a declared type, and one that can be stored: text without lone surrogates, finite numbers."""
    origin, parts = get_origin(kind), get_args(kind)
    if kind is Any:
        return True
    if origin in (Union, types.UnionType):
        return any(_fits(value, part) for part in parts)
    if origin is tuple:
        if type(value) is not tuple:
            return False
        if parts[1:] == (...,):
            return all(_fits(one, parts[0]) for one in value)
        return len(value) == len(parts) and all(map(_fits, value, parts))
    if origin is list:
        return type(value) is list and all(_fits(one, parts[0]) for one in value)
    if origin is dict:
        return type(value) is dict and all(_fits(k, parts[0]) and _fits(v, parts[1]) for k, v in value.items())
    return _is_plain(value, kind)


def _is_plain(value: Any, kind: Any) -> bool:
    if kind in (None, type(None)):
        return value is None
    if kind is float:
        return type(value) in (float, int) and math.isfinite(value)
    if kind is int:
        return type(value) is int and -_LARGEST <= value <= _LARGEST
    if kind is str:
        return type(value) is str and not any("\ud800" <= c <= "\udfff" for c in value)
    return type(value) is kind
