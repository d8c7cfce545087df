"""What is written much at a time gets out of the write-ahead log on the side."""

from __future__ import annotations

import sqlite3
import threading
from pathlib import Path

import pytest

from git_ai_trail.store import open_store, sqlite_settling


class Turns(threading.Event):
    """An event that is set after some waits, none of which takes any time."""

    def __init__(self, waits: int) -> None:
        super().__init__()
        self.left = waits

    def wait(self, timeout: float | None = None) -> bool:
        self.left -= 1
        return self.left < 0


def test_what_is_written_reaches_the_database_before_anybody_asks_for_it(tmp_path: Path) -> None:
    path = tmp_path / "trail.db"
    store = open_store(str(path))
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("PRAGMA wal_autocheckpoint = 0")
    before = path.stat().st_size
    other.execute("CREATE TABLE much (text TEXT)")
    other.executemany("INSERT INTO much VALUES (?)", [("x" * 4000,) for _ in range(50)])
    sqlite_settling._settle(str(path), Turns(0))
    assert path.stat().st_size == before
    sqlite_settling._settle(str(path), Turns(1))
    assert path.stat().st_size >= before + 50 * 4000
    other.close()
    store.close()


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


def test_a_database_that_is_no_more_ends_it(tmp_path: Path) -> None:
    turns = Turns(1)
    sqlite_settling._settle(str(tmp_path / "missing" / "trail.db"), turns)
    assert turns.left == 1  # it did not even begin to wait


def test_a_database_that_is_none_ends_it(tmp_path: Path) -> None:
    path = tmp_path / "trail.db"
    path.write_bytes(b"no database " * 100)
    turns = Turns(1000)
    sqlite_settling._settle(str(path), turns)
    assert turns.left >= 999
