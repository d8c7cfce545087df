"""Follows the calls of a session from the call to its answer, and says what they edited and committed."""

from __future__ import annotations

from typing import Any, NamedTuple

from git_ai_trail.facts import Call, CommitMade, Edit, Output, PendingCommit
from git_ai_trail.formats.claude.calls import CallText, plan_of, read_call
from git_ai_trail.formats.claude.edits import edits_of_call
from git_ai_trail.formats.claude.results import read_result
from git_ai_trail.formats.fields import text_of
from git_ai_trail.formats.reply import Reply
from git_ai_trail.formats.shell.commits import CommitCall, commit_calls, commits_made
from git_ai_trail.formats.shell.edits import edits_of_scripts
from git_ai_trail.git import is_oid

_MAX_OPEN = 128


class Fact(NamedTuple):
    """Something a record says, with the turn it belongs to."""

    data: Any
    turn: int


class OpenCall:
    """A call that has not been answered, or whose command runs on in the background."""

    def __init__(self, text: CallText, offset: int, block: int, at: float | None, turn: int, folder: str) -> None:
        self.text = text
        self.offset = offset
        self.block = block  # which block of the record
        self.at = at
        self.turn = turn
        self.folder = folder
        self.commits: tuple[CommitCall, ...] = commit_calls(text.scripts)
        self.running = ""

    def flags(self) -> list[Any]:
        return [self.offset, self.block, self.at, self.turn, len(self.commits), self.running, self.folder]

    @classmethod
    def restored(cls, block: dict[str, Any], flags: list[Any], folder: str) -> OpenCall:
        """The call of a block; `folder` is what its record states, which may be nothing."""
        offset, number, at, turn, commits, running, before = flags
        folder = folder or str(before)
        call = cls(read_call(block, folder), offset, number, at, turn, folder)
        call.commits = call.commits[len(call.commits) - commits :] if commits else ()
        call.running = running
        return call


class Work:
    """The calls of one log."""

    def __init__(self) -> None:
        self.open: dict[str, OpenCall] = {}

    def call(
        self, block: dict[str, Any], number: int, offset: int, at: float | None, turn: int, folder: str
    ) -> list[Fact]:
        """A call; one that is repeated says nothing new. Calls of earlier turns that were never answered are given up."""
        text = read_call(block, folder)
        key = text.call_id or f"@{offset}.{number}"
        if key in self.open:
            return []
        self._drop([key for key, call in self.open.items() if call.turn < turn and not call.running])
        self.keep(OpenCall(text, offset, number, at, turn, folder))
        facts = [Fact(Call(text.call_id, text.tool, text.command, folder, text.arguments), turn)]
        plan = plan_of(text)
        return [*facts, Fact(plan, turn)] if plan else facts

    def keep(self, call: OpenCall) -> None:
        self.open[call.text.call_id or f"@{call.offset}.{call.block}"] = call
        self._drop(list(self.open)[:-_MAX_OPEN])

    def knows(self, block: dict[str, Any]) -> bool:
        """Whether a `tool_result` answers an open call."""
        return text_of(block.get("tool_use_id"), 128) in self.open

    def result(self, block: dict[str, Any], outcome: object, turn: int) -> list[Fact]:
        """What came back from a call: its output, its edits and the commits it made."""
        call_id = text_of(block.get("tool_use_id"), 128)
        call = self.open.get(call_id)
        shell = call is not None and call.text.kind == "shell"
        reply = read_result(block, outcome, shell=shell)
        output = Output(call_id, reply.exit_code, reply.status, reply.text)
        if call is None:
            return [Fact(output, turn)]
        facts: list[Any] = [output, *_edits(call, reply, outcome)]
        if reply.running:
            call.running = reply.running
        else:
            facts += self._committed(call, reply, outcome)
            del self.open[call_id]
        return [Fact(data, call.turn) for data in facts]

    def ended(self, task: str, reply: Reply) -> list[Fact]:
        """A command that ran in the background has ended."""
        for call_id, call in self.open.items():
            if call.running == task:
                del self.open[call_id]
                return [Fact(commit, call.turn) for commit in self._committed(call, reply, None)]
        return []

    def _committed(self, call: OpenCall, reply: Reply, outcome: object) -> list[CommitMade]:
        made = commits_made(call.commits, reply, call.text.call_id) if call.commits else []
        if any(one.oid for one in made):
            return made
        recorded = _recorded(outcome)
        if recorded is None:
            return made
        workdir = call.commits[-1].workdir if call.commits else call.folder
        return [CommitMade(*recorded, workdir, call.text.call_id)]

    def pending(self) -> list[PendingCommit]:
        return [
            PendingCommit(call.at, commit.workdir, call.text.command, call.text.call_id, call.turn)
            for call in self.open.values()
            for commit in call.commits
        ]

    def _drop(self, keys: list[str]) -> None:
        for key in keys:
            del self.open[key]


def _edits(call: OpenCall, reply: Reply, outcome: object) -> list[Edit]:
    if call.text.kind == "edit":
        return edits_of_call(call.text, outcome, call.folder) if reply.status == "completed" else []
    if call.text.kind != "shell" or reply.status not in ("completed", "running"):
        return []
    said = None if reply.running else reply.text
    return edits_of_scripts(call.text.scripts, call.text.call_id, said)


def _recorded(outcome: object) -> tuple[str, str] | None:
    """Oid and branch of the commit that Claude Code itself recognised in the output (seen since 2.1.156)."""
    operation = outcome.get("gitOperation") if isinstance(outcome, dict) else None
    commit = operation.get("commit") if isinstance(operation, dict) else None
    if not isinstance(commit, dict) or commit.get("kind") not in ("committed", "amended"):
        return None
    oid = text_of(commit.get("sha"), 64)
    return (oid, text_of(commit.get("branch"))) if len(oid) >= 7 and is_oid(oid) else None
