"""Kinds of records that are known and carry nothing we use; any other kind is counted as unknown."""

from __future__ import annotations

UNUSED = frozenset(("answer", "notice", "prompt", "session"))
