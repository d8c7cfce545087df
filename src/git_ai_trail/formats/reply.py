"""A tool call that has ended: what came back, as far as any format can tell, and what it says of its work."""

from __future__ import annotations

from typing import NamedTuple

from git_ai_trail.facts import Call, CommitMade, Edit, Output, Plan


class Reply(NamedTuple):
    """An output as far as it can be read. `running` names the process or cell that goes on, else it is empty.

    `results` are the exit codes of the commands of a code-mode script, as far as the script printed them.
    """

    exit_code: int | None
    status: str  # completed, failed, declined, running, unknown
    text: str
    running: str
    results: tuple[int | None, ...] = ()


class ToolCall(NamedTuple):
    """A call whose record is written when it has ended, and all that it says."""

    call: Call
    plan: Plan | None
    output: Output
    edits: list[Edit]
    commits: list[CommitMade]
