"""Which words from a log may be repeated as they are: names and versions of agents, models and tools. Hot path."""

from __future__ import annotations

from git_ai_trail.lazy import pattern

WORD = pattern(r"[A-Za-z0-9._:/@+-]{1,80}")

# A word this long without a separator is a key or a token, not the name of a model.
_LONG_RUN = pattern(r"[A-Za-z0-9]{20}")
_MAIL = pattern(r"@(?![0-9])")


def agent_word(name: str) -> str:
    """An agent's name as one word, as records have it: `Claude Code` is `Claude-Code`."""
    return word(name.replace(" ", "-"))


def word(text: str) -> str:
    """`text` if it can be the name or version of an agent, a model or a tool; else empty.

    Letters, digits and a few signs are not enough: a token, a mail address or a home folder is made of them too.
    """
    fine = WORD.fullmatch(text) and text[0] != "/" and not _LONG_RUN.search(text) and not _MAIL.search(text)
    return text if fine else ""
