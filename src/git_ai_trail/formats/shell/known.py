"""What is known while the commands of a script are followed: which of them surely ran, and what files then hold."""

from __future__ import annotations

import posixpath
from collections.abc import Sequence

from git_ai_trail.formats.paths import resolve
from git_ai_trail.formats.shell.lexer import DYNAMIC
from git_ai_trail.formats.shell.steps import Step
from git_ai_trail.lazy import pattern

_OPENS = ("if", "for", "while", "until", "case", "select", "{", "function")
_LEADING = ("then", "else", "elif", "do", "!", "time")
_BRANCHES = ("elif", "else")
_CLOSES = ("fi", "done", "esac", "}")
_LEAVES = ("exit", "return", "break", "continue", "exec", "set", "trap", "eval", "source", ".", "alias", "wait")
# These change no files, or only those that are followed here, and end well where the script does.
_PLAIN = (
    "cd",
    "echo",
    "printf",
    "cat",
    "tee",
    "cp",
    "mv",
    "mkdir",
    "touch",
    "chmod",
    "true",
    ":",
    "export",
    "ls",
    "pwd",
)
_READS = (
    "test",
    "[",
    "[[",
    "grep",
    "rg",
    "wc",
    "head",
    "tail",
    "diff",
    "nl",
    "sleep",
    "date",
    "which",
    "sort",
    "cmp",
    "stat",
)
_MAX_TEXT = 1024 * 1024
_MAX_FILES = 256
_FAILED = pattern(r"Traceback \(most recent call last\)|^\s*[\w.]*(?:Error|Exception|Interrupt|Exit)\b", 8)  # MULTILINE


class Known:
    """The files whose whole text the script itself determines, by absolute path; parts of it may be DYNAMIC."""

    def __init__(self, steps: Sequence[Step]) -> None:
        self._perhaps = iter(_in_doubtful_subshells(steps))
        self.files: dict[str, str] = {}
        self._before_step: dict[str, str] = {}  # what a command that may change any file found
        self.folders: set[str] = set()
        self.sure = True  # the command that is looked at surely runs, once, and so did what it builds on
        self.doubtful = False  # it stands where it may well not run: in a branch, a loop or behind `||`
        self._blocks: list[bool] = []  # of each block around it whether its commands may not run
        self._either = False
        self._gone = False
        self._before: Step | None = None

    def enter(self, step: Step) -> None:
        """Goes on to the next command."""
        raw = step.command.words
        apart = next(self._perhaps)
        self._before_step = {}
        first = raw[0] if raw else ""
        before, self._before = self._before, step
        after = step.command.after
        if after == "||":
            self.sure, self._either = False, True
        elif after == "&&":
            self.sure = self.sure and before is not None and before.program in _PLAIN
        elif after != "|":
            self.sure, self._either = True, False
        if first in _BRANCHES and self._blocks:
            self._blocks[-1] = True
        self.doubtful = self._either or apart or any(self._blocks)
        self.sure = self.sure and not apart and not self._blocks and not self._gone
        for index, word in enumerate(raw):
            if word in _OPENS:
                self._blocks.append(_may_not_run(step, index) or (word == "{" and self._either))
                self.sure = False
                self.doubtful = self.doubtful or word in ("case", "function")
            if word == "function" or word not in (*_LEADING, *_OPENS):
                break  # the braces of a function are its own
        if first in _CLOSES and self._blocks:
            # What a group that may not run is piped into may not run either.
            self._either = self._blocks.pop() and first == "}"
        if step.program in _LEAVES or first == "!":
            self._gone = True
        if step.words and step.program not in _PLAIN and step.program not in _READS:
            self._before_step, self.files = self.files, {}

    def keep(self, path: str, text: str | None) -> None:
        """Remembers what a file now holds."""
        if self.sure and path and text is not None and len(text) <= _MAX_TEXT and len(self.files) < _MAX_FILES:
            self.files[path] = text
        else:
            self.files.pop(path, None)

    def content(self, name: str, folder: str) -> str:
        """The text of a file; DYNAMIC where it is not known."""
        path = path_of(name, folder)
        known = self.files.get(path, self._before_step.get(path, DYNAMIC))
        return known if self.sure else DYNAMIC

    def target(self, source: str, name: str, folder: str) -> str:
        """Where `cp source name` writes; empty where that may be a file or a folder."""
        path = path_of(name, folder)
        base = posixpath.basename(source.rstrip("/"))
        if name.endswith("/") or name in (".", "..") or path in self.folders:
            return path_of(posixpath.join(name, base), folder)
        return path if path in self.files or "." in posixpath.basename(name).lstrip(".") else ""


def _in_doubtful_subshells(steps: Sequence[Step]) -> list[bool]:
    """Of each step whether a subshell that it is in, `( … )` or `$( … )`, stands behind `||`, as its own command comes after it."""
    either: dict[int, bool] = {}  # of each depth, about the command that was last there
    owners: list[int] = []
    alone: list[bool] = []
    for step in steps:
        after, depth = step.command.after, step.command.depth
        either[depth] = after == "||" or (after in ("&&", "|") and either.get(depth, False))
        alone.append(either[depth])
    found = [False] * len(steps)
    for index in range(len(steps) - 1, -1, -1):
        depth = steps[index].command.depth
        while owners and steps[owners[-1]].command.depth >= depth:
            owners.pop()
        if owners:
            found[index] = found[owners[-1]] or alone[owners[-1]]
        owners.append(index)
    return found


def _may_not_run(step: Step, index: int) -> bool:
    """Whether the commands in a block that the command's word of this index begins may not run."""
    word, *rest = step.command.words[index:]
    if word == "for":
        return rest[1:2] != ["in"] or not rest[2:] or any(path_of(value, "/") == "" for value in rest[2:])
    return word != "{" and not (word == "if" and step.words in (("true",), (":",)))


def path_of(name: str, folder: str) -> str:
    return "" if DYNAMIC in name or any(mark in name for mark in "*?[{") else resolve(name, folder)


def copied(words: Sequence[str], allowed: str) -> tuple[str, str] | None:
    """The two names of `cp a b` or `mv a b` with no options but those letters; None for anything else."""
    names = [word for word in words[1:] if not word.startswith("-")]
    options = {letter for word in words[1:] if word.startswith("-") for letter in word[1:]}
    return (names[0], names[1]) if len(names) == 2 and options <= set(allowed) else None


def succeeded(steps: Sequence[Step], index: int, said: str | None) -> bool:
    """Whether a command of a script that succeeded succeeded itself: by its place, or since nothing that came back
    (`said`, None if that is not known) speaks of an error."""
    command = steps[index].command
    if command.words[:1] in (("!",), ("if",), ("while",), ("until",), ("elif",)):
        return False
    if not command.piped and all(step.command.after == "&&" for step in steps[index + 1 :]):
        return True
    quiet = any(redirect.fd == "2" or redirect.op in ("&>", "&>>", ">&") for redirect in command.redirects)
    return said is not None and not quiet and _FAILED.search(said) is None
