"""Codex CLI and its kin: the logs under $CODEX_HOME."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from git_ai_trail.formats.codex.discovery import (
    discover,
    is_document,
    is_log,
    recent_dirs,
    recognises,
    roots,
    session_id_of,
    thread_hint,
)
from git_ai_trail.formats.codex.memory import STATE_VERSION, open_offsets
from git_ai_trail.formats.codex.reader import CodexReader

NAME = "codex"
AGENT = "Codex"

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


def reader(path: str, state: Mapping[str, Any] | None = None) -> CodexReader:
    """A reader for the log at `path`; with `state`, one that goes on where that state was taken."""
    return CodexReader(path, state)
