"""What `sed -i` puts into files: the text of its commands `a`, `i` and `c`, which stands in the script itself.

GNU sed's rules. What `s` makes of a line cannot be known without the file.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from git_ai_trail.formats.linediff import Runs, split_lines
from git_ai_trail.formats.shell.lexer import DYNAMIC
from git_ai_trail.lazy import pattern

_ADDRESS = pattern(r"(?:(\d+)|(\$)|/((?:[^/\\\n]|\\.)*)/([IM]*))")
_STEP = pattern(r"\d+~\d+|\\(.)(?:(?!\1).)*\1[IM]*")
_SECOND = pattern(r"\s*,\s*(?:\d+|\$|[+~]\d+|/(?:[^/\\\n]|\\.)*/[IM]*)")
_PLAIN = pattern(r"[\w\s<>#:;,@!%&=\"'-]+\Z")
_BLANK = pattern(r"[\s;]*")
_WITH_VALUE = ("-e", "-f", "-l", "--expression", "--file", "--line-length")
# These neither leave the script nor make lines that it does not go through.
_HARMLESS = "p=l"
_MAX_COMMANDS = 64


class Insertion(NamedTuple):
    """Text that a command puts in. `line` is the number of the line it is put at, 0 for the last and -1 for every one;
    `seek` is a text that a line must hold, empty if the address is no such; `certain` is False where no address can be told."""

    command: str
    line: int
    seek: str
    certain: bool
    lines: tuple[str, ...]


def inserted(words: Sequence[str], before: str | None, said: str | None) -> tuple[Runs, int] | None:
    """The runs of lines that such a command surely wrote to each of its files, and how many lines it took out; None if nothing
    is known. `before` is the file's text if that is known, `said` what came back."""
    script = _script(words)
    if script is None or (said is not None and "sed:" in said):
        return None
    runs: list[tuple[str, ...]] = []
    removed = 0
    for one in _insertions(script):
        if one.lines and (_reaches(one, before) or _was_shown(one, said)):
            runs.append(one.lines)
            removed += one.command == "c"
    return (tuple(runs), removed) if runs else None


def _script(words: Sequence[str]) -> str | None:
    """The script that sed is given in its words; None where it is elsewhere, or read in another way."""
    given: list[str] = []
    first = ""
    at = 1
    while at < len(words):
        word = words[at]
        at += 1
        name, equals, value = word.partition("=")
        if word in ("-z", "--null-data", "--posix", "--debug") or word in ("-f", "--file") or name == "--file":
            return None
        if word in _WITH_VALUE and at < len(words):
            given += [words[at]] if word in ("-e", "--expression") else []
            at += 1
        elif name == "--expression" and equals:
            given.append(value)
        elif word[:2] == "--" or word[:2] == "-i" or word == "":
            continue
        elif word[:1] == "-" and len(word) > 1:
            flags = word[1:]
            if set(flags) <= set("nEru") | {"i", "s"}:
                continue
            if flags[-1] != "e" or not set(flags[:-1]) <= set("nEruis") or at >= len(words):
                return None
            given.append(words[at])
            at += 1
        elif not first:
            first = word
    script = "\n".join(given) if given else first
    return None if DYNAMIC in script else script


def _insertions(script: str) -> Iterator[Insertion]:
    """The texts of a script, up to a command that is not followed."""
    at = 0
    for _ in range(_MAX_COMMANDS):
        blank = _BLANK.match(script, at)
        at = blank.end() if blank else at
        if at >= len(script):
            return
        line, seek, certain, at = _address(script, at)
        command = script[at : at + 1]
        if command in ("a", "i", "c"):
            lines, at = _text(script, at + 1)
            yield Insertion(command, line, seek, certain, lines)
            if command == "c":
                return  # what comes behind it does not see the line
        elif command == "s":
            at = _behind_substitution(script, at + 1)
        elif command and command in _HARMLESS:
            at += 1
        else:
            return
        if at < 0:
            return


def _address(script: str, at: int) -> tuple[int, str, bool, int]:
    """(line, seek, certain, where the command is), see `Insertion`."""
    line, seek, certain = -1, "", True
    found = _ADDRESS.match(script, at)
    other = _STEP.match(script, at)
    if other is not None:
        certain, at = False, other.end()
    elif found is not None:
        at = found.end()
        line = int(found[1][:9]) if found[1] else 0 if found[2] else -1
        if found[3] is not None:
            seek = found[3].replace("\\/", "/") if not found[4] else ""
            certain = bool(seek) and _PLAIN.match(seek) is not None
        certain = certain and found[1] != "0"
    second = _SECOND.match(script, at)
    if second is not None and (found is not None or other is not None):
        at = second.end()
        certain = certain and line > 0 and (second[0].strip(" ,").isdigit() or second[0].endswith("$"))
    while script[at : at + 1] in ("!", " ", "\t"):
        certain = certain and script[at] != "!"
        at += 1
    return line, seek, certain, at


def _text(script: str, at: int) -> tuple[tuple[str, ...], int]:
    """The lines of text behind `a`, `i` or `c`, empty where escapes would change them, and where the script goes on."""
    while script[at : at + 1] in (" ", "\t"):
        at += 1
    if script[at : at + 1] == "\\":
        at += 1
        rest = at
        while script[rest : rest + 1] in (" ", "\t"):
            rest += 1
        # Behind a backslash the text begins at once, or in the next line, and keeps its blanks.
        at = rest + 1 if script[rest : rest + 1] == "\n" else at
    lines: list[str] = []
    while True:
        newline = script.find("\n", at)
        stop = len(script) if newline < 0 else newline
        line = script[at:stop]
        goes_on = line.endswith("\\") and newline >= 0
        lines.append(line[:-1] if goes_on else line)
        at = stop + 1
        if not goes_on:
            break
    return () if any("\\" in line for line in lines) else tuple(lines), at


def _behind_substitution(script: str, at: int) -> int:
    """Where the script goes on behind `s/…/…/…`; -1 where that cannot be told."""
    mark = script[at : at + 1]
    if not mark or mark in "\\\n":
        return -1
    at += 1
    for _ in range(2):
        while at < len(script) and script[at] != mark:
            at += 2 if script[at] == "\\" else 1
        at += 1
    while script[at : at + 1] in tuple("gpiIMm0123456789"):
        at += 1
    return at if at >= len(script) or script[at] in ";\n } \t" else -1


def _reaches(one: Insertion, before: str | None) -> bool:
    """Whether there surely was a line for it: known from the file, else by the line's number, which whoever wrote the command
    took from the file."""
    if not one.certain or before == "":
        return False
    if before is None:
        return not one.seek
    lines = split_lines(before)
    if one.seek:
        return any(one.seek in line for line in lines)
    return one.line <= len(lines)


def _was_shown(one: Insertion, said: str | None) -> bool:
    """Whether the text came back in what the script printed afterwards."""
    telling = [line.strip() for line in one.lines if len(line.strip()) > 3]
    return said is not None and bool(telling) and all(line in said for line in telling)
