"""Session logs of coding agents, each read by one module or package that satisfies `protocol.Format`."""

from __future__ import annotations

import os
from collections.abc import Sequence

from git_ai_trail.formats import aider, claude, codex, copilot, gemini, opencode, vscode
from git_ai_trail.formats.protocol import Format
from git_ai_trail.loglines import head_of

FORMATS: tuple[Format, ...] = (aider, claude, codex, copilot, gemini, opencode, vscode)

BY_NAME = {fmt.NAME: fmt for fmt in FORMATS}

_HEAD = 16 * 1024


def is_own(fmt: Format, path: str, among: Sequence[Format] = FORMATS) -> bool:
    """Whether the log at `path`, whose name `fmt` accepts, is that agent's. Where the name would do for another agent's as
    well (people put logs of all agents into one folder), what the log begins with decides; if nothing does, both have it."""
    name = os.path.basename(path)
    rivals = [other for other in among if other is not fmt and other.is_log(name)]
    if not rivals:
        return True
    try:
        head = head_of(path, _HEAD)
    except OSError:
        return False
    return fmt.recognises(head) or not any(other.recognises(head) for other in rivals)
