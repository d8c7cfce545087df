"""Every test here redacts, and stands in a home with a log of Codex's."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from git_ai_trail import places
from git_ai_trail.config import UserConfig
from git_ai_trail.model import Audited, ManualRedaction
from git_ai_trail.pipeline import scrubbing
from git_ai_trail.pipeline.ingest import ingest
from git_ai_trail.pipeline.manual import Book
from git_ai_trail.redact.manual import digests_of, fingerprint
from tests.support.codex_log import CodexLog
from tests.support.patterns import compiled_patterns, patterns

__all__ = ["compiled_patterns", "patterns"]

Run = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture
def codex(home: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("CODEX_HOME", str(home / ".codex"))
    return home / ".codex"


@pytest.fixture
def log(codex: Path) -> CodexLog:
    """A session in which a project's name that no rule knows stands in every kind of line."""
    log = CodexLog(codex, "/srv/shop")
    log.prompt("Rename Project Blue Heron to something else, please")
    content = [{"type": "output_text", "text": "I shall rename Project Blue  Heron now, as you please."}]
    log.line("response_item", {"type": "message", "role": "assistant", "content": content})
    log.shell(
        "grep -rn 'Project Blue Heron' src", "src/a.py:3: # Project Blue Heron\nsrc/b.py:9: Project Blue Herons\n"
    )
    log.shell("curl https://example.com/?q=Project%20Blue%20Heron", '{"name": "Project Blue Heron"}')
    log.prompt("yes")
    log.say("Done.")
    return log


def read_logs() -> None:
    ingest(os.environ, UserConfig(), jobs=1)


@pytest.fixture
def book(log: CodexLog) -> Callable[[], Book]:
    """Opens the manual redactions of a database into which the log was read."""
    read_logs()
    return lambda: Book(os.environ, UserConfig())


@pytest.fixture
def run() -> Run:
    def call(*args: str, stdin: str = "", code: int = 0, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "git_ai_trail", *args]
        done = subprocess.run(command, input=stdin, capture_output=True, text=True, check=False, cwd=cwd)
        assert done.returncode == code, f"{args} gave {done.returncode}\n{done.stdout}\n{done.stderr}"
        return done

    return call


def database_bytes() -> bytes:
    """Every byte of every file of the database."""
    folder = Path(places.data_dir(os.environ))
    return b"".join(path.read_bytes() for path in sorted(folder.glob("trail.db*")))


def only_noted(book: Book, text: str) -> None:
    """Notes a redaction as `add` does before anything is redacted: what a run that is killed there leaves behind."""
    found = digests_of(text, scrubbing.key_of(os.environ))
    assert found is not None
    entry = ManualRedaction(first=found.first, last=found.last, tokens=found.tokens, whole=found.whole)
    done = Audited(id=0, at=1.0, actor="A. Person", action="add", subject="", reason="", detail="{}")
    book.store.keep_manual(entry, fingerprint(entry), done)
