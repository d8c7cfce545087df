"""What `echo` and `printf` print for words that are known."""

from __future__ import annotations

import re
from collections.abc import Sequence

from git_ai_trail.formats.shell.lexer import DYNAMIC
from git_ai_trail.lazy import pattern

_ESCAPE = pattern(r"\\(?:([abfnrtv\\\"'])|0?([0-7]{1,3})|x([0-9a-fA-F]{1,2}))")
_SIMPLE = {"a": "\a", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v", "\\": "\\", '"': '"', "'": "'"}
_DIRECTIVE = pattern(r"%(%|[-+ #0]*\d*(?:\.\d+)?[a-zA-Z])")
_MAX_LENGTH = 4 * 1024 * 1024


def echoed(words: Sequence[str]) -> str:
    """Output of `echo WORDS`; bash's, which leaves escapes alone without -e."""
    newline, escapes = True, False
    start = 0
    while start < len(words) and re.match(r"-[neE]+$", words[start]):
        newline = newline and "n" not in words[start]
        escapes = escapes or "e" in words[start]
        start += 1
    text = " ".join(words[start:])
    if escapes:
        text = _unescaped(text)
    return text + ("\n" if newline else "")


def formatted(words: Sequence[str]) -> str | None:
    """Output of `printf WORDS`; None where a directive is more than a plain %s, %d or %b."""
    if words[:1] == ("--",):
        words = words[1:]
    form = words[0] if words else ""
    arguments = list(reversed(words[1:]))
    if form.startswith("-v"):
        return ""
    pieces: list[str] = []
    takes = sum(found[1] != "%" for found in _DIRECTIVE.finditer(form))
    length = 0
    while length < _MAX_LENGTH:
        length += len(form) + 1
        at = 0
        for found in _DIRECTIVE.finditer(form):
            pieces.append(_unescaped(form[at : found.start()]))
            at = found.end()
            if found[1] == "%":
                pieces.append("%")
                continue
            word = arguments.pop() if arguments else ""
            if found[1] == "b":
                word = _unescaped(word)
            elif found[1] not in ("s", "d", "i"):
                word = DYNAMIC
            pieces.append(word)
        pieces.append(_unescaped(form[at:]))
        if not arguments or not takes:
            return "".join(pieces)
    return None


def _unescaped(text: str) -> str:
    return _ESCAPE.sub(_escape, text) if "\\" in text else text


def _escape(found: re.Match[str]) -> str:
    if found[1]:
        return _SIMPLE[found[1]]
    value = int(found[2], 8) if found[2] else int(found[3], 16)
    # From 128 on it is one byte of a longer character.
    return chr(value) if value < 128 else DYNAMIC
