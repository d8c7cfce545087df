"""Aider: sessions in the chat history that it appends to in the repository. What reads them is imported when needed."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from typing import Any

from git_ai_trail.formats.aider import discovery
from git_ai_trail.formats.aider.discovery import (
    discover,
    is_document,
    is_log,
    recent_dirs,
    recognises,
    roots,
    session_id_of,
    thread_hint,
)
from git_ai_trail.formats.protocol import Reader, Source

NAME = "aider"
AGENT = "Aider"
STATE_VERSION = 1
SOURCE: Source = discovery

__all__ = [
    "AGENT",
    "NAME",
    "SOURCE",
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
    """The last answer: what was applied of it is said behind it."""
    found = state.get("answer")
    return [found] if type(found) is int and found >= 0 else []


def reader(path: str, state: Mapping[str, Any] | None = None) -> Reader:
    """A reader for the log at `path`; with `state`, one that goes on where that state was taken."""
    made: Reader = importlib.import_module("git_ai_trail.formats.aider.session").AiderReader(path, state)
    return made
