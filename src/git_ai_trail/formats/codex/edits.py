"""Makes edits out of what is known of a call: the recorded changes, else the text of its patches and commands."""

from __future__ import annotations

from typing import Any

from git_ai_trail.facts import Edit
from git_ai_trail.formats.codex.calls import PatchText
from git_ai_trail.formats.codex.patch import BEGIN, Section, read_sections, split_patches
from git_ai_trail.formats.diffs import read_hunks
from git_ai_trail.formats.linediff import Runs, split_lines
from git_ai_trail.formats.paths import resolve
from git_ai_trail.formats.shell.edits import edits_of_powershell, edits_of_steps, is_powershell
from git_ai_trail.formats.shell.printed import echoed, formatted
from git_ai_trail.formats.shell.steps import Script, Step, steps_of
from git_ai_trail.formats.shell.writes import may_write
from git_ai_trail.lazy import pattern

SUCCESS = "Success. Updated the following files:"
_LISTED = ("A ", "M ", "D ")
# A patch is applied section by section; the one that fails ends it, and is named. A patch that is refused before
# anything is written says `apply_patch verification failed: …` on the same line.
_BROKE_OFF = pattern(
    r"(?:^|\n)Failed to (?:write file|delete file|remove original|create parent directories for|read file to update"
    r"|find expected lines in|find context '.*' in) (.+?)(?=:?\s*(?:\n|$)|: )"
)


def edits_of_changes(
    changes: object,
    folder: str,
    call_id: str,
    patches: tuple[PatchText, ...] = (),
    *,
    only: set[str] | None = None,
) -> list[Edit]:
    """Edits of a `changes` map, with `only` of some of its files. A file that the call's own patch names twice is read
    from the patch: the map then holds the last section's change only."""
    if not isinstance(changes, dict):
        return []
    twice = _named_twice(patches) if patches else {}
    found: list[Edit] = []
    for name, change in changes.items():
        path = resolve(name, folder)
        if not path or not isinstance(change, dict) or (only is not None and path not in only):
            continue
        edit = _edit_of_change(path, change, folder, call_id)
        sections = twice.get(path)
        if edit is not None and sections and edit.op in ("update", "move"):
            edit = edit._replace(
                added=tuple(run for section in sections for run in section.added),
                removed=sum(section.removed for section in sections),
            )
        if edit is not None:
            found.append(edit)
    return found


def _edit_of_change(path: str, change: dict[str, Any], folder: str, call_id: str) -> Edit | None:
    kind = change.get("type")
    if not isinstance(kind, str) and len(change) == 1:
        kind, inner = next(iter(change.items()))
        change = inner if isinstance(inner, dict) else {}
    content = change.get("content")
    lines = split_lines(content) if isinstance(content, str) else []
    if kind == "add":
        return Edit(path, "", "add", _whole(lines), 0, "patch", call_id, isinstance(content, str))
    if kind == "delete":
        return Edit(path, "", "delete", (), len(lines), "patch", call_id, True)
    if kind != "update":
        return None
    diff = change.get("unified_diff")
    added, removed = read_hunks(diff) if isinstance(diff, str) else ((), 0)
    moved = resolve(change.get("move_path"), folder)
    if moved and moved != path:
        return Edit(moved, path, "move", added, removed, "patch", call_id, isinstance(diff, str))
    return Edit(path, "", "update", added, removed, "patch", call_id, isinstance(diff, str))


def _whole(lines: list[str]) -> Runs:
    return (tuple(lines),) if lines else ()


def _named_twice(patches: tuple[PatchText, ...]) -> dict[str, list[Section]]:
    """Update sections of the files that one patch names more than once."""
    found: dict[str, list[Section]] = {}
    for patch in patches:
        sections: dict[str, list[Section]] = {}
        for section in read_sections(patch.text):
            sections.setdefault(resolve(section.path, patch.workdir), []).append(section)
        found.update({path: same for path, same in sections.items() if len(same) > 1})
    return found


def edits_of_patches(patches: tuple[PatchText, ...], call_id: str, listed: set[str] | None = None) -> list[Edit]:
    """Edits of patch texts that are known to have succeeded; with `listed` only of files that the output names."""
    found: list[Edit] = []
    for patch in patches:
        for section in read_sections(patch.text):
            if listed is None or (section.move_to or section.path) in listed:
                found.extend(_edit_of_section(section, patch.workdir, call_id))
    return found


