"""What stands around redactions by hand: annexes, other runs, the doctor, the person at the terminal."""

from __future__ import annotations

import os
import pty
import sqlite3
import subprocess
import sys
import termios
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from git_ai_trail.attach import notes
from git_ai_trail.attach.annex import AnnexSession, annex_line
from git_ai_trail.config import UserConfig
from git_ai_trail.errors import TrailError
from git_ai_trail.pipeline import annex, exclusion
from git_ai_trail.pipeline.checkup import checkup
from git_ai_trail.pipeline.manual import Book
from git_ai_trail.store import sqlite_schema
from tests.manual.conftest import Run, database_bytes, only_noted
from tests.pipeline.test_history import attach, git_of, record, text
from tests.support.codex_log import CodexLog
from tests.support.repo import Repo

Open = Callable[[], Book]
NAME = "Project Blue Heron"


def test_an_annex_is_written_without_what_goes_by_hand(book: Open, log: CodexLog, repo: Repo) -> None:
    oid = repo.commit_file("a.py", text(1), "a")
    attach(repo, oid, record(repo, oid, log.session_id)[0])
    git = git_of(repo)
    with book() as opened:
        only_noted(opened, NAME)
        assert NAME in opened.store.prompts(log.session_id)[0].text
        assert annex.write(git, git.common_dir(), opened.store, UserConfig(), [oid], policy="redacted") == 1
    found = notes.read(git, oid, notes.ANNEX_REF)
    assert b"Rename [REDACTED:manual#1] to" in found
    assert NAME.encode() not in found


def test_what_was_published_before_is_named(book: Open, log: CodexLog, repo: Repo, run: Run) -> None:
    oid = repo.commit_file("a.py", text(1), "a")
    line, digest = record(repo, oid, log.session_id)
    session = AnnexSession(id=log.session_id, prompts=[(0, f"Rename {NAME} now"), (1, "yes")])
    attach(repo, oid, line)
    attach(repo, oid, annex_line(digest, [session], policy="redacted", ruleset="r", made_at=1), ref=notes.ANNEX_REF)
    done = run("redact", "add", stdin=NAME, cwd=repo.root)
    assert f"git ai-trail redact withhold {oid[:12]} 1" in done.stderr
    run("redact", "withhold", oid[:12], "1", cwd=repo.root)
    assert NAME.encode() not in notes.read(git_of(repo), oid, notes.ANNEX_REF)
    assert "published" not in run("redact", "add", stdin=f"{NAME} now", cwd=repo.root).stderr


def test_a_report_says_what_the_database_says_where_it_was_redacted_since(
    book: Open, log: CodexLog, repo: Repo, run: Run
) -> None:
    oid = repo.commit_file("a.py", text(1), "a")
    line, digest = record(repo, oid, log.session_id)
    session = AnnexSession(id=log.session_id, prompts=[(0, f"Rename {NAME} to something")])
    attach(repo, oid, line)
    attach(repo, oid, annex_line(digest, [session], policy="redacted", ruleset="r", made_at=1), ref=notes.ANNEX_REF)
    repo.write(".git-ai-trail.toml", '[policy]\npublish = "redacted"\n')
    report = ("report", "HEAD", "--mode", "prompts", "--format", "md")
    assert NAME in run(*report, cwd=repo.root).stdout
    run("redact", "add", stdin=NAME, cwd=repo.root)
    said = run(*report, cwd=repo.root).stdout
    assert NAME not in said
    assert "to something else, please" in said


def test_nobody_reads_logs_while_it_changes(home: Path) -> None:
    said = pytest.raises(TrailError, match="do not come to an end")
    with exclusion.reading(os.environ), exclusion.reading(os.environ), said, exclusion.alone(os.environ, patience=0.0):
        pass
    with exclusion.alone(os.environ, patience=0.0):
        pass


def test_a_run_that_began_before_leaves_nothing_behind(book: Open, log: CodexLog) -> None:
    """A run that reads logs holds the change up, and what it stores is redacted then."""
    log.prompt(f"once more {NAME}")
    command = [sys.executable, "-m", "git_ai_trail"]
    reading = subprocess.Popen([*command, "ingest"], stdout=subprocess.DEVNULL)
    done = subprocess.run([*command, "redact", "add"], input=NAME, capture_output=True, text=True, check=True)
    assert reading.wait() == 0
    assert "added" in done.stdout
    assert b"more Project Blue" not in database_bytes()


def test_the_doctor_names_sessions_redacted_under_other_rules(book: Open, home: Path, tmp_path: Path) -> None:
    def state() -> tuple[str, str]:
        return next((one.state, one.detail) for one in checkup(str(tmp_path), os.environ) if one.name == "redaction")

    assert state() == ("ok", "1 stored sessions, all under the rules in force")
    folder = home / ".config" / "git-ai-trail"
    folder.mkdir(parents=True)
    (folder / "redactions.yml").write_text("- {id: bird, pattern: Heron}\n")
    assert state()[0] == "warn"
    (folder / "redactions.yml").write_text("- {id: bird}\n")
    assert state()[0] == "fail"


def test_a_text_that_is_typed_is_not_shown(book: Open) -> None:
    ours, theirs = pty.openpty()
    command = [sys.executable, "-m", "git_ai_trail", "redact", "add"]
    running = subprocess.Popen(
        command, stdin=theirs, stdout=subprocess.PIPE, stderr=theirs, start_new_session=True, text=True
    )
    os.close(theirs)
    said = b""
    while b"not shown" not in said:
        said += os.read(ours, 1024)
    while termios.tcgetattr(ours)[3] & termios.ECHO:
        time.sleep(0.01)  # until the terminal shows no more what is typed
    os.write(ours, f"{NAME}\n".encode())
    try:
        while block := os.read(ours, 1024):
            said += block
    except OSError:
        pass  # the other end is closed
    out, _ = running.communicate()
    os.close(ours)
    assert running.returncode == 0
    assert "redaction 1: added (text of 3 words" in out
    assert NAME.encode() not in said


def test_rules_and_audit_of_an_earlier_version_stay(tmp_path: Path) -> None:
    path = tmp_path / "old.db"
    conn = sqlite3.connect(path, isolation_level=None)
    sqlite_schema.migrate(conn, to=3)
    conn.execute("INSERT INTO redaction_rules VALUES ('email', 'abc', 'email', 5.0)")
    conn.execute("INSERT INTO audit VALUES (1, 1.0, 'Ann', 'tag', 's', 'why', '')")
    sqlite_schema.migrate(conn)
    assert conn.execute("SELECT rule_id, kind, first_used_at, position, enabled FROM redaction_rules").fetchall() == [
        ("email", "email", 5.0, -1, 1)
    ]
    assert conn.execute("SELECT actor, reason, detail FROM audit").fetchall() == [("Ann", "why", "")]
    conn.close()
