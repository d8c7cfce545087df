"""Runs the Claude Code reader over a log, at once or in two parts."""

from __future__ import annotations

import json

from git_ai_trail.facts import Event
from git_ai_trail.formats import claude
from git_ai_trail.formats.protocol import Reader

SESSION = "5e55104a-0000-4000-8000-00000000000a"
AGENT = "a1b2c3d4e5f6a7b8c"
PATH = f"/home/dev/.claude/projects/-home-dev-shop/{SESSION}.jsonl"
AGENT_PATH = f"/home/dev/.claude/projects/-home-dev-shop/{SESSION}/subagents/agent-{AGENT}.jsonl"


def lines_of(data: bytes) -> list[tuple[bytes, int]]:
    """The lines of a log with their offsets; the last one counts even if nothing ends it."""
    found = []
    offset = 0
    for line in data.split(b"\n"):
        if offset < len(data):
            found.append((line, offset))
        offset += len(line) + 1
    return found


def read(data: bytes, path: str = PATH) -> tuple[list[Event], Reader]:
    """Everything a log says, in one pass."""
    reader = claude.reader(path)
    events = [event for line, offset in lines_of(data) for event in reader.feed(line, offset)]
    return events + reader.finish(), reader


def read_in_two(data: bytes, cut: int, path: str = PATH) -> tuple[list[Event], Reader]:
    """Everything a log says, read by two readers: the second goes on where the first stopped, before line `cut`."""
    lines = lines_of(data)
    first = claude.reader(path)
    events = [event for line, offset in lines[:cut] for event in first.feed(line, offset)]
    state = json.loads(json.dumps(first.state()))
    second = claude.reader(path, state)
    for offset in claude.open_offsets(state):
        end = data.find(b"\n", offset)
        again = second.feed(data[offset : len(data) if end < 0 else end], offset)
        assert again == [], "a line fed again says nothing new"
    events += [event for line, offset in lines[cut:] for event in second.feed(line, offset)]
    return events + second.finish(), second
