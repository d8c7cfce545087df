"""Follows what an agent types into a process that it started: a shell gets commands, another program its input."""

from __future__ import annotations

from typing import Any

from git_ai_trail.facts import Edit
from git_ai_trail.formats.codex.edits import edits_of_scripts
from git_ai_trail.formats.shell.steps import Script, steps_of
from git_ai_trail.lazy import pattern

_SHELLS = ("bash", "sh", "zsh", "dash", "ksh")
_HEREDOC = pattern(r"<<-?[ \t]*(['\"]?)([A-Za-z_]\w*)\1")
_CONTROL = pattern(r"\x1b\[[0-9;?]*[A-Za-z]")
_INTERRUPT = "\x03"
_END_OF_INPUT = "\x04"
_MAX_TEXT = 1 << 20
_MAX_PARTS = 32
_TAG = "END_OF_TYPED_TEXT"


class Typing:
    """What was typed into one process and has not been made into edits yet, and the calls that typed it."""

    def __init__(self, script: Script) -> None:
        steps = steps_of(script)
        last = steps[-1] if steps else None
        self.script = script
        self.folder = last.folder if last else script.workdir  # where a shell's next command runs
        waits = last is not None and not last.command.heredocs and not last.command.piped
        self.is_shell = waits and last is not None and last.program in _SHELLS
        self.reads = waits  # what is typed is, or may be, its input
        self.text = ""
        self.offsets: list[int] = []

    def add(self, chars: str, offset: int) -> None:
        """Takes what a call typed, in order. Too much of it is given up as a whole."""
        if _INTERRUPT in chars:
            self.text, self.offsets = "", []
            chars = chars.rsplit(_INTERRUPT, 1)[1]
        if not chars or not self.reads:
            return
        if len(self.text) + len(chars) > _MAX_TEXT or len(self.offsets) >= _MAX_PARTS:
            self._give_up()
            return
        self.text += chars.replace("\r\n", "\n").replace("\r", "\n")
        self.offsets.append(offset)

    def edits(self, said: str, call_id: str, *, ended: bool) -> list[Edit]:
        """Edits of what was typed so far. Text that is not complete waits for more, unless the process has `ended`."""
        ended = ended or _END_OF_INPUT in self.text
        text = self.text.split(_END_OF_INPUT, 1)[0]
        if not (ended or (self.is_shell and _complete(text))):
            return []
        self.text, self.offsets = "", []
        if not text:
            return []
        if self.is_shell:
            script = Script(text, self.folder)
            self.folder = steps_of(Script(f"{text}\n:\n", self.folder))[-1].folder
        elif _TAG not in text:
            body = text.removesuffix("\n")
            script = Script(f"{self.script.text.strip()} <<'{_TAG}'\n{body}\n{_TAG}\n", self.script.workdir)
        else:
            return []
        return edits_of_scripts((script,), said, call_id, code=None, ran=True, patched=False)

    def _give_up(self) -> None:
        self.text, self.offsets = "", []
        self.is_shell = self.reads = False

    def state(self) -> list[Any]:
        return [self.folder, self.reads]

    def restore(self, state: list[Any]) -> None:
        """The text itself comes back when the lines at those offsets are fed again."""
        self.folder = str(state[0])
        if not state[1]:
            self._give_up()


def plain(text: str) -> str:
    """What a terminal shows as lines: without its control sequences, and with line ends where it returned the carriage."""
    return _CONTROL.sub("", text).replace("\r\n", "\n").replace("\r", "\n")


def _complete(text: str) -> bool:
    """Whether a shell would have run all of it: the last line is ended, and so is every heredoc."""
    at = 0
    for found in _HEREDOC.finditer(text):
        if found.start() >= at:
            at = text.find(f"\n{found[2]}\n", found.end())
            if at < 0:
                return False
    return text.endswith("\n")
