"""Splits a shell script into simple commands, far enough to see what they write and where they run.

Nothing is expanded or executed. What only a running shell could know stands in a word as DYNAMIC.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from git_ai_trail.formats.shell.variables import Variables, begins_assignment
from git_ai_trail.lazy import pattern

DYNAMIC = "\0"
MAX_SCRIPT = 4 * 1024 * 1024
_MAX_NESTING = 24

_PLAIN = pattern(r"[^\s\\'\"$`;&|<>()]+")
_BLANK = pattern(r"(?:[ \t\r]|\\\r?\n)+")
_IN_QUOTES = pattern(r'[^"\\$`]+')
_NAME = pattern(r"\$(?:[A-Za-z_]\w*|[0-9@*#?$!-])")
_BRACED = pattern(r"\$\{([A-Za-z_]\w*)\}")
_JOINS = pattern(r"[ \t]*(?:\d*(?:&>|>|<)|\|(?!\|))")
_REDIRECT = pattern(r"(\d*)(&>>|&>|<<<|<<-|<<|<&|<>|>>|>\||>&|<|>)")
_TEST = pattern(r"\[\[(?=[ \t])[^\n]{0,2000}?[ \t]\]\](?=[\s;&|)]|$)")
_BEFORE_TEST = ("if", "elif", "while", "until", "then", "else", "do", "!", "{", "time")
_ANSI = {"n": "\n", "t": "\t", "r": "\r", "\\": "\\", "'": "'", '"': '"', "a": "\a", "b": "\b", "f": "\f", "v": "\v"}


class Redirect(NamedTuple):
    """`fd` is empty where the script names none."""

    fd: str
    op: str
    target: str


class Heredoc(NamedTuple):
    """`literal` where the tag is quoted, so that the shell changes nothing in the body."""

    body: str
    literal: bool


class Command(NamedTuple):
    """A simple command. `after` is the operator before it: empty, `;`, `&&`, `||` or `|`; `depth` counts the subshells
    around it, `piped` says that its output goes into the next command."""

    words: tuple[str, ...]
    redirects: tuple[Redirect, ...]
    heredocs: tuple[Heredoc, ...]
    after: str
    depth: int
    piped: bool


class _Open:
    """A command while it is read."""

    def __init__(self, after: str) -> None:
        self.words: list[str] = []
        self.redirects: list[Redirect] = []
        self.heredocs: list[Heredoc] = []
        self.after = after

    def __bool__(self) -> bool:
        return bool(self.words or self.redirects)


def read_script(text: str) -> list[Command]:
    """The simple commands of a script in the order in which they stand; those in `$(…)` come before the one around them.

    Never fails: a script that is no shell gives commands that mean nothing.
    """
    if len(text) > MAX_SCRIPT:
        return []
    lexer = _Lexer(text)
    lexer.read_list("", 0)
    return [
        Command(tuple(c.words), tuple(c.redirects), tuple(c.heredocs), c.after, depth, piped)
        for c, depth, piped in lexer.commands
    ]


class _Lexer:
    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0
        self.commands: list[tuple[_Open, int, bool]] = []
        self.waiting: list[tuple[_Open, str, bool, bool]] = []  # heredocs whose bodies come after the line
        self.variables = Variables()
        self.leading = True  # the word that is read has nothing but assignments before it

    def read_list(self, end: str, depth: int) -> None:
        """Reads commands up to the closing `end` (consumed) or the end of the text."""
        around, self.variables = self.variables, self.variables.inner()
        self._read_list(end, depth)
        self.variables = around

    def _read_list(self, end: str, depth: int) -> None:
        current = _Open("")
        while self.at < len(self.text):
            blank = _BLANK.match(self.text, self.at)
            if blank:
                self.at = blank.end()
                continue
            char = self.text[self.at]
            if char == end and end:
                self.at += 1
                break
            if char in "\n;&|()":
                redirect = _REDIRECT.match(self.text, self.at) if char == "&" else None
                if redirect:
                    self._redirect(current, redirect, depth)
                    continue
                current = self._operator(current, char, depth)
            elif char == "#":
                newline = self.text.find("\n", self.at)
                self.at = len(self.text) if newline < 0 else newline
            elif (
                char == "["
                and (not current or not current.words or current.words[-1] in _BEFORE_TEST)
                and (test := _TEST.match(self.text, self.at))
            ):
                current.words.append("[[")  # `<`, `>`, `&&` and `||` mean something else in there
                self.at = test.end()
            else:
                redirect = _REDIRECT.match(self.text, self.at)
                if redirect:
                    self._redirect(current, redirect, depth)
                else:
                    self.leading = all(map(begins_assignment, current.words))
                    current.words.append(self._word(depth))
        self._finish(current, depth, piped=False)
        if depth == 0:
            self._read_bodies()

    def _finish(self, current: _Open, depth: int, *, piped: bool, apart: bool = False) -> None:
        if current:
            self.commands.append((current, depth, piped))
            self.variables.ran(current.words, current.after, apart=piped or apart, unknown=DYNAMIC)

    def _operator(self, current: _Open, char: str, depth: int) -> _Open:
        pair = self.text[self.at : self.at + 2]
        if char == "(":
            if current.words or pair == "((":
                self.variables.stop()  # a function, an array, or arithmetic
            self.at += 1
            if current.words and self.text[self.at : self.at + 1] == ")":
                self.at += 1  # the parentheses of a function's definition
                function = _Open(";")
                function.words.append("function")
                return function
            if depth < _MAX_NESTING:
                self.read_list(")", depth + 1)
            if not current.words and (current.after == "||" or _JOINS.match(self.text, self.at)):
                current.words.append(")")  # what follows is about all that the parentheses hold
            return current
        if pair in ("&&", "||"):
            after, self.at = pair, self.at + 2
        else:
            after = "|" if char == "|" else ";"
            self.at += 2 if pair == "|&" else 1
        if char == "\n" and current.words == ["function"]:
            return current  # its body may begin on the next line
        self._finish(current, depth, piped=after == "|", apart=char == "&" and after == ";")
        if char == "\n":
            self._read_bodies()
            if not current and current.after in ("&&", "||", "|"):
                return current  # a line may end after an operator
        return _Open(after)

    def _redirect(self, current: _Open, found: re.Match[str], depth: int) -> None:
        self.at = found.end()
        fd, op = found[1], found[2]
        if op in ("<", ">") and self.text[self.at : self.at + 1] == "(":
            self.at += 1
            if depth < _MAX_NESTING:
                self.read_list(")", depth + 1)
            current.words.append(DYNAMIC)
            return
        blank = _BLANK.match(self.text, self.at)
        self.at = blank.end() if blank else self.at
        start = self.at
        if self.at >= len(self.text) or self.text[self.at] in "\n;&|()<>":
            return
        target = self._word(depth)
        if op in ("<<", "<<-"):
            quoted = any(mark in self.text[start : self.at] for mark in "'\"\\")
            self.waiting.append((current, target, op == "<<-", quoted))
        else:
            current.redirects.append(Redirect(fd, op, target))

    def _read_bodies(self) -> None:
        for command, tag, strip, quoted in self.waiting:
            command.heredocs.append(Heredoc(self._body(tag, strip=strip), quoted))
        self.waiting.clear()

    def _body(self, tag: str, *, strip: bool) -> str:
        lines: list[str] = []
        while self.at < len(self.text):
            newline = self.text.find("\n", self.at)
            stop = len(self.text) if newline < 0 else newline
            line = self.text[self.at : stop]
            self.at = min(stop + 1, len(self.text))
            line = line.lstrip("\t") if strip else line
            if line.removesuffix("\r") == tag:
                break
            lines.append(line)
        return "".join(line + "\n" for line in lines)

    def _word(self, depth: int) -> str:
        parts: list[str] = []
        start = self.at
        while self.at < len(self.text):
            plain = _PLAIN.match(self.text, self.at)
            if plain:
                parts.append(plain[0])
                self.at = plain.end()
                continue
            char = self.text[self.at]
            if char == "\\":
                following = self.text[self.at + 1 : self.at + 2]
                parts.append("" if following == "\n" else following)
                self.at += 2
            elif char == "'":
                parts.append(self._until("'"))
            elif char == '"':
                parts.append(self._double(depth))
            elif char in "$`":
                whole = self.leading and begins_assignment("".join(parts))
                parts.append(self._expansion(depth, whole=whole))
            else:
                break
        if self.at == start:
            self.at += 1
        return "".join(parts)

    def _until(self, quote: str) -> str:
        """Text up to the next `quote`; both quotes are consumed."""
        stop = self.text.find(quote, self.at + 1)
        stop = len(self.text) if stop < 0 else stop
        inner = self.text[self.at + 1 : stop]
        self.at = stop + 1
        return inner

    def _double(self, depth: int) -> str:
        parts: list[str] = []
        self.at += 1
        while self.at < len(self.text):
            plain = _IN_QUOTES.match(self.text, self.at)
            if plain:
                parts.append(plain[0])
                self.at = plain.end()
                continue
            char = self.text[self.at]
            if char == '"':
                self.at += 1
                break
            if char == "\\":
                following = self.text[self.at + 1 : self.at + 2]
                parts.append("" if following == "\n" else following if following in '"\\$`' else char + following)
                self.at += 2
            else:
                parts.append(self._expansion(depth, whole=True))
        return "".join(parts)

    def _expansion(self, depth: int, *, whole: bool) -> str:
        """What stands for `$…`: its text where the script states it and (`whole`) the shell does not split it."""
        text, at = self.text, self.at
        if text[at] == "`":
            self._until("`")
            return DYNAMIC
        following = text[at + 1 : at + 2]
        if following == "'":
            self.at += 1
            return self._ansi()
        if following == "(":
            if text[at + 2 : at + 3] == "(":
                self.variables.stop()  # arithmetic
            self.at += 2
            return self._substituted(depth, whole=whole)
        if following == "{":
            braced = _BRACED.match(text, at)
            stop = text.find("}", at)
            self.at = len(text) if stop < 0 else stop + 1
            if braced is None and "=" in text[at : self.at]:
                self.variables.stop()  # it can assign
            value = self.variables.text(braced[1], whole=whole) if braced else None
            return DYNAMIC if value is None else value
        name = _NAME.match(text, at)
        self.at = name.end() if name else at + 1
        if name is None:
            return "$"
        value = self.variables.text(name[0][1:], whole=whole)
        return DYNAMIC if value is None else value

    def _substituted(self, depth: int, *, whole: bool) -> str:
        """What `$(…)` gives, behind its parenthesis: the text of a heredoc if all it does is to print one."""
        if depth >= _MAX_NESTING:
            return DYNAMIC
        waiting, self.waiting = self.waiting, []
        before, leading = len(self.commands), self.leading
        self.read_list(")", depth + 1)
        self.waiting, self.leading = waiting, leading
        if not whole or len(self.commands) != before + 1:
            return DYNAMIC
        only = self.commands[before][0]
        if only.words != ["cat"] or only.redirects or len(only.heredocs) != 1:
            return DYNAMIC
        body = only.heredocs[0].body
        stated = only.heredocs[0].literal or not any(mark in body for mark in "$`\\")
        return body.rstrip("\n") if stated else DYNAMIC

    def _ansi(self) -> str:
        parts: list[str] = []
        self.at += 1
        while self.at < len(self.text) and self.text[self.at] != "'":
            char = self.text[self.at]
            if char == "\\":
                self.at += 1
                char = self.text[self.at : self.at + 1]
                char = _ANSI.get(char, "\\" + char)
            parts.append(char)
            self.at += 1
        self.at += 1
        return "".join(parts)
