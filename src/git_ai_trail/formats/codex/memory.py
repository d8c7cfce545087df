"""What a reader keeps between two looks at a log, as JSON values without any text of it, and how it goes on from there."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from git_ai_trail.formats.codex import STATE_VERSION
from git_ai_trail.formats.codex.calls import read_call
from git_ai_trail.formats.codex.conversation import Conversation, Waiting
from git_ai_trail.formats.codex.copies import Copies
from git_ai_trail.formats.codex.discovery import session_id_of
from git_ai_trail.formats.codex.history import History
from git_ai_trail.formats.codex.prompts import human_texts
from git_ai_trail.formats.codex.shapes import prompt_text
from git_ai_trail.formats.codex.tokens import TokenCounter
from git_ai_trail.formats.codex.unused import UNUSED
from git_ai_trail.formats.codex.work import OpenCall, Work
from git_ai_trail.formats.skipped import Skipped


class Memory:
    """What is known of one log so far."""

    def __init__(self, path: str, state: Mapping[str, Any] | None = None) -> None:
        self.session_id = session_id_of(path)
        self.seen_document = False
        self.own_id = ""
        self.cwd = ""
        self.model = ""
        self.talk = Conversation()
        self.work = Work()
        self.copies = Copies()
        self.history = History()
        self.tokens = TokenCounter()
        self.skips = Skipped(UNUSED)
        self.awaited: dict[int, list[Any]] = {}  # lines that are fed again after a restart
        if state:
            self._restore(state)

    def state(self) -> dict[str, Any]:
        talk, work = self.talk, self.work
        return {
            "version": STATE_VERSION,
            "document": self.seen_document,
            "session_id": self.own_id or self.session_id,
            "seen_meta": bool(self.own_id),
            "cwd": self.cwd,
            "model": self.model,
            "turn": talk.turn,
            "human": talk.human,
            "has_events": talk.has_events,
            "task_follows": talk.task_follows,
            "instructions": talk.instructions,
            "paginated": work.paginated,
            "waiting": [[waiting.offset, waiting.at] for waiting in talk.waiting],
            "last": talk.last[0] if talk.last else None,
            "calls": [call.flags() for call in work.open.values()],
            "typed": [
                [offset, call.offset] for call in work.open.values() if call.typing for offset in call.typing.offsets
            ],
            "closed": list(work.closed.items()),
            "copies": self.copies.state(),
            "history": self.history.state(),
            "tokens": self.tokens.state(),
            "skipped": dict(self.skips.counts),
        }

    def _restore(self, state: Mapping[str, Any]) -> None:
        """Puts a new reader where `state` was taken; one of another version leaves it new."""
        if state.get("version") != STATE_VERSION:
            return
        if state["document"]:
            # The whole of it is fed again, and says nothing new.
            self.awaited[0] = ["document"]
            return
        self.session_id = str(state["session_id"])
        self.own_id = self.session_id if state["seen_meta"] else ""
        self.cwd, self.model = str(state["cwd"]), str(state["model"])
        talk, work = self.talk, self.work
        talk.turn, talk.human, talk.has_events = int(state["turn"]), bool(state["human"]), bool(state["has_events"])
        talk.task_follows, talk.instructions = bool(state["task_follows"]), state["instructions"]
        work.paginated = bool(state["paginated"])
        work.closed = {str(key): bool(gave) for key, gave in state["closed"]}
        self.copies.restore(state["copies"])
        self.history.restore(state["history"])
        self.tokens.restore(state["tokens"])
        self.skips.restore(state["skipped"])
        for offset, process in state["typed"]:
            self.awaited[offset] = ["typed", process]
        for flags in state["calls"]:
            self.awaited[flags[0]] = ["call", flags]
        for offset, at in state["waiting"]:
            self.awaited[offset] = ["waiting", at]
        if state["last"] is not None:
            self.awaited[state["last"]] = ["last"]

    def remember(self, data: dict[str, Any], offset: int, length: int) -> None:
        """Takes up again what a line left open."""
        what = self.awaited.pop(offset)
        payload = data.get("payload")
        payload = payload if isinstance(payload, dict) else data
        work = self.work
        if what[0] == "call":
            call = OpenCall.restored(payload, what[1])
            work.open[call.text.call_id or f"@{offset}"] = call
        elif what[0] == "typed":
            process = next((call for call in work.open.values() if call.offset == what[1]), None)
            if process is not None and process.typing is not None:
                process.typing.add(read_call(payload, "").typed, offset)
        elif what[0] == "waiting":
            self.talk.waiting.append(Waiting(offset, length, what[1], "\n".join(human_texts(payload))))
        else:
            self.talk.last = (offset, prompt_text(payload))
