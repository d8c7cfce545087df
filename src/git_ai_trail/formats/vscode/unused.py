"""Kinds of records and of parts of an answer that are known and carry nothing we use; any other kind is counted as unknown."""

from __future__ import annotations

UNUSED = frozenset(
    (
        "autoModeResolution",
        "change",
        "clearToPreviousToolInvocation",
        "codeblockUri",
        "command",
        "confirmation",
        "disabledClaudeHooks",
        "elicitation",
        "elicitation2",
        "elicitationSerialized",
        "extensions",
        "hook",
        "info",
        "inlineReference",
        "markdownVuln",
        "mcpServersStarting",
        "mcpServersStartingSerialized",
        "mcpServersStartingSlow",
        "multiDiffData",
        "planReview",
        "prepareToolInvocation",
        "progressMessage",
        "progressTask",
        "progressTaskSerialized",
        "pullRequest",
        "questionCarousel",
        "request",
        "systemNotification",
        "treeData",
        "undone request",
        "undoStop",
        "voiceProgress",
        "warning",
    )
)
