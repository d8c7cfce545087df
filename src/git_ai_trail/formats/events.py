"""Turns what one record of a log says into events: the first carries the record, the others are derived from it."""

from __future__ import annotations

from typing import Any, NamedTuple

from git_ai_trail.facts import (
    Call,
    CommitMade,
    Context,
    Edit,
    Event,
    Message,
    Meta,
    Other,
    Output,
    Plan,
    Prompt,
    Reasoning,
    Tokens,
)
from git_ai_trail.formats.records import Record

KINDS: dict[type, str] = {
    Meta: "meta",
    Context: "context",
    Prompt: "prompt",
    Message: "message",
    Reasoning: "reasoning",
    Plan: "plan",
    Call: "call",
    Output: "output",
    Edit: "edit",
    CommitMade: "commit",
    Tokens: "tokens",
    Other: "other",
}


class Fact(NamedTuple):
    """Something that a record says: the value, the turn it belongs to, and when it was so."""

    data: Any
    turn: int
    at: float | None


def events_of(facts: list[Fact], record: Record, offset: int) -> list[Event]:
    """Events of the record at `offset`. A session's meta data is never what a record is about."""
    events = []
    given = False
    for data, turn, at in facts:
        main = not given and type(data) is not Meta
        given = given or main
        raw = record.data if main else None
        events.append(Event(KINDS[type(data)], at, offset + record.start, record.length, turn, data, raw))
    return events
