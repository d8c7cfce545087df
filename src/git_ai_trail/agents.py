"""The agents whose logs are read: how each is called in a record and on the command line, and how people call it.

Apart from the readers themselves, so that a command that only names agents need not load what reads their logs.
"""

from __future__ import annotations

from git_ai_trail.words import agent_word

AGENTS = {
    "aider": "Aider",
    "claude": "Claude Code",
    "codex": "Codex",
    "copilot": "GitHub Copilot",
    "gemini": "Gemini CLI",
    "opencode": "OpenCode",
    "vscode": "GitHub Copilot Chat",
}

_SPOKEN = {agent_word(name): name for name in AGENTS.values()}
_FORMATS = {agent_word(shown): name for name, shown in AGENTS.items()}


def admit(name: str, shown: str) -> None:
    """Makes an agent known whose reader is not part of this package, for this process."""
    AGENTS[name] = shown
    _SPOKEN[agent_word(shown)] = shown
    _FORMATS[agent_word(shown)] = name


def format_of(agent: str) -> str:
    """The name of the logs of an agent that a record names; the agent's own where nobody knows it."""
    return _FORMATS.get(agent, agent)


def spoken(agent: str) -> str:
    """An agent's name, as a match or a record has it, for people to read."""
    one = agent_word(agent)
    return _SPOKEN.get(one, one)
