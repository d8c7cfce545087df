"""What the tools that edit files wrote, best source first: the file before and after, the diff, the call's own texts.

The diff of `edit` is made for people: where all its lines are indented, the indentation that they share is taken away. It is put
back where the text of the call shows what it was.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

from git_ai_trail.facts import Edit
from git_ai_trail.formats.codex.patch import read_sections
from git_ai_trail.formats.diffs import read_hunks
from git_ai_trail.formats.fields import text_of
from git_ai_trail.formats.linediff import Runs, new_lines, runs_of, split_lines
from git_ai_trail.formats.opencode.seen import Seen, digests, wrote
from git_ai_trail.formats.paths import resolve

EDITORS = ("edit", "write", "multiedit", "patch", "apply_patch")
_PATCHES = ("patch", "apply_patch")
_LONGEST = 16 * 1024 * 1024
_MOST = 1024
_OPS = {"add": "add", "update": "update", "delete": "delete", "move": "move"}


class _Change(NamedTuple):
    """What became of one file."""

    op: str
    added: Runs
    removed: int


def edits_of(
    tool: str, args: dict[str, Any], metadata: dict[str, Any], folder: str, call_id: str, seen: Seen
) -> list[Edit]:
    """The edits of a call that succeeded, in the order they were made. `seen` are the files as they were before."""
    if tool in _PATCHES:
        return [*_of_files(metadata, folder, call_id)] or [*_of_patch(args, folder, call_id)]
    if tool == "multiedit":
        return [*_of_many(args, metadata, folder, call_id)]
    path = resolve(args.get("filePath") or metadata.get("filepath"), folder)
    change = _written(args, metadata, seen.before(path)) if tool == "write" else _replaced(args, metadata)
    return [_edit(path, change, call_id)] if path and change is not None else []


def _edit(path: str, change: _Change, call_id: str, old_path: str = "") -> Edit:
    return Edit(path, old_path, change.op, change.added, change.removed, "patch", call_id, True)


def _written(args: dict[str, Any], metadata: dict[str, Any], before: list[int] | None) -> _Change | None:
    """A whole file. The call does not record what was in it; if that is not known, every line was written all the same."""
    lines = wrote(args)
    if lines is None:
        return None
    if metadata.get("exists") is True and before is not None:
        fresh = new_lines(before, digests(lines))
        return _Change("update", runs_of(lines, fresh), len(before) - (len(lines) - sum(fresh)))
    return _Change("add", (tuple(lines),) if lines else (), 0)


def _replaced(args: dict[str, Any], metadata: dict[str, Any]) -> _Change | None:
    """From what was recorded of an `edit`, or of one of several."""
    old, new = args.get("oldString"), args.get("newString")
    before, after = split_lines(text_of(old, _LONGEST)), split_lines(text_of(new, _LONGEST))
    op = "add" if old == "" and isinstance(new, str) else "update"
    known = _of_filediff(metadata, op)
    if known is not None:
        return known
    diff = text_of(metadata.get("diff"), _LONGEST)
    if not diff and isinstance(metadata.get("filediff"), dict):
        diff = text_of(metadata["filediff"].get("patch"), _LONGEST)
    at = diff.find("\n@@")
    if at >= 0:
        hunks = read_hunks(diff[at + 1 :])
        return _Change(op, _indented(hunks.added, after), hunks.removed)
    if not isinstance(new, str):
        return None
    return _between(before, after, op)


def _of_filediff(metadata: dict[str, Any], op: str = "update") -> _Change | None:
    """From the file before and after (to 1.2)."""
    shown = metadata.get("filediff")
    if not isinstance(shown, dict) or not isinstance(shown.get("after"), str):
        return None
    before = shown.get("before")
    return _between(split_lines(before if isinstance(before, str) else ""), split_lines(shown["after"]), op)


def _between(before: list[str], after: list[str], op: str) -> _Change:
    fresh = new_lines(before, after)
    return _Change(op, runs_of(after, fresh), len(before) - (len(after) - sum(fresh)))


def _indented(runs: Runs, given: list[str]) -> Runs:
    """The lines of a diff with the indentation that was taken from all of them, if the lines that were given show one."""
    whole = set(given)
    lines = [line for run in runs for line in run if line.strip()]
    if not lines or any(line in whole for line in lines):
        return runs
    for line in lines:
        for one in given:
            lost = one[: len(one) - len(line)]
            if lost and one.endswith(line) and not lost.strip():
                full = [lost + other for other in lines]
                # The first and the last line of what was given may begin or end within a line.
                if sum(other not in whole for other in full) <= 2:
                    return tuple(tuple(lost + other if other.strip() else other for other in run) for run in runs)
    return runs


def _of_many(args: dict[str, Any], metadata: dict[str, Any], folder: str, call_id: str) -> Iterator[Edit]:
    edits, results = args.get("edits"), metadata.get("results")
    if not isinstance(edits, list):
        return
    for number, one in enumerate(edits[:_MOST]):
        if not isinstance(one, dict):
            continue
        result = results[number] if isinstance(results, list) and number < len(results) else None
        path = resolve(one.get("filePath") or args.get("filePath"), folder)
        change = _replaced(one, result if isinstance(result, dict) else {})
        if path and change is not None:
            yield _edit(path, change, call_id)


def _of_files(metadata: dict[str, Any], folder: str, call_id: str) -> Iterator[Edit]:
    """What a patch did to each file, as it was recorded."""
    files = metadata.get("files")
    for one in files[:_MOST] if isinstance(files, list) else ():
        if not isinstance(one, dict):
            continue
        old = resolve(one.get("filePath") or one.get("relativePath"), folder)
        op = _OPS.get(text_of(one.get("type"), 16), "update")
        moved = resolve(one.get("movePath"), folder)
        path = moved or old
        if not path:
            continue
        if op == "delete":
            yield _edit(path, _Change(op, (), _removed(one)), call_id)
            continue
        if isinstance(one.get("after"), str):
            before = one.get("before")
            change = _between(split_lines(before if isinstance(before, str) else ""), split_lines(one["after"]), op)
        else:
            diff = text_of(one.get("diff") or one.get("patch"), _LONGEST)
            hunks = read_hunks(diff[diff.find("\n@@") + 1 :] if "\n@@" in diff else "")
            change = _Change(op, hunks.added, hunks.removed)
        yield _edit(path, change._replace(op="move") if moved else change, call_id, old if moved else "")


def _removed(one: dict[str, Any]) -> int:
    before = one.get("before")
    count = one.get("deletions")
    return len(split_lines(before)) if isinstance(before, str) else count if type(count) is int and count > 0 else 0


def _of_patch(args: dict[str, Any], folder: str, call_id: str) -> Iterator[Edit]:
    """The text of a patch, where nothing was recorded of it."""
    for section in read_sections(text_of(args.get("patchText"), _LONGEST))[:_MOST]:
        path, moved = resolve(section.path, folder), resolve(section.move_to, folder)
        if path:
            change = _Change("move" if moved else section.op, section.added, section.removed)
            yield _edit(moved or path, change, call_id, path if moved else "")
