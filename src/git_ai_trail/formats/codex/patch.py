"""Reads the text of an `apply_patch` call, as tolerantly as the real parser, and finds the lines it adds."""

from __future__ import annotations

from typing import NamedTuple

from git_ai_trail.formats.linediff import Runs, new_lines, runs_of

BEGIN = "*** Begin Patch"
END = "*** End Patch"
_ADD = "*** Add File: "
_DELETE = "*** Delete File: "
_UPDATE = "*** Update File: "
_MOVE = "*** Move to: "
_END_OF_FILE = "*** End of File"
_ENVIRONMENT = "*** Environment ID:"


class Section(NamedTuple):
    """What a patch does to one file. Paths are as the patch has them."""

    op: str  # add, update, delete
    path: str
    move_to: str
    added: Runs
    removed: int


def read_sections(text: str) -> list[Section]:
    """The sections of the first patch in `text`, in order; lines that fit nowhere are ignored."""
    at = text.find(BEGIN)
    if at < 0:
        return []
    reader = _Reader()
    for line in text[at + len(BEGIN) :].split("\n")[1:]:
        line = line.removesuffix("\r")
        if line.strip() == END:
            break
        reader.take(line)
    reader.close()
    return reader.sections


def split_patches(text: str) -> list[str]:
    """Each patch of a text that may hold several."""
    starts = text.split(BEGIN)[1:]
    return [BEGIN + part for part in starts]


class _Reader:
    """Collects the section that is being read."""

    def __init__(self) -> None:
        self.sections: list[Section] = []
        self.op = ""
        self.path = ""
        self.move_to = ""
        self.content: list[str] = []
        self.old: list[str] = []
        self.new: list[str] = []
        self.runs: list[tuple[str, ...]] = []
        self.removed = 0
        self.at_end = False  # after `*** End of File` only a new chunk or section may follow

    def take(self, line: str) -> None:
        # In an update a marker with leading blanks is a context line; elsewhere markers are trimmed.
        marker = line.rstrip() if self.op == "update" else line.strip()
        if marker.startswith("*** ") and self._marker(marker):
            return
        if self.op == "add":
            if line.startswith("+"):
                self.content.append(line[1:])
        elif self.op == "update":
            self._update(line)

    def _marker(self, marker: str) -> bool:
        for start, op in ((_ADD, "add"), (_DELETE, "delete"), (_UPDATE, "update")):
            if marker.startswith(start):
                self.close()
                self.op, self.path = op, marker[len(start) :].strip()
                return True
        if self.op == "update" and marker.startswith(_MOVE):
            self.move_to = marker[len(_MOVE) :].strip()
            return True
        if self.op == "update" and marker == _END_OF_FILE:
            self.at_end = True
            return True
        return not self.op and marker.startswith(_ENVIRONMENT)

    def _update(self, line: str) -> None:
        if line.startswith("@@"):
            self._close_chunk()
        elif self.at_end:
            return
        elif line.startswith("+"):
            self.new.append(line[1:])
        elif line.startswith("-"):
            self.old.append(line[1:])
        elif line == "" or line.startswith(" "):
            self.old.append(line[1:])
            self.new.append(line[1:])

    def _close_chunk(self) -> None:
        if self.new or self.old:
            fresh = new_lines(self.old, self.new)
            self.runs.extend(runs_of(self.new, fresh))
            self.removed += len(self.old) - (len(self.new) - sum(fresh))
        self.old, self.new, self.at_end = [], [], False

    def close(self) -> None:
        """Ends the current section."""
        self._close_chunk()
        if self.op and self.path:
            runs = ((tuple(self.content),) if self.content else ()) if self.op == "add" else tuple(self.runs)
            self.sections.append(Section(self.op, self.path, self.move_to, runs, self.removed))
        self.op = self.path = self.move_to = ""
        self.content, self.runs, self.removed = [], [], 0
