"""The agents whose logs are read: how each is called in a record and on the command line, and how people call it.

Apart from the readers themselves, so that a command that only names agents need not load what reads their logs.
"""

from __future__ import annotations

from git_ai_trail.words import agent_word

AGENTS = {"claude": "Claude Code", "codex": "Codex", "copilot": "GitHub Copilot", "gemini": "Gemini CLI"}

_SPOKEN = {agent_word(name): name for name in AGENTS.values()}


def spoken(agent: str) -> str:
    """An agent's name, as a match or a record has it, for people to read."""
    one = agent_word(agent)
    return _SPOKEN.get(one, one)
