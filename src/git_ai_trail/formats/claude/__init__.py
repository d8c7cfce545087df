"""Claude Code: the logs below ~/.claude/projects. What reads them is imported when there is something to read."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from typing import Any

from git_ai_trail.formats.claude.discovery import (
    discover,
    is_document,
    is_log,
    recent_dirs,
    recognises,
    roots,
    session_id_of,
    thread_hint,
)
from git_ai_trail.formats.protocol import Reader

NAME = "claude"
AGENT = "Claude Code"
STATE_VERSION = 3

__all__ = [
    "AGENT",
    "NAME",
    "STATE_VERSION",
    "discover",
    "is_document",
    "is_log",
    "open_offsets",
    "reader",
    "recent_dirs",
    "recognises",
    "roots",
    "session_id_of",
    "thread_hint",
]


def open_offsets(state: Mapping[str, Any]) -> list[int]:
    """Offsets of the lines that a reader made from `state` must be fed again, in order."""
    offsets = {flags[0] for flags in state.get("calls", ())}
    offsets.update(waiting[0] for waiting in state.get("waiting", ()))
    return sorted(offsets)


def reader(path: str, state: Mapping[str, Any] | None = None) -> Reader:
    """A reader for the log at `path`; with `state`, one that goes on where that state was taken."""
    made: Reader = importlib.import_module("git_ai_trail.formats.claude.transcript").ClaudeReader(path, state)
    return made
