"""Reads one Codex log line by line; every line is judged by itself, since a file can mix the shapes of several versions."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping
from typing import Any

from git_ai_trail.facts import (
    Call,
    Event,
    Message,
    Other,
    PendingCommit,
    Plan,
    Reasoning,
)
from git_ai_trail.formats.clock import unix_time
from git_ai_trail.formats.codex.discovery import is_document
from git_ai_trail.formats.codex.memory import Memory
from git_ai_trail.formats.codex.prompts import content_texts
from git_ai_trail.formats.codex.session import is_human, read_context, read_environment, read_meta
from git_ai_trail.formats.codex.shapes import bare_kind, chat_calls, is_answer, prompt_text
from git_ai_trail.formats.codex.work import Fact
from git_ai_trail.formats.events import KINDS
from git_ai_trail.formats.fields import an_id, text_of, whole
from git_ai_trail.formats.paths import resolve
from git_ai_trail.formats.records import Record, read_records


class CodexReader(Memory):
    """Satisfies `protocol.Reader`."""

    def __init__(self, path: str, state: Mapping[str, Any] | None = None) -> None:
        super().__init__(path, state)
        self.document = is_document(path)
        # The record that is being read.
        self._offset = 0
        self._length = 0
        self._at: float | None = None
        self._before: tuple[int, str] | None = None

    # -- the contract -------------------------------------------------------------------------------------------------

    def feed(self, line: bytes, offset: int) -> list[Event]:
        if self.document:
            return self._read_document(line, offset)
        records, problem = read_records(line)
        if offset in self.awaited:
            if records:
                self.remember(records[0].data, offset, records[0].length)
            return []
        if problem:
            self.skips.add(problem)
        events: list[Event] = []
        for record in records:
            self._take(record, offset, events)
        return events

    def finish(self) -> list[Event]:
        events: list[Event] = []
        self._answered(events)
        return events

    def pending_commits(self) -> list[PendingCommit]:
        return self.work.pending()

    @property
    def skipped(self) -> Mapping[str, int]:
        return self.skips.counts

    # -- one record ---------------------------------------------------------------------------------------------------

    def _read_document(self, data: bytes, offset: int) -> list[Event]:
        """A whole session of the TypeScript Codex. It names one time only, that of its last save: it holds for the
        session as it stands and for the last item, which was new then."""
        again = self.awaited.pop(offset, None)
        self.seen_document = True
        # {"session": {timestamp, id, instructions}, "items": […]}, written anew at each save.
        reader = importlib.import_module("git_ai_trail.formats.document")  # only the first logs were documents
        head, records, problem = reader.read_document(data, "items", beside="session")
        problem = problem or ("not a session" if head and not records else "")
        if problem:
            self.skips.add(problem)
        events: list[Event] = []
        saved = unix_time(records[0].data.get("timestamp")) if records else None
        for record in records[:-1]:
            self._take(record, offset, events)
        for record in records[-1:]:
            self._take(record, offset, events, saved)
        return [] if again else events

    def _take(self, record: Record, offset: int, events: list[Event], saved: float | None = None) -> None:
        data = record.data
        kind, payload = data.get("type"), data.get("payload")
        bare = not isinstance(payload, dict)
        if not isinstance(payload, dict):
            payload = data
            kind = bare_kind(data)
        self._offset, self._length = offset + record.start, record.length
        at = unix_time(data.get("timestamp"))
        self._at = saved if at is None else at
        self._before, self.talk.last = self.talk.last, None
        ordinal = data.get("ordinal")
        if kind == "session_meta":
            facts = self._session_meta(payload, ordinal)
        elif self.copies.covers(kind, payload, self._at, ordinal):
            facts = self._copied(payload)
        else:
            handler = _LINES.get(kind) if isinstance(kind, str) else None
            if self.talk.waiting and kind == "response_item" and is_answer(payload):
                self._answered(events)
            facts = handler(self, payload) if handler else self._one(self.skips.unused(kind))
            if bare and self.talk.waiting:
                events.extend(self._emit(facts, data))
                self._answered(events)
                return
        events.extend(self._emit(facts, data))

    def _emit(self, facts: list[Fact], raw: dict[str, Any]) -> list[Event]:
        """Events of one record: the first carries the whole record, the others are derived from it."""
        return [
            Event(
                KINDS[type(fact.data)],
                self._at,
                self._offset,
                self._length,
                fact.turn,
                fact.data,
                None if index else raw,
            )
            for index, fact in enumerate(facts)
        ]

    def _answered(self, events: list[Event]) -> None:
        for waiting, data, turn in self.talk.overdue():
            kind = KINDS[type(data)]
            events.append(Event(kind, waiting.at, waiting.offset, waiting.length, turn, data, None))

    def _one(self, data: Any) -> list[Fact]:
        return [Fact(data, self.talk.turn)]

    # -- kinds of lines -----------------------------------------------------------------------------------------------

    def _session_meta(self, payload: dict[str, Any], ordinal: object) -> list[Fact]:
        session_id = an_id(payload.get("id"))
        if self.own_id:
            if session_id and session_id != self.own_id:
                self.copies.other_meta(self._at)
                return self._copied(payload)
            self.cwd = self.cwd or resolve(payload.get("cwd"))
            return self._one(Other("session_meta update"))
        meta = read_meta(payload, self.session_id)
        if self.document:
            meta = meta._replace(started_at=None)  # its time is that of the last save
        self.own_id = self.session_id = meta.session_id
        self.cwd = meta.cwd
        self.talk.human = is_human(meta)
        self.talk.begins_with(payload.get("instructions"))
        self.work.paginated = payload.get("history_mode") == "paginated" or ordinal is not None
        self.copies.first_meta(payload, self._at)
        base = payload.get("history_base")
        if not isinstance(base, dict) or payload.get("forked_from_id"):
            return self._one(meta)
        # The same thread goes on here from that record of its other file; what stands behind it there was taken back.
        end = whole(base.get("end_ordinal_exclusive"))
        return [*self._one(meta), *self._one(Other(f"revert to ordinal {end}"))]

    def _copied(self, payload: dict[str, Any]) -> list[Fact]:
        if payload.get("type") == "token_count":
            self.tokens.inherit(payload)
        self.skips.add("copied history")
        return self._one(Other("copied history"))

    def _turn_context(self, payload: dict[str, Any]) -> list[Fact]:
        context = read_context(payload)
        self.cwd = context.cwd or self.cwd
        self.model = context.model or self.model
        return self._one(context)

    def _token_record(self, payload: dict[str, Any]) -> list[Fact]:
        return self._one(self.tokens.record(payload, self.model, self.own_id) or Other("token_usage_record"))

    def _agent_talk(self, payload: dict[str, Any]) -> list[Fact]:
        self.talk.task_follows = payload.get("trigger_turn") is True
        return self._one(Other("inter_agent_communication_metadata"))

    def _state_line(self, payload: dict[str, Any]) -> list[Fact]:
        return self._one(Other("state"))

    def _chat(self, payload: dict[str, Any]) -> list[Fact]:
        """An item in the shape of the chat API, as the TypeScript Codex kept it for providers that have no other."""
        role = payload.get("role")
        if role == "tool":
            return self._output({"call_id": payload.get("tool_call_id"), "output": payload.get("content")})
        if role != "assistant":
            return self._message(payload)
        facts: list[Fact] = []
        thought = payload.get("reasoning")
        if isinstance(thought, str) and thought.strip():
            facts += self._one(Reasoning(thought))
        calls = chat_calls(payload)
        if not calls or any(text.strip() for text in content_texts(payload.get("content"))):
            facts += self._message(payload)
        return facts + [fact for call in calls for fact in self._call(call)]

    def _response_item(self, payload: dict[str, Any]) -> list[Fact]:
        kind = payload.get("type")
        handler = _ITEMS.get(kind) if isinstance(kind, str) else None
        return handler(self, payload) if handler else self._one(self.skips.unused(kind, "response_item/"))

    def _event_msg(self, payload: dict[str, Any]) -> list[Fact]:
        kind = payload.get("type")
        handler = _EVENTS.get(kind) if isinstance(kind, str) else None
        return handler(self, payload) if handler else self._one(self.skips.unused(kind, "event_msg/"))

    # -- response items -----------------------------------------------------------------------------------------------

    def _message(self, payload: dict[str, Any]) -> list[Fact]:
        role = payload.get("role")
        if role == "user":
            fact = self.talk.message(payload, self._offset, self._length, self._at)
            known = None if self.cwd else read_environment(payload)
            if known is None:
                return self._one(fact)
            self.cwd = known.cwd
            return [*self._one(fact), *self._one(known)]
        role = role if role in ("assistant", "developer", "system") else "injected"
        text = "\n".join(content_texts(payload.get("content")))
        return self._one(Message(role, text, text_of(payload.get("phase"), 32)))

    def _agent_message(self, payload: dict[str, Any]) -> list[Fact]:
        return self._one(self.talk.agent_message(payload))

    def _reasoning(self, payload: dict[str, Any]) -> list[Fact]:
        text = "\n\n".join(content_texts(payload.get("summary")))
        return self._one(Reasoning(text) if text.strip() else Other("reasoning"))

    def _call(self, payload: dict[str, Any]) -> list[Fact]:
        return self.work.call(payload, self._offset, self._at, self.talk.turn, self.cwd)

    def _output(self, payload: dict[str, Any]) -> list[Fact]:
        return self.work.output(payload, self.talk.turn)

    def _snapshot(self, payload: dict[str, Any]) -> list[Fact]:
        self.history.snapshot(self.talk.turn)
        ghost = payload.get("ghost_commit")
        return self._one(Other("ghost_snapshot", text_of(ghost.get("parent"), 64) if isinstance(ghost, dict) else ""))

    # -- events -------------------------------------------------------------------------------------------------------

    def _user_message(self, payload: dict[str, Any]) -> list[Fact]:
        if payload.get("kind", "plain") not in ("plain", None):
            return self._one(Message("injected", prompt_text(payload), ""))
        data = self.talk.event(prompt_text(payload), self._offset, self._before)
        return self._one(data)

    def _token_count(self, payload: dict[str, Any]) -> list[Fact]:
        return self._one(self.tokens.count(payload, self.model) or Other("token_count"))

    def _turn_border(self, payload: dict[str, Any]) -> list[Fact]:
        self.work.end_turn()
        return self._one(Other(text_of(payload.get("type"), 64)))

    def _rolled_back(self, payload: dict[str, Any]) -> list[Fact]:
        """The last turns leave the conversation; what they wrote stays on disk, so their edits stay what they are."""
        self.work.end_turn()
        turns = self.history.roll_back(self.talk.turn, whole(payload.get("num_turns")))
        return [*self._one(Other("thread_rolled_back")), *(Fact(Other("rolled back"), turn) for turn in turns)]

    def _undone(self, payload: dict[str, Any]) -> list[Fact]:
        """The files are again as they were when the last turn began that took a snapshot of them."""
        turn = self.history.undo() if payload.get("success") is True else None
        return [*self._one(Other("undo_completed")), *(() if turn is None else (Fact(Other("undone"), turn),))]

    def _settings(self, payload: dict[str, Any]) -> list[Fact]:
        settings = payload.get("thread_settings")
        if isinstance(settings, dict):
            self.model = text_of(settings.get("model"), 128) or self.model
        return self._one(Other("thread_settings_applied"))

    def _patch_end(self, payload: dict[str, Any]) -> list[Fact]:
        call_id = text_of(payload.get("call_id"), 128)
        edits = self.work.patch_record(call_id, payload, self.talk.turn, self.cwd)
        return [*self._one(Other("patch_apply_end")), *edits]

    def _exec_end(self, payload: dict[str, Any]) -> list[Fact]:
        facts = self.work.command_record(text_of(payload.get("call_id"), 128), payload, self.talk.turn, self.cwd)
        return facts if facts and type(facts[0].data) is Call else [*self._one(Other("exec_command_end")), *facts]

    def _item(self, payload: dict[str, Any]) -> list[Fact]:
        item = payload.get("item")
        if not isinstance(item, dict):
            return self._one(self.skips.unused("item_completed", "event_msg/"))
        kind, item_id = item.get("type"), text_of(item.get("id"), 128)
        if kind == "UserMessage":
            return self._one(self.talk.event(prompt_text(payload), self._offset, self._before))
        if kind == "FileChange":
            edits = self.work.patch_record(item_id, item, self.talk.turn, self.cwd)
            return [*self._one(Other("FileChange")), *edits]
        if kind == "CommandExecution":
            facts = self.work.command_record(item_id, item, self.talk.turn, self.cwd)
            return facts if facts and type(facts[0].data) is Call else [*self._one(Other("CommandExecution")), *facts]
        if kind == "Plan":
            return self._one(Plan(text_of(item.get("text"), 1 << 20), ()))
        return self._one(self.skips.unused(kind, "item_completed/"))


_Handler = Callable[[CodexReader, dict[str, Any]], list[Fact]]

_LINES: dict[str, _Handler] = {
    "response_item": CodexReader._response_item,
    "event_msg": CodexReader._event_msg,
    "turn_context": CodexReader._turn_context,
    "token_usage_record": CodexReader._token_record,
    "inter_agent_communication_metadata": CodexReader._agent_talk,
    "state": CodexReader._state_line,
    "chat": CodexReader._chat,
}
_ITEMS: dict[str, _Handler] = {
    "message": CodexReader._message,
    "agent_message": CodexReader._agent_message,
    "reasoning": CodexReader._reasoning,
    "function_call": CodexReader._call,
    "custom_tool_call": CodexReader._call,
    "local_shell_call": CodexReader._call,
    "function_call_output": CodexReader._output,
    "custom_tool_call_output": CodexReader._output,
    "local_shell_call_output": CodexReader._output,
    "ghost_snapshot": CodexReader._snapshot,
}
_EVENTS: dict[str, _Handler] = {
    "user_message": CodexReader._user_message,
    "token_count": CodexReader._token_count,
    "task_started": CodexReader._turn_border,
    "turn_started": CodexReader._turn_border,
    "task_complete": CodexReader._turn_border,
    "turn_complete": CodexReader._turn_border,
    "turn_aborted": CodexReader._turn_border,
    "thread_rolled_back": CodexReader._rolled_back,
    "undo_completed": CodexReader._undone,
    "thread_settings_applied": CodexReader._settings,
    "patch_apply_end": CodexReader._patch_end,
    "exec_command_end": CodexReader._exec_end,
    "item_completed": CodexReader._item,
}
