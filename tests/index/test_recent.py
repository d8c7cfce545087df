from __future__ import annotations

import os
import sqlite3
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from git_ai_trail.errors import is_damage
from git_ai_trail.index import recent
from git_ai_trail.index.access import Index, forget, open_index
from git_ai_trail.pipeline.evidence import log_places
from tests.support.codex_log import CodexLog


@pytest.fixture
def index(tmp_path: Path) -> Iterator[Index]:
    opened = open_index(str(tmp_path / "cache" / "index.db"), b"k" * 32)
    yield opened
    opened.close()


def look(index: Index, home: Path, cwd: str, thread: str = "") -> tuple:
    env = {"CODEX_HOME": str(home), **({"CODEX_THREAD_ID": thread} if thread else {})}
    return index.look(log_places(env, str(home)), now=time.time(), roots=(cwd,))


def edits(index: Index) -> int:
    return index.target.execute("SELECT COUNT(*) FROM edits").fetchone()[0]


def test_a_log_that_lags_behind_its_agent_is_read_again(
    index: Index, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = CodexLog(tmp_path, "/srv/project")
    log.prompt("Commit it")
    written = []

    def moment(seconds: float) -> None:
        if not written:
            written.append(log.shell("git commit -m late", None))

    monkeypatch.setattr(recent.time, "sleep", moment)
    found = look(index, tmp_path, "/srv/project", log.session_id)
    assert [call.command for _, _, call in found] == ["git commit -m late"]


def test_waiting_for_a_log_ends_after_fifty_milliseconds(
    index: Index, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = CodexLog(tmp_path, "/srv/project")
    clock = [0.0]
    monkeypatch.setattr(recent.time, "monotonic", lambda: clock[0])

    def moment(seconds: float) -> None:
        clock[0] += seconds

    monkeypatch.setattr(recent.time, "sleep", moment)
    assert look(index, tmp_path, "/srv/project", log.session_id) == ()
    assert 0.05 <= clock[0] < 0.06


def test_a_call_that_makes_two_commits_is_known_for_both(index: Index, tmp_path: Path) -> None:
    log = CodexLog(tmp_path, "/srv/project")
    call = log.shell("git commit -m one; git commit -m two", None)
    for _ in range(2):  # nothing was written between them
        assert {pending.call_id for _, _, pending in look(index, tmp_path, "/srv/project")} == {call}


def test_only_what_a_log_grew_by_is_read(index: Index, tmp_path: Path) -> None:
    log = CodexLog(tmp_path, "/srv/project")
    log.add_file("a.py", "first_line_of_a = 1\n")
    look(index, tmp_path, "/srv/project")
    before = index.target.execute("SELECT offset FROM logs").fetchone()[0]
    assert before == log.path.stat().st_size

    log.add_file("b.py", "first_line_of_b = 1\n")
    with log.path.open("ab") as file:
        file.write(b'{"timestamp": "2026-11-24T10:00:00.000Z", "type": "event_msg", "payl')
    look(index, tmp_path, "/srv/project")
    assert edits(index) == 2
    assert index.target.execute("SELECT offset FROM logs").fetchone()[0] < log.path.stat().st_size


def test_a_log_that_was_replaced_is_read_from_the_start(index: Index, tmp_path: Path) -> None:
    log = CodexLog(tmp_path, "/srv/project")
    log.add_file("a.py", "first_line_of_a = 1\n")
    look(index, tmp_path, "/srv/project")
    text = log.path.read_bytes().replace(b"/srv/project", b"/srv/another")
    log.path.write_bytes(text + text.splitlines(keepends=True)[-1])
    look(index, tmp_path, "/srv/another")
    assert index.target.execute("SELECT cwd FROM logs").fetchall() == [("/srv/another",)]
    assert edits(index) == 1


def test_no_text_of_a_log_stands_in_the_index(index: Index, tmp_path: Path) -> None:
    log = CodexLog(tmp_path, "/srv/project")
    log.prompt("the unmistakable prompt")
    log.add_file("a.py", "the_unmistakable_line = 1\n")
    log.shell("echo the unmistakable command", "the unmistakable output")
    log.shell("git commit -m 'the unmistakable subject'", None)
    look(index, tmp_path, "/srv/project")
    index.close()
    for file in (tmp_path / "cache").iterdir():
        assert b"unmistakable" not in file.read_bytes()


def test_an_index_under_another_key_starts_over(tmp_path: Path) -> None:
    path = str(tmp_path / "cache" / "index.db")
    log = CodexLog(tmp_path, "/srv/project")
    log.add_file("a.py", "first_line_of_a = 1\n")
    first = open_index(path, b"a" * 32)
    look(first, tmp_path, "/srv/project")
    first.close()
    second = open_index(path, b"b" * 32)
    assert edits(second) == 0
    second.close()


def test_a_damaged_index_is_said_to_be_and_once_forgotten_starts_over(tmp_path: Path) -> None:
    path = tmp_path / "cache" / "index.db"
    path.parent.mkdir()
    path.write_bytes(b"this is no database at all, but it is long enough to look at" * 100)
    with pytest.raises(sqlite3.DatabaseError) as caught:
        open_index(str(path), b"a" * 32)
    assert is_damage(caught.value)
    forget(str(path))
    opened = open_index(str(path), b"a" * 32)
    assert (opened.empty, edits(opened)) == (True, 0)
    opened.close()


def test_commit_cost_does_not_depend_on_how_many_logs_there_are(
    index: Index, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Counted in looks at files, not in time."""
    old = time.time() - 40 * 86400
    for number in range(300):
        log = CodexLog(tmp_path, "/srv/project", at=old + number)
        os.utime(log.path, (old + number, old + number))
    look(index, tmp_path, "/srv/project")
    from git_ai_trail.pipeline.indexing import refresh_all

    refresh_all(index, {"CODEX_HOME": str(tmp_path)})
    looked = []
    real = os.stat
    monkeypatch.setattr(recent.os, "stat", lambda path, *a, **k: looked.append(path) or real(path, *a, **k))
    look(index, tmp_path, "/srv/project")
    assert len([path for path in looked if str(path).endswith(".jsonl")]) <= recent.MOST_RECENT
