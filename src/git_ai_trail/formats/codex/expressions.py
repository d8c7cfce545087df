"""Evaluates JavaScript expressions of literals, known names and a few pure string functions; nothing is ever run.

`null`, `undefined` and booleans all give None: no argument that is read here needs them. Sizes and steps are bounded.
"""

from __future__ import annotations

import json
import re
from typing import Any, NamedTuple

from git_ai_trail.lazy import pattern

Scope = dict[str, Any]

_IDENTIFIER = pattern(r"[A-Za-z_$][\w$]*")
_NUMBER = pattern(r"-?\d[\d_]*(?:\.\d+)?(?:[eE][+-]?\d+)?")
_SPACE = pattern(r"(?:\s+|//[^\n]*(?:\n|$)|/\*.*?(?:\*/|\Z))+", re.DOTALL)
_METHOD = pattern(
    r"\s*\??\.\s*(join|trim|trimStart|trimEnd|concat|repeat|split|map|replace|replaceAll|toString)\s*\(\s*"
)
_PROPERTY = pattern(r"\s*\??\.\s*([A-Za-z_$][\w$]*+)(?!\s*\()")
_ARROW = pattern(r"\(?\s*([A-Za-z_$][\w$]*)\s*(?:,\s*([A-Za-z_$][\w$]*)\s*)?\)?\s*=>\s*(?!\{)")
_ESCAPES = {"n": "\n", "t": "\t", "r": "\r", "b": "\b", "f": "\f", "v": "\v", "0": "", "\n": ""}
_PLAIN = {quote: pattern(rf"[^\\{quote}]+") for quote in "'\""} | {"`": pattern(r"[^\\`$]+")}
_TRIMS = {"trim": str.strip, "trimStart": str.lstrip, "trimEnd": str.rstrip}
# After one of these an expression goes on in a way that is not followed.
_GOES_ON = "?|&*/%<>=!^-+[(.`"
_MAX_DEPTH = 32
_MAX_TEXT = 4 * 1024 * 1024
_MAX_ITEMS = 10_000


class NotLiteral(Exception):
    """An expression that only running the script could evaluate."""


class Budget:
    """How much one script may still make of itself: steps of evaluation and characters of new text."""

    def __init__(self) -> None:
        self.steps = 50_000
        self.made = 4 * _MAX_TEXT

    def step(self) -> None:
        self.steps -= 1
        if self.steps < 0:
            raise NotLiteral

    def walked(self, characters: int) -> None:
        """Looking for the end of something costs by its length."""
        self.steps -= characters // 64

    def text(self, text: str) -> str:
        self.made -= len(text)
        if len(text) > _MAX_TEXT or self.made < 0:
            raise NotLiteral
        return text


class Value(NamedTuple):
    value: Any
    end: int


def evaluate(source: str, at: int, scope: Scope, budget: Budget) -> Value:
    """The value of the whole expression at `at`, and where it ends. Raises NotLiteral."""
    reader = _Reader(source, at, scope, budget)
    value = reader.expression(0)
    reader.space()
    following = source[reader.at : reader.at + 1]
    if following and following in _GOES_ON:
        raise NotLiteral
    return Value(value, reader.at)


def spaces(source: str, at: int) -> int:
    """Behind the blanks and comments at `at`."""
    space = _SPACE.match(source, at)
    return space.end() if space else at


