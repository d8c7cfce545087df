"""Peak memory does not depend on how large a log, or a line of it, is."""

from __future__ import annotations

import json
import os
import sqlite3
from pathlib import Path

import pytest

from git_ai_trail import places
from tests.pipeline.ingesting import AT
from tests.support.codex_log import CodexLog
from tests.support.memory import peak

pytestmark = pytest.mark.proof

MIB = 1 << 20
MOST = 300 * MIB


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


INGEST = "from git_ai_trail.cli import main; assert main(['ingest', '--json', '--jobs', '1']) in (None, 0)"
INDEX = "import os; from git_ai_trail.pipeline.indexing import build; build(dict(os.environ))"


@pytest.mark.parametrize("size", [200 * MIB, 31 * MIB])
def test_a_line_without_end(codex: Path, size: int) -> None:
    log = CodexLog(codex, "/srv/project", at=AT)
    log.prompt("write without end")
    append(log, size)
    log.prompt("thank you")
    assert peak(INGEST) < MOST
    assert peak(INDEX) < MOST
    conn = sqlite3.connect(places.trail_path(os.environ))
    assert conn.execute("SELECT COUNT(*) FROM prompts").fetchone() == (2,)
    (length,) = conn.execute("SELECT MAX(length) FROM events").fetchone()
    conn.close()
    assert length == size


def test_a_log_of_many_lines(codex: Path) -> None:
    log = CodexLog(codex, "/srv/project", at=AT)
    log.prompt("list everything")
    answer = json.dumps({"type": "event_msg", "payload": {"type": "agent_message", "message": "entry of a list " * 40}})
    with log.path.open("ab") as file:
        for number in range(24_000):
            added = "".join(f"+    value_{number}_{row} = compute_the_value_of({number}, {row})\n" for row in range(80))
            patch = f"*** Begin Patch\n*** Add File: src/m{number % 500}.py\n{added}*** End Patch"
            call = {"type": "custom_tool_call", "name": "apply_patch", "call_id": f"call_{number}", "input": patch}
            done = {"type": "custom_tool_call_output", "call_id": f"call_{number}", "output": "Exit code: 0\nOutput:\n"}
            for item in (call, done):
                file.write(json.dumps({"type": "response_item", "payload": item}).encode() + b"\n")
            file.write(answer.encode() + b"\n")
    log.prompt("thank you")
    assert log.path.stat().st_size > 120 * MIB
    assert peak(INGEST) < MOST
    assert peak(INDEX) < MOST
    index = sqlite3.connect(places.index_path(os.environ))
    assert index.execute("SELECT edits FROM logs").fetchone() == (24_000,)
    index.close()
