"""What the variables of a script surely hold while it is read: plain assignments of text that the script itself states.

Only what runs in a straight line counts. After the first loop, branch or function nothing is followed any more.
"""

from __future__ import annotations

from collections.abc import Sequence

from git_ai_trail.lazy import pattern

_ASSIGNMENT = pattern(r"([A-Za-z_]\w*)(\+?)=(.*)\Z", 16)  # DOTALL
_ONE_WORD = pattern(r"[^\s*?\[\\]+\Z")
_LEADING = ("{", "!", "time")
# What follows these is run once, more often or never.
TURNS = ("if", "for", "while", "until", "case", "select", "function", "then", "else", "elif", "do")
_TURNS = (*TURNS, "eval", "source", ".")
_DECLARES = ("export", "declare", "typeset", "local", "readonly")
_SETS = ("read", "unset", "mapfile", "readarray", "getopts", "let", "wait", "trap", "coproc", "shopt", "set")
_LONGEST = 1024 * 1024
_MOST = 256
_MOST_TEXT = 16 * 1024 * 1024


class Variables:
    """The variables of one shell; `inner()` are those of a subshell, which changes nothing out here."""

    def __init__(self, values: dict[str, str] | None = None, room: list[int] | None = None) -> None:
        self._values = values if values is not None else {}
        self._followed = True
        self._room = room if room is not None else [_MOST_TEXT]

    def inner(self) -> Variables:
        made = Variables(dict(self._values), self._room)
        made._followed = self._followed
        return made

    def stop(self) -> None:
        """From here on the script may do anything to them."""
        self._values.clear()
        self._followed = False

    def text(self, name: str, *, whole: bool) -> str | None:
        """What the variable holds; None where that is not known, or where its text would be split (`whole` says it is not)."""
        value = self._values.get(name)
        if value is None or not (whole or _ONE_WORD.match(value)):
            return None
        self._room[0] -= len(value)
        return value if self._room[0] >= 0 else None

    def ran(self, words: Sequence[str], after: str, *, apart: bool, unknown: str) -> None:
        """A command was read. `after` is the operator before it, `apart` says that it runs in a process of its own, and
        `unknown` marks what only the shell knows in a word."""
        if not self._followed:
            return
        rest = list(words)
        while rest and rest[0] in _LEADING:
            rest.pop(0)
        if rest and (rest[0] in _TURNS or rest[:2] == ["printf", "-v"]):
            self.stop()
            return
        if rest and rest[0] in _SETS:
            self._values.clear()
            return
        declares = bool(rest) and rest[0] in _DECLARES
        found = [_ASSIGNMENT.match(word) for word in rest[declares:]]
        if declares and not all(found):
            self._values.clear()
            return
        if not all(found):
            return
        sure = after in ("", ";") and not apart
        for one in found:
            assert one is not None
            name, more, value = one[1], one[2], one[3]
            before = self._values.pop(name, None)
            value = (before if before is not None else unknown) + value if more else value
            if sure and unknown not in value and len(value) <= _LONGEST and len(self._values) < _MOST:
                self._values[name] = value


def begins_assignment(text: str) -> bool:
    """Whether a word that begins so is an assignment, whose text is not split."""
    return _ASSIGNMENT.match(text) is not None
