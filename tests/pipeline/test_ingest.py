"""Logs into the database, with the real reader, the real redaction and the real store."""

from __future__ import annotations

import hashlib
import os
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from backports import zstd

from git_ai_trail import loglines, places
from git_ai_trail.config import UserConfig
from git_ai_trail.errors import TrailError
from git_ai_trail.model import Outcome, SessionFilter
from git_ai_trail.pipeline.ingest import ingest
from git_ai_trail.pipeline.user_store import open_user_store
from git_ai_trail.store.protocol import Store
from tests.support.codex_log import CodexLog

AT = 1_790_000_000.0


@pytest.fixture
def codex(home: Path) -> Path:
    return home / ".codex"


def run(**more: Any) -> Outcome:
    return ingest(dict(os.environ), UserConfig(), **{"jobs": 1, **more})


def opened() -> Store:
    return open_user_store(dict(os.environ), UserConfig())


def rows() -> dict[str, list[tuple[Any, ...]]]:
    """Everything stored but row numbers, file numbers and times of storing."""
    conn = sqlite3.connect(places.trail_path(os.environ))
    tables = [
        "prompts", "function_calls", "events", "changes", "commits", "token_messages",
        "turn_context_messages", "session_context", "agent_reasoning_messages", "redactions",
    ]  # fmt: skip
    found = {}
    for table in tables:
        names = [row[1] for row in conn.execute(f"PRAGMA table_info({table})")]
        kept = ", ".join(name for name in names if name not in ("id", "file_id", "session_id"))
        found[table] = sorted(conn.execute(f"SELECT {kept} FROM {table}").fetchall(), key=repr)
    conn.close()
    # A resumed reader knows the session's folder as it is kept, redacted; what it derives from it is not counted again.
    found["redactions"] = [row for row in found["redactions"] if not row[4].startswith("data.")]
    return found


def a_log(codex: Path, number: int = 1, cwd: str = "/srv/project") -> CodexLog:
    log = CodexLog(codex, cwd, at=AT + number * 100, session_id=f"019a0000-0000-7000-8000-{number:012d}")
    log.prompt("make fetch retry on timeouts")
    log.shell("cat fetch.py", "def fetch(): ...\n")
    log.add_file("src/fetch.py", "import time\n\ndef fetch_with_retry(url):\n    return url\n")
    log.tokens(100, 100)
    log.say("fetch retries now")
    return log


def more_of(log: CodexLog) -> None:
    log.prompt("now run the linter")
    log.shell("lint src", "trailing whitespace\n", exit=1)
    log.tokens(160, 60)
    log.say("one complaint left")


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


def test_an_unchanged_log_is_not_read_again(codex: Path) -> None:
    a_log(codex)
    run()
    before = rows()
    again = run()
    assert (again.logs, again.unchanged, again.bytes_read, again.sessions) == (1, 1, 0, 0)
    assert rows() == before


def test_what_is_appended_is_read_alone_and_gives_what_one_reading_gives(codex: Path, tmp_path: Path) -> None:
    log = a_log(codex)
    call = log.shell("make", None)
    run()
    before = log.path.stat().st_size
    log.answer(call, "built\n")
    log.add_file("src/more.py", "added_later = True\n")
    more_of(log)
    grown = run()
    assert grown.bytes_read == log.path.stat().st_size - before
    in_parts = rows()
    run(rescrub=True)
    assert rows() == in_parts


@pytest.mark.parametrize("part", range(1, 12))
def test_wherever_a_log_was_cut_the_rest_is_read_as_if_it_never_had_been(codex: Path, part: int) -> None:
    log = a_log(codex, cwd=str(codex.parent / "project"))
    log.shell("git commit -m x", "[main abcdef1] x\n 1 file changed\n")
    more_of(log)
    whole = log.path.read_bytes()
    cut = len(whole) * part // 12
    log.path.write_bytes(whole[:cut])
    run()
    with log.path.open("ab") as file:
        file.write(whole[cut:])
    run()
    in_parts = rows()
    run(rescrub=True)
    assert rows() == in_parts


