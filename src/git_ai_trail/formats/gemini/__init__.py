"""Gemini CLI: the chats below ~/.gemini/tmp. What reads them is imported when there is something to read."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from typing import Any

from git_ai_trail.formats.gemini.discovery import (
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

NAME = "gemini"
AGENT = "Gemini CLI"
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
    """None: a call is written when it has ended, together with its answer."""
    return []


def reader(path: str, state: Mapping[str, Any] | None = None) -> Reader:
    """A reader for the log at `path`; with `state`, one that goes on where that state was taken."""
    made: Reader = importlib.import_module("git_ai_trail.formats.gemini.chat").GeminiReader(path, state)
    return made
