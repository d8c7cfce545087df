"""Finds private keys in PEM armour, whole, cut at either end, or squeezed onto one line."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import zip_longest

from git_ai_trail.lazy import pattern
from git_ai_trail.redact.detector import RANK_VENDOR, Detector, Leaf, Span, matches

RULE = "private-key"

_LABEL = r"(?:[A-Z0-9]{1,12} ){0,4}(?:PRIVATE|SECRET) KEY(?: BLOCK)?"
_BEGIN = pattern(rf"-{{4,6}} ?BEGIN {_LABEL} ?-{{4,6}}", re.ASCII)
_END = pattern(rf"-{{4,6}} ?END {_LABEL} ?-{{4,6}}", re.ASCII)
# What stands between the armour lines: base64, armour headers, and whatever quotes and line prefixes a log puts there.
_BODY = pattern(r"(?:[A-Za-z0-9+/=\s\\\"'`,+|>#:;._()<\x1f-](?!-{3,6} ?(?:BEGIN|END) )){0,24000}", re.ASCII)
_ENCODED = pattern(r"[A-Za-z0-9+/]{16,}", re.ASCII)
_MAX_KEY = 24_000


def detectors() -> tuple[Detector, ...]:
    return (
        Detector(
            rule=RULE,
            find=_find,
            gates=(r"-{4,6} ?(?:BEGIN|END) (?:[A-Z0-9]{1,12} ){0,4}(?:PRIVATE|SECRET) KEY",),
            keywords=("private key", "secret key"),
            checked=True,
        ),
    )


def _find(leaf: Leaf, low: int, high: int) -> Iterator[Span]:
    text = leaf.text
    last = low
    begins = list(matches(_BEGIN, text, low, high))
    for begin, following in zip_longest(begins, begins[1:]):
        limit = min(following.start() if following else high, begin.end() + _MAX_KEY)
        end = _END.search(text, begin.end(), limit)
        stop = end.end() if end else _truncated(text, begin.end())
        if end and not _ENCODED.search(text, begin.end(), end.start()):
            last = end.end()  # the two lines alone, as in documentation
            continue
        if stop > begin.end():
            yield Span(begin.start(), stop, RULE, "private-key", RANK_VENDOR)
        last = max(last, stop)
    for end in matches(_END, text, last, high):
        start = _headless(text, last, end.start())
        if start < end.start():
            yield Span(start, end.end(), RULE, "private-key", RANK_VENDOR)
        last = end.end()


def _truncated(text: str, start: int) -> int:
    """Where a key without an end line stops: behind its last long run of base64."""
    body = _BODY.match(text, start)
    runs = list(_ENCODED.finditer(text, start, body.end() if body else start))
    return runs[-1].end() if runs else start


def _headless(text: str, low: int, end: int) -> int:
    """Where a key without a begin line starts: at the first of the lines of base64 that lead up to its end."""
    start = end
    while start > low:
        line_start = text.rfind("\n", low, max(low, start - 1)) + 1 or low
        line = text[line_start:start].strip(" \t\r\n\"'+,\\|>")
        if line and not re.fullmatch(r"[A-Za-z0-9+/=]{1,80}(?:\\n[A-Za-z0-9+/=]{0,80}){0,200}", line):
            break
        if line_start >= start:
            break
        start = line_start
    return start