def _edit_of_section(section: Section, workdir: str, call_id: str) -> list[Edit]:
    path = resolve(section.path, workdir)
    moved = resolve(section.move_to, workdir)
    if not path:
        return []
    if moved and moved != path:
        return [Edit(moved, path, "move", section.added, section.removed, "patch", call_id, True)]
    return [Edit(path, "", section.op, section.added, section.removed, "patch", call_id, True)]


def applied_before(patch: PatchText, said: str) -> list[Section]:
    """The sections of a failed patch that were applied before the one that failed, as far as the message tells."""
    for found in _BROKE_OFF.finditer(said):
        failed = resolve(found[1].strip(), patch.workdir)
        sections = read_sections(patch.text) if failed else []
        for index, section in enumerate(sections):
            if failed in (resolve(section.path, patch.workdir), resolve(section.move_to, patch.workdir)):
                # A file that was moved is written at its new place before the old one is removed.
                return sections[: index + ("remove original" in found[0])]
    return []


def applied_files(patches: tuple[PatchText, ...], said: str) -> set[str]:
    """The files (before a move) of those sections, as a `changes` map names them."""
    return {resolve(section.path, patch.workdir) for patch in patches for section in applied_before(patch, said)}


def edits_of_failed(patches: tuple[PatchText, ...], said: str, call_id: str) -> list[Edit]:
    """Edits of patches that failed halfway."""
    return [
        edit
        for patch in patches
        for section in applied_before(patch, said)
        for edit in _edit_of_section(section, patch.workdir, call_id)
    ]


def listed_files(output: str) -> set[str]:
    """Paths that `Success. Updated the following files:` lists, as the patch has them."""
    found: set[str] = set()
    for part in output.split(SUCCESS)[1:]:
        for line in part.split("\n")[1:]:
            if not line.startswith(_LISTED):
                break
            found.add(line[2:].rstrip("\r"))
    return found


def script_patches(steps: list[Step]) -> tuple[PatchText, ...]:
    """Patches that the commands of a script are given: as a heredoc, by a pipe or as an argument."""
    found: list[PatchText] = []
    for step in steps:
        texts = [heredoc.body for heredoc in step.command.heredocs] + list(step.words[1:])
        texts += [redirect.target for redirect in step.command.redirects if redirect.op == "<<<"]
        if step.program in ("printf", "echo"):
            texts = [(formatted if step.program == "printf" else echoed)(step.words[1:]) or ""]
        found.extend(PatchText(part, step.folder) for text in texts if BEGIN in text for part in split_patches(text))
    return tuple(found)


def edits_of_scripts(
    scripts: tuple[Script, ...], output: str, call_id: str, *, code: int | None, ran: bool, patched: bool
) -> list[Edit]:
    """Edits of shell text. `code` is the exit code if it is known, `ran` says that the commands succeeded as far as is
    known, `patched` that their patches are counted elsewhere already."""
    found: list[Edit] = []
    for script in scripts:
        applies = not patched and BEGIN in script.text
        writes = ran and may_write(script.text)
        if ran and is_powershell(script.text):
            found.extend(edits_of_powershell(script, call_id))
            writes = False
        if not applies and not writes:
            continue
        steps = steps_of(script)
        if applies:
            found.extend(_patched(script, steps, output, call_id, code))
        if writes:
            found.extend(edits_of_steps(steps, call_id, output))
    return found


def _patched(script: Script, steps: list[Step], output: str, call_id: str, code: int | None) -> list[Edit]:
    """Edits of the patches in a script, by what they said; a single one that ends the script also by the exit code."""
    patches = script_patches(steps)
    if not patches:
        # Given in a way that only another kind of shell understands, as PowerShell's here-strings are.
        patches = tuple(PatchText(part, script.workdir) for part in split_patches(script.text))
    succeeded = output.count(SUCCESS)
    last = len(patches) == 1 and bool(steps) and steps[-1].program in ("apply_patch", "applypatch")
    if (succeeded and succeeded >= len(patches)) or (code == 0 and last):
        return edits_of_patches(patches, call_id)
    found = edits_of_patches(patches, call_id, listed_files(output)) if succeeded else []
    return found + edits_of_failed(patches, output, call_id)
