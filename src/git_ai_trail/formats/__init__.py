"""Session logs of coding agents, each read by one module or package that satisfies `protocol.Format`."""

from __future__ import annotations

from git_ai_trail.formats import codex
from git_ai_trail.formats.protocol import Format

FORMATS: tuple[Format, ...] = (codex,)

BY_NAME = {fmt.NAME: fmt for fmt in FORMATS}
