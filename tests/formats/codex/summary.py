"""Runs a reader over a log and puts what it said into plain JSON values that can be compared and reviewed."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from git_ai_trail.facts import Event
from git_ai_trail.formats import codex
from git_ai_trail.formats.codex.rollout import CodexReader

UUID = "0198a000-0000-7000-8000-00000000000a"
PATH = f"/logs/sessions/2026/03/01/rollout-2026-03-01T10-00-00-{UUID}.jsonl"
DOCUMENT = f"/logs/sessions/rollout-2025-07-01-{UUID}.json"


def path_of(case: Path) -> str:
    """Where the log of a case would lie."""
    return DOCUMENT if case.suffix == ".json" else PATH


def lines_of(data: bytes, path: str = PATH) -> list[tuple[bytes, int]]:
    """The lines of a log with their offsets; the last one counts even if nothing ends it. A document is one line."""
    if codex.is_document(path):
        return [(data, 0)]
    found = []
    offset = 0
    for line in data.split(b"\n"):
        if offset < len(data):
            found.append((line, offset))
        offset += len(line) + 1
    return found


def read(data: bytes, path: str = PATH) -> tuple[list[Event], CodexReader]:
    """Everything a log says, in one pass."""
    reader = codex.reader(path)
    events = [event for line, offset in lines_of(data, path) for event in reader.feed(line, offset)]
    return events + reader.finish(), reader


def read_in_two(data: bytes, cut: int, path: str = PATH) -> tuple[list[Event], CodexReader]:
    """Everything a log says, read by two readers: the second goes on where the first stopped, before line `cut`."""
    lines = lines_of(data, path)
    first = codex.reader(path)
    events = [event for line, offset in lines[:cut] for event in first.feed(line, offset)]
    state = json.loads(json.dumps(first.state()))
    second = codex.reader(path, state)
    for offset in codex.open_offsets(state):
        end = -1 if codex.is_document(path) else data.find(b"\n", offset)
        again = second.feed(data[offset : len(data) if end < 0 else end], offset)
        assert again == [], "a line fed again says nothing new"
    events += [event for line, offset in lines[cut:] for event in second.feed(line, offset)]
    return events + second.finish(), second


def summary(events: list[Event], reader: CodexReader, data: bytes) -> dict[str, Any]:
    """What a person would check: one short row for each event, without what the row's line holds anyway."""
    return {
        "events": [_row(event, data) for event in events],
        "pending": [list(call) for call in reader.pending_commits()],
        "skipped": dict(sorted(reader.skipped.items())),
    }


def _row(event: Event, data: bytes) -> dict[str, Any]:
    row: dict[str, Any] = {"line": data.count(b"\n", 0, event.offset) + 1, "turn": event.turn, "kind": event.kind}
    if event.at is not None:
        row["at"] = event.at
    if event.raw is None:
        row["derived"] = True
    values = event.data._asdict()
    if event.kind in ("call", "output"):
        values.pop("arguments", None)
        values.pop("text", None)
    row.update({key: value for key, value in values.items() if value not in ("", None, ()) or key == "exit_code"})
    return row
