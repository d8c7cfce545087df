"""Reads one chat session of VS Code."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from git_ai_trail.facts import Context, Event, Message, Meta, Other, PendingCommit, Prompt, Tokens
from git_ai_trail.formats.events import Fact, events_of
from git_ai_trail.formats.fields import an_id, text_of, whole, without_credentials
from git_ai_trail.formats.reader import CountingReader
from git_ai_trail.formats.skipped import Skipped
from git_ai_trail.formats.vscode import STATE_VERSION
from git_ai_trail.formats.vscode.answer import Answer
from git_ai_trail.formats.vscode.calls import millis
from git_ai_trail.formats.vscode.discovery import program_of, session_id_of
from git_ai_trail.formats.vscode.replay import Request, Session
from git_ai_trail.formats.vscode.unused import UNUSED
from git_ai_trail.formats.vscode.uris import path_of, workspace_folder
from git_ai_trail.git import is_oid

_LONGEST = 1 << 22
_MOST_MODELS = 32


class ChatReader(CountingReader):
    """Satisfies `protocol.Reader`. Nothing goes on from one look at the file to the next but the counts."""

    def __init__(self, path: str, state: Mapping[str, Any] | None = None) -> None:
        super().__init__(UNUSED)
        self.path = path
        self.session_id = session_id_of(path)
        self._pending: list[PendingCommit] = []
        if state and state.get("version") == STATE_VERSION:
            self.session_id = str(state["session_id"])
            self._skipped.restore(state["skipped"])

    def feed(self, line: bytes, offset: int) -> list[Event]:
        session = Session(line)
        self._pending = []
        for problem in session.problems:
            self._skipped.add(problem)
        if not session.records:
            return []
        said = _Said(session, self._meta(session.head), self._skipped)
        self._pending = said.pending
        return [
            event
            for number, record in enumerate(session.records)
            for event in events_of(said.facts.get(number) or [Fact(Other("change"), -1, None)], record, offset)
        ]

    def pending_commits(self) -> list[PendingCommit]:
        return self._pending

    def state(self) -> dict[str, Any]:
        return {"version": STATE_VERSION, "session_id": self.session_id, "skipped": dict(self._skipped.counts)}

    def _meta(self, head: dict[str, Any]) -> Meta:
        self.session_id = an_id(head.get("sessionId")).lower() or session_id_of(self.path) or "unknown"
        given = head.get("repoData")
        repository: dict[str, Any] = given if isinstance(given, dict) else {}
        oid = text_of(repository.get("localHeadCommit"), 64)
        return Meta(
            session_id=self.session_id,
            started_at=millis(head.get("creationDate")),
            cwd=path_of(head.get("workingDirectory")) or workspace_folder(self.path),
            agent_version="",
            originator=program_of(self.path),
            source="vscode",
            parent_id="",
            root_id=self.session_id,
            git_oid=oid if is_oid(oid) else "",
            git_branch=text_of(repository.get("localBranch")),
            git_url=without_credentials(text_of(repository.get("remoteUrl"), 2048)),
            model_provider="",
        )


class _Said:
    """What a session says: its facts by the number of the record that has them."""

    def __init__(self, session: Session, meta: Meta, skipped: Skipped) -> None:
        self.facts: dict[int, list[Fact]] = {0: [Fact(meta, -1, meta.started_at)]}
        self.pending: list[PendingCommit] = []
        self.folder = meta.cwd
        self.turn = -1
        self.model = ""
        self._skipped = skipped
        for request in session.requests:
            self._request(request)

    def _add(self, record: int, data: Any, at: float | None) -> None:
        self.facts.setdefault(record, []).append(Fact(data, self.turn, at))

    def _request(self, request: Request) -> None:
        data = request.data
        at = millis(data.get("timestamp"))
        self._add(request.record, self._prompt(data), at)
        if data.get("shouldBeRemovedOnSend") or data.get("isHidden") is True:
            # Taken back by the person, with what it did to files; what of it was committed, the commit tells.
            self._add(request.ended, Other("undone request"), at)
        answer = Answer(request, at, self.folder, self._skipped)
        self._context(request, answer.model, at)
        for record, fact, when in answer.facts:
            self._add(record, fact, when)
        self._tokens(request, at)
        self.pending = [
            PendingCommit(at, commit.workdir, terminal.command, call_id, self.turn)
            for call_id, terminal in answer.waiting
            for commit in terminal.commits
        ]

    def _prompt(self, data: dict[str, Any]) -> Any:
        """A prompt, if a person typed it: not what the editor sends by itself, or for a button that was pressed."""
        given = data.get("message")
        text = text_of(given.get("text") if isinstance(given, dict) else given, _LONGEST)
        if not text.strip():
            return Other("request")
        if data.get("isSystemInitiated") or data.get("requestSource") or data.get("confirmation"):
            return Message("injected", text, "")
        self.turn += 1
        return Prompt(self.turn, text)

    def _context(self, request: Request, model: str, at: float | None) -> None:
        if not model or model == self.model:
            return
        self.model = model
        turn_id = text_of(request.data.get("requestId"), 128)
        self._add(request.record, Context(turn_id, self.folder, model, "", "", ""), at)

    def _tokens(self, request: Request, at: float | None) -> None:
        """What was used: of the whole turn by model where that is recorded, else the input of the last response only."""
        data, ended = request.data, request.data.get("modelState")
        done = millis(ended.get("completedAt")) if isinstance(ended, dict) else None
        at = at if done is None else done
        totals = data.get("modelTotals")
        if isinstance(totals, list) and totals:
            for one in totals[:_MOST_MODELS]:
                if isinstance(one, dict):
                    used = [whole(one.get(name)) for name in ("inputTokens", "cachedTokens", "outputTokens")]
                    model = _last_word(one.get("model")) or self.model
                    self._add(request.ended, Tokens(model, used[0], used[1], 0, used[2], 0), at)
            return
        result = data.get("result")
        metadata = result.get("metadata") if isinstance(result, dict) else None
        known = metadata if isinstance(metadata, dict) else {}
        read = whole(data.get("promptTokens")) or whole(known.get("promptTokens"))
        written = whole(data.get("completionTokens")) or whole(known.get("outputTokens"))
        if read or written:
            self._add(request.ended, Tokens(self.model, read, 0, 0, written, 0), at)


def _last_word(model: object) -> str:
    return text_of(model, 128).rpartition("/")[2]
