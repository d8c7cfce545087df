"""A preview shows what redaction changes, to the log's owner and nobody else."""

from __future__ import annotations

import json
import os
import pty
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from git_ai_trail.pipeline.manual import Asked, Book
from tests.manual.conftest import Run, database_bytes
from tests.support.codex_log import CodexLog

Open = Callable[[], Book]


def in_a_terminal(*args: str) -> str:
    """What the program prints to a terminal."""
    ours, theirs = pty.openpty()
    command = [sys.executable, "-m", "git_ai_trail", *args]
    with subprocess.Popen(command, stdout=theirs, stderr=subprocess.DEVNULL, stdin=subprocess.DEVNULL) as running:
        os.close(theirs)
        said = b""
        try:
            while block := os.read(ours, 4096):
                said += block
        except OSError:
            pass  # the other end is closed
        assert running.wait() == 0
    os.close(ours)
    return said.decode()


def test_raw_stands_beside_redacted(book: Open, log: CodexLog) -> None:
    with book() as opened:
        opened.add(Asked(text="Project Blue Heron"))
    said = in_a_terminal("redact", "preview", log.session_id[:8])
    assert "payload.message  manual:1" in said
    assert "raw      | Rename Project Blue Heron to something else, please" in said
    assert "redacted | Rename [REDACTED:manual#1] to something else, please" in said
    assert "prompt 1" in said
    # What stays is not shown.
    assert "Done." not in said
    assert b"Rename Project Blue" not in database_bytes()


def test_only_a_terminal_gets_to_see_it(book: Open, log: CodexLog, run: Run) -> None:
    done = run("redact", "preview", log.session_id, code=2)
    assert "no terminal" in done.stderr
    assert done.stdout == ""
    with book() as opened:
        opened.add(Asked(text="Project Blue Heron"))
    found = json.loads(run("redact", "preview", log.session_id, "--json", "--force-raw").stdout)
    texts = {(one["raw"], one["redacted"]) for one in found["texts"]}
    assert ("grep -rn 'Project Blue Heron' src", "grep -rn '[REDACTED:manual#1]' src") in texts or any(
        "Project Blue Heron" in raw and "[REDACTED:manual#1]" in redacted for raw, redacted in texts
    )
    assert not found["more"]


def test_a_log_needs_no_database(log: CodexLog, run: Run) -> None:
    token = "gh" + "p_" + "Q7xWm2Kd9RtZ4vBn8LpY3cHs6JfG1aTe5UoI"
    log.prompt(f"use {token} now")
    found = json.loads(run("redact", "preview", str(log.path), "--json", "--force-raw").stdout)
    shown = [one for one in found["texts"] if token in one["raw"]]
    assert len(shown) >= 2
    assert all(token not in one["redacted"] and one["rules"] for one in shown)


def test_it_is_bounded(log: CodexLog, run: Run) -> None:
    for number in range(30):
        log.prompt(f"mail number{number}" + "@" + "somewhere-else.io, " + "x " * 2000)
    found = json.loads(run("redact", "preview", str(log.path), "--json", "--force-raw", "--limit", "5").stdout)
    assert (len(found["texts"]), found["more"]) == (5, True)
    assert all(len(one["raw"]) < 600 for one in found["texts"])
    whole = json.loads(run("redact", "preview", str(log.path), "--json", "--force-raw", "--limit", "0", "--all").stdout)
    assert len(whole["texts"]) > 90
    assert all(len(one["raw"]) < 600 for one in whole["texts"])


def test_what_a_log_says_does_nothing_to_a_terminal(log: CodexLog, run: Run) -> None:
    log.prompt("\x1b[2J\x1b]0;title\x07 someone.secret" + "@" + "private-company.io\n  redacted | all is well")
    said = run("redact", "preview", str(log.path), "--force-raw").stdout
    assert "\x1b" not in said
    assert "\\x1b[2J" in said
    assert "\n  redacted | all is well" not in said


def test_a_log_that_is_gone_or_changed_is_said(book: Open, log: CodexLog, run: Run, tmp_path: Path) -> None:
    text = log.path.read_bytes()
    log.path.write_bytes(text.replace(b"something else", b"something elzz"))
    assert "any more" in run("redact", "preview", log.session_id, "--force-raw").stderr
    log.path.unlink()
    assert "is gone" in run("redact", "preview", log.session_id, "--force-raw", code=1).stderr
    assert "no session" in run("redact", "preview", "nobody", "--force-raw", code=1).stderr
    (tmp_path / "notes.txt").write_text("hello")
    assert "not a log" in run("redact", "preview", str(tmp_path / "notes.txt"), "--force-raw", code=1).stderr
