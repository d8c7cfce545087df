"""Where OpenCode's sessions are looked for, what is said of a database that cannot be read, and that none is ever touched."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import pytest

from git_ai_trail.formats import BY_NAME, is_own, opencode, sources
from tests.formats import kept

HERE = Path(__file__).parent
MAIN, FORK, SUB = "ses_5e5510aaeffeMainSession01", "ses_5e5510abeffeForkSession02", "ses_5e5510acdffeSubOfSession3"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    root = tmp_path / "share" / "opencode"
    kept.build(HERE / "kept" / "1.18.33.sql", root)
    return root


def names(root: Path) -> list[str]:
    return [os.path.relpath(path, root) for path in opencode.discover(str(root))]


def why_not(path: Path | str) -> str:
    """What is said of a log that cannot be opened."""
    with pytest.raises(OSError) as caught:  # noqa: PT011 - its reason is what is compared
        sources.open_made(str(path))
    return str(caught.value.strerror)


def test_roots_are_in_the_users_data_folder() -> None:
    assert opencode.roots({}, "/home/dev") == ["/home/dev/.local/share/opencode"]
    assert opencode.roots({"XDG_DATA_HOME": "/data"}, "/home/dev") == ["/data/opencode"]
    env = {"XDG_DATA_HOME": "/data", "OPENCODE_DB": "mine.db"}
    assert opencode.roots(env, "/home/dev") == ["/data/opencode/mine.db", "/data/opencode"]
    assert opencode.roots({**env, "OPENCODE_DB": "/other/my.db"}, "/home/dev")[0] == "/other/my.db"
    assert opencode.roots({**env, "OPENCODE_DB": ":memory:"}, "/home/dev") == ["/data/opencode"]


def test_sessions_are_found_in_databases_and_then_among_files(folder: Path) -> None:
    kept.build(HERE / "kept" / "1.0.162.json", folder)
    shutil.copy(folder / "opencode.db", folder / "opencode-dev.db")
    (folder / "other.db").write_bytes(b"")
    found = names(folder)
    assert found[:3] == [f"opencode-dev.db#{name}" for name in (MAIN, FORK, SUB)]
    assert found[3:6] == [f"opencode.db#{name}" for name in (MAIN, FORK, SUB)]
    assert found[6:] == ["storage#ses_5e5500aaeffeFileSession1", "storage#ses_5e5500abdffeSubOfSession1"]
    assert all(is_own(BY_NAME["opencode"], path) for path in opencode.discover(str(folder)))
    assert list(opencode.discover(str(folder / "missing"))) == []


def test_worktrees_beside_the_database_are_not_looked_through(folder: Path) -> None:
    kept.build(HERE / "kept" / "1.2.4.sql", folder / "mine" / "backup" / "opencode")
    assert len(names(folder)) == 3
    assert len(names(folder / "mine")) == 3
    kept.build(HERE / "kept" / "1.0.162.json", folder / "files" / "below")
    assert names(folder / "files") == [
        "below/storage#ses_5e5500aaeffeFileSession1",
        "below/storage#ses_5e5500abdffeSubOfSession1",
    ]


def test_a_session_in_both_is_the_databases(folder: Path) -> None:
    session = folder / "storage" / "session" / "p" / f"{MAIN}.json"
    session.parent.mkdir(parents=True)
    session.write_text("{}")
    assert names(folder) == [f"opencode.db#{name}" for name in (MAIN, FORK, SUB)]
    assert opencode.SOURCE.former(f"{folder}/opencode.db#{MAIN}") == (f"{folder}/storage#{MAIN}",)


def test_a_database_of_another_name_is_one_where_it_is_named(folder: Path) -> None:
    (folder / "opencode.db").rename(folder / "mine.db")
    assert names(folder) == []
    assert list(opencode.discover(str(folder / "mine.db"))) == [
        f"{folder}/mine.db#{name}" for name in (MAIN, FORK, SUB)
    ]
    with sources.open_made(f"{folder}/mine.db#{MAIN}") as log:  # type: ignore[union-attr]
        assert log.end


def test_the_sessions_written_to_last_are_looked_at(tmp_path: Path) -> None:
    assert opencode.SOURCE.recent(str(tmp_path / "missing"), time.time()) == []
    now = int(time.time() * 1000)
    keeper = kept.Keeper(tmp_path / "opencode.db")
    for age, name in enumerate(("ses_a", "ses_b", "ses_c")):
        keeper.session(name, "/home/dev/shop", now - age * 1000)
        keeper.message(name, f"msg_{name}", now - age * 1000, role="user")
    keeper.session("ses_old", "/home/dev/shop", now - 3 * 86_400_000)
    keeper.message("ses_old", "msg_old", now - 3 * 86_400_000, role="user")
    found = opencode.SOURCE.recent(str(tmp_path), now / 1000)
    assert [path.rpartition("#")[2] for path, _ in found] == ["ses_a", "ses_b", "ses_c"]
    assert all(look == opencode.SOURCE.look(path) for path, look in found)
    before = dict(found)
    keeper.message("ses_c", "msg_1", now + 5000, role="user")
    found = opencode.SOURCE.recent(str(tmp_path), now / 1000)
    assert found[0][0].endswith("#ses_c")
    assert {path for path, look in found if look != before[path]} == {found[0][0]}


def test_in_a_folder_of_other_logs_only_the_usual_name_is_asked_for(tmp_path: Path) -> None:
    now = time.time()
    for name in ("opencode", "logs"):
        for database in ("opencode.db", "opencode-dev.db"):
            keeper = kept.Keeper(tmp_path / name / database)
            keeper.session("ses_a", "/home/dev/shop", int(now * 1000))
            keeper.message("ses_a", "msg_a", int(now * 1000), role="user")
    found = {name: len(opencode.SOURCE.recent(str(tmp_path / name), now)) for name in ("opencode", "logs")}
    assert found == {"opencode": 2, "logs": 1}
    (tmp_path / "a.jsonl").write_text("{}")
    assert list(opencode.discover(str(tmp_path / "a.jsonl"))) == []


def test_files_written_to_last_are_looked_at(tmp_path: Path) -> None:
    storage = kept.build(HERE / "kept" / "1.0.162.json", tmp_path)
    found = opencode.SOURCE.recent(str(tmp_path), time.time())
    assert {path for path, _ in found} == {
        f"{storage}#{name}" for name in ("ses_5e5500aaeffeFileSession1", "ses_5e5500abdffeSubOfSession1")
    }
    path = next(path for path, _ in found if path.endswith("FileSession1"))
    last = max((storage / "message" / "ses_5e5500aaeffeFileSession1").iterdir())
    os.utime(last, (time.time() + 9,) * 2)
    assert opencode.SOURCE.look(path) != dict(found)[path]
    assert opencode.SOURCE.recent(str(tmp_path), time.time() + 3 * 86_400) == []


def state_of(folder: Path) -> dict[str, tuple[bytes, int]]:
    return {path.name: (path.read_bytes(), path.stat().st_mtime_ns) for path in folder.iterdir() if path.is_file()}


def test_nothing_is_written_beside_a_database_at_rest(folder: Path) -> None:
    before = state_of(folder)
    assert list(before) == ["opencode.db"]
    assert len(kept.logs_of(opencode, folder)) == 3
    assert opencode.SOURCE.recent(str(folder), 1772366401.0)
    assert state_of(folder) == before


@pytest.mark.parametrize("running", [True, False])
def test_the_write_ahead_log_is_read_and_left_as_it_is(tmp_path: Path, running: bool) -> None:
    keeper = kept.Keeper(tmp_path / "live" / "opencode.db")
    keeper.session(MAIN, "/home/dev/shop", 1772366400000)
    keeper.message(MAIN, "msg_1", 1772366400000, role="user")
    keeper.part(MAIN, "msg_1", "prt_1", 1772366400000, type="text", text="Add a cart")
    folder = tmp_path / "live"
    if not running:  # as a crash leaves it
        folder = tmp_path / "left"
        shutil.copytree(tmp_path / "live", folder)
    before = state_of(folder)
    assert set(before) == {"opencode.db", "opencode.db-wal", "opencode.db-shm"}
    assert b"Add a cart" not in before["opencode.db"][0]
    assert b"Add a cart" in kept.logs_of(opencode, folder)[MAIN]
    assert {name: state_of(folder)[name] for name in ("opencode.db", "opencode.db-wal")} == {
        name: before[name] for name in ("opencode.db", "opencode.db-wal")
    }
    if not running:
        assert state_of(folder) == before
        (folder / "opencode.db-shm").unlink()
        assert why_not(folder / "opencode.db") == "a database whose write-ahead log cannot be read without changing it"
        assert set(state_of(folder)) == {"opencode.db", "opencode.db-wal"}


def test_a_session_that_is_gone_is_gone_and_a_database_out_of_reach_is_not(folder: Path) -> None:
    path = f"{folder}/opencode.db#{MAIN}"
    assert not sources.is_gone(path)
    assert sources.is_gone(f"{folder}/opencode.db#ses_nothing")
    (folder / "opencode.db").write_bytes(b"x" * 100)
    assert not sources.is_gone(path)
    (folder / "opencode.db").unlink()
    assert sources.is_gone(path)


def broken(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[100:] = b"\xff" * (len(data) - 100)
    path.write_bytes(data)


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:5000])


def foreign(path: Path) -> None:
    path.unlink()
    kept.database(path, "CREATE TABLE session (id text); CREATE TABLE song (title text);")


def views(path: Path) -> None:
    """Tables that only seem to be there, and never come to an end."""
    path.unlink()
    endless = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT i AS id FROM n"
    kept.database(path, "".join(f"CREATE VIEW {name} AS {endless};" for name in ("session", "message", "part")))


def other_columns(path: Path) -> None:
    path.unlink()
    kept.database(path, "".join(f"CREATE TABLE {name} (name text);" for name in ("session", "message", "part")))


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (broken, "a damaged database"),
        (cut, "a damaged database"),
        (lambda path: path.write_text("not one"), "not a database"),
        (foreign, "a database that is not OpenCode's"),
        (views, "a database that is not OpenCode's"),
        (other_columns, "a database of an unknown form"),
    ],
)
def test_a_database_that_cannot_be_read_is_named_with_the_reason(spoil: object, said: str, folder: Path) -> None:
    path = folder / "opencode.db"
    spoil(path)  # type: ignore[operator]
    kept.build(HERE / "kept" / "1.0.162.json", folder)
    assert names(folder) == [
        "opencode.db",
        "storage#ses_5e5500aaeffeFileSession1",
        "storage#ses_5e5500abdffeSubOfSession1",
    ]
    assert why_not(path) == said
    assert opencode.SOURCE.recent(str(folder), time.time()) == []


def test_a_locked_database_is_named_and_waits_for_the_next_time(folder: Path) -> None:
    path = folder / "opencode.db"
    conn = sqlite3.connect(path, isolation_level=None)
    conn.execute("PRAGMA journal_mode = DELETE")
    conn.execute("BEGIN EXCLUSIVE")
    assert names(folder) == ["opencode.db"]
    assert why_not(path) == "a database that is locked"
    conn.execute("ROLLBACK")
    conn.close()
    assert len(names(folder)) == 3


def test_a_database_that_takes_too_long_is_left(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from git_ai_trail.formats.opencode import database

    monkeypatch.setattr(database, "_STEP", 10)
    monkeypatch.setattr(database, "_MOST_STEPS", 3)
    assert names(folder) == ["opencode.db"]
    assert why_not(folder / "opencode.db") == "a database too large to be looked through"


def test_without_a_database_nothing_is_imported_for_it(tmp_path: Path) -> None:
    code = (
        "import sys; from git_ai_trail.formats import opencode;"
        f"list(opencode.discover({str(tmp_path)!r})); opencode.SOURCE.recent({str(tmp_path)!r}, 0.0);"
        "print([name for name in sys.modules if 'sqlite3' in name or 'opencode.' in name])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "['git_ai_trail.formats.opencode.discovery']"
