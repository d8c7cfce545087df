"""Whether a regular expression could take for ever, told without running it. Held against patterns that a stranger may have written.

Careful on one side only: what can be matched in many ways is refused, also where a text that shows it would be hard to find.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import combinations
from re import _constants, _parser  # type: ignore[attr-defined]
from typing import Any

# A body that is repeated less often cannot be split in so many ways that it matters.
_OFTEN = 8
_OTHER = 128  # stands for every sign that is not ASCII
_ALL = frozenset(range(_OTHER + 1))
_DIGITS = frozenset(map(ord, "0123456789"))
_SPACES = frozenset(map(ord, " \t\n\r\f\v"))
_WORD = _DIGITS | frozenset(map(ord, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_"))
_CATEGORIES = {
    "CATEGORY_DIGIT": _DIGITS,
    "CATEGORY_NOT_DIGIT": _ALL - _DIGITS,
    "CATEGORY_SPACE": _SPACES,
    "CATEGORY_NOT_SPACE": _ALL - _SPACES,
    "CATEGORY_WORD": _WORD,
    "CATEGORY_NOT_WORD": _ALL - _WORD,
}
_REPEATS = ("MAX_REPEAT", "MIN_REPEAT", "POSSESSIVE_REPEAT")
_NO_WIDTH = ("AT", "ASSERT", "ASSERT_NOT")
_UNBOUNDED = int(_constants.MAXREPEAT)

_Signs = frozenset[int]


class _Part:
    """A part of a sequence: the signs that can stand in it, those it can begin with, and how often it stands there."""

    __slots__ = ("first", "least", "most", "signs")

    def __init__(self, signs: _Signs, first: _Signs, least: int, most: int) -> None:
        self.signs, self.first, self.least, self.most = signs, first, least, most


def explosive(pattern: str) -> bool:
    """Whether something repeated eight times or more can match the same text in several ways: a repeat of changing length in
    it that nothing sets off, or choices that can begin alike. The pattern must be one that compiles."""
    return any(_splits(body) for _, most, body in _repeats(_parser.parse(pattern)) if most >= _OFTEN)


def largest_repeat(pattern: str) -> int:
    """The largest number that a repeat states: what a pattern costs to compile grows with it."""
    stated = (number for least, most, _ in _repeats(_parser.parse(pattern)) for number in (least, most))
    return max((number for number in stated if number < _UNBOUNDED), default=0)


def _repeats(items: Any) -> Iterator[tuple[int, int, Any]]:
    """All repeats, wherever they stand: (least, most, what is repeated)."""
    for op, argument in items:
        if str(op) in _REPEATS:
            yield int(argument[0]), int(argument[1]), argument[2]
        for inner in _inner(str(op), argument):
            yield from _repeats(inner)


def _inner(op: str, argument: Any) -> Sequence[Any]:
    if op in _REPEATS:
        return (argument[2],)
    if op == "SUBPATTERN":
        return (argument[3],)
    if op == "BRANCH":
        return tuple(argument[1])
    if op in ("ASSERT", "ASSERT_NOT"):
        return (argument[1],)
    if op == "ATOMIC_GROUP":
        return (argument,)
    if op == "GROUPREF_EXISTS":
        return tuple(one for one in argument[1:] if one is not None)
    return ()


def _splits(body: Any) -> bool:
    if any(_alike(branches) for branches in _choices(body)):
        return True
    parts = list(_parts(body))
    return any(
        part.least != part.most
        and not any(other is not part and other.least and not other.signs & part.signs for other in parts)
        for part in parts
    )


def _choices(items: Any) -> Iterator[Sequence[Any]]:
    for op, argument in items:
        if str(op) == "BRANCH":
            yield argument[1]
        if str(op) not in _NO_WIDTH:
            for inner in _inner(str(op), argument):
                yield from _choices(inner)


def _alike(branches: Sequence[Any]) -> bool:
    firsts = [_first(list(_parts(branch))) for branch in branches]
    return any(not one or not other or one & other for one, other in combinations(firsts, 2))


def _parts(items: Any) -> Iterator[_Part]:
    """The parts of a sequence in order, groups taken apart."""
    for op, argument in items:
        name = str(op)
        if name in _NO_WIDTH:
            continue
        if name in ("SUBPATTERN", "ATOMIC_GROUP"):
            yield from _parts(_inner(name, argument)[0])
        elif name in _REPEATS:
            inner = list(_parts(argument[2]))
            signs = _joined(inner)
            # A body of one length, as in `(ab){3}`, changes with the number of repeats alone.
            even = all(part.least == part.most for part in inner)
            least, most = argument[0], min(argument[1], _UNBOUNDED)
            yield _Part(signs, _first(inner) or signs, least, most if even else max(most, least + 1))
        elif name == "BRANCH":
            many = [list(_parts(branch)) for branch in argument[1]]
            signs = frozenset().union(*(_joined(parts) for parts in many))
            empty = any(all(not part.least for part in parts) for parts in many)
            yield _Part(signs, frozenset().union(*(_first(parts) or signs for parts in many)), 0 if empty else 1, 1)
        else:
            signs = _signs(name, argument)
            yield _Part(signs, signs, 1, 1)


def _joined(parts: Sequence[_Part]) -> _Signs:
    return frozenset().union(*(part.signs for part in parts))


def _first(parts: Sequence[_Part]) -> _Signs:
    """The signs that a sequence can begin with; none where it can be empty."""
    found: _Signs = frozenset()
    for part in parts:
        found |= part.first
        if part.least:
            return found
    return frozenset()


def _signs(op: str, argument: Any) -> _Signs:
    if op == "LITERAL":
        return _cases(argument)
    if op == "NOT_LITERAL":
        return _ALL - {argument}
    if op == "RANGE":
        low, high = argument
        return frozenset().union(*(_cases(code) for code in range(low, min(high, _OTHER) + 1))) or frozenset((_OTHER,))
    if op == "CATEGORY":
        return _CATEGORIES.get(str(argument), _ALL)
    if op == "IN":
        negated = str(argument[0][0]) == "NEGATE"
        found = frozenset().union(*(_signs(str(one), value) for one, value in argument[1 if negated else 0 :]))
        return (_ALL - found) | {_OTHER} if negated else found
    return _ALL


def _cases(code: int) -> _Signs:
    """A sign in both its cases, since a rule may pass over them."""
    if code >= _OTHER:
        return frozenset((_OTHER,))
    return frozenset((ord(chr(code).lower()), ord(chr(code).upper())))
