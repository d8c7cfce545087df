"""What a command does to one file."""

from __future__ import annotations

from typing import NamedTuple

from git_ai_trail.formats.linediff import Runs


class FileWrite(NamedTuple):
    """A file that a command writes. `lines` is None where the command does not tell what."""

    path: str
    old_path: str
    op: str  # add, update, move
    lines: Runs | None
    removed: int
