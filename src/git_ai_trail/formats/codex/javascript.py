"""Reads the tool calls of a code-mode script as far as their arguments are literals; the JavaScript is never run."""

from __future__ import annotations

import re
from typing import Any, NamedTuple

from git_ai_trail.lazy import pattern

_CALL = pattern(r"\btools\s*(?:\.\s*(\w+)|\[\s*['\"](\w+)['\"]\s*\])\s*\(\s*")
_BINDING = pattern(r"\b(?:const|let|var)\s+([A-Za-z_$][\w$]*)\s*=\s*")
_IDENTIFIER = pattern(r"[A-Za-z_$][\w$]*")
_NUMBER = pattern(r"-?\d[\d_]*(?:\.\d+)?(?:[eE][+-]?\d+)?")
_SPACE = pattern(r"(?:\s+|//[^\n]*(?:\n|$)|/\*.*?\*/)+", re.DOTALL)
_JOIN = pattern(r"\s*\.\s*join\s*\(\s*")
_TRIM = pattern(r"\s*\.\s*(?:trim|trimStart|trimEnd)\s*\(\s*\)")
_ESCAPES = {"n": "\n", "t": "\t", "r": "\r", "b": "\b", "f": "\f", "v": "\v", "0": "", "\n": ""}
_PLAIN = {quote: pattern(rf"[^\\{quote}]+") for quote in "'\""} | {"`": pattern(r"[^\\`$]+")}
_MAX_DEPTH = 32
_MAX_CALLS = 256


class ToolCall(NamedTuple):
    """A call of `tools.NAME(argument)`; the argument is a string, a list or a dict of literals, None if it is not."""

    name: str
    argument: Any


class _NotLiteral(Exception):
    """An expression that only running the script could evaluate."""


def tool_calls(source: str) -> list[ToolCall]:
    """The tool calls of a script, in the order in which they stand in it."""
    scope: dict[str, Any] = {}
    for count, found in enumerate(_BINDING.finditer(source)):
        try:
            scope[found[1]] = _Reader(source, found.end(), scope).expression(0)
        except _NotLiteral:
            scope.pop(found[1], None)
        if count >= _MAX_CALLS:
            break
    calls: list[ToolCall] = []
    for found in _CALL.finditer(source):
        try:
            argument = _Reader(source, found.end(), scope).expression(0)
        except _NotLiteral:
            argument = None
        calls.append(ToolCall(found[1] or found[2], argument))
        if len(calls) >= _MAX_CALLS:
            break
    return calls


class _Reader:
    """Evaluates one expression of literals, known names, `+` and `.join()`."""

    def __init__(self, source: str, at: int, scope: dict[str, Any]) -> None:
        self.source = source
        self.at = at
        self.scope = scope

    def expression(self, depth: int) -> Any:
        value = self._operand(depth)
        while True:
            self._space()
            if self.source[self.at : self.at + 1] != "+" or self.source[self.at : self.at + 2] == "++":
                return value
            self.at += 1
            right = self._operand(depth)
            if not isinstance(value, str) or not isinstance(right, str):
                raise _NotLiteral
            value += right

    def _operand(self, depth: int) -> Any:
        if depth > _MAX_DEPTH:
            raise _NotLiteral
        self._space()
        value = self._primary(depth)
        while True:
            joined = _JOIN.match(self.source, self.at)
            trimmed = _TRIM.match(self.source, self.at)
            if joined and isinstance(value, list) and all(isinstance(part, str) for part in value):
                self.at = joined.end()
                separator = "," if self.source[self.at : self.at + 1] == ")" else self.expression(depth + 1)
                self._expect(")")
                if not isinstance(separator, str):
                    raise _NotLiteral
                value = separator.join(value)
            elif trimmed and isinstance(value, str):
                self.at = trimmed.end()
                value = value.strip()
            elif self.source[self.at : self.at + 1] in (".", "[", "("):
                raise _NotLiteral
            else:
                return value

    def _primary(self, depth: int) -> Any:
        char = self.source[self.at : self.at + 1]
        if char and char in "'\"`":
            return self._string(char)
        if char == "[":
            return self._list(depth)
        if char == "{":
            return self._object(depth)
        if char == "(":
            self.at += 1
            value = self.expression(depth + 1)
            self._expect(")")
            return value
        number = _NUMBER.match(self.source, self.at)
        if number:
            self.at = number.end()
            return 0
        return self._name()

    def _name(self) -> Any:
        if self.source.startswith("String.raw`", self.at):
            stop = self.source.find("`", self.at + 11)
            raw = self.source[self.at + 11 : stop]
            if stop < 0 or "${" in raw:
                raise _NotLiteral
            self.at = stop + 1
            return raw
        name = _IDENTIFIER.match(self.source, self.at)
        if not name:
            raise _NotLiteral
        self.at = name.end()
        if name[0] in ("true", "false", "null", "undefined"):
            return None
        if name[0] not in self.scope:
            raise _NotLiteral
        return self.scope[name[0]]

    def _string(self, quote: str) -> str:
        parts: list[str] = []
        escaped = False
        self.at += 1
        while self.at < len(self.source):
            plain = _PLAIN[quote].match(self.source, self.at)
            if plain:
                parts.append(plain[0])
                self.at = plain.end()
                continue
            char = self.source[self.at]
            self.at += 1
            if char == quote:
                text = "".join(parts)
                # Two escapes may make one character.
                return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace") if escaped else text
            if char == "\\":
                escaped = True
                parts.append(self._escape())
            elif self.source[self.at : self.at + 1] == "{":
                raise _NotLiteral
            else:
                parts.append(char)
        raise _NotLiteral

    def _escape(self) -> str:
        char = self.source[self.at : self.at + 1]
        self.at += 1
        if char not in ("x", "u"):
            return _ESCAPES.get(char, char)
        if char == "u" and self.source[self.at : self.at + 1] == "{":
            stop = self.source.find("}", self.at)
            digits, end = self.source[self.at + 1 : stop], stop + 1
        else:
            end = self.at + (2 if char == "x" else 4)
            digits = self.source[self.at : end]
        self.at = max(end, self.at)
        try:
            return chr(int(digits, 16))
        except (ValueError, OverflowError):
            return ""

    def _list(self, depth: int) -> list[Any]:
        values: list[Any] = []
        self.at += 1
        while True:
            self._space()
            if self.source[self.at : self.at + 1] == "]":
                self.at += 1
                return values
            values.append(self.expression(depth + 1))
            self._space()
            if self.source[self.at : self.at + 1] != "]":
                self._expect(",")

    def _object(self, depth: int) -> dict[str, Any]:
        values: dict[str, Any] = {}
        self.at += 1
        while True:
            self._space()
            char = self.source[self.at : self.at + 1]
            if char == "}":
                self.at += 1
                return values
            if char and char in "'\"":
                key = self._string(char)
            else:
                name = _IDENTIFIER.match(self.source, self.at)
                if not name:
                    raise _NotLiteral
                self.at, key = name.end(), name[0]
            self._space()
            if self.source[self.at : self.at + 1] == ":":
                self.at += 1
                values[key] = self.expression(depth + 1)
            elif key in self.scope:
                values[key] = self.scope[key]
            else:
                raise _NotLiteral
            self._space()
            if self.source[self.at : self.at + 1] != "}":
                self._expect(",")

    def _space(self) -> None:
        space = _SPACE.match(self.source, self.at)
        if space:
            self.at = space.end()

    def _expect(self, char: str) -> None:
        self._space()
        if self.source[self.at : self.at + 1] != char:
            raise _NotLiteral
        self.at += 1
