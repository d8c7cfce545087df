"""What is written much at a time gets out of the write-ahead log on the side."""

from __future__ import annotations

import sqlite3
import threading
import time
from pathlib import Path

import pytest

from git_ai_trail.store import open_store, sqlite_settling


@pytest.fixture(autouse=True)
def _at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sqlite_settling, "_SECONDS", 0.01)


def test_what_is_written_reaches_the_database_before_anybody_asks_for_it(tmp_path: Path) -> None:
    path = tmp_path / "trail.db"
    store = open_store(str(path))
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("PRAGMA wal_autocheckpoint = 0")
    before = path.stat().st_size
    with store.settling():
        other.execute("CREATE TABLE much (text TEXT)")
        other.executemany("INSERT INTO much VALUES (?)", [("x" * 4000,) for _ in range(50)])
        while path.stat().st_size < before + 50 * 4000:
            time.sleep(0.01)
    other.close()
    store.close()
    assert not path.with_name("trail.db-wal").exists()


def test_it_ends_with_the_block_whatever_ended_that(tmp_path: Path) -> None:
    store = open_store(str(tmp_path / "trail.db"))
    before = threading.active_count()
    during: list[int] = []

    def fail() -> None:
        with store.settling():
            during.append(threading.active_count())
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert during == [before + 1]
    assert threading.active_count() == before
    store.close()


def test_a_database_that_cannot_be_opened_stops_nobody(tmp_path: Path) -> None:
    with sqlite_settling.settling(str(tmp_path / "missing" / "trail.db")):
        time.sleep(0.05)
