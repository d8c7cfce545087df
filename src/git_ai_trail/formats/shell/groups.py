"""What a group of commands prints together: `{ …; }` and `( … )`."""

from __future__ import annotations

from collections.abc import Sequence

from git_ai_trail.formats.shell.lexer import DYNAMIC
from git_ai_trail.formats.shell.steps import Step
from git_ai_trail.formats.shell.variables import TURNS

CLOSES = ("}", ")")
# These print nothing on their output.
SILENT = (
    "mkdir",
    "touch",
    "chmod",
    "cp",
    "mv",
    "rm",
    "export",
    "true",
    ":",
    "sleep",
    "test",
    "[",
    "[[",
    "set",
    "umask",
)
_GOES_ON = (*SILENT, "echo", "printf", "cat")
_TURNS = (*TURNS, "fi", "done", "esac")


def group_output(steps: Sequence[Step], index: int, printed: Sequence[str | None]) -> str | None:
    """The text that the group which ends at this step prints; DYNAMIC where it is not known, None where none of it is.

    `printed` is what each step before sends to the output that it shares with the steps around it.
    """
    members = _members(steps, index)
    if members is None:
        return None
    pieces: list[str] = []
    into = {redirect.target for redirect in steps[index].command.redirects}
    for place, at in enumerate(members):
        step = steps[at]
        if any(redirect.target in into for redirect in step.command.redirects):
            return None  # two that write into one file, each over what the other wrote
        if step.command.words[:1] and step.command.words[0] in _TURNS:
            return None
        if place and (step.command.after == "||" or (step.command.after == "&&" and not _ends_well(steps[at - 1]))):
            return None
        piece = printed[at]
        pieces.append(DYNAMIC if piece is None else piece)
    return "".join(pieces) if any(piece != DYNAMIC for piece in pieces) else None


def _ends_well(step: Step) -> bool:
    return not step.words or step.program in _GOES_ON


def _members(steps: Sequence[Step], index: int) -> list[int] | None:
    """The steps of the group, in order; None where they cannot be told."""
    depth = steps[index].command.depth
    members: list[int] = []
    inner = 0
    brace = steps[index].command.words[:1] == ("}",)
    for at in range(index - 1, -1, -1):
        command = steps[at].command
        if command.depth <= depth and not brace:
            break
        if command.depth < depth:
            return None
        # What `$(…)` runs stands before the command that it is a part of; what it prints goes into that one's words.
        if command.depth > depth + (not brace):
            if command.words[:1] == (")",) or not _is_silent(steps[at]):
                return None
            continue
        first = command.words[:1]
        if first == ("{",) and brace and not inner:
            return [at, *members[::-1]]
        # A group in the group is one member: its end, which prints what it prints together.
        if not inner:
            members.append(at)
        inner += (first == ("}",)) - (first == ("{",))
        if inner < 0:
            return None
    return members[::-1] if members and not brace else None


def _is_silent(step: Step) -> bool:
    return not step.words or step.program in SILENT
