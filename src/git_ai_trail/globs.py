"""Patterns for paths: as a policy names them, and as git's own files of attributes do. Hot-safe.

A pattern comes from a repository, so from anyone: none of these takes longer than the product of two lengths.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence


def is_under(path: str, pattern: str) -> bool:
    """Whether a path is what a pattern of the policy names.

    `crypto/` is that folder at the top and all below it, `/a.py` the file at the top; a pattern without a slash stands for a
    name anywhere, one with a slash inside for a path from the top. `*` and `?` stand for any text, slashes too.
    """
    whole = pattern.strip("/")
    if pattern.endswith("/"):
        return fits(path, whole + "/*")
    if "/" in pattern:
        return fits(path, whole) or fits(path, whole + "/*")
    return fits(path.rpartition("/")[2], whole)


def is_named(path: str, pattern: str) -> bool:
    """Whether a pattern of a `.gitattributes` names the file; `path` is seen from that file's folder.

    Without a slash it is a name at any depth, else a path: `*` and `?` then stop at slashes, and `**` stands for any folders.
    """
    if "/" not in pattern:
        return fits(path.rpartition("/")[2], pattern, classes=True)
    return _fit_parts(path.split("/"), pattern.removeprefix("/").split("/"))


def _fit_parts(path: Sequence[str], pattern: Sequence[str]) -> bool:
    def is_one(name: str, part: str) -> bool:
        return fits(name, part, classes=True)

    return _reached(path, pattern, "**", is_one) == len(pattern)


def fits(text: str, pattern: str, *, classes: bool = False) -> bool:
    """Whether all of `text` is what `pattern` says. `*` and `?` are special, and with `classes` also `[a-z]`, `[!a-z]` and `\\`;
    without, `[bot]` is part of a name."""
    signs = _signs(pattern) if classes else list(pattern)
    upto = _reached(text, signs, "*", _is)
    return upto >= 0 and all(sign == "*" for sign in signs[upto:])


def _reached(text: Sequence[str], pattern: Sequence[str], many: str, is_one: Callable[[str, str], bool]) -> int:
    """How far the pattern has come when all of the text fits it, or -1. A sign `many` stands for any number of parts."""
    at = upto = 0
    star, mark = -1, 0
    while at < len(text):
        sign = pattern[upto] if upto < len(pattern) else None
        if sign == many:
            star, mark = upto, at
            upto += 1
        elif sign is not None and is_one(text[at], sign):
            at += 1
            upto += 1
        elif star >= 0:
            mark += 1
            at, upto = mark, star + 1
        else:
            return -1
    return upto


def _is(char: str, sign: str) -> bool:
    if len(sign) == 1:
        return sign in ("?", char)
    if sign[0] == "\\":
        return char == sign[1]
    inside = sign[1:-1]
    is_not = inside[0] in "!^"
    at, found = int(is_not), False
    while at < len(inside):
        if inside[at + 1 : at + 2] == "-" and at + 2 < len(inside):
            found = found or inside[at] <= char <= inside[at + 2]
            at += 3
        else:
            found = found or inside[at] == char
            at += 1
    return found != is_not


def _signs(pattern: str) -> list[str]:
    """A pattern's characters; `\\x` and `[…]` are one each. What is not closed is text."""
    signs = []
    at = 0
    while at < len(pattern):
        end = at + 1
        if pattern[at] == "\\" and end < len(pattern):
            end += 1
        elif pattern[at] == "[":
            close = pattern.find("]", at + 2 + (pattern[at + 1 : at + 2] in ("!", "^")))
            end = close + 1 if close > 0 else end
        signs.append(pattern[at:end])
        at = end
    return signs
