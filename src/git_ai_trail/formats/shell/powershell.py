"""What a PowerShell script writes with `Set-Content`, `Add-Content`, `Out-File`, `>` and .NET's `WriteAllText`.

Literals, here-strings and variables that hold them are followed; a statement inside of braces may not run, or more than once.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from git_ai_trail.formats.linediff import runs_of, split_lines
from git_ai_trail.formats.paths import resolve
from git_ai_trail.formats.shell.filewrite import FileWrite
from git_ai_trail.formats.shell.lexer import DYNAMIC
from git_ai_trail.lazy import pattern

_TOKEN = pattern(
    r"(?P<blank>(?:[ \t\r]|`\r?\n)+)|(?P<remark>\#[^\n]*|<\#.*?(?:\#>|\Z))"
    r"|@'[ \t]*\r?\n(?P<raw>.*?)\r?\n'@|@\"[ \t]*\r?\n(?P<rich>.*?)\r?\n\"@"
    r"|'(?P<single>(?:[^']|'')*)'|\"(?P<double>(?:[^\"`]|`.|\"\")*)\""
    r"|(?P<ends>[;\n])|(?P<pipe>\|)|(?P<into>\d?>>?)|(?P<mark>[(){},])|(?P<word>[^\s'\";|(){},>]+)",
    re.DOTALL,
)
_RICH = pattern(r"`.|\$(?:\([^)]*\)|\{[^}]*\}|[A-Za-z_][\w:]*)", re.DOTALL)
_VARIABLE = pattern(r"\$(?:script:|global:|local:)?([A-Za-z_]\w*)\Z", re.IGNORECASE)
_ESCAPES = {"n": "\n", "t": "\t", "r": "\r", "0": DYNAMIC, "a": DYNAMIC, "b": DYNAMIC, "e": DYNAMIC}
_WRITERS = {"set-content": "add", "sc": "add", "out-file": "add", "add-content": "update", "ac": "update"}
_PATHS = ("-path", "-literalpath", "-filepath", "-pspath")
_TEXTS = ("-value", "-inputobject")
_TAKES_VALUE = ("-encoding", "-width", "-filter", "-include", "-exclude", "-stream", "-credential")
_BARE = pattern(r"[\w./\\~]")
_METHOD = pattern(r"\[(?:System\.)?IO\.File\]::(Write|Append)AllText\Z", re.IGNORECASE)
_ASSIGNS = ("=", "+=", "-=", "*=", "/=", "%=", "??=")
_MAX_TOKENS = 20_000


class _Word(NamedTuple):
    """A word of a statement: its text, DYNAMIC in it where only PowerShell knows; `plain` where it stands without quotes."""

    text: str
    plain: bool


def powershell_writes(script: str, folder: str) -> list[FileWrite]:
    """The files that a script writes, in order, if it runs to its end."""
    found: list[FileWrite] = []
    variables: dict[str, str] = {}
    for words, depth in _statements(script, variables):
        name = _VARIABLE.match(words[0].text) if words[0].plain else None
        if name is not None and len(words) > 1 and words[1].plain and words[1].text in _ASSIGNS:
            variables.pop(name[1].lower(), None)
            if depth == 0 and len(words) == 3 and words[1].text == "=" and not words[2].plain:
                variables[name[1].lower()] = words[2].text
        else:
            writes = _written(words, folder)
            found += writes if depth == 0 else [write._replace(lines=None) for write in writes]
    return [write for write in found if write.path and DYNAMIC not in write.path]


def _statements(script: str, variables: dict[str, str]) -> Iterator[tuple[list[_Word], int]]:
    """The words of each statement, with how many braces stand around it. Variables are looked up as they come."""
    words: list[_Word] = []
    depth = round_ = 0
    for number, token in enumerate(_TOKEN.finditer(script)):
        if number > _MAX_TOKENS:
            return
        kind, text = token.lastgroup or "", token[0]
        if kind in ("blank", "remark"):
            continue
        if (kind == "ends" and not round_) or text in ("{", "}"):
            if words:
                yield words, depth
            words = []
            depth = max(0, depth + (text == "{") - (text == "}"))
        elif kind == "mark":
            round_ = max(0, round_ + (text == "(") - (text == ")"))
            words.append(_Word(text, True))
        elif kind != "ends":
            words.append(_word(kind, token, variables))
            name = _VARIABLE.match(text)
            if name is not None and depth:
                variables.pop(name[1].lower(), None)  # it may be changed there
    if words:
        yield words, depth


def _word(kind: str, token: re.Match[str], variables: dict[str, str]) -> _Word:
    if kind in ("raw", "single"):
        return _Word(token["raw"] if kind == "raw" else token["single"].replace("''", "'"), False)
    if kind in ("rich", "double"):
        text = token["rich"] if kind == "rich" else token["double"].replace('""', '"')
        return _Word(_RICH.sub(lambda one: _expanded(one[0], variables), text), False)
    name = _VARIABLE.match(token[0])
    if name is not None and name[1].lower() in variables:
        rest = token.string[token.end() : token.end() + 40].lstrip(" \t")
        assigned = rest.startswith(_ASSIGNS)
        return _Word(token[0], True) if assigned else _Word(variables[name[1].lower()], False)
    return _Word(token[0], True)


def _expanded(part: str, variables: dict[str, str]) -> str:
    if part[0] == "`":
        return _ESCAPES.get(part[1:], part[1:])
    name = _VARIABLE.match(part)
    return variables.get(name[1].lower(), DYNAMIC) if name is not None else DYNAMIC


def _written(words: Sequence[_Word], folder: str) -> Iterator[FileWrite]:
    """What one statement writes: a pipeline, or a call of .NET."""
    first = words[0]
    method = _METHOD.match(first.text) if first.plain else None
    if method is not None:
        given = _arguments(words[1:])
        if len(given) >= 2 and given[0] is not None:
            op = "add" if method[1].lower() == "write" else "update"
            yield _write(given[0], given[1], op, folder, end="")
        return
    if first.plain and first.text.lower() in ("if", "foreach", "for", "while", "switch", "function", "return"):
        return
    piped: str | None = None
    for part in _split(words, "|"):
        head = part[0] if part else _Word("", True)
        op = _WRITERS.get(head.text.lower(), "") if head.plain else ""
        if op:
            yield from _by_command(part[1:], piped, op, folder, printing=head.text.lower() == "out-file")
            piped = None
            continue
        into = next((at for at, word in enumerate(part) if word.plain and word.text in (">", ">>")), -1)
        text = _value(part[:into] if into >= 0 else part)
        if into > 0 and into + 1 < len(part):
            yield _write(part[into + 1].text, text, "update" if part[into].text == ">>" else "add", folder, end="\n")
        piped = text


def _by_command(
    words: Sequence[_Word], piped: str | None, op: str, folder: str, *, printing: bool
) -> Iterator[FileWrite]:
    path, text, end = "", piped, "\n"
    positions: list[str | None] = []
    at = 0
    while at < len(words):
        word = words[at]
        name = word.text.lower() if word.plain else ""
        at += 1
        if name in (*_PATHS, *_TEXTS, *_TAKES_VALUE):
            value, at = _list(words, at)
            path = (value or "") if name in _PATHS else path
            text = value if name in _TEXTS else text
        elif name == "-nonewline":
            end = ""
        elif name == "-append":
            op = "update"
        elif name[:1] != "-" or not word.plain:
            value, at = _list(words, at - 1)
            positions.append(value)
    if not path and positions:
        path = positions.pop(0) or ""
    if positions and not printing:
        text = positions[0]
    yield _write(path, text, op, folder, end=end)


def _list(words: Sequence[_Word], at: int) -> tuple[str | None, int]:
    """The value that begins here, each item of a list in a line of its own, and what comes behind it."""
    items = [words[at]] if at < len(words) else []
    at += 1
    while at + 1 < len(words) and words[at] == _Word(",", True):
        items.append(words[at + 1])
        at += 2
    if items and items[0] == _Word("(", True):
        return None, len(words)
    return _joined(items), at


def _arguments(words: Sequence[_Word]) -> list[str | None]:
    """The arguments of a call, None for one that is no literal."""
    if len(words) < 2 or words[0].text != "(" or words[-1].text != ")":
        return []
    return [_value(part) for part in _split(words[1:-1], ",")]


def _value(words: Sequence[_Word]) -> str | None:
    """The text that an expression is; None for anything but literals and lists of them."""
    items = words[::2]
    lists = len(words) % 2 == 1 and all(word == _Word(",", True) for word in words[1::2])
    return _joined(items) if lists and not any(word.plain for word in items) else None


def _joined(words: Sequence[_Word]) -> str | None:
    """The words a line each; None where one of them is an expression."""
    if not words or any(word.plain and not _BARE.match(word.text) for word in words):
        return None
    return "\n".join(word.text for word in words)


def _split(words: Sequence[_Word], mark: str) -> Iterator[list[_Word]]:
    part: list[_Word] = []
    for word in words:
        if word == _Word(mark, True):
            yield part
            part = []
        else:
            part.append(word)
    yield part


def _write(name: str, text: str | None, op: str, folder: str, *, end: str) -> FileWrite:
    path = "" if DYNAMIC in name or any(mark in name for mark in "*?$") else resolve(name, folder)
    if text is None:
        return FileWrite(path, "", op, None, 0)
    lines = [line.removesuffix("\r") for line in split_lines(text + end)]
    return FileWrite(path, "", op, runs_of(lines, [DYNAMIC not in line for line in lines]), 0)
