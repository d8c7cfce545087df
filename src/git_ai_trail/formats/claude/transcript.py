"""Reads one log of Claude Code, record by record, in the order of the file: the tree that the records form is cut by
compaction, and what was left behind in it happened all the same."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any
from zlib import crc32

from git_ai_trail.facts import (
    Context,
    Event,
    Message,
    Meta,
    Other,
    PendingCommit,
    Prompt,
    Reasoning,
)
from git_ai_trail.formats.claude import STATE_VERSION
from git_ai_trail.formats.claude.copies import Copies
from git_ai_trail.formats.claude.discovery import agent_of, session_id_of, sub_agent_id
from git_ai_trail.formats.claude.prompts import human_text, queued, texts_of, typed
from git_ai_trail.formats.claude.results import ended_task
from git_ai_trail.formats.claude.session import read_meta, session_of
from git_ai_trail.formats.claude.tokens import SYNTHETIC, TokenCounter
from git_ai_trail.formats.claude.unused import UNUSED
from git_ai_trail.formats.claude.work import Fact, OpenCall, Work
from git_ai_trail.formats.clock import unix_time
from git_ai_trail.formats.events import Fact as Told
from git_ai_trail.formats.events import events_of
from git_ai_trail.formats.fields import text_of
from git_ai_trail.formats.paths import resolve
from git_ai_trail.formats.reader import CountingReader
from git_ai_trail.formats.records import Record, read_records

_RESTARTS = ('{"parentUuid"', '{"type"', '{"logicalParentUuid"', '{"isSidechain"', '{"sessionId"')
# A record that is written twice stands near its twin.
_REMEMBERED = 32
_LONGEST = 1 << 22
_CONVERSATION = ("user", "assistant", "attachment", "system")


class ClaudeReader(CountingReader):
    """Satisfies `protocol.Reader`."""

    def __init__(self, path: str, state: Mapping[str, Any] | None = None) -> None:
        super().__init__(UNUSED)
        self.agent = agent_of(path)
        self.session_id = session_id_of(path)
        self.known = False  # the session's meta was given
        self.cwd = ""
        self.settings = 0  # digest of the last context
        self.approval = ""
        self.work = Work()
        self.copies = Copies()
        self.tokens = TokenCounter()
        self._recent: dict[int, None] = {}  # digests of the last uuids
        self._waiting: list[tuple[int, int, float | None, str]] = []  # prompts that may turn out to be copied
        self._awaited: dict[int, list[Any]] = {}  # lines that are fed again after a restart
        # The record that is being read.
        self._offset = 0
        self._length = 0
        self._at: float | None = None
        if state:
            self._restore(state)

    # -- the contract -------------------------------------------------------------------------------------------------

    def feed(self, line: bytes, offset: int) -> list[Event]:
        awaited = self._awaited.pop(offset, None)
        if awaited is not None:
            for record in read_records(line, _RESTARTS)[0]:
                self._remember(record, offset, awaited)
            return []
        events: list[Event] = []
        for record in self._read(line, _RESTARTS):
            self._take(record, offset, events)
        return events

    def finish(self) -> list[Event]:
        events: list[Event] = []
        self._answered(events)
        return events

    def pending_commits(self) -> list[PendingCommit]:
        return self.work.pending()

    def state(self) -> dict[str, Any]:
        return {
            "version": STATE_VERSION,
            "session_id": self.session_id,
            "known": self.known,
            "turn": self.turn,
            "cwd": self.cwd,
            "settings": self.settings,
            "approval": self.approval,
            "calls": [call.flags() for call in self.work.open.values()],
            "waiting": [[offset, at] for offset, _, at, _ in self._waiting],
            "copies": self.copies.state(),
            "tokens": self.tokens.state(),
            "recent": list(self._recent),
            "skipped": dict(self._skipped.counts),
        }

    def _restore(self, state: Mapping[str, Any]) -> None:
        if state.get("version") != STATE_VERSION:
            return
        self.session_id, self.known, self.turn = str(state["session_id"]), bool(state["known"]), int(state["turn"])
        self.cwd, self.settings, self.approval = str(state["cwd"]), int(state["settings"]), str(state["approval"])
        self.copies.restore(state["copies"])
        self.tokens.restore(state["tokens"])
        self._recent = dict.fromkeys(map(int, state["recent"]))
        self._skipped.restore(state["skipped"])
        for flags in state["calls"]:
            self._awaited.setdefault(flags[0], []).append(flags)
        for offset, at in state["waiting"]:
            self._awaited.setdefault(offset, []).append(at)

    def _remember(self, record: Record, offset: int, awaited: list[Any]) -> None:
        """Takes up again what a line left open."""
        content = _message(record.data).get("content")
        for left in awaited:
            if not isinstance(left, list):
                self._waiting.append((offset, record.length, left, human_text(record.data, content)))
            elif isinstance(content, list) and left[1] < len(content):
                self.work.keep(OpenCall.restored(content[left[1]], left, resolve(record.data.get("cwd"))))

    # -- one record ---------------------------------------------------------------------------------------------------

    def _take(self, record: Record, offset: int, events: list[Event]) -> None:
        data = record.data
        kind = data.get("type")
        self._offset, self._length = offset + record.start, record.length
        self._at = unix_time(data.get("timestamp"))
        facts: list[Fact] = []
        if kind in _CONVERSATION:
            facts = self._in_conversation(kind, data, events)
        else:
            self.copies.side_note(data, self._at)
            if kind == "permission-mode":
                self.approval = text_of(data.get("permissionMode"), 64)
            facts = self._fact(self._skipped.unused(kind))
        events += events_of([Told(fact.data, fact.turn, self._at) for fact in facts], record, offset)

    def _in_conversation(self, kind: str, data: dict[str, Any], events: list[Event]) -> list[Fact]:
        meta = None if self.known else self._meta(data)
        if self._is_repeated(data):
            self._skipped.add("repeated record")
            return self._fact(Other("repeated record"))
        if self._waiting and kind == "assistant":
            self.copies.is_restamped(data, self._at, self._waiting[0][2])
        if not self.agent and self.copies.covers(data, self.session_id, self._at):
            return self._copied(meta, kind)
        if kind != "attachment" and not self.copies.marked:
            self._answered(events)
        return [*(self._fact(meta) if meta else ()), *_HANDLERS[kind](self, data)]

    def _copied(self, meta: Meta | None, kind: str) -> list[Fact]:
        """What another session did; its time is not this one's. The prompts that a copied answer is to are copied too."""
        self._at = None
        if kind == "assistant":
            for _ in self._waiting:
                self._skipped.add("copied history")
            self._waiting.clear()
        self._skipped.add("copied history")
        copied = self._fact(Other("copied history"))
        return [*self._fact(meta._replace(started_at=self.copies.began)), *copied] if meta else copied

    def _fact(self, data: Any) -> list[Fact]:
        return [Fact(data, self.turn)]

    def _meta(self, data: dict[str, Any]) -> Meta:
        self.known = True
        theirs = session_of(data)
        parent = ""
        if self.agent:
            parent = theirs
            self.session_id = sub_agent_id(self.agent, theirs) or self.session_id
        elif not self.session_id or (theirs != self.session_id and data.get("parentUuid") is not None):
            # Versions 1.0 went on with a resumed session in a new file, under its old id.
            self.session_id = theirs or self.session_id
        elif theirs != self.session_id:
            parent = theirs
        fork = data.get("forkedFrom")
        if isinstance(fork, dict):
            parent = session_of(fork)
        began = self.copies.began if self.copies.began is not None else self._at
        return read_meta(data, self.session_id, parent, agent=bool(self.agent), began=began)

    def _is_repeated(self, data: dict[str, Any]) -> bool:
        uuid = data.get("uuid")
        if not isinstance(uuid, str) or not uuid:
            return False
        digest = crc32(f"{uuid[:64]} {data.get('type')} {self._at}".encode("utf-8", "replace"))
        if digest in self._recent:
            return True
        self._recent[digest] = None
        if len(self._recent) > _REMEMBERED:
            del self._recent[next(iter(self._recent))]
        return False

    # -- what a person or a tool said ---------------------------------------------------------------------------------

    def _user(self, data: dict[str, Any]) -> list[Fact]:
        content = _message(data).get("content")
        self.approval = text_of(data.get("permissionMode"), 64) or self.approval
        results = [block for block in _blocks(content) if block.get("type") == "tool_result"]
        if results and self.copies.marked and not any(self.work.knows(block) for block in results):
            return self._copied(None, "user")
        if results:
            outcome = data.get("toolUseResult") if len(results) == 1 else None
            return [fact for block in results for fact in self.work.result(block, outcome, self.turn)]
        if self.agent or data.get("isSidechain") is True:
            return self._task(data, content)
        text = human_text(data, content)
        if not text:
            ended = ended_task(content)
            said = self._fact(Message("injected", "\n".join(texts_of(content)), ""))
            return [*said, *self.work.ended(*ended)] if ended else said
        if self.copies.marked or self.copies.may_be_restamped(data):
            self._waiting.append((self._offset, self._length, self._at, text))
            return self._fact(Other("user message"))
        return self._fact(self._prompt(text))

    def _prompt(self, text: str) -> Prompt:
        self.turn += 1
        return Prompt(self.turn, text)

    def _task(self, data: dict[str, Any], content: object) -> list[Fact]:
        """What the agent that started a sub-agent told it. In the sub-agent's own log it opens a turn."""
        text = "" if data.get("isMeta") is True else typed(content)
        if text and self.agent:
            self.turn += 1
        return self._fact(Message("agent" if text else "injected", text or "\n".join(texts_of(content)), ""))

    def _attachment(self, data: dict[str, Any]) -> list[Fact]:
        text = "" if self.agent else queued(data)
        if text:
            return self._fact(self._prompt(text))
        attachment = data.get("attachment")
        ended = ended_task(attachment.get("prompt")) if isinstance(attachment, dict) else None
        return [*self._fact(Other("attachment")), *(self.work.ended(*ended) if ended else ())]

    def _system(self, data: dict[str, Any]) -> list[Fact]:
        text = text_of(data.get("content"), _LONGEST)
        return self._fact(Message("system", text, "") if text.strip() else Other("system"))

    def _answered(self, events: list[Event]) -> None:
        """Gives the prompts that were held back: they were the session's own."""
        for offset, length, at, text in self._waiting:
            events.append(Event("prompt", at, offset, length, self.turn + 1, self._prompt(text), None))
        self._waiting.clear()

    # -- what the model said ------------------------------------------------------------------------------------------

    def _assistant(self, data: dict[str, Any]) -> list[Fact]:
        message = _message(data)
        content = message.get("content")
        self.cwd = folder = self._folder(data)
        facts: list[Fact] = []
        if isinstance(content, str):
            facts = self._fact(Message(_role(data, message), content, ""))
        for number, block in enumerate(content if isinstance(content, list) else ()):
            if isinstance(block, dict):
                facts.extend(self._block(block, number, folder, data, message))
        tokens = self.tokens.count(data, message)
        return [
            *(facts or self._fact(Other("assistant"))),
            *self._settings(data, message, folder),
            *(self._fact(tokens) if tokens else ()),
        ]

    def _folder(self, data: dict[str, Any]) -> str:
        return resolve(data.get("cwd")) or self.cwd

    def _block(
        self, block: dict[str, Any], number: int, folder: str, data: dict[str, Any], message: dict[str, Any]
    ) -> list[Fact]:
        kind = block.get("type")
        if kind == "tool_use":
            called = self.work.call(block, number, self._offset, self._at, self.turn, folder)
            return called or self._fact(Other("repeated call"))
        if kind == "text" and isinstance(block.get("text"), str):
            return self._fact(Message(_role(data, message), block["text"], ""))
        if kind == "thinking" and text_of(block.get("thinking"), _LONGEST).strip():
            return self._fact(Reasoning(block["thinking"]))
        return self._fact(self._skipped.unused(kind, "assistant/"))

    def _settings(self, data: dict[str, Any], message: dict[str, Any], folder: str) -> list[Fact]:
        """The settings under which the model answers, wherever they are others than before."""
        model = text_of(message.get("model"), 128)
        if not model or model == SYNTHETIC:
            return []
        context = Context("", folder, model, text_of(data.get("effort"), 32), self.approval, "")
        digest = crc32(repr(context).encode("utf-8", "replace"))
        if digest == self.settings:
            return []
        self.settings = digest
        return self._fact(context)


def _message(data: dict[str, Any]) -> dict[str, Any]:
    message = data.get("message")
    return message if isinstance(message, dict) else {}


def _blocks(content: object) -> list[dict[str, Any]]:
    return [block for block in content if isinstance(block, dict)] if isinstance(content, list) else []


def _role(data: dict[str, Any], message: dict[str, Any]) -> str:
    """Whose text stands under the model's role: errors of the program are put there too, and what a sub-agent said."""
    if message.get("model") == SYNTHETIC or data.get("isApiErrorMessage") is True:
        return "system"
    return "agent" if data.get("isSidechain") is True and "agentId" not in data else "assistant"


_HANDLERS: dict[str, Callable[[ClaudeReader, dict[str, Any]], list[Fact]]] = {
    "user": ClaudeReader._user,
    "assistant": ClaudeReader._assistant,
    "attachment": ClaudeReader._attachment,
    "system": ClaudeReader._system,
}
