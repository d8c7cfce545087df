"""Finds the files that a shell command writes: with their lines where the command states them, by name otherwise."""

from __future__ import annotations

import re
from typing import NamedTuple

from git_ai_trail.formats.diffs import read_patch
from git_ai_trail.formats.linediff import Runs, runs_of, split_lines
from git_ai_trail.formats.paths import resolve
from git_ai_trail.formats.shell.lexer import DYNAMIC, Heredoc
from git_ai_trail.formats.shell.printed import echoed, formatted
from git_ai_trail.formats.shell.rewriters import moved, rewritten
from git_ai_trail.formats.shell.steps import Step
from git_ai_trail.lazy import pattern

_TO_FILE = (">", ">>", ">|", "&>", "&>>")
_APPEND = (">>", "&>>")
_MAYBE = (
    ">",
    "tee ",
    "sed ",
    "mv ",
    "perl ",
    "apply",
    "patch",
    "fmt",
    "format",
    "black",
    "prettier",
    "--fix",
    "isort",
    "open(",
    "Path(",
)
_PYTHON = pattern(r"python[\d.]*$")
_PYTHON_PATH = pattern(
    r"(?:\bopen|\bPath)\(\s*r?(?P<q>['\"])(?P<path>[^'\"\n*]{1,400})(?P=q)\s*(?P<mode>,\s*(?:mode\s*=\s*)?['\"][wax]\+?['\"])?"
)
_PYTHON_WRITES = (".write_text(", ".write_bytes(", ".write(", ".writelines(")
_EXPANDS = pattern(r"\\[\\$`]|[$`]|\\$", re.MULTILINE)


class FileWrite(NamedTuple):
    """A file that a command writes. `lines` is None where the command does not tell what."""

    path: str
    old_path: str
    op: str  # add, update, move
    lines: Runs | None
    removed: int


def may_write(text: str) -> bool:
    """A cheap test: False where `file_writes` would find nothing."""
    return any(mark in text for mark in _MAYBE)


def file_writes(steps: list[Step]) -> list[FileWrite]:
    """What the steps write, in order."""
    found: list[FileWrite] = []
    feeding: Runs | None = None  # what the command before writes into this one's input
    for step in steps:
        words = step.words
        given = _given(step, feeding if step.command.after == "|" else None)
        output = _output(step, given)
        found.extend(_redirected(step, output))
        if step.program == "tee":
            append = any(word in ("-a", "--append") for word in words)
            found.extend(_write(name, step.folder, given, append=append) for name in words[1:] if name[:1] != "-")
        elif step.program in ("git", "patch") and step.heredoc is not None:
            found.extend(_patched(step, step.heredoc.body))
        elif _PYTHON.match(step.program):
            found.extend(_python(step))
        if step.program in ("mv", "git"):
            found.extend(_moves(step))
        else:
            found.extend(_write(name, step.folder, None, append=True) for name in rewritten(words))
        feeding = output
    return [write for write in found if write.path and _is_file(write.path)]


def _is_file(path: str) -> bool:
    return not path.startswith(("/dev/", "/proc/", "&")) and DYNAMIC not in path and "*" not in path


def _given(step: Step, piped: Runs | None) -> Runs | None:
    """What a command reads from its input, where that is known."""
    if step.heredoc is not None:
        return _heredoc_runs(step.heredoc)
    for redirect in step.command.redirects:
        if redirect.op == "<<<":
            return _runs(redirect.target + "\n")
        if redirect.op == "<":
            return None
    return piped


def _output(step: Step, given: Runs | None) -> Runs | None:
    """What a command prints, where that is known."""
    words = step.words
    if step.program in ("cat", "tee") and all(word == "-" for word in words[1:]):
        return given
    if step.program == "echo":
        return _runs(echoed(words[1:]))
    if step.program == "printf":
        return _runs(formatted(words[1:]))
    if not words or words == (":",) or words == ("true",):
        return () if not step.command.heredocs else None
    return given if step.program == "tee" else None


def _redirected(step: Step, output: Runs | None) -> list[FileWrite]:
    if step.words[:1] in (("}",), (")",), ("done",), ("fi",)):
        output = None
    return [
        _write(redirect.target, step.folder, output, append=redirect.op in _APPEND)
        for redirect in step.command.redirects
        if redirect.op in _TO_FILE and redirect.fd in ("", "1")
    ]


def _write(name: str, folder: str, lines: Runs | None, *, append: bool) -> FileWrite:
    return FileWrite(resolve(name, folder), "", "update" if append else "add", lines, 0)


def _runs(text: str | None) -> Runs | None:
    """One run of lines, parted where a line holds something that only the shell knew."""
    if text is None:
        return None
    lines = split_lines(text)
    return runs_of(lines, [DYNAMIC not in line for line in lines])


def _heredoc_runs(heredoc: Heredoc) -> Runs:
    body = heredoc.body
    if not heredoc.literal and ("$" in body or "`" in body or "\\" in body):
        body = _EXPANDS.sub(lambda found: found[0][1:] if len(found[0]) > 1 else DYNAMIC, body)
    return _runs(body) or ()


def _patched(step: Step, text: str) -> list[FileWrite]:
    if step.program == "git" and "apply" not in step.words[1:]:
        return []
    return [
        FileWrite(
            resolve(file.path, step.folder),
            "",
            "update" if file.old_path else "add",
            file.lines.added,
            file.lines.removed,
        )
        for file in read_patch(text)
    ]


def _moves(step: Step) -> list[FileWrite]:
    pair = moved(step.words)
    if pair is None:
        return []
    old, new = (resolve(name, step.folder) for name in pair)
    return [FileWrite(new, old, "move", (), 0)] if old and _is_file(old) else []


def _python(step: Step) -> list[FileWrite]:
    """Files that an inline Python script names as literals and writes; what it writes is not read."""
    code = ""
    if step.heredoc is not None:
        code = step.heredoc.body
    elif step.words[1:2] == ("-c",) and len(step.words) > 2:
        code = step.words[2]
    writes = any(mark in code for mark in _PYTHON_WRITES)
    names = [
        found["path"]
        for found in _PYTHON_PATH.finditer(code)
        # A Path without a dot in its last part is mostly a folder.
        if found["mode"] or (writes and found[0].startswith("Path") and "." in found["path"].rsplit("/", 1)[-1])
    ]
    return [_write(name, step.folder, None, append=True) for name in dict.fromkeys(names)]
