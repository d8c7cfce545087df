"""Finished texts as they read once Markdown, HTML, CSV and links are undone: what a reader sees, not what stands in the file.

An escape, an entity, a tag or a doubled quote within a secret hides it from every rule, and shows it to whoever reads the page.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from html.entities import html5

# How often what was undone is looked at again for something to undo: escaped twice is found, and work stays bounded.
_DEEPEST = 3
# Of a longer line only so much around what was undone is looked at; no rule's match is longer.
_AROUND = 4096
_SIGN = r"[A-Za-z0-9_+/=.@:%~-]"
# Elements that stand within a word without parting it.
_INLINE = "wbr|b|i|u|s|a|em|strong|code|span|mark|small|sub|sup|kbd|samp|var|font|tt|q|ins|del|abbr|bdi|bdo"
# Each begins with one literal, which `re` finds quickly; what stands before that is looked at afterwards.
_BACKSLASH = re.compile(r"\\([!-/:-@\[-`{-~])")
_PERCENT = re.compile(r"%([0-9A-Fa-f]{2})")
_ENTITY = re.compile(r"&(?:amp;){0,8}(?:#(?:[xX]([0-9A-Fa-f]{1,6})|([0-9]{1,7}))|([A-Za-z][A-Za-z0-9]{1,30}));")
# An attribute may hold something that is escaped itself: such a tag goes when that is undone.
_ELEMENT = rf"<(?:!--[^<>&]{{0,64}}--|/?(?i:{_INLINE})(?:[ \t/][^<>&]{{0,256}})?)>"
_TAG = re.compile(_ELEMENT)
_TAG_WITHIN = re.compile(rf"<(?<={_SIGN}<){_ELEMENT[1:]}(?:{_ELEMENT}){{0,8}}(?=[&\\]|{_SIGN})")
# Any other element parts words, and is most of a page.
_APART = re.compile(r"</?[a-z][a-z0-9]{0,9}(?:[ ][^<>&\\]{0,512})?/?>")
_DOUBLED = re.compile(r'""(?:(?<=[A-Za-z0-9_]"")|(?=[A-Za-z0-9_]))', re.ASCII)
_HIDDEN = "\xad\u200b\u200c\u200d\u200e\u200f\u2060\u2061\u2062\u2063\u2064\ufeff"
_UNSEEN = re.compile(f"[{_HIDDEN}]")


def undressed(text: str, *, is_json: bool = False) -> Iterator[tuple[int, str]]:
    """(number of the line, how it reads) of every line, or part of a long one, that reads other than it stands there.

    Of JSON the backslashes and quotes are none of this.
    """
    for number, part in _dressed(text, is_json=is_json):
        for _ in range(_DEEPEST):
            read = undone(part, is_json=is_json)
            if read == part:
                break
            part = read
            yield from ((number, line) for line in part.splitlines())


def undone(part: str, *, is_json: bool = False) -> str:
    """The text with one layer of markup undone."""
    if "<" in part:
        part = _APART.sub("\t", _TAG.sub("", part))
    if "&" in part:
        part = _ENTITY.sub(_character, part)
    if "%" in part:
        part = _PERCENT.sub(_byte, part)
    if not is_json:
        part = _DOUBLED.sub('"', _BACKSLASH.sub(r"\1", part))
    return part if part.isascii() else _UNSEEN.sub("", part)


def _dressed(text: str, *, is_json: bool) -> Iterator[tuple[int, str]]:
    """(number, line) of the lines in which there is something to undo; of a long line what is around it."""
    number, counted, done = 1, 0, 0
    for at in _places(text, is_json=is_json):
        if at < done:
            continue
        start = text.rfind("\n", 0, at) + 1
        end = text.find("\n", at)
        end = len(text) if end < 0 else end
        number, counted = number + text.count("\n", counted, start), start
        if end - start > 4 * _AROUND:
            start, end = _gap(text, max(start, at - _AROUND), at), _gap(text, at, min(end, at + _AROUND), last=True)
        done = end
        yield number, text[start:end]


def _gap(text: str, low: int, high: int, *, last: bool = False) -> int:
    """A place between words in text[low:high], the first or the last, so that no token is cut; `low` or `high` where there is none."""
    found = max(text.rfind(sign, low, high) for sign in ' ,"') if last else text.find(" ", low, high)
    return found if found >= 0 else (high if last else low)


def _places(text: str, *, is_json: bool) -> list[int]:
    found = [match.start() for match in _TAG_WITHIN.finditer(text)] if "<" in text else []
    if "&" in text:
        found += [match.start() for match in _ENTITY.finditer(text)]
    if "%" in text:
        found += [match.start() for match in _PERCENT.finditer(text)]
    if not is_json:
        found += [match.start() for match in _BACKSLASH.finditer(text)] if "\\" in text else []
        found += [match.start() for match in _DOUBLED.finditer(text)] if '""' in text else []
    if not text.isascii() and any(mark in text for mark in _HIDDEN):
        found += [match.start() for match in _UNSEEN.finditer(text)]
    return sorted(found)


def _byte(escape: re.Match[str]) -> str:
    return chr(int(escape[1], 16))


def _character(entity: re.Match[str]) -> str:
    hexadecimal, decimal, name = entity.groups()
    if name:
        return html5.get(f"{name};", entity.group())
    code = int(hexadecimal, 16) if hexadecimal else int(decimal)
    return chr(code) if 0 < code < 0x110000 and not 0xD800 <= code < 0xE000 else ""
