"""The last look at text that is about to be published: a second path to the same end, line by line with plain `re`.

It shares patterns and judgement of single values with the first pass and nothing else, so that a fault in gate, views,
spans or tags shows here.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from typing import NamedTuple

from git_ai_trail.redact import ruleset
from git_ai_trail.redact.detectors.people import is_somebodys
from git_ai_trail.redact.detectors.values import is_placeholder
from git_ai_trail.redact.rulefile import flags_of

_KEY_BLOCK = re.compile(r"-----BEGIN [A-Z0-9 ]{0,60}PRIVATE KEY( BLOCK)?-----")
_ADDRESS = re.compile(
    r"(?<![\w.+-])(?P<user>[\w.+-]{1,64})@(?P<host>(?:[\w-]{1,63}\.){1,8}[A-Za-z]{2,24})(?![\w(-])", re.ASCII
)
_HOME = re.compile(r"(?<![\w.~\x1f-])(?:/home/|/Users/|[A-Za-z]:\\{1,2}Users\\{1,2})(?!Shared\b)[\w][\w.-]*", re.ASCII)
_URL_PASSWORD = re.compile(
    r"://(?P<user>[^\s/:@\x1f]{0,64}):(?P<password>[^\s/@:\[\]{}<>$*\x1f]{3,256})@[\w.-]", re.ASCII
)
_TAG = re.compile(r"\[(?:REDACTED|WITHHELD|omitted):[a-z0-9_-]{1,32}(?:#\d{1,6})?(?: \d{1,12} B)?\]")


class Finding(NamedTuple):
    """Where something stands that must not be published; line and column count from 1. Never the text."""

    rule: str
    line: int
    column: int


def publish_scan(text: str) -> list[Finding]:
    """Everything in `text` that must not go out, in order of its place."""
    findings: list[Finding] = []
    for number, line in enumerate(text.splitlines(), 1):
        bare = _TAG.sub(lambda match: "\x1f" * len(match.group()), line)
        findings += sorted({Finding(rule, number, at + 1) for rule, at in _in_line(bare)}, key=lambda f: f.column)
    return findings


def _in_line(line: str) -> Iterator[tuple[str, int]]:
    lower = line.lower()
    for rule, keywords, pattern in _patterns():
        if any(keyword in lower for keyword in keywords):
            yield from ((rule, match.start()) for match in pattern.finditer(line))
    for rule, pattern in (("private-key", _KEY_BLOCK), ("home-path", _HOME)):
        yield from ((rule, match.start()) for match in pattern.finditer(line))
    for match in _URL_PASSWORD.finditer(line):
        if match["password"] != match["user"] and not is_placeholder(match["password"]):
            yield "url-credentials", match.start()
    for match in _ADDRESS.finditer(line) if "@" in line else ():
        if is_somebodys(match["user"], match["host"]):
            yield "email", match.start()


@cache
def _patterns() -> tuple[tuple[str, tuple[str, ...], re.Pattern[str]], ...]:
    return tuple((rule.id, rule.keywords, re.compile(rule.pattern, flags_of(rule))) for rule in ruleset.builtin().rules)