class _Reader:
    def __init__(self, source: str, at: int, scope: Scope, budget: Budget) -> None:
        self.source = source
        self.at = at
        self.scope = scope
        self.budget = budget

    def expression(self, depth: int) -> Any:
        value = self._operand(depth)
        while True:
            self.space()
            if self.source[self.at : self.at + 1] != "+" or self.source[self.at : self.at + 2] in ("++", "+="):
                return value
            self.at += 1
            value = self._sum(value, self._operand(depth))

    def _sum(self, left: Any, right: Any) -> Any:
        if isinstance(left, str) or isinstance(right, str):
            return self.budget.text(_as_text(left) + _as_text(right))
        raise NotLiteral

    def _operand(self, depth: int) -> Any:
        self.budget.step()
        if depth > _MAX_DEPTH:
            raise NotLiteral
        self.space()
        value = self._primary(depth)
        while True:
            method = _METHOD.match(self.source, self.at)
            if method:
                self.at = method.end()
                value = self._method(method[1], value, depth + 1)
                continue
            field = _PROPERTY.match(self.source, self.at)
            if field:
                self.at = field.end()
                if not isinstance(value, dict) or field[1] not in value:
                    raise NotLiteral
                value = value[field[1]]
            elif self.source[self.at : self.at + 1] == "[":
                value = self._item(value, depth)
            elif self.source[self.at : self.at + 1] in (".", "("):
                raise NotLiteral
            else:
                return value

    def _item(self, value: Any, depth: int) -> Any:
        self.at += 1
        index = self.expression(depth + 1)
        self.expect("]")
        if isinstance(value, list) and type(index) is int and 0 <= index < len(value):
            return value[index]
        if isinstance(value, dict) and isinstance(index, str) and index in value:
            return value[index]
        raise NotLiteral

    def _method(self, name: str, value: Any, depth: int) -> Any:
        if name == "map":
            return self._map(value, depth)
        arguments: list[Any] = []
        self.space()
        while self.source[self.at : self.at + 1] != ")":
            arguments.append(self.expression(depth))
            self.space()
            if self.source[self.at : self.at + 1] != ")":
                self.expect(",")
                self.space()
        self.at += 1
        made = _call(name, value, arguments)
        return self.budget.text(made) if isinstance(made, str) else made

    def _map(self, values: Any, depth: int) -> list[Any]:
        """`.map(x => expression)` over a known list; the expression is evaluated once for each item."""
        arrow = _ARROW.match(self.source, self.at)
        if not arrow or not isinstance(values, list) or len(values) > _MAX_ITEMS or not values:
            raise NotLiteral
        made: list[Any] = []
        outer = self.scope
        for index, value in enumerate(values):
            self.scope = {**outer, arrow[1]: value, **({arrow[2]: index} if arrow[2] else {})}
            self.at = arrow.end()
            made.append(self.expression(depth + 1))
        self.scope = outer
        self.expect(")")
        return made

    def _primary(self, depth: int) -> Any:
        char = self.source[self.at : self.at + 1]
        if char and char in "'\"":
            return self._string(char)
        if char == "`":
            return self._template(depth)
        if char == "[":
            return self._list(depth)
        if char == "{":
            return self._object(depth)
        if char == "(":
            self.at += 1
            value = self.expression(depth + 1)
            self.expect(")")
            return value
        number = _NUMBER.match(self.source, self.at)
        if number:
            self.at = number.end()
            return int(number[0]) if number[0].isdecimal() and len(number[0]) < 16 else 0.0
        return self._name(depth)

    def _name(self, depth: int) -> Any:
        if self.source.startswith("String.raw`", self.at):
            self.at += len("String.raw")
            return self._template(depth, raw=True)
        if self.source.startswith("JSON.stringify(", self.at):
            self.at += len("JSON.stringify(")
            value = self.expression(depth + 1)
            self.expect(")")
            return self.budget.text(_as_json(value))
        name = _IDENTIFIER.match(self.source, self.at)
        if not name:
            raise NotLiteral
        self.at = name.end()
        if name[0] in ("true", "false", "null", "undefined"):
            return None
        return self._known(name[0])

    def _known(self, name: str) -> Any:
        value = self.scope.get(name, self)
        if not isinstance(value, (str, int, float, list, dict, type(None))):
            raise NotLiteral
        return value

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
                return self._joined(parts, escaped=escaped)
            escaped = True
            parts.append(self._escape())
        raise NotLiteral

    def _template(self, depth: int, *, raw: bool = False) -> str:
        """A template literal; what stands in `${…}` must be known."""
        parts: list[str] = []
        escaped = False
        self.at += 1
        while self.at < len(self.source):
            plain = _PLAIN["`"].match(self.source, self.at)
            if plain:
                parts.append(plain[0])
                self.at = plain.end()
                continue
            char = self.source[self.at]
            self.at += 1
            if char == "`":
                return self._joined(parts, escaped=escaped)
            if char == "\\" and raw:
                parts.append(char + self.source[self.at : self.at + 1])
                self.at += 1
            elif char == "\\":
                escaped = True
                parts.append(self._escape())
            elif self.source[self.at : self.at + 1] == "{":
                self.at += 1
                parts.append(_as_text(self.expression(depth + 1)))
                self.expect("}")
            else:
                parts.append(char)
        raise NotLiteral

    def _joined(self, parts: list[str], *, escaped: bool) -> str:
        text = self.budget.text("".join(parts))
        # Two escapes may make one character.
        return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace") if escaped else text

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
            self.space()
            if self.source[self.at : self.at + 1] == "]":
                self.at += 1
                return values
            if self.source.startswith("...", self.at):
                self.at += 3
                more = self.expression(depth + 1)
                if not isinstance(more, list) or len(values) + len(more) > _MAX_ITEMS:
                    raise NotLiteral
                values.extend(more)
            else:
                values.append(self.expression(depth + 1))
            self.space()
            if self.source[self.at : self.at + 1] != "]":
                self.expect(",")

    def _object(self, depth: int) -> dict[str, Any]:
        values: dict[str, Any] = {}
        self.at += 1
        while True:
            self.space()
            char = self.source[self.at : self.at + 1]
            if char == "}":
                self.at += 1
                return values
            if char and char in "'\"":
                key = self._string(char)
            else:
                name = _IDENTIFIER.match(self.source, self.at)
                if not name:
                    raise NotLiteral
                self.at, key = name.end(), name[0]
            self.space()
            if self.source[self.at : self.at + 1] == ":":
                self.at += 1
                values[key] = self.expression(depth + 1)
            else:
                values[key] = self._known(key)
            self.space()
            if self.source[self.at : self.at + 1] != "}":
                self.expect(",")

    def space(self) -> None:
        self.at = spaces(self.source, self.at)

    def expect(self, char: str) -> None:
        self.space()
        if self.source[self.at : self.at + 1] != char:
            raise NotLiteral
        self.at += 1


