"""Puts a chat session together: one document with a list of requests, or the log of changes that made such a document.

In a log each line is `{kind, k, v, i}`: 0 the whole document (`v`), 1 a value at a path (`k`), 2 values behind those of an array, which
is first cut to `i`, 3 no value any more. Only the last state is what was said; but each thing in it keeps the line that wrote it
last, so that it can be pinned and shown like a line of any other log.
"""

from __future__ import annotations

from typing import Any, TypeGuard

from git_ai_trail.formats.document import read_document
from git_ai_trail.formats.records import MAX_LINE, Record, read_records
from git_ai_trail.lazy import bytes_pattern

_RESTARTS = ('{"kind"',)
_LOG = bytes_pattern(rb'[\s\0\xef\xbb\xbf]*\{\s*"kind"\s*:\s*\d')
_WHOLE = bytes_pattern(rb'\s*\{\s*"kind"\s*:\s*0\s*,\s*"v"\s*:\s*(?=\{)')
_LISTED = "requests"
_INITIAL, _SET, _PUSH, _DELETE = range(4)
_DEEPEST = 16
_MOST_FIELDS = 256


class Request:
    """One prompt with its answer. `record` numbers the record that has it, `parts` are those of the answer, each with the
    number of the record that wrote it, and `ended` is the one that wrote how it ended."""

    def __init__(self, data: dict[str, Any], record: int) -> None:
        self.data = dict(data)  # what is changed later must not change the record
        self.record = self.ended = record
        answer = self.data.pop("response", None)
        self.parts: list[tuple[Any, int]] = [(part, record) for part in answer] if isinstance(answer, list) else []

    def change(self, path: list[Any], kind: int, change: dict[str, Any], record: int) -> None:
        """Takes one change of something in it; `path` is not empty. VS Code changes fields and parts as a whole, and within
        a field only those of the message."""
        given = change.get("v")
        if path == ["response"]:
            del self.parts[_kept(len(self.parts), kind, change) :]
            self.parts.extend((part, record) for part in (given if isinstance(given, list) else ()))
        elif len(path) == 2 and path[0] == "response" and type(path[1]) is int and 0 <= path[1] <= len(self.parts):
            self.parts[path[1] : path[1] + 1] = [(given, record)] if kind == _SET else []
        elif len(path) == 1 and kind != _PUSH:
            self.data[path[0]] = given
            self.ended = record
        elif len(path) == 2 and path[0] == "message" and kind != _PUSH:
            message = self.data.get("message")
            self.data["message"] = {**(message if isinstance(message, dict) else {}), path[1]: given}


class Session:
    """What a file holds. `head` has the document's own fields, `records` what can be pinned, in the order of their places."""

    def __init__(self, data: bytes) -> None:
        self.head: dict[str, Any] = {}
        self.records: list[Record] = []
        self.requests: list[Request] = []
        self.problems: list[str] = []
        if len(data) > MAX_LINE:
            self.problems.append("line over 32 MiB")
        elif _LOG.match(data):
            at = 0
            for line in data.split(b"\n"):
                self._line(line, at)
                at += len(line) + 1
        else:
            self._document(data, 0)
        self._in_order()

    def _document(self, data: bytes, at: int) -> None:
        document = read_document(data, _LISTED)
        if document.problem:
            self.problems.append(document.problem)
        self.head = document.head
        self.requests = []
        for record in document.records:
            self.records.append(Record(record.data, at + record.start, record.length))
            self.requests.append(Request(record.data, len(self.records) - 1))

    def _line(self, line: bytes, at: int) -> None:
        begun = _WHOLE.match(line)
        if begun:
            self._document(line[begun.end() :], at + begun.end())
            return
        records, problem = read_records(line, _RESTARTS)
        if problem:
            self.problems.append(problem)
        for record in records:
            self._change(record, at)

    def _change(self, record: Record, at: int) -> None:
        change = record.data
        kind, path = change.get("kind"), change.get("k")
        if kind == _INITIAL and type(kind) is int and isinstance(change.get("v"), dict):
            self.head = change["v"]
            kind, path, change = _SET, [_LISTED], {"v": self.head.get(_LISTED)}
        if kind not in (_SET, _PUSH, _DELETE) or type(kind) is not int or not _is_path(path):
            self.problems.append("unknown change")
        elif path[0] == _LISTED:
            self.records.append(Record(record.data, at + record.start, record.length))
            self._change_requests(path[1:], kind, change)
        elif len(path) == 1 and isinstance(path[0], str):
            self.head = {**self.head, path[0]: change.get("v")} if len(self.head) < _MOST_FIELDS else self.head

    def _change_requests(self, path: list[Any], kind: int, change: dict[str, Any]) -> None:
        number = len(self.records) - 1
        given = change.get("v")
        if not path:
            kept = _kept(len(self.requests), kind, change)
            listed = given if isinstance(given, list) else []
            self.requests[kept:] = [Request(one if isinstance(one, dict) else {}, number) for one in listed]
        elif type(path[0]) is not int or not 0 <= path[0] <= len(self.requests):
            self.problems.append("unknown change")
        elif len(path) == 1 and kind == _SET and isinstance(given, dict):
            self.requests[path[0] : path[0] + 1] = [Request(given, number)]
        elif len(path) > 1 and path[0] < len(self.requests) and isinstance(path[1], str):
            self.requests[path[0]].change(path[1:], kind, change, number)

    def _in_order(self) -> None:
        """Nothing is said before what it answers, even where that was written anew later."""
        least = 0
        for request in self.requests:
            least = request.record = max(least, request.record)
            last = least
            for index, (part, record) in enumerate(request.parts):
                last = max(last, record)
                request.parts[index] = (part, last)
            request.ended = max(request.ended, last)


def _kept(length: int, kind: int, change: dict[str, Any]) -> int:
    """How many of a list's values stay when it is changed as a whole."""
    if kind != _PUSH:
        return 0
    cut = change.get("i")
    return cut if type(cut) is int and 0 <= cut <= length else length


def _is_path(path: object) -> TypeGuard[list[Any]]:
    return isinstance(path, list) and 0 < len(path) <= _DEEPEST and all(type(key) in (str, int) for key in path)
