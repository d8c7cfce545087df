"""What the tests of a Python script prove: that one text stands in another."""

from __future__ import annotations

from typing import Any

_MAX_PARTS = 16


def kind_of(node: Any) -> str:
    return type(node).__name__


def proofs(test: Any, *, true: bool) -> list[tuple[Any, Any]]:
    """Pairs of expressions, text and part, of which the second stands in the first if the test is `true`, or not."""
    kind = kind_of(test)
    if kind == "UnaryOp" and kind_of(test.op) == "Not":
        return proofs(test.operand, true=not true)
    if kind == "BoolOp" and (kind_of(test.op) == "And") is true:
        return [pair for one in test.values[:_MAX_PARTS] for pair in proofs(one, true=true)]
    if kind == "Call" and true:
        return _asked(test, "count")
    if kind != "Compare" or len(test.ops) != 1:
        return []
    operator, other = kind_of(test.ops[0]), test.comparators[0]
    if operator == ("In" if true else "NotIn"):
        return [(other, test.left)]
    number = _number(other)
    if number is None:
        return []
    if _least(operator, number, true=true) >= 1:
        return _asked(test.left, "count")
    return _asked(test.left, "find") if _least(operator, number, true=true) >= 0 else []


def differences(test: Any, *, true: bool) -> list[tuple[str, str]]:
    """Pairs of names whose values are not the same if the test is `true`, or not."""
    if kind_of(test) != "Compare" or len(test.ops) != 1:
        return []
    names = (getattr(test.left, "id", ""), getattr(test.comparators[0], "id", ""))
    return [names] if all(names) and kind_of(test.ops[0]) == ("NotEq" if true else "Eq") else []


def _least(operator: str, number: int, *, true: bool) -> int:
    """The smallest number that the left side can be, given that it is -1 or more."""
    if not true:
        opposite = {"Eq": "NotEq", "NotEq": "Eq", "Lt": "GtE", "LtE": "Gt", "Gt": "LtE", "GtE": "Lt"}
        operator = opposite.get(operator, "")
    if operator in ("Eq", "GtE"):
        return number
    if operator == "Gt":
        return number + 1
    if operator == "NotEq":
        # A count is never below 0, a place never below -1.
        return 1 if number == 0 else 0 if number == -1 else -1
    return -1


def _asked(call: Any, method: str) -> list[tuple[Any, Any]]:
    """`text.count(part)` or `text.find(part)`."""
    if kind_of(call) != "Call" or kind_of(call.func) != "Attribute" or call.func.attr != method:
        return []
    return [(call.func.value, call.args[0])] if len(call.args) == 1 and not call.keywords else []


def _number(node: Any) -> int | None:
    if kind_of(node) == "UnaryOp" and kind_of(node.op) == "USub":
        inner = _number(node.operand)
        return None if inner is None else -inner
    value = getattr(node, "value", None)
    return value if kind_of(node) == "Constant" and type(value) is int else None


def block_fails(statements: list[Any]) -> bool:
    """Whether statements surely end the script with an error: they raise, or exit with a code that is not 0."""
    if not statements or not all(_talks(one) for one in statements[:-1]):
        return False
    last = statements[-1]
    if kind_of(last) == "Raise":
        error = last.exc
        if error is None:
            return True
        name = _last_name(getattr(error, "func", error))
        if name == "SystemExit":
            return _is_failure(getattr(error, "args", []))
        return name.endswith(("Error", "Exception"))
    return (
        kind_of(last) == "Expr"
        and kind_of(last.value) == "Call"
        and _last_name(last.value.func) in ("exit", "_exit")
        and _is_failure(last.value.args)
    )


def _talks(statement: Any) -> bool:
    return (
        kind_of(statement) == "Expr"
        and kind_of(statement.value) == "Call"
        and (_last_name(statement.value.func) in ("print", "write", "print_exc"))
    )


def _last_name(node: Any) -> str:
    return str(getattr(node, "attr", None) or getattr(node, "id", ""))


def _is_failure(arguments: list[Any]) -> bool:
    """Whether `exit` of these is a failure: with a number that is not 0, or with a message."""
    if len(arguments) != 1:
        return False
    if kind_of(arguments[0]) == "JoinedStr":
        return True
    value = getattr(arguments[0], "value", None)
    return kind_of(arguments[0]) == "Constant" and (type(value) is str or (type(value) is int and value % 256 != 0))
