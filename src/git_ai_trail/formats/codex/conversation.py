"""Counts the turns of a session: finds each prompt once, though a log repeats it and mixes it with injected text."""

from __future__ import annotations

import zlib
from typing import Any, NamedTuple

from git_ai_trail.facts import Message, Other, Prompt
from git_ai_trail.formats.codex.prompts import content_texts, human_texts, request

_MAX_WAITING = 8


class Waiting(NamedTuple):
    """A message under the user's role that has no event yet."""

    offset: int
    length: int
    at: float | None
    text: str


class Conversation:
    """The turns of one log. Events are the source of prompts; a message counts only where no event follows it."""

    def __init__(self) -> None:
        self.turn = -1
        self.human = True
        self.has_events = False
        self.waiting: list[Waiting] = []
        self.last: tuple[int, str] | None = None  # offset and text of a prompt event in the line just before
        self.task_follows = False
        self.instructions: list[int] | None = None  # length and checksum of the text that the session begins with

    def begins_with(self, instructions: object) -> None:
        """The instructions that the session's first line names: in old logs they come again as the first message."""
        text = instructions.strip() if isinstance(instructions, str) else ""
        self.instructions = _checksum(text) if text else None

    def _is_instructions(self, text: str) -> bool:
        return self.turn < 0 and self.instructions is not None and _checksum(text.strip()) == self.instructions

    def prompt(self, text: str) -> Prompt | Message:
        """Opens a turn. In a thread that no person prompts, the task that another agent gave opens it."""
        self.turn += 1
        return Prompt(self.turn, request(text)) if self.human else Message("agent", text, "")

    def event(self, text: str, offset: int, before: tuple[int, str] | None) -> Prompt | Message | Other:
        """A prompt event; `before` is the one in the preceding line, which a review repeats."""
        self.has_events = True
        self.waiting.clear()
        self.last = (offset, text)
        if before is not None and before[1] == text:
            return Other("repeated user message")
        return self.prompt(text)

    def message(self, payload: dict[str, Any], offset: int, length: int, at: float | None) -> Message | Other:
        """A message under the user's role."""
        texts = human_texts(payload)
        if self.instructions is not None:
            texts = [text for text in texts if not self._is_instructions(text)]
        if not texts:
            return Message("injected", "\n".join(content_texts(payload.get("content"))), "")
        if not self.has_events and len(self.waiting) < _MAX_WAITING:
            self.waiting.append(Waiting(offset, length, at, "\n".join(texts)))
        return Other("user message")

    def agent_message(self, payload: dict[str, Any]) -> Message:
        """A message of another agent; the first one in a spawned thread, and each that starts a turn, is its task."""
        content = payload.get("content")
        text = content if isinstance(content, str) else "\n".join(content_texts(content))
        if not self.human and (self.turn < 0 or self.task_follows):
            self.turn += 1
        self.task_follows = False
        return Message("agent", text, "")

    def overdue(self) -> list[tuple[Waiting, Prompt | Message, int]]:
        """The waiting messages with the turns they open, now that the agent answers: no event is going to come."""
        found = [(waiting, self.prompt(waiting.text), self.turn) for waiting in self.waiting]
        self.waiting.clear()
        return found


def _checksum(text: str) -> list[int]:
    return [len(text), zlib.crc32(text.encode("utf-8", "surrogatepass"))]