def test_a_value_keeps_its_tag_as_its_log_grows(codex: Path) -> None:
    first, second = ("".join((name, "@", "mail.corp-example.net")) for name in ("jane.roe", "rick.doe"))
    log = CodexLog(codex, "/srv/project", at=AT)
    log.prompt(f"ask {first}")
    run()
    log.prompt(f"ask {second} and {first}")
    run()
    store = opened()
    one, two = (prompt.text for prompt in store.prompts(log.session_id))
    tag = one.removeprefix("ask ")
    assert tag.startswith("[REDACTED:email#")
    assert two.endswith(f" and {tag}")
    assert two != f"ask {tag} and {tag}"
    store.close()


def test_an_unfinished_last_line_waits_for_its_end(codex: Path) -> None:
    log = a_log(codex)
    whole = log.path.read_bytes()
    log.path.write_bytes(whole[:-20])
    run()
    store = opened()
    state = next(iter(store.file_states().values()))
    store.close()
    assert whole[: state.offset].endswith(b"\n")
    assert b"\n" not in whole[state.offset : -20]
    log.path.write_bytes(whole)
    run()
    in_parts = rows()
    run(rescrub=True)
    assert rows() == in_parts


@pytest.mark.parametrize("how", ["rewritten", "truncated"])
def test_a_log_that_is_not_what_it_was_is_read_from_the_start(codex: Path, how: str) -> None:
    log = a_log(codex)
    more_of(log)
    run()
    text = log.path.read_text()
    if how == "rewritten":
        log.path.write_text(text.replace("linter", "formatter and then the linter"))
    else:
        log.path.write_text("".join(text.splitlines(keepends=True)[:5]))
    run()
    changed = rows()
    run(rescrub=True)
    assert rows() == changed
    store = opened()
    prompts = [prompt.text for prompt in store.prompts(log.session_id)]
    store.close()
    assert prompts[1:] == (["now run the formatter and then the linter"] if how == "rewritten" else [])


def test_an_archived_log_is_followed_and_a_copied_one_is_not_counted_twice(codex: Path) -> None:
    log = a_log(codex)
    run()
    before = rows()
    archive = codex / "archived_sessions"
    archive.mkdir()
    log.path.rename(archive / log.path.name)
    moved = run()
    assert (moved.unchanged, moved.bytes_read) == (1, 0)
    log.path.write_bytes((archive / log.path.name).read_bytes())
    run()
    assert rows() == before
    store = opened()
    assert len(store.sessions(SessionFilter())) == 1
    store.close()


def test_a_compressed_log_gives_what_the_plain_one_gives(codex: Path) -> None:
    log = a_log(codex)
    more_of(log)
    run()
    plain = rows()
    log.path.with_name(log.path.name + ".zst").write_bytes(zstd.compress(log.path.read_bytes()))
    log.path.unlink()
    run()
    store = opened()
    assert len(store.sessions(SessionFilter())) == 1
    store.close()
    assert rows() == plain


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


INGEST = [sys.executable, "-m", "git_ai_trail", "ingest", "--jobs", "1"]


def test_four_runs_at_once_store_everything_once(codex: Path) -> None:
    for number in range(1, 9):
        more_of(a_log(codex, number))
    running = [subprocess.Popen(INGEST, stdout=subprocess.PIPE, stderr=subprocess.PIPE) for _ in range(4)]
    ended = [(process.communicate(), process.returncode) for process in running]
    assert [code for _, code in ended] == [0] * 4, ended
    assert [streams[1] for streams, _ in ended] == [b""] * 4
    assert all(b"not read" not in streams[0] for streams, _ in ended)
    stored = rows()
    assert len(stored["prompts"]) == 16
    run(rescrub=True)
    assert rows() == stored


