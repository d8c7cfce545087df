"""The second look of redaction at a finished text, without which nothing is published."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence

import msgspec

from git_ai_trail.errors import TrailError
from git_ai_trail.pipeline import beside
from git_ai_trail.redact import Finding, publish_scan

# Characters from which on a second process saves more than it costs.
_WORTH_SHARING = 2_000_000
# A string of JSON with an escape in it; only strings hold backslashes, so a match that begins at a closing quote fails at once.
_ESCAPED = re.compile(r'"[^"\\]*(?:\\.[^"\\]*)+"')
_RULE_HINT = "add a redaction rule for it to .git-ai-trail/redactions.yml, then make the report again"


def refuse_unclean(text: str, *, is_json: bool = False) -> None:
    """Raises `TrailError` for a report that must not be published. Of JSON the strings are looked at as they read, too."""
    found = _scanned(text)
    if found:
        first = found[0]
        more = f" and {len(found) - 1} more" if len(found) > 1 else ""
        raise TrailError(
            f"not published: the finished report holds what rule {first.rule} catches "
            f"(line {first.line}, column {first.column}{more})",
            _RULE_HINT,
        )
    for first, line in _behind_escapes(text) if is_json else ():
        raise TrailError(
            f"not published: the finished report holds what rule {first.rule} catches (line {line}, behind an escape)",
            _RULE_HINT,
        )


def refuse_unclean_lines(lines: Sequence[tuple[str, str]], what: str, hint: str) -> None:
    """Raises `TrailError` for lines of JSON that must not go out, each given with the words for its place."""
    # What ends a line for Python alone must not move the numbers.
    text = "\n".join(" ".join(line.splitlines()) for _, line in lines)
    found = [(one.rule, one.line - 1) for one in _scanned(text)]
    found = found or [(one.rule, line - 1) for one, line in _behind_escapes(text)]
    if found:
        rule, number = found[0]
        more = f" and {len(found) - 1} more" if len(found) > 1 else ""
        raise TrailError(f"not published: {what} holds what rule {rule} catches ({lines[number][0]}{more})", hint)


def _behind_escapes(text: str) -> Iterator[tuple[Finding, int]]:
    """What the scan finds in strings of JSON once their escapes are undone, with the number of the line it stands in.

    In `\\nsecret` the n stands before the secret like a letter of the same word, and no rule that begins at a word would fire.
    """
    told: list[str] = []
    numbers: list[int] = []
    for number, line in enumerate(text.split("\n"), 1) if "\\" in text else ():
        for match in _ESCAPED.finditer(line) if "\\" in line else ():
            try:
                parts = str(json.loads(match.group(), strict=False)).splitlines()
            except ValueError:
                continue
            told += parts
            numbers += [number] * len(parts)
    yield from ((one, numbers[one.line - 1]) for one in (_scanned("\n".join(told)) if told else ()))


def _scanned(text: str) -> list[Finding]:
    """`publish_scan` of the text, which goes line by line: of a long one half the lines are looked at by a second process."""
    middle = text.find("\n", len(text) // 2) + 1
    if len(text) < _WORTH_SHARING or not middle or not beside.is_possible():
        return publish_scan(text)
    first, sent = beside.both(
        lambda: publish_scan(text[:middle]), lambda: msgspec.msgpack.encode(publish_scan(text[middle:]))
    )
    # Of two halves that are clean nothing needs to be placed; else the whole says where.
    clean = not first and sent == msgspec.msgpack.encode([])
    return [] if clean else publish_scan(text)
