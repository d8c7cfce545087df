"""Follows a shell script from command to command: the folder each runs in, and what it is called with."""

from __future__ import annotations

from typing import NamedTuple

from git_ai_trail.formats.paths import resolve
from git_ai_trail.formats.shell.lexer import DYNAMIC, Command, Heredoc, read_script
from git_ai_trail.lazy import pattern

UNKNOWN_FOLDER = ""

_SHELLS = ("bash", "sh", "zsh", "dash", "ksh", "fish")
_KEYWORDS = (
    "if",
    "then",
    "else",
    "elif",
    "while",
    "until",
    "do",
    "!",
    "{",
    "time",
    "command",
    "nohup",
    "exec",
    "builtin",
    "function",
)
_WRAPPERS = ("sudo", "env", "timeout", "nice", "stdbuf", "caffeinate")
_TAKES_VALUE = ("-u", "-g", "-n", "-C", "-S", "-k", "-s", "--signal", "--kill-after", "-o", "-e", "-i")
_ASSIGNMENT = pattern(r"[A-Za-z_]\w*\+?=")
_DURATION = pattern(r"[\d.]+[smhd]?$")
_MAX_SHELLS = 3
_SAFE_WORD = pattern(r"[A-Za-z0-9@%+=:,./_-]+$")


class Script(NamedTuple):
    """Shell text that a call runs, and the folder in which it starts."""

    text: str
    workdir: str


class Step(NamedTuple):
    """One command of a script: its words without wrappers, and the folder it runs in (empty if not known)."""

    words: tuple[str, ...]
    command: Command
    folder: str

    @property
    def program(self) -> str:
        return self.words[0].rsplit("/", 1)[-1] if self.words else ""

    @property
    def heredoc(self) -> Heredoc | None:
        return self.command.heredocs[-1] if self.command.heredocs else None


def quote(argv: list[str]) -> str:
    """A command line that a shell would split into `argv` again."""
    return " ".join(word if _SAFE_WORD.match(word) else "'" + word.replace("'", "'\\''") + "'" for word in argv)


def script_of(argv: list[str]) -> str:
    """The script that an argument list runs: what `bash -lc` is given, else the command line itself."""
    if len(argv) >= 3 and argv[0].replace("\\", "/").rsplit("/", 1)[-1].removesuffix(".exe") in (
        *_SHELLS,
        "powershell",
        "pwsh",
        "cmd",
    ):
        for index, word in enumerate(argv[1:-1], 1):
            if word in ("-c", "-lc", "-ic", "-lic", "-Command", "-command", "/c", "/C"):
                return argv[index + 1]
    return quote(argv)


def steps_of(script: Script) -> list[Step]:
    """The steps of a script; those of shells that it starts with `-c` are included."""
    found: list[Step] = []
    _follow(script, found, 0)
    return found


def _follow(script: Script, found: list[Step], level: int) -> None:
    folders = {0: script.workdir}
    depth = 0
    for command in read_script(script.text):
        if command.depth > depth:
            for inner in range(depth + 1, command.depth + 1):
                folders[inner] = folders[depth]
        depth = command.depth
        words = _bare(command.words)
        folder = folders.get(depth, script.workdir)
        step = Step(words, command, folder)
        if step.program in ("cd", "pushd", "popd"):
            folders[depth] = _changed(words, folder)
            continue
        inner_script = _inner(step)
        if inner_script and level < _MAX_SHELLS:
            _follow(Script(inner_script, folder), found, level + 1)
        else:
            found.append(step)


def _changed(words: tuple[str, ...], folder: str) -> str:
    targets = [word for word in words[1:] if word != "--"]
    if len(targets) != 1 or DYNAMIC in targets[0] or targets[0] == "-":
        return UNKNOWN_FOLDER
    target = resolve(targets[0], folder)
    # Without a folder to start from, a relative target leads to an unknown place.
    return target if target.startswith("/") or target[1:2] == ":" else UNKNOWN_FOLDER


def _inner(step: Step) -> str:
    if step.program == "eval" and len(step.words) == 2 and DYNAMIC not in step.words[1]:
        return step.words[1]
    if step.program in _SHELLS:
        for index, word in enumerate(step.words[1:-1], 1):
            if word.startswith("-") and not word.startswith("--") and word.endswith("c"):
                return step.words[index + 1]
        if step.heredoc is not None and all(word in ("-", "-s", "-e", "-l") for word in step.words[1:]):
            return step.heredoc.body
    return ""


def _bare(words: tuple[str, ...]) -> tuple[str, ...]:
    """The words without keywords, assignments and wrapping commands in front."""
    start = 0
    while start < len(words):
        word = words[start]
        if word in _KEYWORDS or _ASSIGNMENT.match(word):
            start += 1
        elif word in _WRAPPERS:
            start = _after_options(words, start)
        else:
            break
    return words[start:]


def _after_options(words: tuple[str, ...], start: int) -> int:
    wrapper = words[start]
    start += 1
    while start < len(words) and words[start].startswith("-"):
        start += 2 if words[start] in _TAKES_VALUE and wrapper in ("sudo", "timeout", "nice") else 1
    if wrapper == "timeout" and start < len(words) and _DURATION.match(words[start]):
        start += 1
    return start
