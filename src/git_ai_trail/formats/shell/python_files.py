"""The files that an inline Python script opens, and what it writes into them."""

from __future__ import annotations

import posixpath
from typing import Any, NamedTuple

from git_ai_trail.formats.linediff import Runs
from git_ai_trail.formats.paths import resolve
from git_ai_trail.formats.shell.lexer import DYNAMIC
from git_ai_trail.formats.shell.python_values import (
    HOLE,
    UNKNOWN,
    OpenFile,
    ReadFile,
    Text,
    as_name,
    as_text,
    joined,
    lines_in,
    lines_of,
    unknown_text,
)

_MAX_OPENED = 512
_WORK = 200_000
_TEXT_WORK = 8 * 1024 * 1024
UTF8 = ("utf-8", "utf8", "UTF-8", "UTF8", "ascii")
_NEWLINES = ("", "\n", "\r\n")


class PythonWrite(NamedTuple):
    """`lines` is None where it is not known what was written, or whether."""

    path: str
    op: str
    lines: Runs | None
    removed: int


class TooMuch(Exception):
    """A script that is too large, or that does what cannot be followed."""


class Files:
    """Everything that a script has to do with files, and how much work it may still ask for."""

    def __init__(self, folder: str, files: dict[str, str]) -> None:
        self.folder = folder
        self.files = files  # what the files hold whose whole text is known
        self.sure = True  # this place is reached, and once
        self.gone = False  # something before may have ended the script
        self.scopes: list[dict[str, Any]] = [{}]
        self.opened: list[OpenFile] = []
        self.writes: list[PythonWrite] = []
        self.result: Any = None
        self.work = _WORK
        self.text_work = _TEXT_WORK

    @property
    def certain(self) -> bool:
        return self.sure and not self.gone

    def spend(self, amount: int = 1, *, text: int = 0) -> None:
        self.work -= amount
        self.text_work -= text
        if self.work < 0 or self.text_work < 0:
            raise TooMuch

    def below(self, parts: list[Any]) -> str:
        texts = [as_name(part) for part in parts]
        if not texts:
            return "."
        return posixpath.join(*(text.shape for text in texts)) if all(text.known for text in texts) else DYNAMIC

    def join_all(self, separator: Text, values: Any) -> Text:
        if not isinstance(values, (list, tuple)) or HOLE in values:
            return unknown_text()
        parts: list[Text] = []
        for index, value in enumerate(values):
            parts += [separator, as_text(value)] if index else [as_text(value)]
        return self.added(parts)

    def added(self, parts: list[Text]) -> Text:
        self.spend(text=sum(len(part.shape) for part in parts))
        return joined(parts)

    def path_of(self, name: Text) -> str:
        return resolve(name.shape, self.folder) if name.known else ""

    def open_file(self, name: Text, more: list[Any], named: dict[str, Any]) -> Any:
        mode = as_text(more[0] if more else named.get("mode", Text("r")))
        path = self.path_of(name)
        if mode.known and not set(mode.shape) & set("wax+"):
            return ReadFile(path or DYNAMIC)
        append = mode.shape in ("a", "ab", "at")
        plain = append or mode.shape in ("w", "wb", "wt", "x", "xb")
        if not path:
            self.files.clear()  # it may be any of them
        file = OpenFile(path, self.files.get(path), append=append, sure=self.certain)
        if not plain or len(more) > 1 or not as_usual(named):
            file.text = None
        for other in self.opened:
            if not other.closed and (other.path == path or not path or not other.path):
                other.text = file.text = None
        if not append:
            self._keep(path, "" if plain and self.certain else None)
        self.opened.append(file)
        if len(self.opened) > _MAX_OPENED:
            raise TooMuch
        return file

    def read_file(self, name: str, *, usual: bool) -> Text:
        """What a file holds: known where the script itself wrote it."""
        path = self.path_of(Text(name))
        busy = [file for file in self.opened if not file.closed and file.path in (path, "")]
        text = self.files.get(path) if path and usual else None
        if any(text or file.text is None or file.text.shape for file in busy):
            text = None  # unless it was only just opened to be written, and so is empty
        if text is None or DYNAMIC in text or "\r" in text:
            return unknown_text()
        self.spend(text=len(text))
        return Text(text)

    def file_method(self, file: OpenFile, name: str, arguments: list[Any]) -> Any:
        if name == "write" and len(arguments) == 1:
            self._add(file, as_text(arguments[0]))
        elif name == "writelines" and len(arguments) == 1:
            self._add(file, self.join_all(Text(""), arguments[0]))
        elif name == "close":
            self.close(file)
        elif name not in ("flush", "fileno"):
            file.text = None
        return UNKNOWN

    def print_to(self, arguments: list[Any], named: dict[str, Any]) -> Any:
        file = named.get("file")
        if isinstance(file, OpenFile):
            end = as_text(named.get("end", Text("\n")))
            self._add(file, self.added([self.join_all(as_text(named.get("sep", Text(" "))), arguments), end]))
        return None

    def _add(self, file: OpenFile, text: Text) -> None:
        if file.text is not None:
            # What may not be written leaves a hole.
            file.text = self.added([file.text, text if self.certain else unknown_text()])

    def close(self, file: OpenFile) -> Any:
        """Notes what a file was given; it may hold more lines than those of which that is known."""
        if file.closed:
            return None
        file.closed = True
        text, sure = file.text, file.sure and self.certain
        if not file.path or not sure or text is None:
            self._keep(file.path, None)
            if file.path:
                self.writes.append(PythonWrite(file.path, "update", None, 0))
            return None
        if not file.append:
            self._keep(file.path, text.shape if text.known else None)
            self.writes.append(_written(file.path, text))
            return None
        before = file.before
        self._keep(file.path, before + text.shape if before is not None and text.known else None)
        # A file that does not end with a line end goes on in its last line; one of which nothing is known does end so.
        tail = before.rpartition("\n")[2] if before else ""
        self.writes.append(PythonWrite(file.path, "update", text.runs + lines_of(tail + text.shape), 0))
        return None

    def _keep(self, path: str, text: str | None) -> None:
        if path and text is not None:
            self.files[path] = text
        else:
            self.files.pop(path, None)


def _written(path: str, text: Text) -> PythonWrite:
    if text.known:
        return PythonWrite(path, "add", lines_of(text.shape), 0)
    lines = lines_in(text)
    return PythonWrite(path, "update", lines or None, text.removed)


def as_usual(named: dict[str, Any]) -> bool:
    """Whether a file is opened as UTF-8 text whose line ends stay what they are."""
    for name, value in named.items():
        if name == "encoding" and not (value is None or as_text(value).shape in UTF8):
            return False
        if name == "newline" and not (value is None or as_text(value).shape in _NEWLINES):
            return False
        if name not in ("encoding", "newline", "mode", "errors"):
            return False
    return True
