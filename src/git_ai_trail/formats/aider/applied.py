"""Ties what an answer says should be written to what the log says was written."""

from __future__ import annotations

import re
from collections.abc import Iterable

from git_ai_trail.facts import Edit
from git_ai_trail.formats.aider.blocks import Block, block_of, blocks_in, replacements_in
from git_ai_trail.formats.paths import resolve
from git_ai_trail.lazy import pattern

_OTHERS = pattern(r"^# The other (\d{1,6}) SEARCH/REPLACE blocks? (?:was|were) applied successfully\.", re.MULTILINE)


class Answer:
    """An answer and its blocks; each is applied once, `used` are the numbers of those that were."""

    def __init__(self, text: str = "", used: Iterable[int] = ()) -> None:
        self.text = text
        self.used = set(used)
        self._blocks: list[Block] | None = None
        self._by_path: dict[str, list[int]] = {}
        self._by_name: dict[str, list[int]] = {}

    def applied(self, form: str, path: str, folder: str) -> list[Edit]:
        """The edits behind `Applied edit to PATH`; one whose lines are not known if the answer does not show what was written."""
        # Paths of Windows, wherever they are read; nobody else has a backslash in a name.
        path = path.replace("\\", "/")
        blocks = self._read(form)
        numbers = self._left(self._by_path.pop(path, ()))
        # Aider knows a file by its last name, or when it is the only one.
        numbers = numbers or self._left(self._by_name.pop(_last_name(path), ()))
        if not numbers and len(blocks) == 1 and not blocks[0].path:
            numbers = self._left((0,))
        self.used.update(numbers)
        target = resolve(path, folder)
        found = [_edit(blocks[number], path, folder) for number in numbers]
        return (found or [Edit(target, "", "update", (), 0, "patch", "", False)]) if target else []

    def _left(self, numbers: Iterable[int]) -> list[int]:
        return [number for number in numbers if number not in self.used]

    def _read(self, form: str) -> list[Block]:
        if self._blocks is None:
            self._blocks = blocks_in(self.text, form)
            for number, block in enumerate(self._blocks):
                path = block.path.replace("\\", "/")
                self._by_path.setdefault(path, []).append(number)
                self._by_name.setdefault(_last_name(path), []).append(number)
        return self._blocks


def edits_beside_failed(answer: str, failure: str, folder: str) -> list[Edit]:
    """The edits of an answer some of whose SEARCH/REPLACE blocks failed; none where the log does not show which."""
    others = _OTHERS.search(failure)
    if others is None:
        return []
    failed = {(one.search, one.replace) for one in replacements_in(failure.split("\n"))}
    left = [one for one in replacements_in(answer.split("\n")) if (one.search, one.replace) not in failed]
    if len(left) != int(others[1]):
        return []
    return [edit for edit in (_edit(block_of(one), one.path.replace("\\", "/"), folder) for one in left) if edit.path]


def _edit(block: Block, path: str, folder: str) -> Edit:
    old = resolve(block.old_path, folder) if block.old_path else ""
    return Edit(resolve(path, folder), old, block.op, block.added, block.removed, "patch", "", True)


def _last_name(path: str) -> str:
    return path.rpartition("/")[2]
