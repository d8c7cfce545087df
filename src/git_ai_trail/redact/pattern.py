"""What can be known about a regular expression without running it (how wide a match can be, whether it can explode)."""

from __future__ import annotations

import re
from functools import cache
from re import _constants, _parser  # type: ignore[attr-defined]
from typing import Any

UNBOUNDED = int(_constants.MAXREPEAT)

_TAIL_REPEAT = re.compile(r"(?<!\\)\{([1-9]\d*),\d*\}(\)*)(?:=\{0,\d\})?\Z")
_ANCHOR = re.compile(r"\\[AZ]")
_REPEATS = ("MAX_REPEAT", "MIN_REPEAT", "POSSESSIVE_REPEAT")


@cache
def compiled(source: str, flags: re.RegexFlag) -> re.Pattern[str]:
    """The pattern, compiled when it is first needed: of hundreds of rules few are, in one run."""
    return re.compile(source, flags)


def max_width(pattern: str) -> int | None:
    """The longest possible match in characters, or None where there is no limit."""
    width = int(_parser.parse(pattern).getwidth()[1])
    return width if width < 1_000_000 else None


def nested_repeat(pattern: str) -> bool:
    """Whether an unlimited repeat stands inside an unlimited repeat, as in `(a+)+`."""
    return _nested(_parser.parse(pattern), inside=False)


def _nested(items: Any, *, inside: bool) -> bool:
    for op, argument in items:
        name = str(op)
        if name in _REPEATS:
            unlimited = argument[1] >= UNBOUNDED
            if (inside and unlimited) or _nested(argument[2], inside=inside or unlimited):
                return True
        elif name == "SUBPATTERN":
            if _nested(argument[3], inside=inside):
                return True
        elif name == "BRANCH":
            if any(_nested(branch, inside=inside) for branch in argument[1]):
                return True
        elif name in ("ASSERT", "ASSERT_NOT") and _nested(argument[1], inside=inside):
            return True
    return False


def gate_of(pattern: str) -> str | None:
    """The pattern as the gate should look for it, or None where only a full search is right.

    A repeat at the end is cut to its minimum: one report per match instead of one per further character.
    """
    if not pattern.isascii() or _ANCHOR.search(pattern):
        return None
    return _TAIL_REPEAT.sub(r"{\1}\2", pattern)
