"""Follows the calls of a session from the call to its answer, and says what they edited and committed.

One piece of work shows up to four times in a log (call, event, item, output); here it is counted once.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from git_ai_trail.facts import Call, CommitMade, Edit, Output, PendingCommit, Plan
from git_ai_trail.formats.codex.calls import CallText, read_call
from git_ai_trail.formats.codex.edits import (
    SUCCESS,
    applied_files,
    edits_of_changes,
    edits_of_failed,
    edits_of_patches,
    edits_of_scripts,
)
from git_ai_trail.formats.codex.outputs import read_item, read_reply
from git_ai_trail.formats.codex.typed import Typing, plain
from git_ai_trail.formats.fields import text_of
from git_ai_trail.formats.paths import resolve
from git_ai_trail.formats.reply import Reply
from git_ai_trail.formats.shell.commits import CommitCall, commit_calls, commits_made
from git_ai_trail.formats.shell.steps import Script, script_of

_MAX_OPEN = 128
_MAX_CLOSED = 64


class Fact(NamedTuple):
    """Something a line says, with the turn it belongs to."""

    data: Any
    turn: int


class OpenCall:
    """A call that has not been answered, or whose process still runs. `typed_in` is the folder of the shell into which
    a call types, None for any other call."""

    def __init__(
        self, text: CallText, offset: int, at: float | None, turn: int, folder: str, typed_in: str | None = None
    ) -> None:
        self.text = text
        self.offset = offset
        self.at = at
        self.turn = turn
        self.folder = folder
        self.typed_in = typed_in
        scripts = text.scripts if typed_in is None else (Script(text.typed, typed_in),)
        self.commits: tuple[CommitCall, ...] = commit_calls(scripts)
        self.patched = False  # its patches have a record of their own
        self.itemized = False  # the commands of its script have records of their own
        self.announced = False  # its edits were given already
        self.exit_code: int | None = None
        self.running = ""
        self.typing: Typing | None = None  # what later calls type into its process

    def runs_on(self, name: str) -> None:
        """Its process, or its cell, goes on under that name."""
        self.running, self.announced = name, True
        if self.typing is None and self.text.kind == "shell" and self.text.scripts:
            self.typing = Typing(self.text.scripts[0])

    def flags(self) -> list[Any]:
        return [
            self.offset,
            self.at,
            self.turn,
            self.folder,
            self.typed_in,
            len(self.commits),
            self.patched,
            self.itemized,
            self.announced,
            self.exit_code,
            self.running,
            self.typing.state() if self.typing else None,
        ]

    @classmethod
    def restored(cls, payload: dict[str, Any], flags: list[Any]) -> OpenCall:
        offset, at, turn, folder, typed_in, commits = flags[:6]
        call = cls(read_call(payload, folder), offset, at, turn, folder, typed_in)
        call.commits = call.commits[len(call.commits) - commits :] if commits else ()
        call.patched, call.itemized, call.announced, call.exit_code, running, typing = flags[6:]
        if typing is not None:
            call.runs_on(running)
        call.running = running
        if typing is not None and call.typing is not None:
            call.typing.restore(typing)
        return call


class Work:
    """The calls of one log."""

    def __init__(self) -> None:
        self.open: dict[str, OpenCall] = {}
        self.closed: dict[str, bool] = {}  # the last few answered calls, and whether their edits were given
        self.paginated = False

    def call(self, payload: dict[str, Any], offset: int, at: float | None, turn: int, folder: str) -> list[Fact]:
        """A call. Calls of earlier turns that were never answered are given up."""
        text = read_call(payload, folder)
        self._drop([key for key, call in self.open.items() if call.turn < turn and not call.running])
        process = self._process(text.target) if text.typed else None
        shell = process[1].typing if process else None
        call = OpenCall(text, offset, at, turn, folder, shell.folder if shell and shell.is_shell else None)
        self.open[text.call_id or f"@{offset}"] = call
        self._drop(list(self.open)[:-_MAX_OPEN])
        workdir = text.scripts[0].workdir if text.scripts else text.patches[0].workdir if text.patches else folder
        facts = [Fact(Call(text.call_id, text.tool, text.command, workdir, text.arguments), turn)]
        if text.tool == "update_plan":
            facts.append(Fact(_plan(text.parsed), turn))
        return facts

    def output(self, payload: dict[str, Any], turn: int) -> list[Fact]:
        """What came back from a call."""
        call_id = text_of(payload.get("call_id") or payload.get("id"), 128)
        reply = read_reply(payload.get("output"))
        call = self.open.get(call_id)
        if call is None:
            return [Fact(Output(call_id, reply.exit_code, reply.status, reply.text), turn)]
        if call.exit_code is not None and reply.exit_code is None and not reply.running:
            status = "completed" if call.exit_code == 0 else "failed"
            reply = reply._replace(exit_code=call.exit_code, status=status)
        facts = [Fact(Output(call_id, reply.exit_code, reply.status, reply.text), call.turn)]
        if call.text.kind == "more":
            return facts + self._went_on(call, reply)
        return facts + self._settle(call_id, call, reply)

    def _process(self, name: str) -> tuple[str, OpenCall] | None:
        """The call whose process or cell has that name."""
        return next(((key, call) for key, call in self.open.items() if name and call.running == name), None)

    def _went_on(self, more: OpenCall, reply: Reply) -> list[Fact]:
        """The next piece of output of a process that an earlier call started, after something was typed or not."""
        process = self._process(more.text.target)
        edits: list[Edit] = []
        if process and process[1].typing and (reply.running or reply.exit_code is not None):
            edits = self._typed(process[1], [more], reply, ended=not reply.running)
        made = self._typed_commits(more, reply)
        facts = [Fact(data, more.turn) for data in (*edits, *made)]
        return facts + self._settle(*process, reply) if process else facts

    def _typed_commits(self, more: OpenCall, reply: Reply) -> list[CommitMade]:
        """Commits of what was typed now, and of what was typed before into the same process: a slow one is printed in a
        later piece of output, and its call stays open until then."""
        same = [one for one in self.open.values() if one.text.kind == "more" and one.text.target == more.text.target]
        waiting = [one for one in same if one.announced and one.commits and one is not more]
        if not waiting and not more.commits:
            self._close(more.text.call_id, gave_edits=False)
            return []
        shown = reply._replace(text=plain(reply.text))
        found: list[CommitMade] = []
        for one in (*waiting, more):
            made = commits_made(one.commits, shown, one.text.call_id) if one.commits and not found else []
            # Only what was typed last can be meant by an exit code.
            made = made if one is more else [commit for commit in made if commit.oid]
            one.commits = one.commits[len(made) :]
            found.extend(made)
            if not one.commits or not reply.running:
                self._close(one.text.call_id, gave_edits=False)
        more.announced = True
        return found

    def _typed(self, process: OpenCall, calls: list[OpenCall], reply: Reply, *, ended: bool) -> list[Edit]:
        """Edits of what calls typed into a process."""
        if process.typing is None:
            return []
        for more in calls:
            if not more.announced:
                process.typing.add(more.text.typed, more.offset)
            more.announced = True
        return process.typing.edits(reply.text, process.text.call_id, ended=ended)

    def _settle(self, call_id: str, call: OpenCall, reply: Reply) -> list[Fact]:
        edits: list[Edit] = [] if call.announced else _edits(call, reply, paginated=self.paginated)
        facts: list[Fact] = [Fact(edit, call.turn) for edit in edits]
        if call.commits and not call.itemized:
            made = commits_made(call.commits, reply, call.text.call_id)
            facts.extend(Fact(commit, call.turn) for commit in made)
            call.commits = call.commits[len(made) :]
        if reply.running:
            call.runs_on(reply.running)
        else:
            self._close(call_id, gave_edits=bool(edits) or call.announced)
        return facts

    def patch_record(self, call_id: str, record: dict[str, Any], turn: int, folder: str) -> list[Fact]:
        """Edits of a `patch_apply_end` or a `FileChange`."""
        call = self.open.get(call_id)
        if self.closed.get(call_id):
            return []
        callers = [call] if call else [other for other in self.open.values() if other.text.kind == "script"]
        for caller in callers:
            caller.patched = True
        patches = tuple(patch for caller in callers for patch in caller.text.patches)
        only = None
        if record.get("success") is False or record.get("status") not in (None, "completed"):
            said = record.get("stderr") or record.get("stdout")
            only = (
                applied_files(patches, said) if isinstance(said, str) and record.get("status") != "declined" else set()
            )
            if not only:
                return []
        if call is None:
            self._note(call_id, gave_edits=True)
        turn = call.turn if call else turn
        edits = edits_of_changes(record.get("changes"), folder, call_id, patches, only=only)
        return [Fact(edit, turn) for edit in edits]

    def command_record(self, call_id: str, record: dict[str, Any], turn: int, folder: str) -> list[Fact]:
        """An `exec_command_end` or a `CommandExecution`: the end of a known call, or a command inside a script, which
        then is a call of its own. What the person typed is neither, nor is typing into a process that runs."""
        if record.get("source") in ("user_shell", "unified_exec_interaction"):
            return []
        reply = read_item(record)
        call = self.open.get(call_id)
        if call is not None:
            call.exit_code = reply.exit_code
            if not call.announced or reply.status == "running":
                return []
            typing = [
                more for more in self.open.values() if more.text.kind == "more" and more.text.target == call.running
            ]
            edits = self._typed(call, typing, reply, ended=True)
            return [Fact(edit, typing[-1].turn if typing else turn) for edit in edits] + self._settle(
                call_id, call, reply
            )
        if call_id in self.closed or reply.status == "running":
            return []
        return self._nested(call_id, record, reply, turn, folder)

    def _nested(self, call_id: str, record: dict[str, Any], reply: Reply, turn: int, folder: str) -> list[Fact]:
        argv = record.get("command")
        words = [word for word in argv if isinstance(word, str)] if isinstance(argv, list) else [text_of(argv, 1 << 20)]
        workdir = resolve(record.get("cwd"), folder) or folder
        script = Script(script_of(words), workdir)
        commits = commit_calls((script,))
        made = commits_made(commits, reply, call_id) if commits else []
        for caller in self.open.values():
            if caller.text.kind == "script":
                caller.itemized = True
                caller.commits = caller.commits[len(made) :]
        ran = reply.exit_code in (0, None) and reply.status not in ("declined", "failed")
        # A patch inside such a command has a FileChange only if Codex intercepted it; then no command ran.
        edits = edits_of_scripts((script,), reply.text, call_id, code=reply.exit_code, ran=ran, patched=False)
        self._note(call_id, gave_edits=bool(edits))
        facts: list[Any] = [Call(call_id, "exec_command", script.text, workdir, "")]
        facts.append(Output(call_id, reply.exit_code, reply.status, reply.text))
        return [Fact(data, turn) for data in [*facts, *edits, *made]]

    def end_turn(self) -> None:
        """A turn began or ended: only processes that still run can answer from here on."""
        self._drop([key for key, call in self.open.items() if not call.running])

    def pending(self) -> list[PendingCommit]:
        return [
            PendingCommit(call.at, commit.workdir, call.text.command or call.text.typed, call.text.call_id, call.turn)
            for call in self.open.values()
            for commit in call.commits
        ]

    def _drop(self, keys: list[str]) -> None:
        for key in keys:
            del self.open[key]

    def _close(self, call_id: str, *, gave_edits: bool) -> None:
        self.open.pop(call_id, None)
        self._note(call_id, gave_edits=gave_edits)

    def _note(self, call_id: str, *, gave_edits: bool) -> None:
        if call_id:
            self.closed.pop(call_id, None)
            self.closed[call_id] = gave_edits
            if len(self.closed) > _MAX_CLOSED:
                del self.closed[next(iter(self.closed))]


def _plan(arguments: dict[str, Any]) -> Plan:
    steps = arguments.get("plan")
    pairs = [
        (text_of(step.get("status"), 32), text_of(step.get("step"), 4096))
        for step in (steps if isinstance(steps, list) else ())
        if isinstance(step, dict)
    ]
    return Plan(text_of(arguments.get("explanation"), 1 << 20), tuple(pairs))


def _edits(call: OpenCall, reply: Reply, *, paginated: bool) -> list[Edit]:
    """Edits that only the texts of a call and its output show."""
    text, call_id = call.text, call.text.call_id
    ran = reply.exit_code in (0, None) and reply.status not in ("declined", "failed")
    if text.kind == "patch" and not call.patched:
        if SUCCESS in reply.text or reply.exit_code == 0:
            return edits_of_patches(text.patches, call_id)
        return edits_of_failed(text.patches, reply.text, call_id)
    if text.kind == "shell":
        return edits_of_scripts(text.scripts, reply.text, call_id, code=reply.exit_code, ran=ran, patched=call.patched)
    if text.kind != "script" or paginated or not ran:
        return []
    edits = [] if call.patched else edits_of_patches(text.patches, call_id)
    return edits + _edits_of_commands(call, reply)


def _edits_of_commands(call: OpenCall, reply: Reply) -> list[Edit]:
    """Edits of the commands in a code-mode script, each judged by its own result where the script printed them all."""
    scripts, call_id = call.text.scripts, call.text.call_id
    if call.itemized:
        return []
    codes = (
        reply.results
        if len(reply.results) == len(scripts)
        else (max((c or 0 for c in reply.results), default=0),) * len(scripts)
    )
    return [
        edit
        for script, code in zip(scripts, codes, strict=True)
        for edit in edits_of_scripts(
            (script,), reply.text, call_id, code=None, ran=code in (0, None), patched=call.patched
        )
    ]
