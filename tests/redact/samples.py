"""Secret-looking texts made at run time, so that none stands in the tree."""

from __future__ import annotations

import string
from random import Random

from git_ai_trail.facts import Event
from git_ai_trail.model import CleanEvent, SourceFile
from git_ai_trail.redact import Identity, Scrubber, ruleset
from git_ai_trail.redact.shapes import expand

KEY = bytes(range(32))
ALPHANUMERIC = string.ascii_letters + string.digits
SOURCE = SourceFile(format="codex", path="log.jsonl", size=0, mtime_ns=0, inode=0)


def token(seed: int = 1) -> str:
    """A code host's token."""
    return "gh" + expand("p_[A-Za-z0-9]{36}", Random(seed))


def random_text(length: int, seed: int = 1, alphabet: str = ALPHANUMERIC) -> str:
    return "".join(Random(seed).choices(alphabet, k=length))


def key_block(seed: int = 1, lines: int = 6) -> str:
    body = "\n".join(random_text(64, seed + n, ALPHANUMERIC + "+/") for n in range(lines))
    head, tail = ("-----" + word + " RSA PRIVATE " + "KEY-----" for word in ("BEGIN", "END"))
    return f"{head}\n{body}\n{tail}"


def scrubber(*, gate: str = "", identity: Identity | None = None) -> Scrubber:
    return Scrubber(ruleset.load(), KEY, identity=identity or Identity(), gate=gate)


def clean(text: str, *, gate: str = "") -> str:
    """The text as the built-in rules leave it."""
    return scrubber(gate=gate).text(text)[0]


def scrubbed(with_scrubber: Scrubber, *events: Event) -> list[CleanEvent]:
    """The events, each a line of its own, after a scrub."""
    lines = [(b"line", [event]) for event in events]
    session = with_scrubber.scrub(SOURCE, lines, offset=0, appended=False, skipped={})
    return list(session.events)
