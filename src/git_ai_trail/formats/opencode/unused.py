"""Kinds of records that are known and carry nothing we use; any other kind is counted as unknown."""

from __future__ import annotations

UNUSED = frozenset(
    (
        "agent",
        "compaction",
        "file",
        "message",
        "patch",
        "reasoning",
        "retry",
        "session",
        "snapshot",
        "step-finish",
        "step-start",
        "subtask",
        "text",
    )
)
