"""Edits that shell text makes, if it ran."""

from __future__ import annotations

import importlib
import re

from git_ai_trail.facts import Edit
from git_ai_trail.formats.shell.filewrite import FileWrite
from git_ai_trail.formats.shell.lexer import MAX_SCRIPT
from git_ai_trail.formats.shell.steps import Script, Step, steps_of
from git_ai_trail.formats.shell.writes import file_writes, may_write
from git_ai_trail.lazy import pattern

# What a script for PowerShell has in it, in lower case: asked first, since few logs have any.
_MARKS = ("-content", "out-file", "alltext", "@'", '@"')
_POWERSHELL = pattern(
    r"\b(?:Set-Content|Add-Content|Out-File|WriteAllText|AppendAllText)\b|(?:^|[\s=(,])@['\"]\r?\n", re.IGNORECASE
)


def is_powershell(script: str) -> bool:
    """Whether a script is one for PowerShell, by what no other shell has."""
    if len(script) > MAX_SCRIPT:
        return False
    lowered = script.lower()
    return any(mark in lowered for mark in _MARKS) and _POWERSHELL.search(script) is not None


def edits_of_scripts(scripts: tuple[Script, ...], call_id: str, said: str | None = None) -> list[Edit]:
    """Edits of shell text that ran; `said` is what came back, None if that is not known."""
    found: list[Edit] = []
    for script in scripts:
        if is_powershell(script.text):
            found += edits_of_powershell(script, call_id)
        elif may_write(script.text):
            found += edits_of_steps(steps_of(script), call_id, said)
    return found


def edits_of_powershell(script: Script, call_id: str) -> list[Edit]:
    """The same for a script that is one for PowerShell."""
    reader = importlib.import_module("git_ai_trail.formats.shell.powershell")  # seldom needed
    return _edits(reader.powershell_writes(script.text, script.workdir), call_id)


def edits_of_steps(steps: list[Step], call_id: str, said: str | None) -> list[Edit]:
    """The same for one script that was followed already."""
    return _edits(file_writes(steps, said), call_id)


def _edits(writes: list[FileWrite], call_id: str) -> list[Edit]:
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
        for write in writes
    ]
