"""Figures and lists as English says them."""

from __future__ import annotations

from collections.abc import Sequence


def count(number: int, one: str, many: str = "") -> str:
    """`1 commit`, `2,910 lines`."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def are(number: int, one: str, many: str) -> str:
    """The verb that goes with a number: `are(1, 'carries', 'carry')`."""
    return one if number == 1 else many


def listed(words: Sequence[str]) -> str:
    """`a`, `a and b`, `a, b and c`."""
    return " and ".join([", ".join(words[:-1]), words[-1]] if len(words) > 1 else words)


def agent_model(agent: str, model: str) -> str:
    """How an agent with its model is named in a row."""
    return f"{agent} · {model}" if model else agent or "unnamed agent"


# What a status means to a reader who has never heard of it.
STATUS = {
    "exact": "the message vouches for the record, and the content is the record's",
    "carried": "the message or a later note vouches for it, and its lines were found again in rewritten content",
    "unanchored": "the record fits the content, but no message vouches for it (made after the commit, or without a trailer)",
    "claim": "something is attached that nothing supports",
    "unknown": "a record is named and is not here, or was withheld",
}
EVIDENCE = {
    "committed-by-session": "the session itself made the commit",
    "content": "lines that the session wrote stand in the commit, enough of them rare",
    "content-weak": "some of its lines stand in the commit, but few or common ones",
    "time-path": "it worked on the same files around that time, but none of its lines stand there",
}
