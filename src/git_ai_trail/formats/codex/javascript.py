"""Reads the tool calls of a code-mode script as far as their arguments can be known; the JavaScript is never run.

The script is read once from top to bottom: names get their values where they are bound, `for … of` and `.map` over a
known list are followed for each item, functions of the script for each call. What depends on anything else is unknown.
"""

from __future__ import annotations

import re
from typing import Any, NamedTuple

from git_ai_trail.formats.codex.expressions import Budget, NotLiteral, Scope, evaluate, spaces
from git_ai_trail.lazy import pattern

_NAME = r"([A-Za-z_$][\w$]*)"
# What a script is made of, as far as it matters here; the first alternative that fits is taken.
_TOKEN = pattern(
    r"(?P<skip>//[^\n]*|/\*.*?(?:\*/|\Z)|\"(?:[^\"\\\n]|\\.)*\"|'(?:[^'\\\n]|\\.)*')|(?P<template>`)|(?P<brace>[{}])"
    r"|(?P<call>(?<![\w$.])tools\s*(?:\.\s*(?P<tool>\w+)|\[\s*['\"](?P<named>\w+)['\"]\s*\])\s*\(\s*)"
    rf"|(?P<loop>\bfor\s*(?:await\s*)?\(\s*(?:const|let|var)\s+(?P<each>{_NAME[1:-1]})\s+of\s+)"
    rf"|(?P<bind>\b(?:const|let|var)\s+(?P<bound>{_NAME[1:-1]})\s*=(?![=>])\s*)"
    rf"|(?P<define>\bfunction\s+(?P<function>{_NAME[1:-1]})\s*\((?P<parameters>[^()]*)\)\s*(?=\{{))"
    rf"|(?P<word>(?<![\w$.]){_NAME[1:-1]})",
    re.DOTALL,
)
_AFTER_NAME = pattern(
    r"\s*(?:(?P<append>\+=)|(?P<assign>=(?![=>]))|\.\s*push\s*\((?P<push>)"
    r"|\.\s*(?:map|forEach)\s*\(\s*(?:async\s*)?\(?\s*(?P<each>[A-Za-z_$][\w$]*)\s*(?:,[^()=]*)?\)?\s*=>\s*"
    r"|(?P<call>\())\s*"
)
_FUNCTION = pattern(
    r"(?:async\s+)?(?:function\s*[\w$]*\s*\((?P<a>[^()]*)\)\s*(?=\{)|\((?P<b>[^()]*)\)\s*=>\s*|(?P<c>[A-Za-z_$][\w$]*)\s*=>\s*)"
)
_MAX_CALLS = 256
_MAX_LEVEL = 4
_UNKNOWN = object()


class ToolCall(NamedTuple):
    """A call of `tools.NAME(argument)`; the argument is a string, a list or a dict of literals, None if it is not."""

    name: str
    argument: Any


class _Function:
    """A function of the script. `used` says whether a call of it was followed."""

    def __init__(self, parameters: str, start: int, end: int) -> None:
        self.parameters = [part.strip() for part in parameters.split(",") if part.strip()]
        self.start = start
        self.end = end
        self.used = False


def tool_calls(source: str) -> list[ToolCall]:
    """The tool calls of a script, in the order in which it would make them."""
    return _Script(source).calls


