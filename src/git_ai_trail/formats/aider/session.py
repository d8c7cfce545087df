"""Reads the log that is made of a session in a chat history. The only time that Aider notes is that of the session's start: it is
the time of everything in it, the earliest that each can have."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from typing import Any

from git_ai_trail.facts import (
    Call,
    CommitMade,
    Context,
    Event,
    Message,
    Meta,
    Other,
    Output,
    PendingCommit,
    Prompt,
    Reasoning,
    Tokens,
)
from git_ai_trail.formats.aider import STATE_VERSION
from git_ai_trail.formats.aider.applied import Answer, edits_beside_failed
from git_ai_trail.formats.aider.discovery import session_id_of
from git_ai_trail.formats.aider.sections import local_time
from git_ai_trail.formats.aider.unused import UNUSED
from git_ai_trail.formats.events import Fact, events_of
from git_ai_trail.formats.fields import text_of
from git_ai_trail.formats.paths import resolve
from git_ai_trail.formats.reader import CountingReader
from git_ai_trail.formats.records import Record, read_records
from git_ai_trail.lazy import pattern

_RESTARTS = ('{"type":"',)
_LONGEST = 16 * 1024 * 1024
# What a person types that is meant for the program; these send the rest of the line to the model.
_ASKING = ("/ask", "/architect", "/code", "/context", "/help")

# `using` to 0.2x, `Models` in 0.3x.
_MODEL = pattern(r"(?:Main model|Models?|Editor model): (\S{1,200}) (?:with|using) (\S{1,64}) edit format")
# What a model thought stands in the answer as well; nothing of it is applied.
_THOUGHT = pattern(r"<(think|thinking-content-[0-9a-f]{32})>")
_MOST_THOUGHTS = 64
_APPLIED = pattern(r"Applied edit to (.+)$")
_COMMIT = pattern(r"Commit ([0-9a-f]{7,64})(?: |$)")
_FOLDER = pattern(r"Git working dir: (.+)$")
_RUNNING = pattern(r"Running (.+)$")
_ALLOWED = pattern(r"Run shell commands?\? .*: *(?:y|yes|a|all)$", re.IGNORECASE)
_FAILED = pattern(r"# \d{1,6} SEARCH/REPLACE blocks? failed to match!\n")
_COUNT = r"([\d,.]{1,12})(k?)"
_TOKENS = pattern(
    rf"Tokens: {_COUNT} sent(?:, {_COUNT} cache write)?(?:, {_COUNT} cache hit)?, {_COUNT} received\.(?:\s|$)"
)


class AiderReader(CountingReader):
    """Satisfies `protocol.Reader`."""

    def __init__(self, path: str, state: Mapping[str, Any] | None = None) -> None:
        super().__init__(UNUSED)
        self.session_id = session_id_of(path) or "unknown"
        self.cwd = resolve(os.path.dirname(path.rpartition("#")[0] or path))
        self.started: float | None = None
        self.model = ""
        self.form = ""  # the edit format, as the log names it
        self.offset = -1  # where the last answer of the turn stands
        self.answer = Answer()
        self.written_in = ""  # the edit format of the answer; a person can choose another before it is applied
        self.wrote = False  # whether anything of it was applied
        self.allowed = False  # whether the person let commands run
        if state and state.get("version") == STATE_VERSION:
            self._restore(state)
        self._again = self.offset

    # -- the contract -------------------------------------------------------------------------------------------------

    def feed(self, line: bytes, offset: int) -> list[Event]:
        if offset == self._again:
            self._again = -1
            said = [
                one.data.get("text") for one in read_records(line, _RESTARTS)[0] if one.data.get("type") == "answer"
            ]
            self.answer = Answer(_parted(text_of(said[-1], _LONGEST))[1] if said else "", self.answer.used)
            return []
        return [
            event for one in self._read(line, _RESTARTS) for event in events_of(self._take(one, offset), one, offset)
        ]

    def pending_commits(self) -> list[PendingCommit]:
        """None: what waits for git is not in the log, and a person may be the one who commits."""
        return []

    def state(self) -> dict[str, Any]:
        return {
            "version": STATE_VERSION,
            "session_id": self.session_id,
            "cwd": self.cwd,
            "started": self.started,
            "model": self.model,
            "form": self.form,
            "written_in": self.written_in,
            "turn": self.turn,
            "answer": self.offset,
            "used": sorted(self.answer.used),
            "wrote": self.wrote,
            "allowed": self.allowed,
            "skipped": dict(self._skipped.counts),
        }

    def _restore(self, state: Mapping[str, Any]) -> None:
        self.session_id, self.cwd, self.started = str(state["session_id"]), str(state["cwd"]), state["started"]
        self.model, self.form, self.turn = str(state["model"]), str(state["form"]), int(state["turn"])
        self.offset, self.answer = int(state["answer"]), Answer(used=map(int, state["used"]))
        self.written_in = str(state["written_in"])
        self.wrote, self.allowed = bool(state["wrote"]), bool(state["allowed"])
        self._skipped.restore(state["skipped"])

    # -- records ------------------------------------------------------------------------------------------------------

    def _take(self, record: Record, offset: int) -> list[Fact]:
        line = record.data
        kind, text = line.get("type"), text_of(line.get("text"), _LONGEST)
        if kind == "session":
            return self._session(line)
        if kind == "prompt":
            return self._prompt(text)
        if kind == "answer":
            return self._answer(text, offset)
        if kind == "notice":
            return self._notice(text, offset)
        return self._facts(self._skipped.unused(kind))

    def _answer(self, text: str, offset: int) -> list[Fact]:
        thoughts, said = _parted(text)
        self.offset, self.answer, self.wrote, self.written_in = offset, Answer(said), False, self.form
        spoken = (Message("assistant", said.strip("\n"), ""),) if said.strip() else ()
        return self._facts(*(Reasoning(one) for one in thoughts if one), *spoken) or self._facts(Other("answer"))

    def _facts(self, *found: Any) -> list[Fact]:
        return [Fact(data, self.turn, self.started) for data in found]

    def _session(self, line: dict[str, Any]) -> list[Fact]:
        self.started = local_time(text_of(line.get("started"), 32))
        meta = Meta(
            session_id=self.session_id,
            started_at=self.started,
            cwd=self.cwd,
            agent_version=text_of(line.get("version"), 64),
            originator="",
            source="cli",
            parent_id="",
            root_id=self.session_id,
            git_oid="",
            git_branch="",
            git_url="",
            model_provider="",
        )
        return self._facts(meta, Other("session"))

    def _prompt(self, text: str) -> list[Fact]:
        """What a person typed: for the model, or a command for the program, which gives nothing to write."""
        self.offset, self.answer, self.wrote, self.allowed = -1, Answer(), False, False
        word, _, rest = text.partition(" ")
        if not text.strip() or text == "<blank>":
            return self._facts(Other("prompt"))
        if text[0] in "/!" and not (word in _ASKING and rest.strip()):
            return self._facts(Message("system", text, ""))
        self.turn += 1
        return self._facts(Prompt(self.turn, text))

    # -- notices ------------------------------------------------------------------------------------------------------

    def _notice(self, text: str, offset: int) -> list[Fact]:
        first = self._facts(Other("notice"))
        applied = _APPLIED.match(text)
        if applied:
            self.wrote = True
            return [*first, *self._facts(*self.answer.applied(self.written_in, applied[1], self.cwd))]
        if _FAILED.match(text) and self.offset >= 0:
            edits = edits_beside_failed(self.answer.text, text, self.cwd)
            self.offset, self.answer, self.wrote = -1, Answer(), bool(edits)
            return [*first, *self._facts(*edits)]
        commit = _COMMIT.match(text)
        if commit and self.wrote:
            return [*first, *self._facts(CommitMade(commit[1], "", self.cwd, ""))]
        tokens = _TOKENS.match(text)
        if tokens:
            return [*first, *self._facts(_tokens(self.model, tokens.groups()))]
        if _ALLOWED.match(text):
            self.allowed = True
            return first
        running = _RUNNING.match(text)
        if running and self.allowed:
            return self._ran(running[1], offset)
        return [*first, *self._settings(text)]

    def _settings(self, text: str) -> list[Fact]:
        model, folder = _MODEL.match(text), _FOLDER.match(text)
        if folder:
            self.cwd = resolve(folder[1], self.cwd) or self.cwd
        elif model:
            self.model = model[1].rpartition("/")[2]
            self.form = model[2]
        else:
            return []
        return self._facts(Context("", self.cwd, self.model, "", "", ""))

    def _ran(self, command: str, offset: int) -> list[Fact]:
        """A command that the model proposed and the person let run. How it ended is not in the log."""
        call_id = f"run-{offset}"
        return self._facts(Call(call_id, "shell", command, self.cwd, command), Output(call_id, None, "unknown", ""))


def _parted(answer: str) -> tuple[list[str], str]:
    """What the model thought, and the answer without it."""
    thoughts, said, at = [], [], 0
    for _ in range(_MOST_THOUGHTS):
        begun = _THOUGHT.search(answer, at)
        end = answer.find(f"</{begun[1]}>", begun.end()) if begun else -1
        if begun is None or end < 0:
            break
        said.append(answer[at : begun.start()])
        thoughts.append(answer[begun.end() : end].strip())
        at = end + len(begun[1]) + len("</>")
    return thoughts, "".join((*said, answer[at:]))


def _tokens(model: str, groups: tuple[str | None, ...]) -> Tokens:
    """Figures from a thousand on are rounded. Whether what was cached is part of what was sent depends on the provider."""
    sent, write, hit, received = (_number(groups[at], groups[at + 1]) for at in range(0, 8, 2))
    return Tokens(model, max(sent, write + hit), hit, write, received, 0)


def _number(digits: str | None, thousands: str | None) -> int:
    try:
        return round(float((digits or "0").replace(",", "")) * (1000 if thousands else 1))
    except ValueError:
        return 0
