"""Edits that shell text makes, if it ran."""

from __future__ import annotations

from git_ai_trail.facts import Edit
from git_ai_trail.formats.shell.steps import Script, Step, steps_of
from git_ai_trail.formats.shell.writes import file_writes, may_write


def edits_of_scripts(scripts: tuple[Script, ...], call_id: str, said: str | None = None) -> list[Edit]:
    """Edits of shell text that ran; `said` is what came back, None if that is not known."""
    return [
        edit for script in scripts if may_write(script.text) for edit in edits_of_steps(steps_of(script), call_id, said)
    ]


def edits_of_steps(steps: list[Step], call_id: str, said: str | None) -> list[Edit]:
    """The same for one script that was followed already."""
    return [
        Edit(
            write.path,
            write.old_path,
            write.op,
            write.lines or (),
            write.removed,
            "shell",
            call_id,
            write.lines is not None,
        )
        for write in file_writes(steps, said)
    ]
