"""Finds in an answer what it says should be written to which file, in each of the forms that Aider asks models for.

`diff`: SEARCH/REPLACE blocks; `whole`: files in fences; `udiff`: unified diffs in fences; `patch`: the text of an `apply_patch`.
"""

from __future__ import annotations

from typing import NamedTuple

from git_ai_trail.formats.codex.patch import BEGIN, read_sections
from git_ai_trail.formats.diffs import read_patch
from git_ai_trail.formats.linediff import Runs, new_lines, runs_of
from git_ai_trail.lazy import pattern

_SEARCH = pattern(r"<{5,9} SEARCH>?\s*$")
_DIVIDER = pattern(r"={5,9}\s*$")
_REPLACE = pattern(r">{5,9} REPLACE\s*$")
_FENCE = pattern(r"`{3,}|<(?:source|code|pre|codeblock|sourcecode)>")
_FAILED = pattern(r"## SearchReplaceNoExactMatch: This SEARCH block failed to exactly match lines in (.+)$")
_MOST = 1024


class Block(NamedTuple):
    """What is to be written to a file. `path` is as the answer has it, empty where it gives none."""

    path: str
    op: str
    added: Runs
    removed: int
    old_path: str = ""


class Replacement(NamedTuple):
    """One SEARCH/REPLACE block."""

    path: str
    search: tuple[str, ...]
    replace: tuple[str, ...]


def blocks_in(answer: str, form: str) -> list[Block]:
    """The blocks of an answer in the edit format that the log names (`diff`, `editor-whole` …); if it names none that edits, in
    the form that the answer shows."""
    lines = [line.removesuffix("\r") for line in answer.split("\n")]
    kind = form.removeprefix("editor-").partition("-")[0]
    if kind not in ("diff", "whole", "udiff", "patch"):
        kind = _shown(answer, lines)
    if kind == "diff":
        return [block_of(one) for one in replacements_in(lines)]
    if kind == "patch":
        return [
            Block(
                one.move_to or one.path,
                "move" if one.move_to else one.op,
                one.added,
                one.removed,
                one.move_to and one.path,
            )
            for one in read_sections(answer)[:_MOST]
        ]
    return _of_diffs(lines) if kind == "udiff" else _of_files(lines)


def _shown(answer: str, lines: list[str]) -> str:
    if any(map(_SEARCH.match, lines)):
        return "diff"
    if BEGIN in answer:
        return "patch"
    return "udiff" if any(line.startswith("```diff") for line in lines) else "whole"


def block_of(one: Replacement) -> Block:
    """The lines of a replacement that are not in what it replaces."""
    fresh = new_lines(one.search, one.replace)
    return Block(one.path, "update", runs_of(one.replace, fresh), len(one.search) - (len(one.replace) - sum(fresh)))


def replacements_in(lines: list[str]) -> list[Replacement]:
    """The complete SEARCH/REPLACE blocks, in order. The file's name stands in one of the three lines before a block; a block
    without one is for the file of the block before it."""
    found: list[Replacement] = []
    path = ""
    at = 0
    while at < len(lines) and len(found) < _MOST:
        if not _SEARCH.match(lines[at].strip()):
            at += 1
            continue
        failed = _FAILED.match(lines[at - 1]) if at else None
        path = failed[1] if failed else _named(lines[max(0, at - 3) : at]) or path
        divider = _end(lines, at + 1, last=False)
        end = _end(lines, divider + 1, last=True)
        if end >= len(lines):
            break
        found.append(Replacement(path, tuple(lines[at + 1 : divider]), tuple(lines[divider + 1 : end])))
        at = end + 1
    return found


def _end(lines: list[str], at: int, *, last: bool) -> int:
    """Where a block's half ends: at its divider, the second one at a divider as well."""
    while (
        at < len(lines) and not _DIVIDER.match(lines[at].strip()) and not (last and _REPLACE.match(lines[at].strip()))
    ):
        at += 1
    return at


def _named(above: list[str]) -> str:
    """The file's name in the lines above a block, as Aider looks for it: upwards, as long as there are fences."""
    names = []
    for line in reversed(above):
        name = _name(line)
        if name:
            names.append(name)
        if not line.startswith("```") and not _FENCE.match(line):
            break
    return next((name for name in names if "." in name), names[0] if names else "")


def _name(line: str) -> str:
    text = line.strip()
    fence = _FENCE.match(text)
    if fence:
        behind = text[fence.end() :]
        return behind if "." in behind or "/" in behind else ""
    return "" if text == "..." else text.rstrip(":").lstrip("#").strip().strip("`").strip("*")


def _of_files(lines: list[str]) -> list[Block]:
    """Each fence with the whole file in it whose name stands on the line before. A fence that is not closed is an answer's end."""
    found: list[Block] = []
    fence, path, begin = "", "", 0
    for at, line in enumerate(lines):
        if fence:
            if line.startswith(fence):
                found.append(_file(path, lines[begin:at]))
                fence = ""
            continue
        opened = _FENCE.match(line)
        if opened and len(found) < _MOST:
            fence = opened[0].replace("<", "</")
            path, begin = _title(lines[at - 1]) if at else "", at + 1
    if fence:
        found.append(_file(path, lines[begin:]))
    return found


def _file(path: str, lines: list[str]) -> Block:
    return Block(path, "update", (tuple(lines),) if lines else (), 0)


def _title(line: str) -> str:
    name = line.strip().strip("*").rstrip(":").strip("`").lstrip("#").strip()
    return name if len(name) <= 250 else ""


def _of_diffs(lines: list[str]) -> list[Block]:
    found: list[Block] = []
    at = 0
    while at < len(lines):
        at += 1
        if not lines[at - 1].startswith("```diff"):
            continue
        end = at
        while end < len(lines) and not lines[end].startswith("```"):
            end += 1
        found += [
            Block(one.path, "update" if one.old_path else "add", one.lines.added, one.lines.removed)
            for one in read_patch("\n".join(lines[at:end]))[: _MOST - len(found)]
        ]
        at = end + 1
    return found