@pytest.mark.parametrize("name", ["SIGKILL", "SIGINT"])
def test_a_run_that_is_ended_loses_and_doubles_nothing(codex: Path, name: str) -> None:
    logs = [a_log(codex, number) for number in range(1, 4)]
    for number in range(400):
        logs[1].say(f"line {number} " + "word " * 400)
    # The child ends itself in the middle of the second log: no clock decides when.
    script = (
        "import os, signal, sys\n"
        # Under nohup and in the background of a script the signal is ignored.
        "signal.signal(signal.SIGINT, signal.default_int_handler)\n"
        "from git_ai_trail.pipeline import ingest_log\n"
        "seen = []\n"
        "ingest_log._TICK_BYTES = 1 << 12\n"
        "real = ingest_log.LogFile.lines\n"
        "def lines(self):\n"
        "    for number, line in enumerate(real(self)):\n"
        "        if self.size > 100_000 and number == 200:\n"
        f"            os.kill(os.getpid(), signal.{name})\n"
        "        yield line\n"
        "ingest_log.LogFile.lines = lines\n"
        "from git_ai_trail.cli import main\n"
        "sys.exit(main(['ingest', '--jobs', '1']))\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert done.returncode == (130 if name == "SIGINT" else -signal.SIGKILL), done.stderr
    assert "Traceback" not in done.stderr
    store = opened()
    assert store.problems() == []
    assert logs[1].session_id not in {info.id for info in store.sessions(SessionFilter())}
    store.close()
    run()
    resumed = rows()
    assert len([row for row in resumed["events"] if "line 399 " in repr(row)]) >= 1
    run(rescrub=True)
    assert rows() == resumed


def secrets() -> Mapping[str, str]:
    """Made at run time: a scanner must find nothing in this file."""
    body = "".join("MIIEowIBAAKCAQEA7bq3" + "Zk9xQw2LmT8v" * 4 + "\n" for _ in range(6))
    return {
        "token": "".join(("gh", "p_", "a8Kd93Lm", "Qz71Xw5R", "tY20Vb6N", "cJ4hGs9P", "eU3f")),
        "key": "".join(("-----BEGIN RSA ", "PRIVATE KEY-----\n", body, "-----END RSA ", "PRIVATE KEY-----")),
        "email": "".join(("carla.canary", "@", "mail.corp-example.net")),
        "home": "".join(("/home/", "carlacanary", "/clients/acme")),
    }


def pieces(name: str, value: str) -> list[str]:
    """What must not be found: a token in any piece, of a key its body, of a home the name."""
    if name == "key":
        return ["Zk9xQw2LmT8vZk9x"]
    if name == "home":
        return ["carlacanary"]
    return [value, value[4:-4]]


@pytest.mark.parametrize("jobs", [1, 2])
def test_no_planted_secret_reaches_any_file_or_stream_of_ours(codex: Path, home: Path, jobs: int) -> None:
    planted = secrets()
    everything = "\n".join(planted.values())
    for number in (1, 2):
        log = CodexLog(codex, planted["home"], at=AT + number, url=f"https://x:{planted['token']}@example.com/r.git")
        log.line("turn_context", {"turn_id": "t1", "cwd": f"{planted['home']}/{planted['token']}", "model": "gpt-5.5"})
        log.prompt(f"use {everything}")
        log.line("event_msg", {"type": "agent_reasoning", "text": everything})
        log.shell(f"curl -H 'Authorization: Bearer {planted['token']}' {planted['email']}", everything)
        log.add_file("conf/.env", f"TOKEN={planted['token']}\n{planted['key']}\nMAIL={planted['email']}\n")
        log.shell("git commit -m x", f"[topic/{planted['token']} abcdef1] {planted['email']}\n")
        log.shell(f"cd {planted['home']} && make", None)
        log.line(planted["token"], {"type": planted["token"], "x": everything})
        with log.path.open("ab") as file:
            file.write(f'{{"broken {planted["token"]} '.encode() + b"\n")
    shown = []
    command = [sys.executable, "-m", "git_ai_trail"]
    for args in (
        ["ingest", "-v", "--jobs", str(jobs)],
        ["sessions", "--json"],
        ["session", log.session_id],
        ["sessions"],
    ):
        done = subprocess.run([*command, *args], capture_output=True, text=True, check=True)
        shown.append(done.stdout + done.stderr)
    # Again with the connection open, so that -wal and -shm are there to be looked at.
    store = opened()
    log.prompt(f"and again {everything}")
    run()
    folders = [
        Path(places.data_dir(os.environ)),
        Path(places.cache_dir(os.environ)),
        Path(places.state_dir(os.environ)),
    ]
    files = [file for folder in folders if folder.exists() for file in folder.rglob("*") if file.is_file()]
    assert {file.name for file in files} >= {"trail.db", "trail.db-wal", "trail.db-shm"}
    haystacks = [file.read_bytes() for file in files] + [text.encode() for text in shown]
    found = [
        (name, piece)
        for name, value in planted.items()
        for piece in pieces(name, value)
        for haystack in haystacks
        if piece.encode() in haystack or piece.replace("/", "\\/").encode() in haystack
    ]
    store.close()
    assert found == []
    assert "REDACTED" in shown[2]
