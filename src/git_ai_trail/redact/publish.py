"""The last look at text that is about to be published: a second path to the same end, line by line with plain `re`.

It shares patterns and judgement of single values with the first pass and nothing else, so that a fault in gate, views,
spans or tags shows here.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Callable, Iterator
from functools import cache
from itertools import accumulate
from typing import NamedTuple

from git_ai_trail.redact import ruleset
from git_ai_trail.redact.detectors.people import is_somebodys
from git_ai_trail.redact.detectors.values import is_placeholder
from git_ai_trail.redact.pattern import compiled
from git_ai_trail.redact.rulefile import flags_of

_KEY_BLOCK = r"-----BEGIN [A-Z0-9 ]{0,60}PRIVATE KEY( BLOCK)?-----"
_ADDRESS = r"(?<![\w.+-])(?P<user>[\w.+-]{1,64})@(?P<host>(?:[\w-]{1,63}\.){1,8}[A-Za-z]{2,24})(?![\w(-])"
_HOME = r"(?<![\w.~\x1f-])(?:/home/|/Users/|[A-Za-z]:\\{1,2}Users\\{1,2})(?!Shared\b)[\w][\w.-]*"
_URL_CREDENTIALS = r"://(?P<user>[^\s/:@\x1f]{0,64}):(?P<password>[^\s/@:\[\]{}<>$*\x1f]{3,256})@[\w.-]"
_TAG = re.compile(r"\[(?:REDACTED|WITHHELD|omitted):[a-z0-9_-]{1,32}(?:#\d{1,6})?(?: \d{1,12} B)?\]")
_WORD = re.compile(r"[\w-]+", re.ASCII)
_HEX = re.compile(rb"[0-9a-f-]+")
# What stands between words, as spaces; letters beyond ASCII count as parts of words, so that no word is cut.
_APART = bytes(b if b >= 128 or chr(b) == "-" or chr(b) == "_" or chr(b).isalnum() else 32 for b in range(256))


class Finding(NamedTuple):
    """Where something stands that must not be published; line and column count from 1. Never the text."""

    rule: str
    line: int
    column: int


def publish_scan(text: str) -> list[Finding]:
    """Everything in `text` that must not go out, in order of its place."""
    told = text.splitlines()
    # Finished reports repeat most of their lines; each is looked at once.
    once = list(dict.fromkeys(told))
    lines = [_TAG.sub(_blanked, line) if "[" in line else line for line in once]
    found: dict[str, set[tuple[str, int]]] = {}
    for look, at in _suspects(lines):
        for start in look.places(lines[at]):
            found.setdefault(once[at], set()).add((look.rule, start))
    if not found:
        return []
    findings = [
        Finding(rule, number, start + 1) for number, line in enumerate(told, 1) for rule, start in found.get(line, ())
    ]
    return sorted(findings, key=lambda one: (one.line, one.column, one.rule))


def _blanked(tag: re.Match[str]) -> str:
    return "\x1f" * len(tag.group())


class _Look(NamedTuple):
    """One thing to look for in lines that hold one of the keywords (in lower case; none: in every line)."""

    rule: str
    keywords: tuple[str, ...]
    source: str
    flags: re.RegexFlag = re.ASCII
    counts: Callable[[re.Match[str]], bool] | None = None

    def places(self, line: str) -> list[int]:
        found = compiled(self.source, self.flags).finditer(line)
        return [match.start() for match in found if self.counts is None or self.counts(match)]


def _suspects(lines: list[str]) -> Iterator[tuple[_Look, int]]:
    """(look, number of the line): every line that holds a keyword of a look, once for each look.

    Nearly all keywords stand nowhere, which the words of the text tell at once: two hundred rules are not tried line by line.
    """
    lowered = [line.lower().replace("\n", " ") for line in lines]
    whole = "\n".join(lowered)
    starts = [0, *accumulate(len(line) + 1 for line in lowered)]
    words = set(whole.encode("utf-8", "surrogatepass").translate(_APART).split())
    # A keyword with a letter beyond f cannot stand in an oid, a digest or a number, of which there are thousands.
    names = b"\n".join(word for word in words if not _HEX.fullmatch(word))
    for look in _looks():
        if not look.keywords:
            yield from ((look, at) for at in range(len(lines)))
            continue
        there: set[int] = set()
        for keyword in look.keywords:
            if _is_name(keyword) and keyword.encode() not in names:
                continue
            at = whole.find(keyword)
            while at >= 0:
                line = bisect_right(starts, at) - 1
                there.add(line)
                at = whole.find(keyword, starts[line + 1])
        yield from ((look, at) for at in sorted(there))


def _is_name(keyword: str) -> bool:
    return _WORD.fullmatch(keyword) is not None and _HEX.fullmatch(keyword.encode()) is None


def _is_password(match: re.Match[str]) -> bool:
    return match["password"] != match["user"] and not is_placeholder(match["password"])


def _is_address(match: re.Match[str]) -> bool:
    return is_somebodys(match["user"], match["host"])


@cache
def _looks() -> tuple[_Look, ...]:
    rules = (_Look(rule.id, rule.keywords, rule.pattern, flags_of(rule)) for rule in ruleset.builtin().rules)
    return (
        *rules,
        _Look("private-key", ("private key",), _KEY_BLOCK),
        _Look("home-path", ("/home/", "/users/", ":\\users", ":\\\\users"), _HOME),
        _Look("url-credentials", ("://",), _URL_CREDENTIALS, counts=_is_password),
        _Look("email", ("@",), _ADDRESS, counts=_is_address),
    )
