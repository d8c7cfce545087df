"""Follows an inline Python script far enough to see what it surely writes. Nothing of it is run.

Only what the script's own text proves is known: literals, what is put together from them, and the new text of a
`.replace(old, new)` whose old text the script itself made sure of (`assert old in text`, `if old not in text: raise`).
All of it holds for a script that succeeded.
"""

from __future__ import annotations

import warnings
from typing import Any

from git_ai_trail.formats.shell.lexer import DYNAMIC
from git_ai_trail.formats.shell.python_calls import LEAVES, Builtin, spoil
from git_ai_trail.formats.shell.python_expressions import Expressions
from git_ai_trail.formats.shell.python_files import PythonWrite, TooMuch
from git_ai_trail.formats.shell.python_proofs import block_fails, differences, kind_of, proofs
from git_ai_trail.formats.shell.python_values import HOLE, UNKNOWN, OpenFile, ReadFile, Text

_ONLY_AST = 0x400  # the parser alone: nothing is compiled
_MAX_SOURCE = 64 * 1024
_MAX_ROUNDS = 64
_MAX_BLOCKS = 24
_LEFT, _RETURNED, _BROKE, _CONTINUED = "left", "returned", "broke", "continued"


def python_writes(code: str, folder: str, files: dict[str, str]) -> list[PythonWrite]:
    """What a script that succeeds writes, in order, as far as it is known. `files` holds the texts of files that are
    known (by absolute path) and is brought up to date. Nothing where the script cannot be followed."""
    if len(code) > _MAX_SOURCE or DYNAMIC in code:
        files.clear()
        return []
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            tree: Any = compile(code, "<script>", "exec", _ONLY_AST, dont_inherit=True)
        script = _Script(folder, files)
        script.body(tree.body)
        for file in script.opened:
            script.close(file)
    except (SyntaxError, ValueError, MemoryError, RecursionError, OverflowError, TooMuch):
        files.clear()
        return []
    return script.writes