class _Script:
    def __init__(self, source: str) -> None:
        self.source = source
        self.calls: list[ToolCall] = []
        self.budget = Budget()
        self.scope: Scope = {}
        self.depths: dict[str, int] = {}  # how deep in blocks each name was bound
        self.functions: list[_Function] = []
        self._read(0, len(source), 0, 0)
        for function in self.functions:
            if not function.used and self.budget.steps > 0:
                self._enter(function, [], _MAX_LEVEL - 1)

    def _read(self, at: int, end: int, depth: int, level: int) -> None:
        """Reads the statements between two places. Names bound in a block are forgotten behind it."""
        blocks: list[tuple[Scope, dict[str, int]]] = []
        while at < end and len(self.calls) < _MAX_CALLS and self.budget.steps > 0:
            token = _TOKEN.search(self.source, at, end)
            if token is None:
                return
            self.budget.steps -= 1
            at = token.end()
            kind = _kind(token)
            if kind == "brace":
                if token[0] == "{":
                    blocks.append((dict(self.scope), dict(self.depths)))
                elif blocks:
                    self._leave(*blocks.pop())
            elif kind in _HANDLERS:
                at = _HANDLERS[kind](self, token, end, depth + len(blocks), level)

    def _leave(self, scope: Scope, depths: dict[str, int]) -> None:
        """What a block changed of the names around it may or may not have happened."""
        for name, value in scope.items():
            if self.scope.get(name, _UNKNOWN) is not value and self.depths.get(name) == depths.get(name):
                scope[name] = _UNKNOWN
        self.scope, self.depths = scope, depths

    def _value(self, at: int) -> tuple[Any, int]:
        """The value of the expression at `at` (_UNKNOWN if it has none), and where to go on reading."""
        try:
            return evaluate(self.source, at, self.scope, self.budget)
        except NotLiteral:
            return _UNKNOWN, at

    def _closing(self, start: int, end: int) -> int:
        stop = _closing(self.source, start, end)
        self.budget.walked(stop - start)
        return stop

    # -- statements ---------------------------------------------------------------------------------------------------

    def _template(self, token: re.Match[str], end: int, depth: int, level: int) -> int:
        """A template that is no part of anything known: only what stands in its `${…}` can hold calls."""
        holes: list[tuple[int, int]] = []
        stop = _behind_template(self.source, token.end(), end, holes)
        self.budget.walked(stop - token.end())
        for start, inner in holes if level < _MAX_LEVEL else ():
            self._read(start, inner, depth, level + 1)
        return stop

    def _call(self, token: re.Match[str], end: int, depth: int, level: int) -> int:
        value, after = self._value(token.end())
        self.calls.append(ToolCall(token["tool"] or token["named"], None if value is _UNKNOWN else value))
        return after

    def _bind(self, token: re.Match[str], end: int, depth: int, level: int) -> int:
        name = token["bound"]
        self.depths[name] = depth
        function = self._function(token.end(), end)
        if function is not None:
            self.scope[name] = function
            return function.end
        self.scope[name], after = self._value(token.end())
        return after

    def _define(self, token: re.Match[str], end: int, depth: int, level: int) -> int:
        stop = self._closing(token.end(), end)
        function = _Function(token["parameters"], token.end() + 1, stop - 1)
        self.functions.append(function)
        self.scope[token["function"]] = function
        self.depths[token["function"]] = depth
        return stop

    def _function(self, at: int, end: int) -> _Function | None:
        found = _FUNCTION.match(self.source, at, end)
        if found is None:
            return None
        stop = self._closing(found.end(), end)
        parameters = next((part for part in found.groups() if part is not None), "")
        function = _Function(parameters, found.end(), stop)
        self.functions.append(function)
        return function

    def _loop(self, token: re.Match[str], end: int, depth: int, level: int) -> int:
        values, after = self._value(token.end())
        close = spaces(self.source, after)
        if values is _UNKNOWN or self.source[close : close + 1] != ")":
            self.scope[token["each"]] = _UNKNOWN
            return token.end()
        return self._repeat(token["each"], values, spaces(self.source, close + 1), end, depth, level)

    def _repeat(self, name: str, values: Any, start: int, end: int, depth: int, level: int) -> int:
        """Reads what begins at `start` once for each value; where they are not known it is read on as it stands."""
        self.depths[name] = depth
        if not isinstance(values, list) or level >= _MAX_LEVEL:
            self.scope[name] = _UNKNOWN
            return start
        stop = self._closing(start, end)
        block = self.source[start : start + 1] == "{"
        start, inner = (start + 1, stop - 1) if block else (start, stop)
        for value in values:
            self.scope[name] = value
            self._read(start, inner, depth, level + 1)
            if len(self.calls) >= _MAX_CALLS or self.budget.steps <= 0:
                break
        self.scope[name] = _UNKNOWN
        return stop

    def _word(self, token: re.Match[str], end: int, depth: int, level: int) -> int:
        name = token[0]
        value = self.scope.get(name, _UNKNOWN)
        if value is _UNKNOWN:
            return token.end()
        found = _AFTER_NAME.match(self.source, token.end(), end)
        if found is None:
            return token.end()
        if found["each"]:
            return self._repeat(found["each"], value, found.end(), end, depth, level)
        if found["call"]:
            return self._invoke(value, found.end(), level) if isinstance(value, _Function) else token.end()
        given, after = self._value(found.end())
        known = given is not _UNKNOWN and self.depths.get(name) == depth
        if found["assign"]:
            self.scope[name] = given if known else _UNKNOWN
        elif found["append"]:
            self.scope[name] = self._appended(value, given) if known else _UNKNOWN
        else:
            self.scope[name] = [*value, given] if known and isinstance(value, list) else _UNKNOWN
        return after

    def _appended(self, value: Any, given: Any) -> Any:
        if isinstance(value, str) and isinstance(given, str):
            try:
                return self.budget.text(value + given)
            except NotLiteral:
                pass
        return _UNKNOWN

    def _invoke(self, function: _Function, at: int, level: int) -> int:
        """A call of one of the script's functions: its body with the arguments as far as they are known."""
        arguments: list[Any] = []
        while self.source[at : at + 1] not in (")", ""):
            value, after = self._value(at)
            arguments.append(value)
            after = spaces(self.source, after)
            if value is _UNKNOWN or self.source[after : after + 1] != ",":
                break
            at = spaces(self.source, after + 1)
        self._enter(function, arguments, level)
        return at

    def _enter(self, function: _Function, arguments: list[Any], level: int) -> None:
        function.used = True
        if level >= _MAX_LEVEL:
            return
        outer, depths = self.scope, self.depths
        self.scope, self.depths = dict(outer), dict(depths)
        for index, name in enumerate(function.parameters):
            self.scope[name] = arguments[index] if index < len(arguments) else _UNKNOWN
        self._read(function.start, function.end, 0, level + 1)
        self.scope, self.depths = outer, depths


