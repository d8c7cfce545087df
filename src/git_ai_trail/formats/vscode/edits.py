"""Finds what one answer wrote to files: the text edits that were put into the editor, and the calls that they came from.

A text edit has the new text and where it went, not what stood there; a call of the model has the old text as well. `apply_patch`
rewrites its files as a whole, so that only the call tells what it changed. The ids of the two do not agree in every version, so
they are brought together by path and text.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from git_ai_trail.facts import Edit
from git_ai_trail.formats.codex.patch import read_sections
from git_ai_trail.formats.fields import text_of
from git_ai_trail.formats.linediff import Runs, new_lines, runs_of, split_lines
from git_ai_trail.formats.paths import resolve
from git_ai_trail.formats.vscode.calls import failed
from git_ai_trail.formats.vscode.uris import path_of

_MOST_EDITS = 1 << 12
_MOST_TRIED = 64
_LONGEST = 32 * 1024 * 1024
# What a call answers that did change something.
_WROTE = ("successfully edited", "File created at")


class Change(NamedTuple):
    """What a call would do to one file. `text` is what it puts in, where it says so as one piece."""

    path: str
    old_path: str
    op: str
    added: Runs
    removed: int
    text: str | None


class Intent:
    """One call of an edit tool: its changes, what it answered, and whether they have been found in the editor."""

    def __init__(self, call_id: str, at: float | None, changes: list[Change], said: str) -> None:
        self.call_id, self.at, self.changes, self.said = call_id, at, changes, said
        self.open = [True] * len(changes)

    @property
    def failed(self) -> bool:
        return failed(self.said)

    @property
    def wrote(self) -> bool:
        return any(mark in self.said for mark in _WROTE) and not self.failed


class Written(NamedTuple):
    """An edit that was made, and when, as far as its call tells."""

    edit: Edit
    at: float | None


def changes_of(tool: str, args: dict[str, Any], folder: str) -> list[Change]:
    """What a call of an edit tool would change; empty for a sketch that only another model can apply."""
    if tool == "apply_patch":
        return _of_patch(text_of(args.get("input"), _LONGEST), folder)
    if tool == "create_file":
        path, content = _named(args, folder), args.get("content")
        lines = split_lines(content) if isinstance(content, str) else []
        return [Change(path, "", "add", ((tuple(lines),) if lines else ()), 0, None)] if path else []
    given = args.get("replacements") if tool == "multi_replace_string_in_file" else [args]
    if tool not in ("replace_string_in_file", "multi_replace_string_in_file") or not isinstance(given, list):
        return []
    found = (_of_strings(one, folder) for one in given[:_MOST_EDITS] if isinstance(one, dict))
    return [change for change in found if change is not None]


def _named(args: dict[str, Any], folder: str) -> str:
    path = text_of(args.get("filePath"), 4096)
    return path_of(path) or resolve(path, folder)


def _of_strings(args: dict[str, Any], folder: str) -> Change | None:
    path, old, new = _named(args, folder), args.get("oldString"), args.get("newString")
    if not path or not isinstance(old, str) or not isinstance(new, str):
        return None
    before, after = split_lines(old), split_lines(new)
    fresh = new_lines(before, after)
    removed = len(before) - (len(after) - sum(fresh))
    return Change(path, "", "update", runs_of(after, fresh), removed, new)


def _of_patch(text: str, folder: str) -> list[Change]:
    found = []
    for section in read_sections(text):
        path, moved = resolve(section.path, folder), resolve(section.move_to, folder)
        if moved and moved != path:
            found.append(Change(moved, path, "move", section.added, section.removed, None))
        elif path:
            found.append(Change(path, "", section.op, section.added, section.removed, None))
    return found


class Editor:
    """The files of one answer."""

    def __init__(self, intents: list[Intent]) -> None:
        self._intents = intents
        self._by_path: dict[str, list[_Place]] = {}
        self._by_text: dict[tuple[str, str], list[_Place]] = {}
        self._told: dict[str, int] = {}  # how many text edits of a file a patch has told of that came with another's
        for intent in reversed(intents):
            for index in reversed(range(0 if intent.failed else len(intent.changes))):
                change = intent.changes[index]
                self._by_path.setdefault(change.path, []).append((intent, index))
                if change.text is not None:
                    self._by_text.setdefault((change.path, _plain(change.text)), []).append((intent, index))

    def group(self, path: str, batches: object, call_id: str, *, patched: bool) -> list[Written]:
        """The edits that one group of text edits stands for; `patched` says that they came from `apply_patch`."""
        texts = list(_flat(batches)) if path else []
        made: list[Written] = []
        rest = []
        for span, text in texts:
            place = self._replaced(path, text)
            if place is None:
                rest.append((span, text))
            else:
                made.append(_take(*place))
        if rest:
            if self._told.get(path):
                self._told[path] -= 1
            else:
                made.extend(self._wholes(path) or _as_they_stand(path, rest, call_id, patched=patched))
        return made

    def left(self) -> list[Written]:
        """Edits of calls that say that they were made, though the log has no text edit for them."""
        return [
            _take(intent, index)
            for intent in self._intents
            if intent.wrote
            for index, still in enumerate(intent.open)
            if still
        ]

    def _replaced(self, path: str, text: str) -> _Place | None:
        """The replacement that put in this text: exactly it, else one whose new lines are all in it."""
        exact = self._by_text.get((path, _plain(text)), [])
        while exact:
            intent, index = exact.pop()
            if intent.open[index]:
                return intent, index
        lines: set[str] = set()
        for intent, index in self._by_path.get(path, [])[: -_MOST_TRIED - 1 : -1]:
            change = intent.changes[index]
            if intent.open[index] and change.text is not None and change.added:
                lines = lines or set(split_lines(text))
                if all(lines.issuperset(run) for run in change.added):
                    return intent, index
        return None

    def _wholes(self, path: str) -> list[Written]:
        """What patches and new files did to `path`; a patch is applied as a whole, so its other files come with it."""
        made: list[Written] = []
        for intent, here in reversed(self._by_path.get(path, [])):
            if not intent.open[here] or intent.changes[here].text is not None:
                continue
            for index, change in enumerate(intent.changes):
                if intent.open[index]:
                    made.append(_take(intent, index))
                    if change.path != path:
                        self._told[change.path] = self._told.get(change.path, 0) + 1
        return made


def _take(intent: Intent, index: int) -> Written:
    intent.open[index] = False
    path, old_path, op, added, removed, _ = intent.changes[index]
    return Written(Edit(path, old_path, op, added, removed, "patch", intent.call_id, True), intent.at)


_Place = tuple[Intent, int]
_Span = tuple[int, int, int, int]


def _flat(batches: object) -> list[tuple[_Span, str]]:
    """Each text edit of a group, in order, with the range that it replaces (lines and columns from 1)."""
    found: list[tuple[_Span, str]] = []
    for batch in batches if isinstance(batches, list) else ():
        for one in batch if isinstance(batch, list) else ():
            text = one.get("text") if isinstance(one, dict) else None
            span = _span(one.get("range")) if isinstance(text, str) else None
            if (
                isinstance(text, str)
                and span is not None
                and len(found) < _MOST_EDITS
                and (text or span[:2] != span[2:])
            ):
                found.append((span, text))
    return found


def _span(given: object) -> _Span | None:
    if not isinstance(given, dict):
        return None
    names = ("startLineNumber", "startColumn", "endLineNumber", "endColumn")
    values = [given.get(name) for name in names]
    if not all(type(value) is int and 0 < value < 1 << 31 for value in values):
        return None
    return values[0], values[1], values[2], values[3]  # type: ignore[return-value]


def _plain(text: str) -> str:
    return text.replace("\r", "").strip("\n")


def _as_they_stand(path: str, texts: list[tuple[_Span, str]], call_id: str, *, patched: bool) -> list[Written]:
    """One edit of what was put in. What it replaced is not known, so lines that were there before can be among it; where a
    file was written anew as a whole, or only a part of a line, nothing is said of its lines."""
    runs: list[tuple[str, ...]] = []
    removed, known = 0, True
    for (line, column, end, end_column), text in sorted(texts, key=lambda one: one[0][0]):
        whole = patched or ((line, column) == (1, 1) and end > 2)
        within = line == end and "\n" not in text and (column, end_column) != (1, 1)
        if whole or within:
            known = False
            continue
        lines = split_lines(text)
        if column > 1 and lines and lines[0] == "":
            lines = lines[1:]  # the end of a line that was there
        if lines:
            runs.append(tuple(lines))
        removed += end - line + (end_column > 1 and (line, column) != (end, end_column))
    known = known or bool(runs)
    return [Written(Edit(path, "", "update", tuple(runs), removed if known else 0, "patch", call_id, known), None)]
