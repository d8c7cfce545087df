"""Codex CLI and its kin: the logs under $CODEX_HOME. What reads them is imported when there is something to read."""

from __future__ import annotations

import importlib
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
from git_ai_trail.formats.protocol import Reader

NAME = "codex"
AGENT = "Codex"
STATE_VERSION = 4

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
    if state.get("version") != STATE_VERSION:
        return []
    if state["document"]:
        return [0]
    offsets = {flags[0] for flags in state["calls"]}
    offsets.update(waiting[0] for waiting in state["waiting"])
    offsets.update(offset for offset, _ in state["typed"])
    if state["last"] is not None:
        offsets.add(state["last"])
    return sorted(offsets)


def reader(path: str, state: Mapping[str, Any] | None = None) -> Reader:
    """A reader for the log at `path`; with `state`, one that goes on where that state was taken."""
    # The package's attribute `reader` must stay this function, so its module is not called that.
    made: Reader = importlib.import_module("git_ai_trail.formats.codex.rollout").CodexReader(path, state)
    return made
