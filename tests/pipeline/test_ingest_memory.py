"""Peak memory does not depend on how large a log, or a line of it, is."""

from __future__ import annotations

import json
import os
import resource
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from git_ai_trail import places
from tests.pipeline.test_ingest import AT
from tests.support.codex_log import CodexLog

pytestmark = pytest.mark.proof

MIB = 1 << 20
MOST = 300 * MIB


@pytest.fixture
def codex(home: Path) -> Path:
    return home / ".codex"


def append(log: CodexLog, size: int) -> None:
    """A line of `size` bytes, written in parts."""
    head = b'{"timestamp":"2026-09-21T14:20:00.000Z","type":"event_msg","payload":{"type":"agent_message","message":"'
    with log.path.open("ab") as file:
        file.write(head)
        left = size - len(head) - 3
        words = b"some words of an answer that has no end, " * 25_000
        while left > 0:
            left -= file.write(words[:left])
        file.write(b'"}}\n')


def peak(*command: str) -> int:
    """Peak memory of a process, in bytes."""
    process = subprocess.Popen([sys.executable, *command], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    assert process.stdout is not None
    assert process.stderr is not None
    said = process.stdout.read(), process.stderr.read()
    process.stdout.close()
    process.stderr.close()
    assert process.returncode == 0, said
    # A process that is forked begins with the memory of the one that forked it, so this one must be small itself.
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 < MOST
    return usage.ru_maxrss * 1024


INGEST = ("-m", "git_ai_trail", "ingest", "--json")
INDEX = ("-c", "import os; from git_ai_trail.pipeline.indexing import build; build(dict(os.environ))")


@pytest.mark.parametrize("size", [200 * MIB, 31 * MIB])
def test_a_line_without_end(codex: Path, size: int) -> None:
    log = CodexLog(codex, "/srv/project", at=AT)
    log.prompt("write without end")
    append(log, size)
    log.prompt("thank you")
    assert peak(*INGEST) < MOST
    assert peak(*INDEX) < MOST
    conn = sqlite3.connect(places.trail_path(os.environ))
    assert conn.execute("SELECT COUNT(*) FROM prompts").fetchone() == (2,)
    (length,) = conn.execute("SELECT MAX(length) FROM events").fetchone()
    conn.close()
    assert length == size


def test_a_log_of_many_lines(codex: Path) -> None:
    log = CodexLog(codex, "/srv/project", at=AT)
    log.prompt("list everything")
    line = json.dumps({"type": "event_msg", "payload": {"type": "agent_message", "message": "entry of a list " * 300}})
    with log.path.open("ab") as file:
        for _ in range(30_000):
            file.write(line.encode() + b"\n")
    log.prompt("thank you")
    assert log.path.stat().st_size > 130 * MIB
    assert peak(*INGEST) < MOST
    assert peak(*INDEX) < MOST
