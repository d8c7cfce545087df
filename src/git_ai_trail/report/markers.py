"""Puts a section between markers into a text that belongs to somebody else, and leaves every other byte as it was.

A section of the name N stands between `<!-- ai-trail:begin N -->` and `<!-- ai-trail:end N -->`, each on a line of its own.
Markers within fenced code are somebody's example. `<!-- ai-trail:insert -->` is where new sections go, the newest first.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from git_ai_trail.errors import TrailError

_BEGIN = re.compile(r"[ \t]*<!--[ \t]*ai-trail:begin(?:[ \t]+(?P<name>[^\s>]{1,255}))?[ \t]*-->[ \t]*")
_END = re.compile(r"[ \t]*<!--[ \t]*ai-trail:end(?:[ \t]+(?P<name>[^\s>]{1,255}))?[ \t]*-->[ \t]*")
_INSERT = re.compile(r"[ \t]*<!--[ \t]*ai-trail:insert[ \t]*-->[ \t]*")
_FENCE = re.compile(r" {0,3}(?P<fence>`{3,}|~{3,})(?P<info>.*)")
# Only line feeds end a line; `splitlines` knows many more ends.
_LINE = re.compile(r"[^\n]*\n|[^\n]+\Z")
_UNSAFE_NAME = re.compile(r"[^A-Za-z0-9._/@+-]")


class Place(NamedTuple):
    """Where a section stands: its markers from `start` to `end`, what is between them from `inner` to `inner_end`."""

    start: int
    inner: int
    inner_end: int
    end: int


def name_of(words: str) -> str:
    """`words` (a tag, a range) as a name that markers can have."""
    return _UNSAFE_NAME.sub("-", words)[:255].replace("--", "-_") or "report"


def find(text: str, name: str) -> Place | None:
    """Where the section stands, None where it does not.

    Raises `TrailError` for one marker without the other, for two pairs, and for pairs that overlap.
    """
    begins, ends = [], []
    other = 0
    for start, line in _outside_code(text):
        begin, end = _BEGIN.fullmatch(line.rstrip("\r\n")), _END.fullmatch(line.rstrip("\r\n"))
        if begin and begin["name"] == name:
            begins.append((start, start + len(line)))
        elif end and end["name"] == name:
            ends.append((start, start + len(line.rstrip("\r\n"))))
        elif begins and not ends and (begin or end):
            other += 1
    if not begins and not ends:
        return None
    what = f"the markers of the section {name}"
    if len(begins) > 1 or len(ends) > 1:
        raise TrailError(f"{what} stand there more than once", "remove all but one pair")
    if not begins or not ends or ends[0][0] < begins[0][1]:
        raise TrailError(f"{what} are not a pair", "remove the one that is left, or put both back")
    if other:
        raise TrailError(f"{what} overlap with another section's", "move one of the sections out of the other")
    return Place(begins[0][0], begins[0][1], ends[0][0], ends[0][1])


def take(text: str, name: str) -> str | None:
    """What stands between the markers, with line feeds alone; None where they are not there."""
    place = find(text, name)
    return None if place is None else text[place.inner : place.inner_end].replace("\r\n", "\n").strip("\n")


def put(text: str, name: str, section: str) -> str:
    """`text` with the section in it: in the place of the one that stands there, else at the insert mark, else at the end.

    Everything outside the markers stays byte for byte; the section takes on the text's own line ends. Putting the same
    section again changes nothing. Raises `TrailError` where the section would not be found again, as within code.
    """
    find(text, name)  # what is wrong already is said as it is
    after = _put(text, name, section)
    try:
        there = take(after, name)
    except TrailError:
        there = None
    if there != section.replace("\r\n", "\n").strip("\n"):
        raise TrailError("what stands there ends within a code block that nothing closes", "close it with ```")
    return after


def _put(text: str, name: str, section: str) -> str:
    if any(_BEGIN.fullmatch(line) or _END.fullmatch(line) for line in section.split("\n")):
        raise TrailError("the section itself holds markers of ours", "mend the template that it was made with")
    place = find(text, name)
    # Where the section stands already, its marker tells; a lone CR before it must not change the answer.
    sample = text if place is None else text[place.start : place.inner]
    newline = "\r\n" if "\r\n" in sample else "\n"
    inner = newline.join(["", *section.strip("\n").split("\n"), ""]) + newline
    if place is not None:
        return text[: place.inner] + inner + text[place.inner_end :]
    whole = f"<!-- ai-trail:begin {name} -->{newline}{inner}<!-- ai-trail:end {name} -->"
    mark = _insert_mark(text)
    if mark is not None:
        head, tail = text[:mark], text[mark:]
        gap = "" if head.endswith("\n") else newline
        return f"{head}{gap}{newline}{whole}{newline}{tail}"
    if not text:
        return whole + newline
    gap = "" if text.endswith(newline * 2) else newline if text.endswith("\n") else newline * 2
    return f"{text}{gap}{whole}{newline}"


def _insert_mark(text: str) -> int | None:
    """The place behind the line with the insert mark."""
    for start, line in _outside_code(text):
        if _INSERT.fullmatch(line.rstrip("\r\n")):
            return start + len(line)
    return None


def _outside_code(text: str) -> list[tuple[int, str]]:
    """(place, line with its end) of the lines that are not within fenced code; an open fence that nothing closes is no fence."""
    found: list[tuple[int, str]] = []
    held: list[tuple[int, str]] = []
    fence = ""
    at = 0
    for line in _LINE.findall(text):
        match = _FENCE.fullmatch(line.rstrip("\r\n"))
        if fence:
            held.append((at, line))
            if match and match["fence"].startswith(fence) and not match["info"].strip():
                fence, held = "", []
        elif match and not (match["fence"][0] == "`" and "`" in match["info"]):
            fence = match["fence"]
            held = [(at, line)]
        else:
            found.append((at, line))
        at += len(line)
    return sorted(found + held) if fence else found
