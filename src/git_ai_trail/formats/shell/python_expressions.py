"""The expressions of an inline Python script."""

from __future__ import annotations

import posixpath
from typing import Any

from git_ai_trail.formats.shell.lexer import DYNAMIC
from git_ai_trail.formats.shell.python_calls import Builtin, Calls, spoil
from git_ai_trail.formats.shell.python_files import TooMuch
from git_ai_trail.formats.shell.python_proofs import kind_of
from git_ai_trail.formats.shell.python_values import HOLE, UNKNOWN, FilePath, Table, Text, as_name, as_text

_MAX_DEPTH = 60
_LEAVERS = ("exit", "_exit", "quit", "abort", "kill", "SystemExit", "execv", "execvp", "exec", "eval")


class Expressions(Calls):
    def __init__(self, folder: str, files: dict[str, str]) -> None:
        super().__init__(folder, files)
        self.depth = 0

    def opaque(self, node: Any) -> Any:
        """Passes over a part that is not followed, and gives up what it may change."""
        waiting = [node]
        while waiting:
            one = waiting.pop()
            self.spend()
            kind = kind_of(one)
            name = getattr(one, "id", None) or getattr(one, "attr", None)
            if kind == "Name":
                value = self.look_up(one.id)
                if kind_of(one.ctx) != "Load":
                    self.set(one.id, UNKNOWN)
                elif kind_of(value) != "FunctionDef":
                    spoil(value)
                else:
                    self.gone = True  # it may do anything that the function does
            elif kind == "Call":
                self.files.clear()
            elif kind == "Global":
                raise TooMuch
            elif kind in ("Return", "Break", "Continue"):
                self.sure = False
            elif isinstance(getattr(one, "name", None), str):
                self.set((getattr(one, "asname", None) or one.name).partition(".")[0], UNKNOWN)
            self.gone = self.gone or name in _LEAVERS
            for field in one._fields:
                inner = getattr(one, field, None)
                waiting.extend(
                    each for each in (inner if isinstance(inner, list) else [inner]) if hasattr(each, "_fields")
                )
        return ""

    def value(self, node: Any) -> Any:
        self.spend()
        if self.depth >= _MAX_DEPTH:
            raise TooMuch
        method = getattr(self, "_see_" + kind_of(node).lower(), None)
        if method is None:
            self.opaque(node)
            return UNKNOWN
        self.depth += 1
        found = method(node)
        self.depth -= 1
        return found

    def _see_constant(self, node: Any) -> Any:
        value = node.value
        if isinstance(value, bytes):
            try:
                value = value.decode()
            except UnicodeDecodeError:
                return UNKNOWN
        if isinstance(value, str):
            self.spend(text=len(value))
            return Text(value) if DYNAMIC not in value and _is_utf8(value) else UNKNOWN
        return value if value is None or type(value) in (int, bool) else UNKNOWN

    def _see_joinedstr(self, node: Any) -> Any:
        parts: list[Text] = []
        for part in node.values:
            value = self.value(part.value if kind_of(part) == "FormattedValue" else part)
            plain = kind_of(part) == "Constant" or (part.format_spec is None and part.conversion in (-1, 115))
            parts.append(as_text(value) if plain else as_text(UNKNOWN))
        return self.added(parts)

    def _see_name(self, node: Any) -> Any:
        return self.look_up(node.id)

    def _see_list(self, node: Any) -> Any:
        return [HOLE if kind_of(one) == "Starred" else self.value(one) for one in node.elts]

    def _see_tuple(self, node: Any) -> Any:
        return tuple(self._see_list(node))

    def _see_dict(self, node: Any) -> Any:
        pairs = [
            (self.value(key) if key else UNKNOWN, self.value(one))
            for key, one in zip(node.keys, node.values, strict=True)
        ]
        names = {key.shape for key, _ in pairs if isinstance(key, Text) and key.known}
        return Table(pairs) if len(names) == len(pairs) else UNKNOWN

    def _see_binop(self, node: Any) -> Any:
        left, right = self.value(node.left), self.value(node.right)
        operator = kind_of(node.op)
        if operator == "Add":
            return self._sum(left, right)
        if operator == "Div" and isinstance(left, FilePath):
            tail = as_name(right)
            return FilePath(
                posixpath.join(left.name, tail.shape) if tail.known and DYNAMIC not in left.name else DYNAMIC
            )
        return UNKNOWN

    def _sum(self, left: Any, right: Any) -> Any:
        if isinstance(left, Text) or isinstance(right, Text):
            return self.added([as_text(left), as_text(right)])
        return UNKNOWN

    def _see_compare(self, node: Any) -> Any:
        for one in (node.left, *node.comparators):
            self.value(one)
        return UNKNOWN

    def _see_unaryop(self, node: Any) -> Any:
        self.value(node.operand)
        return UNKNOWN

    def _see_subscript(self, node: Any) -> Any:
        value, key = self.value(node.value), self.value(node.slice)
        if (
            isinstance(value, (list, tuple))
            and type(key) is int
            and HOLE not in value
            and -len(value) <= key < len(value)
        ):
            return value[key]
        if isinstance(value, Table) and value.pairs is not None and isinstance(key, Text):
            return next((one for name, one in value.pairs if name.shape == key.shape), UNKNOWN)
        return UNKNOWN

    def _see_slice(self, node: Any) -> Any:
        for one in (node.lower, node.upper, node.step):
            if one is not None:
                self.value(one)
        return UNKNOWN

    def _see_attribute(self, node: Any) -> Any:
        value = self.value(node.value)
        return value.member(node.attr) if isinstance(value, Builtin) else UNKNOWN

    def _see_call(self, node: Any) -> Any:
        return self.call(node)


def _is_utf8(text: str) -> bool:
    """Whether a file can hold the text."""
    return text.isascii() or not any("\ud800" <= char <= "\udfff" for char in text)
