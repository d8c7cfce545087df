"""Gives the lines of a `structuredPatch` their tabs back.

Claude Code makes the patch from texts in which every tab that a line begins with was replaced by two blanks (seen in 2.1.101
to 2.1.218, read in 2.0.76), and so the patch shows no line as it stands in the file. The call's texts do.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from git_ai_trail.formats.linediff import split_lines

_BLANKS = "  "


def without_tabs(line: str) -> str:
    """The line as a patch shows it."""
    bare = line.lstrip("\t")
    return _BLANKS * (len(line) - len(bare)) + bare


class Originals:
    """The lines that an edit can have written.

    `wrote` are the texts that replaced others, which may begin and end within a line; `whole` is the file afterwards where
    the log shows it, else None; `around` are other texts of the file, which show whether it is indented with tabs.
    """

    def __init__(self, wrote: Iterable[str], whole: str | None, around: Iterable[str]) -> None:
        self._by_shown: dict[str, list[str]] = {}
        self._lines: Sequence[str] = split_lines(whole) if whole is not None else ()
        tabs = False
        for text in wrote:
            tabs = tabs or _has_tabs(text)
            for line in split_lines(text):
                known = self._by_shown.setdefault(without_tabs(line), [])
                if line not in known:
                    known.append(line)
        self._tabs = tabs or (whole is not None and _has_tabs(whole)) or any(_has_tabs(text) for text in around)

    def line(self, shown: str, number: int) -> str:
        """The line that the patch shows as `shown`, which is line `number` (from 1) of the file afterwards."""
        if not self._tabs or not shown.startswith(_BLANKS):
            return shown
        if 0 < number <= len(self._lines) and without_tabs(self._lines[number - 1]) == shown:
            return self._lines[number - 1]
        known = self._by_shown.get(shown, ())
        if len(known) == 1:
            return known[0]
        if known:
            return next((line for line in known if line.startswith("\t")), known[0])
        # The first line of a replaced text that began within a line: all that is left to go by is the rest of the file.
        bare = shown.lstrip(" ")
        blanks = len(shown) - len(bare)
        return "\t" * (blanks // 2) + " " * (blanks % 2) + bare


def _has_tabs(text: str) -> bool:
    return text.startswith("\t") or "\n\t" in text
