"""Remembers what was in the files that a session has read and written, so that of a file that is written over only the new lines
count. OpenCode lets a session overwrite only what it has read, and only while nobody else has changed it.

Lines are remembered as digests: no text of a log is kept in a reader's state.
"""

from __future__ import annotations

from typing import Any
from zlib import crc32

from git_ai_trail.facts import Edit
from git_ai_trail.formats.linediff import split_lines
from git_ai_trail.lazy import pattern

_MOST_FILES = 16
_MOST_LINES = 2_000
_MOST_IN_ALL = 4_000
_CUT = 2_000  # characters of a line that OpenCode shows
# Each line has its number in front: `00001| ` in 1.0, `1: ` since 1.2.
_NUMBERED = pattern(r"(?:<content>)?(\d{1,6})(?:\| |: )(.*)$")
_END = "(End of file"


def digests(lines: list[str]) -> list[int]:
    return [crc32(line.encode("utf-8", "surrogatepass")) for line in lines]


class Seen:
    """The files of one session, those used last at the end."""

    def __init__(self) -> None:
        self.files: dict[str, list[int]] = {}

    def before(self, path: str) -> list[int] | None:
        """Digests of the lines that were in the file; None where that is not known."""
        return self.files.get(path)

    def holds(self, path: str, lines: list[str]) -> None:
        """The file has these lines now."""
        self.files.pop(path, None)
        if not path or len(lines) > _MOST_LINES:
            return
        self.files[path] = digests(lines)
        while len(self.files) > _MOST_FILES or sum(map(len, self.files.values())) > _MOST_IN_ALL:
            del self.files[next(iter(self.files))]

    def read(self, path: str, output: str) -> None:
        """What came back when the file was read; it counts if all of the file was shown."""
        lines: list[str] = []
        for row in output.split("\n"):
            found = _NUMBERED.match(row)
            if found and int(found[1]) == len(lines) + 1 and len(found[2]) < _CUT:
                lines.append(found[2])
            elif lines and row.startswith(_END):
                # 1.0 shows an empty line behind the last newline.
                self.holds(path, lines[:-1] if lines[-1] == "" else lines)
                return
            elif lines and row:
                break
        self.files.pop(path, None)

    def edited(self, edits: list[Edit]) -> None:
        """Files that were changed: what is in them now is not known, unless they were written whole."""
        for edit in edits:
            for path in (edit.path, edit.old_path):
                self.files.pop(path, None)

    def state(self) -> list[Any]:
        return [[path, lines] for path, lines in self.files.items()]

    def restore(self, state: object) -> None:
        if isinstance(state, list):
            self.files = {str(path): [int(line) for line in lines] for path, lines in state}


def wrote(args: dict[str, Any]) -> list[str] | None:
    """The lines of a file that `write` was given."""
    content = args.get("content")
    return split_lines(content) if isinstance(content, str) else None
