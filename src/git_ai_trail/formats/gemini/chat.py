"""Reads one chat of Gemini CLI: a document with a list of messages, or the same messages a line each."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from zlib import crc32

from git_ai_trail.facts import Context, Event, Message, Meta, Other, PendingCommit, Prompt, Reasoning, Tokens
from git_ai_trail.formats.clock import unix_time
from git_ai_trail.formats.document import read_document
from git_ai_trail.formats.events import Fact, events_of
from git_ai_trail.formats.fields import an_id, text_of, whole
from git_ai_trail.formats.gemini import STATE_VERSION
from git_ai_trail.formats.gemini.calls import read_call
from git_ai_trail.formats.gemini.discovery import is_document, parent_of, session_id_of
from git_ai_trail.formats.gemini.project import Project
from git_ai_trail.formats.gemini.unused import UNUSED
from git_ai_trail.formats.reader import CountingReader
from git_ai_trail.formats.records import Record
from git_ai_trail.lazy import pattern

_RESTARTS = ('{"id"', '{"$set"', '{"sessionId"')
_INJECTED = (
    "<session_context>",
    "<state_snapshot>",
    "<hook_context>",
    "This is the Gemini CLI. We are setting up",
    "System: ",
)
_ATTACHED = "--- Content from referenced files ---"
_STARTED = pattern(r"[_-](1\d{12})(?:[_-]|$)")
_LONGEST = 1 << 22
# A message is written twice, near each other.
_REMEMBERED = 48
_MOST_CALLS = 512


class GeminiReader(CountingReader):
    """Satisfies `protocol.Reader`."""

    def __init__(self, path: str, state: Mapping[str, Any] | None = None) -> None:
        super().__init__(UNUSED)
        self.path = path
        self.document = is_document(path)
        self.session_id = ""
        self.sub_agent = False
        self.started: float | None = None
        self.project = Project(path)
        self.told = False  # the folder was given
        self.model = ""
        # Of the last messages: digests of text and calls, how many thoughts, the tokens.
        self._recent: dict[int, list[Any]] = {}
        if state and state.get("version") == STATE_VERSION:
            self._restore(state)

    # -- the contract -------------------------------------------------------------------------------------------------

    def feed(self, line: bytes, offset: int) -> list[Event]:
        if self.document:
            return self._feed_document(line, offset)
        return [event for record in self._read(line, _RESTARTS) for event in self._take(record, offset)]

    def pending_commits(self) -> list[PendingCommit]:
        """None: a call is written when it has ended."""
        return []

    def state(self) -> dict[str, Any]:
        return {
            "version": STATE_VERSION,
            "session_id": self.session_id,
            "sub_agent": self.sub_agent,
            "started": self.started,
            "digest": self.project.digest,
            "folder": self.project.folder,
            "told": self.told,
            "turn": self.turn,
            "model": self.model,
            "recent": [[key, *kept] for key, kept in self._recent.items()],
            "skipped": dict(self._skipped.counts),
        }

    def _restore(self, state: Mapping[str, Any]) -> None:
        self.session_id, self.sub_agent = str(state["session_id"]), bool(state["sub_agent"])
        self.started, self.turn, self.model = state["started"], int(state["turn"]), str(state["model"])
        self.project.digest, self.project.folder = str(state["digest"]), str(state["folder"])
        self.told = bool(state["told"])
        self._recent = {int(key): kept for key, *kept in state["recent"]}
        self._skipped.restore(state["skipped"])

    # -- records ------------------------------------------------------------------------------------------------------

    def _feed_document(self, data: bytes, offset: int) -> list[Event]:
        head, records, problem = read_document(data, "messages")
        if problem:
            self._skipped.add(problem)
        if not records:
            return []
        self._about(head)
        for record in records:
            self._look_for_folder(record.data)
        events = events_of([Fact(self._meta(), -1, self.started)], records[0], offset)
        for record in records:
            events.extend(events_of(self._message(record.data), record, offset))
        return events

    def _take(self, record: Record, offset: int) -> list[Event]:
        data = record.data
        if "sessionId" in data and "type" not in data:
            facts = self._header(data)
        elif isinstance(data.get("$set"), dict):
            facts = self._settings(data["$set"])
        else:
            self._look_for_folder(data)
            facts = [*self._found(), *self._message(data)]
        return events_of(facts, record, offset)

    def _header(self, data: dict[str, Any]) -> list[Fact]:
        """The first line; a session that is resumed begins with another one, of the same session, in the same file."""
        if self.session_id:
            return self._one(Other("session"), self.started)
        self._about(data)
        return [Fact(self._meta(), -1, self.started), *self._one(Other("session"), self.started)]

    def _about(self, head: dict[str, Any]) -> None:
        self.session_id = an_id(head.get("sessionId")).lower() or session_id_of(self.path) or "unknown"
        self.started = unix_time(head.get("startTime"))
        self.sub_agent = head.get("kind") == "subagent"
        self.project.named(head.get("projectHash"))
        for folder in _listed(head.get("directories")):
            self.project.offer(folder)

    def _meta(self) -> Meta:
        parent = parent_of(self.path) if self.sub_agent else ""
        self.told = bool(self.project.folder)
        return Meta(
            session_id=self.session_id,
            started_at=self.started,
            cwd=self.project.folder,
            agent_version="",
            originator="",
            source="subagent" if self.sub_agent else "unknown",
            parent_id=parent,
            root_id=parent or self.session_id,
            git_oid="",
            git_branch="",
            git_url="",
            model_provider="",
        )

    def _settings(self, data: dict[str, Any]) -> list[Fact]:
        """New fields of the header. The list of messages is what the model is to see from now on: history, or a context
        made by the program; what was said stands in lines of its own."""
        messages = data.get("messages")
        for message in _listed(messages)[:1]:
            if isinstance(message, dict):
                self.project.listed("\n".join(_texts(message.get("content"))))
        name = "settings" if not messages else "copied history" if len(_listed(messages)) > 1 else "history"
        return [*self._found(), *self._one(Other(name), None)]

    def _look_for_folder(self, data: dict[str, Any]) -> None:
        if self.project.folder:
            return
        for entry in _listed(data.get("toolCalls"))[:_MOST_CALLS]:
            args = entry.get("args") if isinstance(entry, dict) else None
            if isinstance(args, dict):
                for name in ("file_path", "absolute_path", "dir_path", "directory", "path"):
                    self.project.offer(args.get(name))

    def _found(self) -> list[Fact]:
        """The session again, once its folder is known."""
        if self.told or not self.project.folder or not self.session_id:
            return []
        return [Fact(self._meta(), self.turn, self.started)]

    # -- messages -----------------------------------------------------------------------------------------------------

    def _message(self, data: dict[str, Any]) -> list[Fact]:
        at = unix_time(data.get("timestamp"))
        kind = data.get("type")
        if kind == "gemini":
            return self._answer(data, at)
        _, new = self._known(data)
        if not new:
            return self._one(Other("repeated message"), at)
        if kind == "user":
            return self._user(data, at)
        text = "\n".join(_texts(data.get("content"))) if kind in ("info", "warning", "error") else ""
        return self._one(Message("system", text, "") if text.strip() else self._skipped.unused(kind), at)

    def _known(self, data: dict[str, Any]) -> tuple[list[Any], bool]:
        """What was kept of a message of this id, and whether it is new."""
        name = text_of(data.get("id"), 128)
        key = crc32(f"{data.get('type')} {name}".encode("utf-8", "replace"))
        kept = self._recent.pop(key, None) if name else None
        new = kept is None
        kept = kept or [0, 0, [0, 0, 0, 0], []]
        if name:
            self._recent[key] = kept
            if len(self._recent) > _REMEMBERED:
                del self._recent[next(iter(self._recent))]
        return kept, new

    def _user(self, data: dict[str, Any], at: float | None) -> list[Fact]:
        content = data.get("content")
        if any(isinstance(part, dict) and "functionResponse" in part for part in _listed(content)):
            return self._one(Other("user"), at)  # the answers of calls, which the calls have as well
        texts = _texts(data.get("displayContent")) or _texts(content)
        typed = texts[: texts.index(_ATTACHED)] if _ATTACHED in texts else texts
        text = "\n".join(typed)
        self.project.listed(text if text.startswith("<session_context>") else "")
        if not text.strip():
            return self._one(Other("user"), at)
        if text.lstrip().startswith(_INJECTED):
            return self._one(Message("injected", text, ""), at)
        if self.sub_agent:
            # What the session told it opens a turn; so does what the program says to get an end out of it.
            self.turn += 1
            return self._one(Message("agent", text, ""), at)
        self.turn += 1
        return self._one(Prompt(self.turn, text), at)

    def _answer(self, data: dict[str, Any], at: float | None) -> list[Fact]:
        """What the model said, thought and did, as far as an earlier form of the same message did not have it."""
        kept, _ = self._known(data)
        facts: list[Fact] = []
        text = "\n".join(_texts(data.get("content")))
        digest = crc32(text.encode("utf-8", "replace"))
        if text.strip() and digest != kept[0]:
            kept[0] = digest
            facts += self._one(Message("assistant", text, ""), at)
        thoughts = _listed(data.get("thoughts"))
        for thought in thoughts[kept[1] :]:
            said = _thought(thought)
            if said:
                when = unix_time(thought.get("timestamp"))
                facts += self._one(Reasoning(said), at if when is None else when)
        kept[1] = max(kept[1], len(thoughts))
        facts += self._calls(data, kept, at)
        facts = facts or self._one(Other("gemini"), at)
        return [*facts, *self._context(data, at), *self._tokens(data, kept, at)]

    def _calls(self, data: dict[str, Any], kept: list[Any], at: float | None) -> list[Fact]:
        facts: list[Fact] = []
        for number, entry in enumerate(_listed(data.get("toolCalls"))):
            if not isinstance(entry, dict):
                continue
            call_id = text_of(entry.get("id"), 128)
            digest = crc32((call_id or f"@{number}").encode("utf-8", "replace"))
            if digest in kept[3] or len(kept[3]) >= _MOST_CALLS:
                continue
            kept[3].append(digest)
            ended = unix_time(entry.get("timestamp"))
            ended = at if ended is None else ended
            facts += self._call(entry, _started(call_id, at, ended), ended)
        return facts

    def _call(self, entry: dict[str, Any], began: float | None, ended: float | None) -> list[Fact]:
        call = read_call(entry, self.project.folder)
        results = [call.output, *call.edits, *call.commits]
        return [
            Fact(call.call, self.turn, began),
            *([Fact(call.plan, self.turn, began)] if call.plan else ()),
            *(Fact(result, self.turn, ended) for result in results),
        ]

    def _context(self, data: dict[str, Any], at: float | None) -> list[Fact]:
        model = text_of(data.get("model"), 128)
        if not model or model == self.model:
            return []
        self.model = model
        return self._one(Context("", self.project.folder, model, "", "", ""), at)

    def _tokens(self, data: dict[str, Any], kept: list[Any], at: float | None) -> list[Fact]:
        """Input has what was cached in it; thoughts are no part of the output here, but of the total."""
        given = data.get("tokens")
        if not isinstance(given, dict):
            return []
        thoughts = whole(given.get("thoughts"))
        now = [
            whole(given.get("input")) + whole(given.get("tool")),
            whole(given.get("cached")),
            whole(given.get("output")) + thoughts,
            thoughts,
        ]
        largest = [max(pair) for pair in zip(now, kept[2], strict=True)]
        grown = [new - old for new, old in zip(largest, kept[2], strict=True)]
        kept[2] = largest
        read, cached, written, thought = grown
        return self._one(Tokens(self.model, read, cached, 0, written, thought), at) if any(grown) else []


def _listed(value: object) -> list[Any]:
    return value if isinstance(value, list) else []


def _texts(content: object) -> list[str]:
    """The texts of a message's content, which is a string or a list of parts."""
    if isinstance(content, str):
        return [content]
    parts = (part.get("text") if isinstance(part, dict) else part for part in _listed(content))
    return [part for part in parts if isinstance(part, str)]


def _thought(thought: object) -> str:
    if not isinstance(thought, dict):
        return ""
    said = (text_of(thought.get(name), _LONGEST).strip() for name in ("subject", "description"))
    return "\n".join(part for part in said if part)


def _started(call_id: str, at: float | None, ended: float | None) -> float | None:
    """When a call began: its id tells, and must agree with the times around it. Up to 0.28.2 one message has the calls of
    several answers, and its own time is that of the first."""
    found = _STARTED.search(call_id)
    began = int(found[1]) / 1000 if found else None
    if began is None or at is None or ended is None or not at - 60 <= began <= ended:
        return at
    return began
