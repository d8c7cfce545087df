"""Logs into the database, with the real reader, the real redaction and the real store."""

from __future__ import annotations

import hashlib
import os
import sqlite3
from pathlib import Path

import pytest

from git_ai_trail import loglines, places
from git_ai_trail.config import UserConfig
from git_ai_trail.errors import TrailError
from git_ai_trail.model import SessionFilter
from git_ai_trail.pipeline.ingest import ingest
from tests.pipeline.ingesting import AT, a_log, more_of, opened, rows, run


def test_a_log_is_stored_with_its_prompts_calls_edits_and_tokens(codex: Path) -> None:
    log = a_log(codex)
    more_of(log)
    done = run()
    assert (done.logs, done.unchanged, done.sessions, done.prompts, done.calls) == (1, 0, 1, 2, 3)
    store = opened()
    info = store.session(log.session_id)
    assert (info.prompts, info.calls, info.edits, info.cwd, info.models) == (2, 3, 1, "/srv/project", ("gpt-5.5",))
    assert info.tokens.total == done.tokens == 100 + 10 + 60 + 6
    calls = [(entry.turn, entry.text, entry.exit_code) for entry in store.entries(info.id) if entry.kind == "call"]
    assert calls[0] == (0, "cat fetch.py", 0)
    assert calls[-1] == (1, "lint src", 1)
    edit = next(entry for entry in store.entries(info.id) if entry.kind == "edit")
    assert (edit.text, edit.added) == ("/srv/project/src/fetch.py", 4)
    store.close()


def test_every_stored_line_is_the_line_at_its_place_in_the_log(codex: Path) -> None:
    log = a_log(codex)
    more_of(log)
    run()
    text = log.path.read_bytes()
    conn = sqlite3.connect(places.trail_path(os.environ))
    places_of = conn.execute(
        "SELECT offset, length, sha256 FROM prompts UNION SELECT offset, length, sha256 FROM function_calls"
        " UNION SELECT output_offset, output_length, output_sha256 FROM function_calls"
        " UNION SELECT offset, length, sha256 FROM events UNION SELECT offset, length, sha256 FROM sessions"
        " UNION SELECT offset, length, sha256 FROM token_messages"
    ).fetchall()
    conn.close()
    assert len(places_of) > 10
    for offset, length, digest in places_of:
        assert hashlib.sha256(text[offset : offset + length].rstrip(b"\n")).hexdigest() == digest


def test_a_log_that_cannot_be_read_is_named_and_stops_no_other(codex: Path) -> None:
    a_log(codex, 1)
    broken = a_log(codex, 2)
    broken.path.with_name(broken.path.name + ".zst").write_bytes(b"not zstd at all")
    broken.path.unlink()
    done = run()
    assert done.sessions == 1
    failed = [one for one in done.skipped if one.where]
    assert [one.where.endswith(".zst") and one.where.startswith("~/.codex/") for one in failed] == [True]


def test_broken_lines_are_counted_by_kind(codex: Path) -> None:
    log = a_log(codex)
    with log.path.open("ab") as file:
        file.write(b'{"timestamp": \n\xff\xfe\n{"type":"from_the_future","payload":{}}\n')
    more_of(log)
    done = run()
    assert done.prompts == 2
    assert sum(one.count for one in done.skipped) >= 2
    assert all(one.where == "" for one in done.skipped)


def test_a_line_that_is_far_too_long_is_left_out_and_counted(codex: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loglines, "MAX_LINE", 4000)
    monkeypatch.setattr(loglines, "LIMIT", 4002)
    log = a_log(codex)
    log.say("x" * 5000)
    more_of(log)
    done = run()
    assert done.prompts == 2
    assert [(one.kind, one.count) for one in done.skipped] == [(loglines.TOO_LONG, 1)]
    assert run().unchanged == 1


def test_limit_takes_the_newest_and_the_next_run_the_rest(codex: Path) -> None:
    for number in (1, 2, 3):
        os.utime(a_log(codex, number).path, (AT + number, AT + number))
    assert run(limit=1).sessions == 1
    store = opened()
    assert [info.id[-1] for info in store.sessions(SessionFilter())] == ["3"]
    store.close()
    done = run()
    assert (done.logs, done.unchanged, done.sessions) == (3, 1, 2)


def test_paths_name_files_and_folders_and_a_missing_one_is_an_error(codex: Path, tmp_path: Path) -> None:
    log = a_log(tmp_path / "elsewhere")
    assert run().logs == 0
    assert run(paths=[str(log.path)]).sessions == 1
    assert run(paths=[str(tmp_path / "elsewhere")]).unchanged == 1
    other = tmp_path / "notes.txt"
    other.write_text("hello\n")
    assert [one.kind for one in run(paths=[str(other)]).skipped] == ["not a log of a known agent"]
    with pytest.raises(TrailError):
        run(paths=[str(tmp_path / "missing")])


def test_log_roots_of_the_persons_configuration_are_read(tmp_path: Path) -> None:
    a_log(tmp_path / "elsewhere")
    done = ingest(dict(os.environ), UserConfig(log_roots=(str(tmp_path / "elsewhere"),)), jobs=1)
    assert done.sessions == 1


def test_several_processes_give_what_one_gives(codex: Path) -> None:
    for number in range(1, 7):
        more_of(a_log(codex, number))
    several = run(jobs=2)
    stored = rows()
    assert (several.sessions, several.prompts) == (6, 12)
    alone = run(rescrub=True)
    assert rows() == stored
    assert alone.redactions == several.redactions


def test_when_the_rules_change_every_log_is_redacted_again(codex: Path) -> None:
    a_log(codex)
    run()
    folder = Path(places.config_dir(os.environ))
    folder.mkdir(parents=True)
    rule = {"id": "codename", "type": "literal", "pattern": "timeouts", "kind": "codename", "replacement": "[codename]"}
    body = "rules:\n  - " + "\n    ".join(f"{key}: '{value}'" for key, value in rule.items()) + "\n"
    (folder / "redactions.yml").write_text(body)
    done = run()
    assert done.sessions == 1
    store = opened()
    assert store.prompts("019a0000-0000-7000-8000-000000000001")[0].text == "make fetch retry on [codename]"
    store.close()


def test_a_broken_rule_file_stops_everything_before_anything_is_stored(codex: Path) -> None:
    a_log(codex)
    folder = Path(places.config_dir(os.environ))
    folder.mkdir(parents=True)
    (folder / "redactions.yml").write_text("rules:\n  - id: x\n    typ: regex\n")
    with pytest.raises(TrailError):
        run()
    assert not os.path.exists(places.trail_path(os.environ))
