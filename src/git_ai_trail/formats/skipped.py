"""Counts what was not read, by kind. A name that comes from a log is only said where it looks like a type's name."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from git_ai_trail.facts import Other
from git_ai_trail.lazy import pattern

_UNSAFE = pattern(r"[^A-Za-z0-9_./-]")
# Words, and a version: counts are kept and printed before anything is redacted, and a secret that stands where a type should
# has figures in it, or no words.
_TYPE = pattern(r"[A-Za-z]{1,24}(?:[_./ -][A-Za-z]{1,24}){0,5}(?:_?[vV]\d{1,2})?")
_MAX_NAME = 64
_MAX_KINDS = 64


class Skipped:
    """The counts of one log. `unused` are the kinds that are known and carry nothing we use."""

    def __init__(self, unused: frozenset[str]) -> None:
        self.counts: dict[str, int] = {}
        self._unused = unused

    def restore(self, counts: Mapping[str, Any]) -> None:
        """Goes on from the `counts` of a state."""
        self.counts = {str(kind): int(count) for kind, count in counts.items()}

    def add(self, kind: str) -> None:
        if kind not in self.counts and len(self.counts) >= _MAX_KINDS:
            kind = "other kinds"
        self.counts[kind] = self.counts.get(kind, 0) + 1

    def unused(self, kind: object, within: str = "") -> Other:
        """The fact that stands for a line of this kind; a kind nobody knows is counted."""
        name = _UNSAFE.sub("?", kind[:_MAX_NAME]) if isinstance(kind, str) and kind else "without a type"
        if name not in self._unused:
            self.add(f"unknown type {within}{name if _TYPE.fullmatch(name) else '?'}")
        return Other(name)
