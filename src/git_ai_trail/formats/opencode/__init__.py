"""OpenCode: sessions in its database, or in the folder of JSON files it had before. What reads them is imported when needed."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from typing import Any

from git_ai_trail.formats.opencode import discovery
from git_ai_trail.formats.opencode.discovery import (
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

NAME = "opencode"
AGENT = "OpenCode"
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
    """None: a call is written when it has ended; one that goes on stands behind all others, see `loglines.Made`."""
    return []


def reader(path: str, state: Mapping[str, Any] | None = None) -> Reader:
    """A reader for the log at `path`; with `state`, one that goes on where that state was taken."""
    made: Reader = importlib.import_module("git_ai_trail.formats.opencode.session").OpenCodeReader(path, state)
    return made
