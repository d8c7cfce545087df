"""GitHub Copilot CLI: the sessions below ~/.copilot. What reads them is imported when there is something to read."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from typing import Any

from git_ai_trail.formats.copilot.discovery import (
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

NAME = "copilot"
AGENT = "GitHub Copilot"
STATE_VERSION = 2

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
    """Offsets of the lines that began calls without an answer, in order."""
    return sorted({int(flags[0]) for flags in state.get("calls", ())})


def reader(path: str, state: Mapping[str, Any] | None = None) -> Reader:
    """A reader for the log at `path`; with `state`, one that goes on where that state was taken."""
    if is_document(path):
        kept: Reader = importlib.import_module("git_ai_trail.formats.copilot.history").HistoryReader(path, state)
        return kept
    made: Reader = importlib.import_module("git_ai_trail.formats.copilot.session").CopilotReader(path, state)
    return made
