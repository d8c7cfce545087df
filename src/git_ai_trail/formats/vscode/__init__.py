"""GitHub Copilot Chat in VS Code: the chat sessions that the editor keeps. What reads them is imported when there is something
to read."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from typing import Any

from git_ai_trail.formats.protocol import Reader
from git_ai_trail.formats.vscode.discovery import (
    discover,
    is_document,
    is_log,
    recent_dirs,
    recognises,
    roots,
    session_id_of,
    thread_hint,
)

NAME = "vscode"
AGENT = "GitHub Copilot Chat"
STATE_VERSION = 1

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
    """None: a session is read again as a whole."""
    return []


def reader(path: str, state: Mapping[str, Any] | None = None) -> Reader:
    """A reader for the session at `path`; of a `state` it keeps only what was counted."""
    made: Reader = importlib.import_module("git_ai_trail.formats.vscode.chat").ChatReader(path, state)
    return made
