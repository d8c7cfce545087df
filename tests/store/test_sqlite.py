"""What only the SQLite backend promises: schema steps, files, and many processes at once."""

from __future__ import annotations

import os
import sqlite3
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from git_ai_trail.errors import StoreError
from git_ai_trail.model import SessionFilter
from git_ai_trail.store import open_store, sqlite, sqlite_schema
from tests.store.test_store import PROOF, a_log, keep

STEPS = sqlite_schema.names()


def at_version(path: Path, version: int) -> sqlite3.Connection:
    conn = sqlite3.connect(path, isolation_level=None)
    sqlite_schema.migrate(conn, to=version)
    return conn


def schema(conn: sqlite3.Connection) -> list[tuple[str, ...]]:
    return conn.execute("SELECT type, name, sql FROM sqlite_schema ORDER BY type, name").fetchall()


def test_the_schema_version_is_the_number_of_migrations() -> None:
    assert len(STEPS) == sqlite.SCHEMA_VERSION
    assert [int(name[1:4]) for name in STEPS] == list(range(1, len(STEPS) + 1))


@pytest.mark.parametrize("version", range(len(STEPS)))
def test_a_database_of_every_earlier_version_becomes_the_newest_and_keeps_its_rows(
    tmp_path: Path, version: int
) -> None:
    old = at_version(tmp_path / "old.db", version)
    if version:
        old.execute("INSERT INTO sessions (id, format, native_id) VALUES (1, 'codex', 'kept')")
        old.execute("INSERT INTO files VALUES (1, 'p', 'codex', 0, 0, 0, 0, '', '', 0, 0, 0, '', 0, 1)")
        old.execute(
            "INSERT INTO prompts (file_id, session_id, turn, offset, length, sha256, text) VALUES (1, 1, 0, 0, 1, '', 'old words')"
        )
    old.close()

    store = open_store(str(tmp_path / "old.db"), is_clean=lambda session: session.proof is PROOF)
    if version:
        assert [prompt.text for prompt in store.prompts("kept")] == ["old words"]
        assert [hit[0] for hit in store.search("words")] == ["kept"]
    keep(store, a_log())
    assert store.problems() == []
    store.close()

    new = at_version(tmp_path / "new.db", len(STEPS))
    upgraded = sqlite3.connect(tmp_path / "old.db")
    assert schema(upgraded) == schema(new)
    names = [row[0] for row in upgraded.execute("SELECT name FROM _sqlite_migrations ORDER BY id")]
    assert names == STEPS
    assert upgraded.execute("PRAGMA user_version").fetchone() == (len(STEPS),)
    new.close()
    upgraded.close()


def test_a_migration_that_fails_leaves_the_version_before_it(tmp_path: Path) -> None:
    conn = at_version(tmp_path / "t.db", 1)
    conn.execute("CREATE TABLE prompts_text (x)")  # stands in the second step's way
    before = schema(conn)
    with pytest.raises(sqlite3.OperationalError):
        sqlite_schema.migrate(conn)
    assert schema(conn) == before
    assert conn.execute("PRAGMA user_version").fetchone() == (1,)
    conn.execute("DROP TABLE prompts_text")
    sqlite_schema.migrate(conn)
    assert conn.execute("PRAGMA user_version").fetchone() == (len(STEPS),)
    conn.close()


def test_a_database_of_a_newer_version_is_refused_and_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "trail.db"
    conn = at_version(path, len(STEPS))
    conn.execute("PRAGMA user_version = 999")
    conn.close()
    before = path.read_bytes()
    with pytest.raises(StoreError, match="newer"):
        open_store(str(path))
    assert path.read_bytes() == before


def test_something_that_is_no_database_is_an_error_that_names_it(tmp_path: Path) -> None:
    path = tmp_path / "trail.db"
    path.write_bytes(b"this is not a database at all" * 100)
    with pytest.raises(StoreError, match=r"trail\.db"):
        open_store(str(path))


def test_a_missing_database_is_not_made_by_looking(tmp_path: Path) -> None:
    with pytest.raises(StoreError):
        open_store(str(tmp_path / "none" / "trail.db"), create=False)
    assert not (tmp_path / "none").exists()


def test_only_the_owner_can_read_the_files(tmp_path: Path) -> None:
    old = os.umask(0)
    try:
        store = open_store(str(tmp_path / "data" / "trail.db"), is_clean=lambda session: session.proof is PROOF)
        keep(store, a_log())
        files = list((tmp_path / "data").iterdir())
        assert {file.name for file in files} >= {"trail.db", "trail.db-wal", "trail.db-shm"}
        assert {stat.S_IMODE(file.stat().st_mode) for file in files} == {0o600}
        assert stat.S_IMODE((tmp_path / "data").stat().st_mode) == 0o700
        store.close()
    finally:
        os.umask(old)


def test_deleting_a_log_takes_every_row_of_it_along(tmp_path: Path) -> None:
    path = tmp_path / "trail.db"
    store = open_store(str(path), is_clean=lambda session: session.proof is PROOF)
    keep(store, a_log())
    store.close()
    conn = sqlite3.connect(path)
    conn.execute("PRAGMA foreign_keys = ON")
    conn.execute("DELETE FROM sessions")
    left = {
        table: conn.execute(f"SELECT COUNT(*) FROM {table}").fetchone()[0]
        for (table,) in conn.execute(
            "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE '%\\_text%' ESCAPE '\\'"
        )
        if table not in ("_sqlite_migrations", "redaction_rules")
    }
    hits = conn.execute("SELECT COUNT(*) FROM prompts_text WHERE prompts_text MATCH 'retry'").fetchone()[0]
    conn.close()
    assert set(left.values()) == {0}, left
    assert hits == 0


def test_reading_does_not_import_the_migration_machinery(tmp_path: Path) -> None:
    path = tmp_path / "trail.db"
    open_store(str(path)).close()
    script = (
        "import sys; from git_ai_trail.store import open_store; from git_ai_trail.model import SessionFilter;"
        "open_store(sys.argv[1]).sessions(SessionFilter()); print('sqlite_utils' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", script, str(path)], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


def test_processes_that_make_the_database_at_once_all_succeed(tmp_path: Path) -> None:
    path = tmp_path / "data" / "trail.db"
    script = "import sys; from git_ai_trail.store import open_store; open_store(sys.argv[1]).close()"
    running = [subprocess.Popen([sys.executable, "-c", script, str(path)], stderr=subprocess.PIPE) for _ in range(4)]
    assert [(process.communicate()[1], process.returncode) for process in running] == [(b"", 0)] * 4
    store = open_store(str(path))
    assert store.sessions(SessionFilter()) == []
    store.close()
