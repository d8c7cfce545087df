"""A person at the terminal of a real Claude Code: keys go in, and what has happened is read from its logs."""

from __future__ import annotations

import json
import os
import pty
import select
import signal
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from tests.e2e.claude import Claude

_READY = "❯".encode()
_PATIENCE = 60.0
# What is typed faster than this is taken for something pasted, and Enter for a line of it.
_KEYS_APART = 0.5


class Terminal:
    """One running program. Its output is only looked at to see that it has started."""

    def __init__(self, claude: Claude, pid: int, screen: int) -> None:
        self.claude = claude
        self.pid = pid
        self.screen = screen
        self.shown = b""

    def type(self, text: str) -> None:
        os.write(self.screen, text.encode())
        self._drain(_KEYS_APART)
        os.write(self.screen, b"\r")

    def until_ready(self) -> None:
        self._until(lambda: _READY in self.shown, "the prompt")
        self._drain(1.0)

    def until_logged(self, text: str, *, times: int = 1) -> None:
        """Waits until the logs hold `text` so often, one of them or all together."""
        self._until(lambda: self._logs().count(text) >= times, text)

    def _logs(self) -> str:
        projects = self.claude.home / ".claude" / "projects"
        return "".join(path.read_text(encoding="utf-8", errors="replace") for path in projects.rglob("*.jsonl"))

    def _until(self, done: Callable[[], bool], what: str) -> None:
        end = time.monotonic() + _PATIENCE
        while not done():
            assert time.monotonic() < end, f"{what!r} did not come\n{self.shown[-3000:]!r}"
            self._drain(0.1)

    def _drain(self, seconds: float) -> None:
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            ready, _, _ = select.select([self.screen], [], [], 0.05)
            if ready:
                try:
                    self.shown += os.read(self.screen, 1 << 16)
                except OSError:
                    return

    def leave(self) -> None:
        for _ in range(2):
            try:
                os.write(self.screen, b"\x03")
            except OSError:
                break
            self._drain(0.5)
        self._drain(1.0)
        os.kill(self.pid, signal.SIGTERM)
        os.waitpid(self.pid, 0)
        os.close(self.screen)


@contextmanager
def opened(claude: Claude, place: Path, options: Sequence[str] = ()) -> Iterator[Terminal]:
    """A program in `place` as long as the block runs, past all the questions that it asks a new person."""
    known = {"hasTrustDialogAccepted": True, "hasCompletedProjectOnboarding": True}
    answers = {
        "hasCompletedOnboarding": True,
        "theme": "dark",
        "customApiKeyResponses": {"approved": ["unused"], "rejected": []},
        "bypassPermissionsModeAccepted": True,
        "projects": {str(place): known},
    }
    settings = claude.home / ".claude.json"
    before = json.loads(settings.read_text()) if settings.exists() else {}
    settings.write_text(json.dumps({**before, **answers}))
    words = [*claude.command, "--dangerously-skip-permissions", "--model", claude.model, *options]
    env = {**claude.env(place), "TERM": "xterm-256color", "COLUMNS": "120", "LINES": "50"}
    pid, screen = pty.fork()
    if pid == 0:
        os.chdir(place)
        os.execvpe(words[0], words, env)
    terminal = Terminal(claude, pid, screen)
    try:
        terminal.until_ready()
        yield terminal
    finally:
        terminal.leave()
