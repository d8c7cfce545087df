"""Reads one log of GitHub Copilot CLI, record by record."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from git_ai_trail.facts import Context, Event, Message, Meta, Other, PendingCommit, Prompt, Reasoning, Tokens
from git_ai_trail.formats.clock import unix_time
from git_ai_trail.formats.copilot import STATE_VERSION
from git_ai_trail.formats.copilot.discovery import session_id_of
from git_ai_trail.formats.copilot.unused import UNUSED
from git_ai_trail.formats.copilot.work import OpenCall, Work
from git_ai_trail.formats.events import Fact, events_of
from git_ai_trail.formats.fields import an_id, text_of, whole
from git_ai_trail.formats.paths import resolve
from git_ai_trail.formats.reader import CountingReader
from git_ai_trail.formats.records import Record, read_records
from git_ai_trail.git import is_oid

_RESTARTS = ('{"type"', '{"data"', '{"id"')
_LONGEST = 1 << 22
_FIGURES = ("inputTokens", "cacheReadTokens", "cacheWriteTokens", "outputTokens", "reasoningTokens")
_MOST_MODELS = 32


class CopilotReader(CountingReader):
    """Satisfies `protocol.Reader`."""

    def __init__(self, path: str, state: Mapping[str, Any] | None = None) -> None:
        super().__init__(UNUSED)
        self.session_id = session_id_of(path)
        self.known = False
        self.cwd = ""
        self.model = ""
        self.each = False  # tokens are recorded for each response
        self.answers = 0  # of the run that goes on
        self.totals: dict[str, list[int]] = {}  # at the end of the last run, by model
        self.work = Work()
        self._awaited: dict[int, list[Any]] = {}  # lines that are fed again after a restart
        if state and state.get("version") == STATE_VERSION:
            self._restore(state)

    # -- the contract -------------------------------------------------------------------------------------------------

    def feed(self, line: bytes, offset: int) -> list[Event]:
        if offset in self._awaited:
            self._remember(read_records(line, _RESTARTS)[0], offset, self._awaited.pop(offset))
            return []
        return [
            event
            for record in self._read(line, _RESTARTS)
            for event in events_of(self._take(record, offset), record, offset)
        ]

    def pending_commits(self) -> list[PendingCommit]:
        return self.work.pending()

    def state(self) -> dict[str, Any]:
        return {
            "version": STATE_VERSION,
            "session_id": self.session_id,
            "known": self.known,
            "turn": self.turn,
            "cwd": self.cwd,
            "model": self.model,
            "each": self.each,
            "answers": self.answers,
            "totals": self.totals,
            "calls": [call.flags() for call in self.work.open.values()],
            "skipped": dict(self._skipped.counts),
        }

    def _restore(self, state: Mapping[str, Any]) -> None:
        self.session_id, self.known, self.turn = str(state["session_id"]), bool(state["known"]), int(state["turn"])
        self.cwd, self.model, self.each = str(state["cwd"]), str(state["model"]), bool(state["each"])
        self.answers = int(state["answers"])
        self.totals = {str(model): list(figures) for model, figures in state["totals"].items()}
        self._skipped.restore(state["skipped"])
        for offset, at, turn, folder in state["calls"]:
            self._awaited.setdefault(int(offset), []).append((at, turn, folder))

    def _remember(self, records: list[Record], offset: int, kept: list[Any]) -> None:
        starts = [record.data for record in records if record.data.get("type") == "tool.execution_start"]
        for data, (at, turn, folder) in zip(starts[-len(kept) :], kept, strict=False):
            self.work.keep(OpenCall(_data(data), offset, at, turn, folder))

    # -- records ------------------------------------------------------------------------------------------------------

    def _take(self, record: Record, offset: int) -> list[Fact]:
        kind, data = record.data.get("type"), _data(record.data)
        at = unix_time(record.data.get("timestamp"))
        ours = not record.data.get("agentId") and not data.get("parentToolCallId")
        if kind in ("session.start", "session.resume"):
            return [*self._session(data, at), *self._one(Other(str(kind)), at)]
        if kind == "user.message":
            return self._user(data, at, ours=ours)
        if kind == "system.message":
            return self._one(Message("system", text_of(data.get("content"), _LONGEST), ""), at)
        if kind == "assistant.message":
            return self._answer(data, at, ours=ours)
        if kind == "tool.execution_start":
            called = self.work.call(OpenCall(data, offset, at, self.turn, self.cwd))
            return called or self._one(Other("repeated call"), at)
        if kind == "tool.execution_complete":
            return self.work.answer(data, self.turn, at)
        if kind == "session.usage_record":
            return [*self._one(Other(str(kind)), at), *self._usage(data, at)]
        if kind == "session.shutdown":
            return [*self._one(Other(str(kind)), at), *self._totals(data, at)]
        return self._one(self._skipped.unused(kind), at)

    def _session(self, data: dict[str, Any], at: float | None) -> list[Fact]:
        given = data.get("context")
        context: dict[str, Any] = given if isinstance(given, dict) else {}
        self.cwd = resolve(context.get("cwd")) or self.cwd
        self.answers = 0
        if self.known:
            return []
        self.known = True
        self.session_id = an_id(data.get("sessionId")).lower() or self.session_id or "unknown"
        began = unix_time(data.get("startTime"))
        oid = text_of(context.get("headCommit"), 64)
        host, name = text_of(context.get("repositoryHost"), 128), text_of(context.get("repository"))
        meta = Meta(
            session_id=self.session_id,
            started_at=at if began is None else began,
            cwd=self.cwd,
            agent_version=text_of(data.get("copilotVersion"), 64),
            originator=text_of(data.get("producer"), 64),
            source="cli",
            parent_id="",
            root_id=self.session_id,
            git_oid=oid if is_oid(oid) else "",
            git_branch=text_of(context.get("branch")),
            git_url=f"https://{host}/{name}" if host and name else "",
            model_provider="",
        )
        return [Fact(meta, self.turn, at)]

    def _user(self, data: dict[str, Any], at: float | None, *, ours: bool) -> list[Fact]:
        text = text_of(data.get("content"), _LONGEST)
        if not text.strip():
            return self._one(Other("user.message"), at)
        if not ours or data.get("source"):
            role = "agent" if text_of(data.get("source")).startswith("agent-") or not ours else "injected"
            return self._one(Message(role, text, ""), at)
        self.turn += 1
        return self._one(Prompt(self.turn, text), at)

    def _answer(self, data: dict[str, Any], at: float | None, *, ours: bool) -> list[Fact]:
        facts: list[Fact] = []
        self.answers += 1
        text, thought = text_of(data.get("content"), _LONGEST), text_of(data.get("reasoningText"), _LONGEST)
        if thought.strip():
            facts += self._one(Reasoning(thought), at)
        if text.strip():
            facts += self._one(Message("assistant" if ours else "agent", text, ""), at)
        facts = facts or self._one(Other("assistant.message"), at)
        model = text_of(data.get("model"), 128)
        if model and model != self.model:
            self.model = model
            facts += self._one(Context("", self.cwd, model, "", "", ""), at)
        return facts

    # -- tokens -------------------------------------------------------------------------------------------------------

    def _usage(self, data: dict[str, Any], at: float | None) -> list[Fact]:
        """Tokens of one response (1.0.102). Input has what was cached in it."""
        usage = data.get("usage")
        if not isinstance(usage, dict):
            return []
        self.each = True
        figures = [whole(usage.get(name)) for name in _FIGURES]
        model = text_of(usage.get("model"), 128) or self.model
        return self._one(Tokens(model, *figures), at) if any(figures) else []

    def _totals(self, data: dict[str, Any], at: float | None) -> list[Fact]:
        """What a run used, where there is no record for each response: alone up to 1.0.44, with all runs before it since
        1.0.71, which shows in that it counts more requests than the run has answers."""
        metrics = data.get("modelMetrics")
        if self.each or not isinstance(metrics, dict):
            return []
        facts: list[Fact] = []
        for name, one in list(metrics.items())[:_MOST_MODELS]:
            usage = one.get("usage") if isinstance(one, dict) else None
            if not isinstance(usage, dict):
                continue
            model, now = name[:128], [whole(usage.get(figure)) for figure in _FIGURES]
            before = self.totals.get(model, [0] * len(now))
            grown = [new - old for new, old in zip(now, before, strict=True)]
            if len(self.totals) < _MOST_MODELS or model in self.totals:
                self.totals[model] = now
            requests = one.get("requests")
            count = whole(requests.get("count")) if isinstance(requests, dict) else 0
            used = grown if min(grown) >= 0 and count > self.answers else now
            facts += self._one(Tokens(model, *used), at) if any(used) else []
        return facts


def _data(record: dict[str, Any]) -> dict[str, Any]:
    data = record.get("data")
    return data if isinstance(data, dict) else {}