_HANDLERS = {
    "template": _Script._template,
    "call": _Script._call,
    "loop": _Script._loop,
    "bind": _Script._bind,
    "define": _Script._define,
    "word": _Script._word,
}


def _kind(token: re.Match[str]) -> str:
    return next((name for name in ("brace", *_HANDLERS) if token[name] is not None), "skip")


def _closing(source: str, start: int, end: int) -> int:
    """Behind the block, or the rest of the statement, that begins at `start`."""
    open_ones = 0
    at = start
    block = source[start : start + 1] == "{"
    while at < end:
        char = source[at]
        if char in "\"'":
            token = _TOKEN.match(source, at, end)
            at = token.end() if token else at + 1
            continue
        if char == "`":
            at = _behind_template(source, at + 1, end)
            continue
        if char == "/" and source[at + 1 : at + 2] in ("/", "*"):
            at = max(spaces(source, at), at + 1)
            continue
        at += 1
        if char in "([{":
            open_ones += 1
        elif char in ")]}":
            open_ones -= 1
            if open_ones < 0:
                return at - 1
            if block and not open_ones:
                return at
        elif char in ";," and not open_ones:
            return at - 1
    return end


def _behind_template(source: str, at: int, end: int, holes: list[tuple[int, int]] | None = None) -> int:
    """Behind the backquote that closes a template whose text begins at `at`; `holes` takes the places of its `${…}`."""
    depths = [0]  # of braces, for each template that is open
    hole = at
    while at < end:
        char = source[at]
        at += 1
        if char == "\\":
            at += 1
        elif char == "`" and not depths[-1]:
            depths.pop()
            if not depths:
                return at
        elif char == "`":
            depths.append(0)
        elif char == "$" and source[at : at + 1] == "{" and not depths[-1]:
            depths[-1], at = 1, at + 1
            hole = at if len(depths) == 1 else hole
        elif char == "{" and depths[-1]:
            depths[-1] += 1
        elif char == "}" and depths[-1]:
            depths[-1] -= 1
            if holes is not None and depths == [0]:
                holes.append((hole, at - 1))
    return end
