"""OpenCode's sessions on their way into the trail database: each once, wherever it is kept, and no bad database in their way."""

from __future__ import annotations

import json
import os
import shutil
import sys
from pathlib import Path
from typing import Any

import pytest

from git_ai_trail.pipeline import indexing
from tests.formats import kept
from tests.support.repo import Repo

HERE = Path(__file__).parent
PROGRAM = (sys.executable, "-m", "git_ai_trail")
FILES = "ses_5e5500aaeffeFileSession1"


@pytest.fixture
def folder(home: Path) -> Path:
    return home / ".local" / "share" / "opencode"


def ingest(repo: Repo, *words: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(repo.run(*PROGRAM, "ingest", "--json", *words).stdout)
    return found


def listed(repo: Repo) -> dict[str, dict[str, Any]]:
    return {one["id"]: one for one in json.loads(repo.run(*PROGRAM, "sessions", "--json").stdout)}


def test_every_session_is_kept_and_what_has_not_changed_is_not_read_again(repo: Repo, folder: Path) -> None:
    kept.build(HERE / "kept" / "1.18.33.sql", folder)
    kept.build(HERE / "kept" / "1.0.162.json", folder)
    first = ingest(repo)
    assert (first["logs"], first["sessions"], first["prompts"], first["skipped"]) == (5, 5, 3, [])
    sessions = listed(repo)
    assert {one["agent"] for one in sessions.values()} == {"opencode"}
    main = sessions["ses_5e5510aaeffeMainSession01"]
    assert (main["models"], main["edits"], main["prompts"]) == (["claude-sonnet-4-5"], 9, 1)
    tokens = {"input": 2850, "cached": 2700, "cache_write": 30, "output": 240, "reasoning": 60, "total": 3090}
    assert main["tokens"] == tokens
    assert main["cost_usd"] is not None
    again = ingest(repo)
    assert (again["unchanged"], again["bytes_read"]) == (5, 0)


def test_what_is_new_in_a_session_is_added_to_it(repo: Repo, folder: Path) -> None:
    keeper = kept.Keeper(folder / "opencode.db")
    at = 1772366400000
    for number, prompt in enumerate(("Add a cart", "Add a shelf")):
        name, began = f"msg_{number}", at + 1000 * number
        if not number:
            keeper.session("ses_5e5510aaeffeMainSession01", "/home/dev/shop", at)
        keeper.message("ses_5e5510aaeffeMainSession01", name, began, role="user")
        keeper.part("ses_5e5510aaeffeMainSession01", name, f"prt_{number}", began, type="text", text=prompt)
        done = ingest(repo)
        assert (done["sessions"], done["prompts"]) == (1, 1)
    assert listed(repo)["ses_5e5510aaeffeMainSession01"]["prompts"] == 2
    said = repo.run(*PROGRAM, "session", "ses_5e5510aaeffeMainSession01").stdout
    assert "Add a cart" in said
    assert "Add a shelf" in said


def test_a_session_that_moves_from_files_into_the_database_stays_one(repo: Repo, folder: Path) -> None:
    storage = kept.build(HERE / "kept" / "1.0.162.json", folder)
    ingest(repo)
    before = listed(repo)
    rows = json.loads((HERE / "kept" / "1.0.162.json").read_text())
    keeper = kept.Keeper(folder / "opencode.db")
    for path, data in rows.items():
        kind, of, _ = path.split("/")
        if kind == "session":
            keeper.session(data["id"], data["directory"], data["time"]["created"], data.get("parentID"))
        elif kind == "message":
            keeper.message(
                of, data.pop("id"), data["time"]["created"], **{k: v for k, v in data.items() if k != "sessionID"}
            )
        else:
            names = [data.pop(name) for name in ("sessionID", "messageID", "id")]
            keeper.part(*names, 1772366400000, **data)
    assert storage.is_dir()
    done = ingest(repo)
    assert (done["logs"], done["unchanged"]) == (2, 0)
    after = listed(repo)
    assert after.keys() == before.keys()
    figures = ("prompts", "calls", "edits", "tokens")
    assert {k: [one[name] for name in figures] for k, one in after.items()} == {
        k: [one[name] for name in figures] for k, one in before.items()
    }


@pytest.mark.parametrize("content", [b"SQLite format 3\0" + b"\xff" * 4000, b"nothing of the kind", b""])
def test_a_bad_database_is_named_once_and_stops_nothing(content: bytes, repo: Repo, folder: Path) -> None:
    kept.build(HERE / "kept" / "1.18.33.sql", folder)
    (folder / "opencode-dev.db").write_bytes(content)
    done = ingest(repo)
    assert done["sessions"] == 3
    (problem,) = done["skipped"]
    assert problem["where"] == "~/.local/share/opencode/opencode-dev.db"
    assert problem["kind"] in ("log not read: a damaged database", "log not read: not a database")
    assert ingest(repo)["unchanged"] == 3


def test_a_session_a_database_or_a_folder_can_be_named(repo: Repo, folder: Path, tmp_path: Path) -> None:
    kept.build(HERE / "kept" / "1.18.33.sql", tmp_path / "other")
    database = tmp_path / "other" / "opencode.db"
    assert ingest(repo, f"{database}#ses_5e5510abeffeForkSession02")["sessions"] == 1
    shutil.copy(database, tmp_path / "mine.db")
    assert ingest(repo, str(tmp_path / "mine.db"))["logs"] == 3
    assert ingest(repo, str(tmp_path / "other"))["logs"] == 3
    assert "no such file" in repo.run(*PROGRAM, "ingest", f"{database}#ses_nothing", exit=1).stderr


def test_what_redaction_changes_is_shown_from_the_rows(repo: Repo, folder: Path) -> None:
    kept.build(HERE / "kept" / "1.18.33.sql", folder)
    ingest(repo)
    done = repo.run(*PROGRAM, "redact", "preview", "ses_5e5510aaeffeMain", "--json", "--force-raw")
    texts = json.loads(done.stdout)["texts"]
    assert texts
    assert {one["log"] for one in texts} == {"~/.local/share/opencode/opencode.db#ses_5e5510aaeffeMainSession01"}


def test_doctor_counts_sessions_and_says_what_cannot_be_read(
    repo: Repo, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept.build(HERE / "kept" / "1.18.33.sql", folder)
    shutil.copy(folder / "opencode.db", tmp_path / "mine.db")
    monkeypatch.setenv("OPENCODE_DB", str(tmp_path / "mine.db"))
    (folder / "opencode-dev.db").write_bytes(b"nothing of the kind")
    checks = json.loads(repo.run(*PROGRAM, "doctor", "--json", exit=1).stdout)  # no hooks here
    said = {one["detail"]: one["state"] for one in checks if one["name"] == "logs"}
    assert said[f"OpenCode: 3 in {folder}"] == "ok"
    assert said[f"OpenCode: 3 in {tmp_path}/mine.db"] == "ok"
    assert said[f"{folder}/opencode-dev.db: not a database"] == "warn"


def test_a_session_that_moved_is_in_the_index_once(repo: Repo, folder: Path) -> None:
    kept.build(HERE / "kept" / "1.0.162.json", folder)
    env = dict(os.environ)
    indexing.build(env)
    keeper = kept.Keeper(folder / "opencode.db")
    keeper.session(FILES, "/home/dev/shop", 1772366400000)
    indexing.build(env)
    index = indexing.open_user_index(env)
    paths = [row[0] for row in index.target.execute("SELECT path FROM logs ORDER BY path")]
    index.close()
    assert paths == [f"{folder}/opencode.db#{FILES}", f"{folder}/storage#ses_5e5500abdffeSubOfSession1"]
