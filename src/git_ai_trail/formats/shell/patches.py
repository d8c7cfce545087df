"""Patches that a script gives to `git apply` or `patch`: in a heredoc, through a pipe, or in a file that it wrote before."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from git_ai_trail.formats.diffs import read_patch
from git_ai_trail.formats.paths import resolve
from git_ai_trail.formats.shell.commits import git_command
from git_ai_trail.formats.shell.filewrite import FileWrite
from git_ai_trail.formats.shell.known import Known, path_of
from git_ai_trail.formats.shell.lexer import DYNAMIC
from git_ai_trail.formats.shell.steps import Step
from git_ai_trail.lazy import pattern

_VALUES = {
    "git": ("-p", "--directory", "--exclude", "--include", "--whitespace"),
    "patch": ("-p", "-i", "-d", "-o", "-F", "-B", "-D", "-r", "-V", "-Y", "-z", "-g", "--input", "--directory"),
}
_WRITES_NOTHING = ("--check", "--stat", "--numstat", "--summary", "--dry-run", "--version", "--help")
_REFUSED = pattern(r"^error: |\bFAILED\b|malformed patch|can't find file|No such file", 8)  # MULTILINE


class _Asked(NamedTuple):
    """What the words ask for. `strip` is None where it is not said."""

    sources: tuple[str, ...]
    strip: int | None
    folder: str
    backwards: bool
    target: str  # the file that is patched, where the words name it


def patched(step: Step, given: str | None, known: Known, said: str | None) -> list[FileWrite]:
    """What the command writes, if it is one that applies a patch whose text is known."""
    asked = _asked(step)
    if asked is None:
        return []
    texts = [known.content(name, step.folder) for name in asked.sources if name != "-"]
    if "-" in asked.sources or not asked.sources:
        texts.append(given if given is not None else DYNAMIC)
    refused = said is not None and _REFUSED.search(said) is not None
    found: list[FileWrite] = []
    for text in texts:
        if DYNAMIC in text:
            continue
        files = read_patch(_turned(text) if asked.backwards else text, asked.strip)
        if asked.target and len(files) != 1:
            continue
        for file in files:
            path = path_of(asked.target, asked.folder) if asked.target else resolve(file.path, asked.folder)
            op = "update" if file.old_path else "add"
            if refused:
                found.append(FileWrite(path, "", op, None, 0))
            else:
                found.append(FileWrite(path, "", op, file.lines.added, file.lines.removed))
    return found


def _asked(step: Step) -> _Asked | None:
    if step.program == "git":
        name, words, folder = git_command(step)
        if name != "apply" or (any(word in _WRITES_NOTHING for word in words) and "--apply" not in words):
            return None
        return _read_words(words, "git", folder, None)
    words, folder = step.words[1:], step.folder
    if any(word in _WRITES_NOTHING for word in words):
        return None
    return _read_words(words, "patch", folder, -1)


def _read_words(words: Sequence[str], program: str, folder: str, strip: int | None) -> _Asked | None:
    sources: list[str] = []
    named: list[str] = []
    backwards = False
    rest = list(words)
    while rest:
        word = rest.pop(0)
        name, _, value = word.partition("=")
        if word[:2] == "-p" and word[2:].isdigit():
            name, value = "-p", word[2:]
        elif word[:2] in ("-i", "-d") and len(word) > 2 and program == "patch":
            name, value = word[:2], word[2:]
        elif word in _VALUES[program]:
            value = rest.pop(0) if rest else ""
        if name in ("-p", "--strip"):
            strip = int(value[:2]) if value.isdigit() else strip
        elif name in ("-d", "--directory"):
            folder = path_of(value, folder)
        elif name in ("-i", "--input"):
            sources.append(value)
        elif name in ("-o", "--output"):
            return None
        elif word in ("-R", "--reverse"):
            backwards = True
        elif word == "-" or word[:1] != "-":
            named.append(word)
    if program == "patch" and named:
        return _Asked((*sources, *named[1:]), strip, folder, backwards, named[0])
    return _Asked((*sources, *named), strip, folder, backwards, "")


def _turned(text: str) -> str:
    """A patch read backwards."""
    lines = text.split("\n")
    turned: list[str] = []
    at = 0
    while at < len(lines):
        line = lines[at]
        if line.startswith("--- ") and at + 1 < len(lines) and lines[at + 1].startswith("+++ "):
            turned += ["--- " + lines[at + 1][4:], "+++ " + line[4:]]
            at += 2
            continue
        mark = line[:1]
        turned.append("-" + line[1:] if mark == "+" else "+" + line[1:] if mark == "-" else line)
        at += 1
    return "\n".join(turned)
