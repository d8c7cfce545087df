"""Kinds of records that are known and carry nothing we use; any other kind is counted as unknown."""

from __future__ import annotations

UNUSED = frozenset(
    (
        "abort",
        "assistant.turn_end",
        "assistant.turn_start",
        "hook.end",
        "hook.start",
        "permission.completed",
        "permission.requested",
        "session.compaction_complete",
        "session.compaction_start",
        "session.context_changed",
        "session.info",
        "session.mode_changed",
        "session.model_change",
        "session.permissions_changed",
        "session.resume",
        "session.shutdown",
        "session.snapshot_rewind",
        "session.start",
        "session.truncation",
        "session.usage_record",
        "skill.invoked",
        "subagent.completed",
        "subagent.configured",
        "subagent.failed",
        "subagent.started",
        "system.notification",
    )
)
