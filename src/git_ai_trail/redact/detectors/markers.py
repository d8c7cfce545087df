"""Finds what a person marked in the text: `[redact] … [/redact]`, `[redact: …]`, `[redact …]`; unclosed means to the end."""

from __future__ import annotations

import re
from collections.abc import Iterator

from git_ai_trail.redact.detector import RANK_MARKER, Detector, Leaf, Span

RULE = "inline-marker"

_OPEN = re.compile(r"\[redact(?P<content>[ \t:][^\]]*)?(?P<close>\])?", re.IGNORECASE)
_CLOSE = re.compile(r"\[/redact\]", re.IGNORECASE)


def detectors() -> tuple[Detector, ...]:
    return (
        Detector(
            rule=RULE,
            find=_find,
            gates=(r"\[redact[ \t:\]]|\[redact$",),
            keywords=("[redact",),
            caseless=True,
            checked=True,
        ),
    )


def _find(leaf: Leaf, low: int, high: int) -> Iterator[Span]:
    text, at = leaf.text, low
    while True:
        opened = _OPEN.search(text, at, high)
        if opened is None:
            return
        if not opened["close"] and not opened["content"] and opened.end() < len(text):
            at = opened.end()  # [redacted], [redactor …: another word
            continue
        end = _end_of(text, opened)
        yield Span(opened.start(), end, RULE, "marked", RANK_MARKER)
        at = end


def _end_of(text: str, opened: re.Match[str]) -> int:
    if not opened["close"]:
        return len(text)
    closed = _CLOSE.search(text, opened.end())
    again = _OPEN.search(text, opened.end())
    if closed and not (again and again.start() < closed.start() and opened["content"]):
        return closed.end()
    return opened.end() if opened["content"] else len(text)
