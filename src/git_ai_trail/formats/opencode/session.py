"""Reads the log that is made of one session of OpenCode, line by line; see `lines` for what a line is."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from git_ai_trail.facts import Context, Event, Message, Meta, Other, PendingCommit, Prompt, Reasoning, Tokens
from git_ai_trail.formats.events import Fact, events_of
from git_ai_trail.formats.fields import an_id, text_of, whole
from git_ai_trail.formats.opencode import STATE_VERSION
from git_ai_trail.formats.opencode.calls import going_commits, read_call
from git_ai_trail.formats.opencode.discovery import session_id_of
from git_ai_trail.formats.opencode.seen import Seen
from git_ai_trail.formats.opencode.unused import UNUSED
from git_ai_trail.formats.paths import resolve
from git_ai_trail.formats.reader import CountingReader
from git_ai_trail.formats.records import Record

_RESTARTS = ('{"type":"session"', '{"type":"message"', '{"type":"part"')
_LONGEST = 1 << 22
_MOST_GOING = 64


class OpenCodeReader(CountingReader):
    """Satisfies `protocol.Reader`."""

    def __init__(self, path: str, state: Mapping[str, Any] | None = None) -> None:
        super().__init__(UNUSED)
        self.session_id = session_id_of(path) or "unknown"
        self.sub_agent = False
        self.created = 0  # when the session began, in milliseconds
        self.cwd = ""
        self.model = ""
        self.prompted = ""  # the message that the turn began with
        self.seen = Seen()
        self._going: list[PendingCommit] = []
        if state and state.get("version") == STATE_VERSION:
            self._restore(state)

    # -- the contract -------------------------------------------------------------------------------------------------

    def feed(self, line: bytes, offset: int) -> list[Event]:
        return [
            event for record in self._read(line, _RESTARTS) for event in events_of(self._take(record), record, offset)
        ]

    def pending_commits(self) -> list[PendingCommit]:
        return self._going[:]

    def state(self) -> dict[str, Any]:
        """Calls that go on are no part of it: they are given again, behind all that is finished."""
        return {
            "version": STATE_VERSION,
            "session_id": self.session_id,
            "sub_agent": self.sub_agent,
            "created": self.created,
            "cwd": self.cwd,
            "model": self.model,
            "turn": self.turn,
            "prompted": self.prompted,
            "seen": self.seen.state(),
            "skipped": dict(self._skipped.counts),
        }

    def _restore(self, state: Mapping[str, Any]) -> None:
        self.session_id, self.sub_agent = str(state["session_id"]), bool(state["sub_agent"])
        self.created, self.cwd, self.model = int(state["created"]), str(state["cwd"]), str(state["model"])
        self.turn, self.prompted = int(state["turn"]), str(state["prompted"])
        self.seen.restore(state["seen"])
        self._skipped.restore(state["skipped"])

    # -- records ------------------------------------------------------------------------------------------------------

    def _take(self, record: Record) -> list[Fact]:
        line = record.data
        kind = line.get("type")
        if kind == "session":
            return self._session(line)
        given = line.get("data")
        data: dict[str, Any] = given if isinstance(given, dict) else {}
        began = whole(line.get("began"))
        at = began / 1000 if began else None
        if kind not in ("message", "part"):
            return self._one(self._skipped.unused(kind), None)
        if began < self.created:
            # A fork begins with copies of the rows of the session it leaves: new ids, old times.
            return self._one(Other(f"copied {kind}"), at)
        if kind == "message":
            return self._message(line, data, at)
        return self._part(line, data, at)

    def _session(self, line: dict[str, Any]) -> list[Fact]:
        self.session_id = an_id(line.get("id")) or self.session_id
        self.created = whole(line.get("created"))
        self.cwd = resolve(line.get("directory"))
        parent, root = an_id(line.get("parent")), an_id(line.get("root"))
        self.sub_agent = bool(parent)
        at = self.created / 1000 if self.created else None
        meta = Meta(
            session_id=self.session_id,
            started_at=at,
            cwd=self.cwd,
            agent_version=text_of(line.get("version"), 64),
            originator="",
            source="subagent" if parent else "unknown",
            parent_id=parent,
            root_id=root or parent or self.session_id,
            git_oid="",
            git_branch="",
            git_url="",
            model_provider="",
        )
        return [Fact(meta, self.turn, at), *self._one(Other("session"), at)]

    def _message(self, line: dict[str, Any], data: dict[str, Any], at: float | None) -> list[Fact]:
        """What is said of a message: who answered, and the tokens. What was said stands in its parts."""
        if line.get("role") == "user":
            named = data.get("model")
            model = text_of(named.get("modelID"), 128) if isinstance(named, dict) else ""
            return [*self._one(Other("message"), at), *self._context(model, at)]
        times = data.get("time")
        ended = whole(times.get("completed")) if isinstance(times, dict) else 0
        if not ended:
            return self._one(Other("message"), at)  # it goes on
        at = ended / 1000
        facts = [*self._one(Other("message"), at), *self._context(text_of(data.get("modelID"), 128), at)]
        return [*facts, *self._tokens(data, at)]

    def _context(self, model: str, at: float | None) -> list[Fact]:
        if not model or model == self.model:
            return []
        self.model = model
        return self._one(Context("", self.cwd, model, "", "", ""), at)

    def _tokens(self, data: dict[str, Any], at: float | None) -> list[Fact]:
        """Input is without what came from the cache. Output is without reasoning where the total says so (1.18; not in 1.2.4),
        and has it in it where there is no total (1.0)."""
        given = data.get("tokens")
        if not isinstance(given, dict):
            return []
        cache = given.get("cache")
        read, write = (whole(cache.get(name)) for name in ("read", "write")) if isinstance(cache, dict) else (0, 0)
        fresh, output, reasoning = (whole(given.get(name)) for name in ("input", "output", "reasoning"))
        total = whole(given.get("total"))
        if (total and total == fresh + read + write + output + reasoning) or reasoning > output:
            output += reasoning
        figures = (fresh + read + write, read, write, output, reasoning)
        return self._one(Tokens(self.model, *figures), at) if any(figures) else []

    # -- parts --------------------------------------------------------------------------------------------------------

    def _part(self, line: dict[str, Any], data: dict[str, Any], at: float | None) -> list[Fact]:
        kind = data.get("type")
        if kind == "tool":
            return self._tool(data, at)
        times = data.get("time")
        ended = whole(times.get("end")) if isinstance(times, dict) else 0
        at = ended / 1000 if ended else at
        text = text_of(data.get("text"), _LONGEST)
        if not text.strip() or kind not in ("text", "reasoning"):
            return self._one(self._skipped.unused(kind), at)
        if kind == "reasoning":
            return self._one(Reasoning(text), at)
        if line.get("role") == "user":
            return self._said(text_of(line.get("message"), 128), data, text, at)
        return self._one(Message("agent" if self.sub_agent else "assistant", text, ""), at)

    def _said(self, message: str, data: dict[str, Any], text: str, at: float | None) -> list[Fact]:
        """A text that is not the model's: typed by a person, put there by the program, or a task given to a sub-agent."""
        if data.get("ignored") is True:
            return self._one(Message("system", text, ""), at)
        if data.get("synthetic") is True or (message and message == self.prompted):
            return self._one(Message("injected", text, ""), at)
        self.turn += 1
        self.prompted = message
        if self.sub_agent:
            return self._one(Message("agent", text, ""), at)
        return self._one(Prompt(self.turn, text), at)

    def _tool(self, data: dict[str, Any], at: float | None) -> list[Fact]:
        state = data.get("state")
        if not isinstance(state, dict):
            return self._one(self._skipped.unused("tool-without-state"), at)
        times = state.get("time")
        began, ended = (whole(times.get(name)) for name in ("start", "end")) if isinstance(times, dict) else (0, 0)
        start = began / 1000 if began else at
        if state.get("status") in ("pending", "running"):
            self._going += going_commits(data, state, self.cwd, start, self.turn)[: _MOST_GOING - len(self._going)]
            return self._one(Other("going call"), start)
        call = read_call(data, state, self.cwd, self.seen)
        end = ended / 1000 if ended else start
        return [
            Fact(call.call, self.turn, start),
            *([Fact(call.plan, self.turn, start)] if call.plan else ()),
            *(Fact(result, self.turn, end) for result in (call.output, *call.edits, *call.commits)),
        ]
