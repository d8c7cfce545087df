"""Finds the values of Kubernetes secrets in manifests (YAML, or JSON as one text): everything below `data`."""

from __future__ import annotations

import re
from collections.abc import Iterator

from git_ai_trail.lazy import pattern
from git_ai_trail.redact.detector import RANK_KEYED, Detector, Leaf, Span, matches
from git_ai_trail.redact.detectors.values import is_placeholder

RULE = "kubernetes-secret"

_KIND = pattern(r"kind\\{0,3}[\"']?[ \t]{0,3}:[ \t]{0,3}\\{0,3}[\"']?secret\b", re.ASCII | re.IGNORECASE)
# `data:` and the lines below it that stand deeper; a diff's or a listing's marks may stand before them.
_DATA = pattern(
    r"^(?P<mark>[ \t]{0,40}[+-]?)(?P<indent>[ \t]{0,40})(?:string)?data:[ \t]{0,8}\r?\n"
    r"(?P<block>(?:(?P=mark)(?P=indent)[ \t]{1,40}[^\r\n]{1,8000}\r?\n?){1,200})",
    re.ASCII | re.IGNORECASE | re.MULTILINE,
)
_ENTRY = pattern(
    r"^[ \t+-]{0,80}(?:[\"']?[\w./-]{1,128}[\"']?:[ \t]{1,8}(?:[|>][+-]?[ \t]{0,8}$)?)?[\"']?(?P<secret>[^\s\"'|>#\x1f][^\r\n\"'\x1f]{2,8000})",
    re.ASCII | re.MULTILINE,
)
_OBJECT = pattern(
    r"\\{0,3}[\"'](?:string)?data\\{0,3}[\"'][ \t]{0,3}:\s{0,40}\{(?P<block>[^{}]{1,16000})\}", re.ASCII | re.IGNORECASE
)
_MEMBER = pattern(r":\s{0,8}\\{0,3}[\"'](?P<secret>[^\"'\\\x1f]{3,8000})", re.ASCII)
# A manifest is not longer than this on either side of its kind.
_AROUND = 16_000


def detectors() -> tuple[Detector, ...]:
    return (
        Detector(
            rule=RULE,
            find=_find,
            gates=(r"kind\\{0,3}[\"']?[ \t]{0,3}:[ \t]{0,3}\\{0,3}[\"']?secret\b",),
            keywords=("kind",),
            caseless=True,
            checked=True,
        ),
    )


def _find(leaf: Leaf, low: int, high: int) -> Iterator[Span]:
    text = leaf.text
    done = low
    for kind in matches(_KIND, text, low, high):
        start, end = max(done, kind.start() - _AROUND), min(high, kind.end() + _AROUND)
        for blocks, entries in ((_DATA, _ENTRY), (_OBJECT, _MEMBER)):
            for block in blocks.finditer(text, start, end):
                yield from _values(text, entries, *block.span("block"))
        done = max(done, end)


def _values(text: str, entries: re.Pattern[str], start: int, end: int) -> Iterator[Span]:
    for entry in entries.finditer(text, start, end):
        value = entry["secret"].rstrip()
        if not is_placeholder(value):
            yield Span(entry.start("secret"), entry.start("secret") + len(value), RULE, "secret", RANK_KEYED)
