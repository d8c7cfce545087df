"""Reads one session of the first Copilot CLI (0.0.3xx): a document with what was shown and what the model was told.

`timeline` has what a person saw, each entry with its time; `chatMessages` has the conversation with the model, without times but
those of prompts, and is all there is of a session that nobody watched (`-p`).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from git_ai_trail.facts import Context, Event, Message, Meta, Other, PendingCommit, Prompt
from git_ai_trail.formats.clock import unix_time
from git_ai_trail.formats.copilot import STATE_VERSION
from git_ai_trail.formats.copilot.discovery import session_id_of
from git_ai_trail.formats.copilot.unused import UNUSED
from git_ai_trail.formats.copilot.work import OpenCall, Work
from git_ai_trail.formats.document import Document, read_document
from git_ai_trail.formats.events import Fact, events_of
from git_ai_trail.formats.fields import an_id, text_of
from git_ai_trail.formats.paths import resolve
from git_ai_trail.formats.reader import CountingReader
from git_ai_trail.formats.records import decode_inner
from git_ai_trail.lazy import pattern

_LONGEST = 1 << 22
_MOST_CALLS = 256
_MOST_SEARCHED = 8
_FOLDER = pattern(r"\* Current working directory: ([^\n]{1,4096})")
# What the program puts in front of a prompt and behind it.
_BEFORE = pattern(r"<agent_instructions>.*?</agent_instructions>\s*", re.DOTALL)
_BEHIND = pattern(r"\n\n<current_datetime>([^<\n]{1,64})</current_datetime>")
_REMINDER = "<reminder>"
# What an edit tool answers that wrote something. A command answers with what it printed.
_WROTE = pattern(r"Created file .* with \d+ characters|File .* updated with changes\.|Inserted \d+ characters at line ")
_NOT_RUN = "The execution of this tool, or a previous tool was interrupted."


class HistoryReader(CountingReader):
    """Satisfies `protocol.Reader`. The document is read anew each time; only the counts go on."""

    def __init__(self, path: str, state: Mapping[str, Any] | None = None) -> None:
        super().__init__(UNUSED)
        self.session_id = session_id_of(path)
        self.folder = self.model = ""
        self.work = Work()
        if state and state.get("version") == STATE_VERSION:
            self.session_id = str(state["session_id"])
            self._skipped.restore(state["skipped"])

    def feed(self, line: bytes, offset: int) -> list[Event]:
        self.turn, self.model, self.work = -1, "", Work()
        shown = read_document(line, "timeline")
        messages = shown.head.get("chatMessages")
        self.folder = _folder_of(messages if isinstance(messages, list) else [])
        told = not shown.records
        document: Document = read_document(line, "chatMessages") if told else shown
        if document.problem:
            self._skipped.add(document.problem)
        if not document.records:
            return []
        self.folder = self.folder or (_folder_of([record.data for record in document.records]) if told else "")
        started = unix_time(document.head.get("startTime"))
        events = events_of([Fact(self._meta(document.head, started), -1, started)], document.records[0], offset)
        take = self._told if told else self._shown
        for number, record in enumerate(document.records):
            facts = take(record.data) or self._one(Other("message"), None)
            if not number:
                facts += self._context(document.head.get("selectedModel"), started)
            events.extend(events_of(facts, record, offset))
        return events

    def pending_commits(self) -> list[PendingCommit]:
        return self.work.pending()

    def state(self) -> dict[str, Any]:
        return {
            "version": STATE_VERSION,
            "session_id": self.session_id,
            "calls": [],
            "skipped": dict(self._skipped.counts),
        }

    def _meta(self, head: dict[str, Any], started: float | None) -> Meta:
        self.session_id = an_id(head.get("sessionId")).lower() or self.session_id or "unknown"
        return Meta(self.session_id, started, self.folder, "", "", "cli", "", self.session_id, "", "", "", "")

    def _context(self, model: object, at: float | None) -> list[Fact]:
        name = text_of(model, 128)
        return self._one(Context("", self.folder, name, "", "", ""), at) if name else []

    # -- what was shown -----------------------------------------------------------------------------------------------

    def _shown(self, entry: dict[str, Any]) -> list[Fact]:
        kind, at = entry.get("type"), unix_time(entry.get("timestamp"))
        text = text_of(entry.get("text"), _LONGEST)
        if kind == "user" and text.strip():
            self.turn += 1
            return self._one(Prompt(self.turn, text), at)
        if kind == "copilot" and text.strip():
            return self._one(Message("assistant", text, ""), at)
        if kind in ("info", "error") and text.strip():
            return self._one(Message("system", text, ""), at)
        if kind not in ("tool_call_requested", "tool_call_completed"):
            return self._one(self._skipped.unused(kind), at)
        call_id = text_of(entry.get("callId"), 128)
        call = {"toolCallId": call_id, "toolName": entry.get("name"), "arguments": entry.get("arguments")}
        facts = self.work.call(OpenCall(call, 0, at, self.turn, self.folder)) or self._one(Other("repeated call"), at)
        if kind == "tool_call_completed":
            given = entry.get("result")
            result: dict[str, Any] = given if isinstance(given, dict) else {}
            # Its time is that of the call; when it ended is not kept.
            facts += self._answer(call_id, result.get("type"), text_of(result.get("log"), _LONGEST), at)
        return facts

    def _answer(self, call_id: str, how: object, log: str, at: float | None) -> list[Fact]:
        answer = {
            "toolCallId": call_id,
            "success": how == "success",
            "result": {"content": log, "detailedContent": log},
            "error": {"message": log, "code": how},
        }
        return self.work.answer(answer, self.turn, at)

    # -- what the model was told --------------------------------------------------------------------------------------

    def _told(self, message: dict[str, Any]) -> list[Fact]:
        role, text = message.get("role"), _text(message.get("content"))
        if role == "user":
            return self._user(text)
        if role in ("system", "developer"):
            return self._one(Message("system", text, ""), None) if text.strip() else []
        if role == "tool":
            call_id = text_of(message.get("tool_call_id"), 128)
            call = self.work.open.get(call_id)
            editor = call is not None and not call.scripts
            fine = text != _NOT_RUN and (not editor or _WROTE.match(text) is not None)
            known = "success" if fine else "rejected" if text == _NOT_RUN else "failure"
            return self._answer(call_id, known, text, None)
        if role != "assistant":
            return self._one(self._skipped.unused(role), None)
        facts = self._one(Message("assistant", text, ""), None) if text.strip() else []
        calls = message.get("tool_calls")
        for one in calls[:_MOST_CALLS] if isinstance(calls, list) else ():
            function = one.get("function") if isinstance(one, dict) else None
            if isinstance(function, dict):
                args = decode_inner(text_of(function.get("arguments"), _LONGEST))
                call_data = {"toolCallId": one.get("id"), "toolName": function.get("name"), "arguments": args}
                facts += self.work.call(OpenCall(call_data, 0, None, self.turn, self.folder))
        return facts

    def _user(self, text: str) -> list[Fact]:
        """A prompt without what the program puts around it, which holds the time; or what the program says by itself."""
        found = _BEHIND.search(text)
        typed = _BEFORE.sub("", text[: found.start()] if found else text, 1)
        at = unix_time(found[1]) if found else None
        if not typed.strip() or (not found and typed.lstrip().startswith(_REMINDER)):
            return self._one(Message("injected", text, ""), at) if text.strip() else []
        self.turn += 1
        return self._one(Prompt(self.turn, typed), at)


def _text(content: object) -> str:
    if isinstance(content, str):
        return content[:_LONGEST]
    parts = content if isinstance(content, list) else []
    texts = (text_of(part.get("text"), _LONGEST) for part in parts if isinstance(part, dict))
    return "\n".join(text for text in texts if text)[:_LONGEST]


def _folder_of(messages: list[Any]) -> str:
    """The folder that the program tells the model it works in."""
    for message in messages[:_MOST_SEARCHED]:
        if isinstance(message, dict) and message.get("role") in ("system", "developer"):
            found = _FOLDER.search(_text(message.get("content")))
            if found:
                return resolve(found[1].strip())
    return ""
