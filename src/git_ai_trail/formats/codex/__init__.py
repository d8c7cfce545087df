"""Codex CLI and its kin: the logs under $CODEX_HOME."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from git_ai_trail.formats.codex.discovery import (
    discover,
    is_document,
    is_log,
    recent_dirs,
    roots,
    session_id_of,
    thread_hint,
)
from git_ai_trail.formats.codex.reader import CodexReader

NAME = "codex"
AGENT = "Codex"

__all__ = [
    "AGENT",
    "NAME",
    "discover",
    "is_document",
    "is_log",
    "open_offsets",
    "reader",
    "recent_dirs",
    "roots",
    "session_id_of",
    "thread_hint",
]


def open_offsets(state: Mapping[str, Any]) -> list[int]:
    """Offsets of the lines that a reader made from `state` must be fed again, in order."""
    offsets = {flags[0] for flags in state.get("calls", ())}
    offsets.update(waiting[0] for waiting in state.get("waiting", ()))
    if state.get("last") is not None:
        offsets.add(state["last"])
    return sorted(offsets)


def reader(path: str, state: Mapping[str, Any] | None = None) -> CodexReader:
    """A reader for the log at `path`; with `state`, one that goes on where that state was taken."""
    return CodexReader(path, state)
