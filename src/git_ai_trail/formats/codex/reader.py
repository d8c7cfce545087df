"""Reads one Codex log line by line; every line is judged by itself, since a file can mix the shapes of several versions."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

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
    PendingCommit,
    Plan,
    Prompt,
    Reasoning,
    Tokens,
)
from git_ai_trail.formats.clock import unix_time
from git_ai_trail.formats.codex.conversation import Conversation, Waiting
from git_ai_trail.formats.codex.copies import Copies
from git_ai_trail.formats.codex.discovery import session_id_of
from git_ai_trail.formats.codex.prompts import content_texts, human_texts
from git_ai_trail.formats.codex.session import is_human, read_context, read_meta
from git_ai_trail.formats.codex.shapes import bare_kind, is_answer, prompt_text
from git_ai_trail.formats.codex.skipped import Skipped
from git_ai_trail.formats.codex.tokens import TokenCounter
from git_ai_trail.formats.codex.work import Fact, OpenCall, Work
from git_ai_trail.formats.fields import an_id, text_of
from git_ai_trail.formats.paths import resolve
from git_ai_trail.formats.records import Record, read_records
from git_ai_trail.lazy import pattern

STATE_VERSION = 1

_KINDS: dict[type, str] = {
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
_CWD = pattern(r"<cwd>([^<\n]{1,4096})</cwd>|Current working directory: ([^\n]{1,4096})")


class CodexReader:
    """Satisfies `protocol.Reader`."""

    def __init__(self, path: str, state: Mapping[str, Any] | None = None) -> None:
        self.session_id = session_id_of(path)
        self.meta: Meta | None = None
        self.own_id = ""
        self.cwd = ""
        self.model = ""
        self.talk = Conversation()
        self.work = Work()
        self.copies = Copies()
        self.tokens = TokenCounter()
        self._skipped = Skipped()
        self._awaited: dict[int, list[Any]] = {}  # lines that are fed again after a restart
        # The record that is being read.
        self._offset = 0
        self._length = 0
        self._at: float | None = None
        self._before: tuple[int, str] | None = None
        if state:
            self._restore(state)

    # -- the contract -------------------------------------------------------------------------------------------------

    def feed(self, line: bytes, offset: int) -> list[Event]:
        records, problem = read_records(line)
        if offset in self._awaited:
            if records:
                self._remember(records[0].data, offset, records[0].length)
            return []
        if problem:
            self._skipped.add(problem)
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
        return self._skipped.counts

    def state(self) -> dict[str, Any]:
        return {
            "version": STATE_VERSION,
            "session_id": self.own_id or self.session_id,
            "seen_meta": bool(self.own_id),
            "cwd": self.cwd,
            "model": self.model,
            "turn": self.talk.turn,
            "human": self.talk.human,
            "has_events": self.talk.has_events,
            "task_follows": self.talk.task_follows,
            "paginated": self.work.paginated,
            "waiting": [[waiting.offset, waiting.at] for waiting in self.talk.waiting],
            "last": self.talk.last[0] if self.talk.last else None,
            "calls": [call.flags() for call in self.work.open.values()],
            "closed": list(self.work.closed.items()),
            "copies": self.copies.state(),
            "tokens": self.tokens.state(),
            "skipped": dict(self._skipped.counts),
        }

    def _restore(self, state: Mapping[str, Any]) -> None:
        if state.get("version") != STATE_VERSION:
            return
        self.session_id = str(state["session_id"])
        self.own_id = self.session_id if state["seen_meta"] else ""
        self.cwd, self.model = str(state["cwd"]), str(state["model"])
        talk = self.talk
        talk.turn, talk.human, talk.has_events = int(state["turn"]), bool(state["human"]), bool(state["has_events"])
        talk.task_follows = bool(state["task_follows"])
        self.work.paginated = bool(state["paginated"])
        self.work.closed = {str(key): bool(gave) for key, gave in state["closed"]}
        self.copies.restore(state["copies"])
        self.tokens.restore(state["tokens"])
        self._skipped.counts = {str(kind): int(count) for kind, count in state["skipped"].items()}
        for flags in state["calls"]:
            self._awaited[flags[0]] = ["call", flags]
        for offset, at in state["waiting"]:
            self._awaited[offset] = ["waiting", at]
        if state["last"] is not None:
            self._awaited[state["last"]] = ["last"]

    def _remember(self, data: dict[str, Any], offset: int, length: int) -> None:
        """Takes up again what a line left open."""
        what = self._awaited.pop(offset)
        payload = data.get("payload")
        payload = payload if isinstance(payload, dict) else data
        if what[0] == "call":
            call = OpenCall.restored(payload, what[1])
            self.work.open[call.text.call_id or f"@{offset}"] = call
        elif what[0] == "waiting":
            self.talk.waiting.append(Waiting(offset, length, what[1], "\n".join(human_texts(payload))))
        else:
            self.talk.last = (offset, prompt_text(payload))

    # -- one record ---------------------------------------------------------------------------------------------------

    def _take(self, record: Record, offset: int, events: list[Event]) -> None:
        data = record.data
        kind, payload = data.get("type"), data.get("payload")
        bare = not isinstance(payload, dict)
        if not isinstance(payload, dict):
            payload = data
            kind = bare_kind(data)
        self._offset, self._length = offset + record.start, record.length
        self._at = None if bare else unix_time(data.get("timestamp"))
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
            facts = handler(self, payload) if handler else self._one(self._skipped.unused(kind))
            if bare and self.talk.waiting:
                events.extend(self._emit(facts, data))
                self._answered(events)
                return
        events.extend(self._emit(facts, data))

    def _emit(self, facts: list[Fact], raw: dict[str, Any]) -> list[Event]:
        """Events of one record: the first carries the whole record, the others are derived from it."""
        return [
            Event(
                _KINDS[type(fact.data)],
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
            kind = _KINDS[type(data)]
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
            return self._one(Other("session_meta update"))
        meta = read_meta(payload, self.session_id)
        self.own_id = self.session_id = meta.session_id
        self.cwd = meta.cwd
        self.talk.human = is_human(meta)
        self.work.paginated = payload.get("history_mode") == "paginated" or ordinal is not None
        self.copies.first_meta(payload, self._at)
        return self._one(meta)

    def _copied(self, payload: dict[str, Any]) -> list[Fact]:
        if payload.get("type") == "token_count":
            self.tokens.inherit(payload)
        self._skipped.add("copied history")
        return self._one(Other("copied history"))

    def _turn_context(self, payload: dict[str, Any]) -> list[Fact]:
        context = read_context(payload)
        self.cwd = context.cwd or self.cwd
        self.model = context.model or self.model
        return self._one(context)

    def _token_record(self, payload: dict[str, Any]) -> list[Fact]:
        return self._one(self.tokens.record(payload, self.model) or Other("token_usage_record"))

    def _agent_talk(self, payload: dict[str, Any]) -> list[Fact]:
        self.talk.task_follows = payload.get("trigger_turn") is True
        return self._one(Other("inter_agent_communication_metadata"))

    def _state_line(self, payload: dict[str, Any]) -> list[Fact]:
        return self._one(Other("state"))

    def _response_item(self, payload: dict[str, Any]) -> list[Fact]:
        kind = payload.get("type")
        handler = _ITEMS.get(kind) if isinstance(kind, str) else None
        return handler(self, payload) if handler else self._one(self._skipped.unused(kind, "response_item/"))

    def _event_msg(self, payload: dict[str, Any]) -> list[Fact]:
        kind = payload.get("type")
        handler = _EVENTS.get(kind) if isinstance(kind, str) else None
        return handler(self, payload) if handler else self._one(self._skipped.unused(kind, "event_msg/"))

    # -- response items -----------------------------------------------------------------------------------------------

    def _message(self, payload: dict[str, Any]) -> list[Fact]:
        role = payload.get("role")
        if role == "user":
            if not self.cwd:
                found = _CWD.search("\n".join(content_texts(payload.get("content")))[:8192])
                self.cwd = resolve(found[1] or found[2]) if found else ""
            return self._one(self.talk.message(payload, self._offset, self._length, self._at))
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
            return self._one(self._skipped.unused("item_completed", "event_msg/"))
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
        return self._one(self._skipped.unused(kind, "item_completed/"))


_Handler = Callable[[CodexReader, dict[str, Any]], list[Fact]]

_LINES: dict[str, _Handler] = {
    "response_item": CodexReader._response_item,
    "event_msg": CodexReader._event_msg,
    "turn_context": CodexReader._turn_context,
    "token_usage_record": CodexReader._token_record,
    "inter_agent_communication_metadata": CodexReader._agent_talk,
    "state": CodexReader._state_line,
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
}
_EVENTS: dict[str, _Handler] = {
    "user_message": CodexReader._user_message,
    "token_count": CodexReader._token_count,
    "task_started": CodexReader._turn_border,
    "turn_started": CodexReader._turn_border,
    "task_complete": CodexReader._turn_border,
    "turn_complete": CodexReader._turn_border,
    "turn_aborted": CodexReader._turn_border,
    "thread_settings_applied": CodexReader._settings,
    "patch_apply_end": CodexReader._patch_end,
    "exec_command_end": CodexReader._exec_end,
    "item_completed": CodexReader._item,
}
