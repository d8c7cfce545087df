"""Makes edits out of a call that succeeded: from what its result records, else from what the call asked for."""

from __future__ import annotations

from typing import Any

from git_ai_trail.facts import Edit
from git_ai_trail.formats.claude.calls import CallText
from git_ai_trail.formats.claude.tabs import Originals
from git_ai_trail.formats.fields import text_of, whole
from git_ai_trail.formats.linediff import Runs, new_lines, runs_of, split_lines
from git_ai_trail.formats.paths import resolve

_LONGEST = 32 * 1024 * 1024
# A file that is longer is not searched for the lines of a patch.
_LONGEST_FILE = 4 * 1024 * 1024


def edits_of_call(call: CallText, outcome: object, folder: str) -> list[Edit]:
    """The edit that a call to one of the editing tools made. `outcome` is the `toolUseResult` of its result; the logs of
    sub-agents have none since 2.1.37."""
    detail = outcome if isinstance(outcome, dict) else {}
    if call.tool == "NotebookEdit":
        return _of_notebook(call, detail, folder)
    path = resolve(detail.get("filePath") or call.input.get("file_path"), folder)
    if not path:
        return []
    if call.tool == "Write":
        found = _of_write(call, detail)
    elif isinstance(detail.get("structuredPatch"), list) and detail["structuredPatch"]:
        found = _of_hunks(detail["structuredPatch"], _originals(detail))
    else:
        found = _of_strings(call, detail)
    if found is None:
        return []
    op, added, removed = found
    return [Edit(path, "", op, added, removed, "patch", call.call_id, True)]


_Change = tuple[str, Runs, int]


def _text(value: object) -> str:
    return text_of(value, _LONGEST)


def _of_write(call: CallText, detail: dict[str, Any]) -> _Change | None:
    content = detail.get("content")
    content = content if isinstance(content, str) else call.input.get("content")
    if not isinstance(content, str):
        return None
    hunks, before = detail.get("structuredPatch"), detail.get("originalFile")
    if isinstance(hunks, list) and hunks:
        return _of_hunks(hunks, Originals((), content, ()))
    if detail.get("type") == "update" and before == content:
        return None
    # A file written anew; or written over, without a word on what was in it: then it wrote every line all the same.
    lines = split_lines(content)
    return "add", ((tuple(lines),) if lines else ()), 0


def _originals(detail: dict[str, Any]) -> Originals:
    """What an `Edit` or `MultiEdit` wrote, by its result."""
    edits = detail.get("edits")
    edits = [edit for edit in edits if isinstance(edit, dict)] if isinstance(edits, list) else []
    pairs = [(_text(edit.get("old_string")), _text(edit.get("new_string")), edit.get("replace_all")) for edit in edits]
    if not pairs:
        pairs = [(_text(detail.get("oldString")), _text(detail.get("newString")), detail.get("replaceAll"))]
    before = _text(detail.get("originalFile") or detail.get("originalFileContents"))
    after = None
    if before and "\t" in before and len(before) <= _LONGEST_FILE and detail.get("userModified") is not True:
        after = before
        for old, new, everywhere in pairs:
            after = after.replace(old, new, -1 if everywhere is True else 1) if old else after
    return Originals([new for _, new, _ in pairs], after, [before, *(old for old, _, _ in pairs)])


def _of_hunks(hunks: list[Any], originals: Originals) -> _Change:
    """Runs of added lines and the number of removed ones."""
    runs: list[tuple[str, ...]] = []
    removed = 0
    for hunk in hunks:
        lines = hunk.get("lines") if isinstance(hunk, dict) else None
        if not isinstance(lines, list):
            continue
        number = whole(hunk.get("newStart"))
        run: list[str] = []
        for line in lines:
            mark = line[:1] if isinstance(line, str) else ""
            if mark == "+":
                run.append(originals.line(line[1:].removesuffix("\r"), number))
            elif mark == "-":
                removed += 1  # a removed line does not part the lines around it in the new file
            elif mark != "\\" and run:
                runs.append(tuple(run))
                run = []
            number += mark in ("+", " ")
        if run:
            runs.append(tuple(run))
    return "update", tuple(runs), removed


def _of_strings(call: CallText, detail: dict[str, Any]) -> _Change | None:
    """From the strings of the call alone. They need not begin and end with a line: what is cut there cannot be completed
    from the log of a reader that keeps no text, and is given as it stands."""
    source = detail if isinstance(detail.get("newString"), str) else call.input
    edits = call.input.get("edits")
    if isinstance(edits, list):
        pairs = [(_text(one.get("old_string")), _text(one.get("new_string"))) for one in edits if isinstance(one, dict)]
    else:
        pairs = [
            (
                _text(source.get("oldString") or source.get("old_string")),
                _text(source.get("newString") or source.get("new_string")),
            )
        ]
    runs: list[tuple[str, ...]] = []
    removed = 0
    for old, new in pairs:
        before, after = split_lines(old), split_lines(new)
        fresh = new_lines(before, after)
        runs.extend(runs_of(after, fresh))
        removed += len(before) - (len(after) - sum(fresh))
    return ("update", tuple(runs), removed) if runs or removed else None


def _of_notebook(call: CallText, detail: dict[str, Any], folder: str) -> list[Edit]:
    """A notebook is JSON: only its text before and after shows which lines of the file changed. It is left out of newer
    logs, and then all that is known is that the file was written."""
    path = resolve(detail.get("notebook_path") or call.input.get("notebook_path"), folder)
    if not path or detail.get("error"):
        return []
    before, after = _text(detail.get("original_file")), _text(detail.get("updated_file"))
    if not after:
        return [Edit(path, "", "update", (), 0, "patch", call.call_id, False)]
    old, new = split_lines(before), split_lines(after)
    fresh = new_lines(old, new)
    removed = len(old) - (len(new) - sum(fresh))
    return [Edit(path, "", "update", runs_of(new, fresh), removed, "patch", call.call_id, True)]
