"""The second look of redaction at a finished text, without which nothing is published."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple
from urllib.parse import quote

import msgspec

from git_ai_trail.errors import TrailError
from git_ai_trail.pipeline import beside
from git_ai_trail.pipeline.undressed import undressed
from git_ai_trail.redact import publish_scan

# Characters from which on a second process saves more than it costs.
_WORTH_SHARING = 2_000_000
# A string of JSON with an escape in it; only strings hold backslashes, so a match that begins at a closing quote fails at once.
_ESCAPED = re.compile(r'"[^"\\]*(?:\\.[^"\\]*)+"')
# Shorter values count where no letter or digit stands beside them.
_CLEAR_TOKEN = 16
_ENV_RULE = "env-file"
_RULE_HINT = "add a redaction rule for it to .git-ai-trail/redactions.yml, then make the report again"


class _Found(NamedTuple):
    """What must not go out, and where; column 0 says that it only shows once something is undone in that line."""

    rule: str
    line: int
    column: int


def refuse_unclean(text: str, *, is_json: bool = False, secrets: Sequence[str] = ()) -> None:
    """Raises `TrailError` for a report that must not be published, as it stands there or as its readers see it.

    `secrets` are values of which somebody else knows that they are (see `env_files`).
    """
    found = _looked_through(text, is_json=is_json, secrets=secrets)
    if found:
        first = found[0]
        place = f"line {first.line}, " + (f"column {first.column}" if first.column else "behind an escape")
        more = f" and {len(found) - 1} more" if len(found) > 1 else ""
        raise TrailError(
            f"not published: the finished report holds what rule {first.rule} catches ({place}{more})", _RULE_HINT
        )


def refuse_unclean_lines(
    lines: Sequence[tuple[str, str]], what: str, hint: str, *, secrets: Sequence[str] = ()
) -> None:
    """Raises `TrailError` for lines of JSON that must not go out, each given with the words for its place."""
    # What ends a line for Python alone must not move the numbers.
    text = "\n".join(" ".join(line.splitlines()) for _, line in lines)
    found = _looked_through(text, is_json=True, secrets=secrets)
    if found:
        first = found[0]
        more = f" and {len(found) - 1} more" if len(found) > 1 else ""
        raise TrailError(
            f"not published: {what} holds what rule {first.rule} catches ({lines[first.line - 1][0]}{more})", hint
        )


def _looked_through(text: str, *, is_json: bool, secrets: Sequence[str]) -> list[_Found]:
    """What is found in the text: of a long one half the lines are looked at by a second process."""

    def look(part: str) -> list[_Found]:
        return _direct(part, secrets) or list(_behind(part, is_json=is_json, secrets=secrets))

    middle = text.find("\n", len(text) // 2) + 1
    if len(text) < _WORTH_SHARING or not middle or not beside.is_possible():
        return look(text)
    first, sent = beside.both(lambda: look(text[:middle]), lambda: msgspec.msgpack.encode(look(text[middle:])))
    # Of two halves that are clean nothing needs to be placed; else the whole says where.
    clean = not first and sent == msgspec.msgpack.encode([])
    return [] if clean else look(text)


def _direct(text: str, secrets: Sequence[str]) -> list[_Found]:
    """What the scan finds in the text as it stands there, and the known secrets in it, in the forms in which programs print them."""
    found = [_Found(*one) for one in publish_scan(text)]
    for value in secrets:
        for form in dict.fromkeys((value, json.dumps(value)[1:-1], quote(value, safe=""))):
            at = text.find(form)
            while at >= 0:
                if len(form) >= _CLEAR_TOKEN or not _beside_word(text, at, at + len(form)):
                    begin = text.rfind("\n", 0, at)
                    found.append(_Found(_ENV_RULE, text.count("\n", 0, at) + 1, at - begin))
                    break  # one place for each is enough to refuse
                at = text.find(form, at + 1)
    return sorted(found, key=lambda one: (one.line, one.column))


def _beside_word(text: str, start: int, end: int) -> bool:
    return text[max(0, start - 1) : start].isalnum() or text[end : end + 1].isalnum()


def _behind(text: str, *, is_json: bool, secrets: Sequence[str]) -> Iterator[_Found]:
    """What the scan finds once escapes, entities, tags and doubled quotes are undone, with the number of the line it stands in.

    In JSON's `\\nsecret` the n stands before the secret like a letter of the same word, and no rule that begins at a word would
    fire; Markdown's `\\_`, HTML's `&#x2F;` and `<wbr>` and CSV's doubled quote part what belongs together.
    """
    told = list(undressed(text, is_json=is_json))
    if is_json:
        strings = list(_unescaped(text))
        told += strings
        whole = "\n".join(part for _, part in strings)
        told += [(strings[number - 1][0], part) for number, part in undressed(whole)]
    if not told:
        return
    # The same may show in more than one way of undoing it.
    found = ((one.rule, told[one.line - 1][0]) for one in _direct("\n".join(part for _, part in told), secrets))
    yield from (_Found(rule, line, 0) for rule, line in sorted(set(found), key=lambda one: one[::-1]))


def _unescaped(text: str) -> Iterator[tuple[int, str]]:
    """(number of the line, a line of it) of the strings of JSON in which something is escaped."""
    for number, line in enumerate(text.split("\n"), 1) if "\\" in text else ():
        for match in _ESCAPED.finditer(line) if "\\" in line else ():
            try:
                parts = str(json.loads(match.group(), strict=False)).splitlines()
            except ValueError:
                continue
            yield from ((number, part) for part in parts)