class _Script(Expressions):
    """The statements."""

    def __init__(self, folder: str, files: dict[str, str]) -> None:
        super().__init__(folder, files)
        self.blocks = 0

    # Statements

    def body(self, statements: list[Any]) -> str:
        """Follows statements; returns how they are left, empty if they are not."""
        if self.blocks >= _MAX_BLOCKS:
            raise TooMuch
        self.blocks += 1
        left = ""
        for statement in statements:
            self.spend()
            method = getattr(self, "_do_" + kind_of(statement).lower(), None)
            left = (method(statement) or "") if method is not None else self.opaque(statement)
            if left:
                break
        self.blocks -= 1
        return left

    def _do_expr(self, node: Any) -> str:
        return _LEFT if self.value(node.value) is LEAVES else ""

    def _do_pass(self, node: Any) -> None:
        return None

    def _do_assign(self, node: Any) -> None:
        value = self.value(node.value)
        for target in node.targets:
            self._bind(target, value)

    def _do_annassign(self, node: Any) -> None:
        if node.value is not None:
            self._bind(node.target, self.value(node.value))

    def _do_augassign(self, node: Any) -> None:
        value = self.value(node.value)
        if kind_of(node.target) != "Name":
            self._bind(node.target, UNKNOWN)
            return
        before = self.look_up(node.target.id)
        spoil(before)
        self.set(node.target.id, self._sum(before, value) if kind_of(node.op) == "Add" else UNKNOWN)

    def _bind(self, target: Any, value: Any) -> None:
        kind = kind_of(target)
        if kind == "Name":
            self.set(target.id, value)
        elif kind in ("Tuple", "List"):
            values = value if isinstance(value, (list, tuple)) and len(value) == len(target.elts) else None
            usable = values is not None and HOLE not in values and all(kind_of(one) != "Starred" for one in target.elts)
            for index, one in enumerate(target.elts):
                self._bind(one, values[index] if usable and values is not None else UNKNOWN)
        elif kind == "Subscript":
            spoil(self.value(target.value))
            self.value(target.slice)
        else:
            self.opaque(target)

    def _do_import(self, node: Any) -> None:
        for alias in node.names:
            name = alias.asname or alias.name.partition(".")[0]
            self.set(name, Builtin(alias.name if alias.asname else name))

    def _do_importfrom(self, node: Any) -> None:
        for alias in node.names:
            if alias.name == "*":
                raise TooMuch
            self.set(alias.asname or alias.name, Builtin(f"{node.module or '.'}.{alias.name}"))

    def _do_functiondef(self, node: Any) -> None:
        if not self.certain or len(self.scopes) > 1 or node.decorator_list or _yields(node.body):
            self.opaque(node)  # sets its name, too
        else:
            self.set(node.name, node)

    def _do_global(self, node: Any) -> None:
        raise TooMuch

    _do_nonlocal = _do_global

    def _do_return(self, node: Any) -> str:
        value = self.value(node.value) if node.value is not None else None
        self.result = value if self.certain else UNKNOWN
        return _RETURNED

    def _do_raise(self, node: Any) -> str:
        return _LEFT

    def _do_break(self, node: Any) -> str:
        return _BROKE

    def _do_continue(self, node: Any) -> str:
        return _CONTINUED

    def _do_assert(self, node: Any) -> None:
        self.value(node.test)
        self._learn(node.test, true=True)

    def _do_with(self, node: Any) -> str:
        files: list[Any] = []
        plain = True
        for item in node.items:
            value = self.value(item.context_expr)
            files.append(value)
            plain = plain and isinstance(value, (OpenFile, ReadFile))
            if item.optional_vars is not None:
                self._bind(item.optional_vars, value)
        # Another kind of `with` may keep errors from ending the script.
        left = self.body(node.body) if plain else self._doubtful(node.body)
        for value in files:
            if isinstance(value, OpenFile):
                self.close(value)
        return left

    def _do_try(self, node: Any) -> str:
        caught = not all(block_fails(handler.body) for handler in node.handlers)
        left = self._doubtful(node.body) if caught else self.body(node.body)
        for handler in node.handlers if caught else ():
            self._doubtful(handler.body)
        if not left:
            left = self._doubtful(node.orelse) if caught else self.body(node.orelse)
        return self.body(node.finalbody) or left

    def _do_if(self, node: Any) -> str:
        if _is_main(node.test):
            return self.body(node.body)
        self.value(node.test)
        # The script succeeded, so it did not give up here.
        if block_fails(node.body):
            self._learn(node.test, true=False)
            return self.body(node.orelse)
        if block_fails(node.orelse):
            self._learn(node.test, true=True)
            return self.body(node.body)
        self._doubtful(node.body, node.orelse)
        return ""

    def _learn(self, test: Any, *, true: bool) -> None:
        """Remembers what a test proves of the texts that are in others."""
        if not self.certain:
            return
        for one, other in differences(test, true=true):
            text, source = self.look_up(one), self.look_up(other)
            if isinstance(text, Text) and isinstance(source, Text):
                text.differs(source)
                source.differs(text)
        for holder, part in proofs(test, true=true):
            if kind_of(holder) != "Name" or kind_of(part) not in ("Name", "Constant"):
                continue
            text, inner = self.value(holder), self.value(part)
            if isinstance(text, Text) and isinstance(inner, Text) and inner.known and inner.shape:
                text.holds.add(inner.shape)

    def _doubtful(self, *branches: list[Any]) -> str:
        """Follows what may not run; what it changes is not known afterwards."""
        sure, names, files = self.sure, dict(self.scopes[-1]), dict(self.files)
        self.spend(len(names) + len(files))
        for statements in branches:
            self.scopes[-1].update(names)
            self.sure = False
            left = self.body(statements)
            changed = [name for name, value in self.scopes[-1].items() if names.get(name, HOLE) is not value]
            if left == _LEFT and not block_fails(statements):
                self.gone = True
            elif left:
                sure = False  # what follows in this function or loop may not run
            names.update(dict.fromkeys(changed, UNKNOWN))
        self.sure = sure
        self.scopes[-1].update(names)
        for path in [path for path, text in self.files.items() if files.get(path) != text]:
            del self.files[path]
        return ""

    def _do_for(self, node: Any) -> str:
        values = self.value(node.iter)
        sure = self.sure
        left = ""
        if not isinstance(values, (list, tuple)) or HOLE in values or len(values) > _MAX_ROUNDS:
            self._bind(node.target, UNKNOWN)
            self._doubtful(node.body)
            self._bind(node.target, UNKNOWN)
        else:
            for value in list(values):
                self._bind(node.target, value)
                left = self.body(node.body)
                if left in (_LEFT, _RETURNED, _BROKE):
                    break
        if left in (_LEFT, _RETURNED):
            return left
        # A `return` that may have been taken still counts; a `break` or `continue` ends with the loop.
        self.sure = sure and not (not self.sure and len(self.scopes) > 1)
        return self._doubtful(node.orelse) if node.orelse else ""


def _yields(statements: list[Any]) -> bool:
    """Whether a function is a generator, so that calling it runs nothing yet."""
    waiting: list[Any] = list(statements)
    while waiting:
        one = waiting.pop()
        if kind_of(one) in ("Yield", "YieldFrom"):
            return True
        for field in one._fields:
            inner = getattr(one, field, None)
            waiting.extend(each for each in (inner if isinstance(inner, list) else [inner]) if hasattr(each, "_fields"))
    return False


def _is_main(test: Any) -> bool:
    """`__name__ == "__main__"`"""
    return (
        kind_of(test) == "Compare"
        and getattr(test.left, "id", "") == "__name__"
        and kind_of(test.ops[0]) == "Eq"
        and getattr(test.comparators[0], "value", "") == "__main__"
        and len(test.ops) == 1
    )