def _as_text(value: Any) -> str:
    """A value inside a text; only texts and whole numbers look the same in both languages."""
    if isinstance(value, str):
        return value
    if type(value) is int:
        return str(value)
    raise NotLiteral


def _as_json(value: Any) -> str:
    if isinstance(value, str) or (isinstance(value, list) and all(isinstance(part, str) for part in value)):
        return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    raise NotLiteral


def _call(name: str, value: Any, arguments: list[Any]) -> Any:
    """The result of a method of a text or a list of texts."""
    texts = all(isinstance(part, str) for part in arguments)
    if isinstance(value, list):
        if name == "join" and len(arguments) < 2 and texts and all(isinstance(part, str) for part in value):
            return (arguments[0] if arguments else ",").join(value)
        if name == "concat" and all(isinstance(part, list) for part in arguments):
            return [*value, *(item for part in arguments for item in part)][:_MAX_ITEMS]
        raise NotLiteral
    if not isinstance(value, str):
        raise NotLiteral
    if name in _TRIMS and not arguments:
        return _TRIMS[name](value)
    if name == "toString" and not arguments:
        return value
    if name == "concat" and texts:
        return "".join([value, *arguments])
    if name == "split" and len(arguments) == 1 and texts and arguments[0]:
        return value.split(arguments[0], _MAX_ITEMS)
    if name in ("replace", "replaceAll") and len(arguments) == 2 and texts and arguments[0] and "$" not in arguments[1]:
        return value.replace(arguments[0], arguments[1], 1 if name == "replace" else -1)
    if (
        name == "repeat"
        and len(arguments) == 1
        and type(arguments[0]) is int
        and len(value) * arguments[0] <= _MAX_TEXT
    ):
        return value * arguments[0]
    raise NotLiteral
