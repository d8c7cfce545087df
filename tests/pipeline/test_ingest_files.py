"""Logs as they lie about: whole documents, compressed, in other encodings, damaged, without end, no files at all."""

from __future__ import annotations

import hashlib
import json
import os
import sqlite3
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from backports import zstd

from git_ai_trail import loglines, places
from git_ai_trail.config import UserConfig
from git_ai_trail.formats import codex as codex_format
from git_ai_trail.formats.codex import memory
from git_ai_trail.model import Outcome
from git_ai_trail.pipeline import clock, ingest_log, logfile
from git_ai_trail.pipeline.discovery import VERSIONS
from git_ai_trail.pipeline.indexing import build
from git_ai_trail.pipeline.ingest import ingest
from tests.pipeline.ingesting import AT, a_log, more_of, rows, run
from tests.support.codex_log import CodexLog

DOCUMENT_ID = "0a0a0a0a-0000-4000-8000-000000000001"


def counted(done: Outcome) -> dict[str, int]:
    return {one.kind: one.count for one in done.skipped}


def stored(query: str) -> list[tuple[Any, ...]]:
    conn = sqlite3.connect(places.trail_path(os.environ))
    found = conn.execute(query).fetchall()
    conn.close()
    return found


def indexed(query: str) -> list[tuple[Any, ...]]:
    build(dict(os.environ))
    conn = sqlite3.connect(places.index_path(os.environ))
    found = conn.execute(query).fetchall()
    conn.close()
    return found


def a_document(codex: Path, *prompts: str) -> Path:
    """A session as the TypeScript Codex kept it: one JSON document, written anew at each save."""
    items: list[dict[str, Any]] = []
    for text in prompts:
        content = [{"type": "input_text", "text": text}]
        items.append({"role": "user", "type": "message", "content": content})
        answer = [{"type": "output_text", "text": f"done: {text}"}]
        items.append({"id": "m1", "type": "message", "role": "assistant", "status": "completed", "content": answer})
    session = {"timestamp": "2025-05-01T10:00:00.000Z", "id": DOCUMENT_ID, "instructions": ""}
    path = codex / "sessions" / f"rollout-2025-05-01-{DOCUMENT_ID}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({"session": session, "items": items}, indent=2))
    return path


def test_a_document_is_read_whole_and_again_whenever_it_was_saved(codex: Path) -> None:
    a_document(codex, "make fetch retry")
    assert run().prompts == 1
    assert run().unchanged == 1
    path = a_document(codex, "make fetch retry", "and test it")
    done = run()
    assert (done.prompts, done.bytes_read) == (2, path.stat().st_size)
    data = path.read_bytes()
    found = stored("SELECT text, offset, length, sha256 FROM prompts ORDER BY turn")
    assert [row[0] for row in found] == ["make fetch retry", "and test it"]
    for _, offset, length, digest in found:
        assert hashlib.sha256(data[offset : offset + length]).hexdigest() == digest
        assert json.loads(data[offset : offset + length])["role"] == "user"
    assert indexed("SELECT COUNT(*) FROM prompts") == [(2,)]


def test_a_document_that_is_too_long_is_pinned_counted_and_withheld(
    codex: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = a_document(codex, "make fetch retry")
    monkeypatch.setattr(loglines, "MAX_LINE", 100)
    monkeypatch.setattr(loglines, "LIMIT", 102)
    assert counted(run()) == {loglines.TOO_LONG: 1}
    data = path.read_bytes()
    found = stored("SELECT offset, length, sha256, raw_json FROM events")
    assert found == [(0, len(data), hashlib.sha256(data).hexdigest(), '{"withheld":"line over 32 MiB"}')]
    assert run().unchanged == 1


def test_a_line_that_is_too_long_is_pinned_and_its_text_is_nowhere(
    codex: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(loglines, "MAX_LINE", 4000)
    monkeypatch.setattr(loglines, "LIMIT", 4002)
    log = a_log(codex)
    log.say("overlong" * 1000)
    more_of(log)
    done = run()
    assert (done.prompts, counted(done)) == (2, {loglines.TOO_LONG: 1})
    data = log.path.read_bytes()
    offset = data.index(b"\n", data.index(b"fetch retries now")) + 1
    line = data[offset : data.index(b"\n", offset)]
    found = stored("SELECT turn, offset, length, sha256, raw_json FROM events WHERE length > 4000")
    assert found == [(0, offset, len(line), hashlib.sha256(line).hexdigest(), '{"withheld":"line over 32 MiB"}')]
    assert b"overlong" not in Path(places.trail_path(os.environ)).read_bytes()


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-be", "utf-8-sig"])
def test_a_log_in_another_encoding_gives_the_same_with_places_in_its_own_bytes(codex: Path, encoding: str) -> None:
    log = a_log(codex)
    log.prompt("größer, ਊ and 🙂")
    more_of(log)
    text = log.path.read_bytes().decode()
    run()
    plain = [[value for value in row if isinstance(value, str) and len(value) < 60] for row in rows()["prompts"]]
    in_index = indexed("SELECT session, calls, edits FROM logs")
    data = text.encode(encoding) if encoding != "utf-16-be" else b"\xfe\xff" + text.encode(encoding)
    log.path.write_bytes(data)
    assert run().prompts == 3
    assert [
        [value for value in row if isinstance(value, str) and len(value) < 60] for row in rows()["prompts"]
    ] == plain
    for offset, length, digest in stored(
        "SELECT offset, length, sha256 FROM prompts UNION SELECT offset, length, sha256"
        " FROM function_calls UNION SELECT offset, length, sha256 FROM sessions"
    ):
        assert hashlib.sha256(data[offset : offset + length]).hexdigest() == digest
    assert indexed("SELECT session, calls, edits FROM logs") == in_index
    log.path.write_bytes(
        data
        + (text.splitlines(keepends=True)[-1]).encode(
            encoding.replace("utf-16", "utf-16-le") if encoding == "utf-16" else encoding.removesuffix("-sig")
        )
    )
    grown = run()
    assert 0 < grown.bytes_read < 2000


def test_bytes_that_are_not_utf_8_are_replaced_and_the_line_is_counted(codex: Path) -> None:
    log = a_log(codex)
    log.prompt("caf# au lait")
    log.path.write_bytes(log.path.read_bytes().replace(b"caf#", b"caf\xe9"))
    done = run()
    assert counted(done)[ingest_log.NOT_UTF8] == 2  # as an item and as an event
    prompts = [row[0] for row in stored("SELECT text FROM prompts ORDER BY turn")]
    assert prompts[-1].startswith("caf")
    assert prompts[-1].endswith(" au lait")
    data = log.path.read_bytes()
    for offset, length, digest in stored("SELECT offset, length, sha256 FROM prompts"):
        assert hashlib.sha256(data[offset : offset + length]).hexdigest() == digest


def test_nul_bytes_and_lone_surrogates_cost_nothing_but_themselves(codex: Path) -> None:
    log = a_log(codex)
    with log.path.open("ab") as file:
        file.write(b"\0" * 5000)
    log.prompt("a \0 and a \ud800 in one prompt")
    more_of(log)
    assert run().prompts == 3
    assert stored("SELECT text FROM prompts WHERE turn = 1")[0][0].startswith("a \0 and a ")
    assert indexed("SELECT COUNT(*) FROM prompts") == [(3,)]


def test_a_prompt_that_a_later_line_confirms_is_pinned_by_its_own_line(codex: Path) -> None:
    """Older logs hold the prompt only as an item; that it is one shows when the agent answers."""
    log = CodexLog(codex, "/srv/project", at=AT)
    content = [{"type": "input_text", "text": "make fetch retry"}]
    offset = log.line("response_item", {"type": "message", "role": "user", "content": content})
    answer = [{"type": "output_text", "text": "done"}]
    log.line("response_item", {"type": "message", "role": "assistant", "content": answer})
    run()
    data = log.path.read_bytes()
    line = data[offset : data.index(b"\n", offset)]
    found = stored("SELECT offset, length, sha256 FROM prompts")
    assert found == [(offset, len(line), hashlib.sha256(line).hexdigest())]


def test_a_compressed_log_is_indexed_like_the_plain_one(codex: Path) -> None:
    log = a_log(codex)
    more_of(log)
    log.shell("git commit -m x", "[main abcdef1] x\n 1 file changed\n")
    tables = (
        "SELECT turn, at, offset, length, commitment FROM prompts",
        "SELECT at, turn, oid, workdir FROM commits",
        "SELECT turn, offset, length, op, exact FROM edits",
        "SELECT COUNT(*), MIN(digest) FROM lines",
    )
    plain = [indexed(table) for table in tables]
    log.path.with_name(log.path.name + ".zst").write_bytes(zstd.compress(log.path.read_bytes()))
    log.path.unlink()
    assert [indexed(table) for table in tables] == plain
    assert [path[-4:] for (path,) in indexed("SELECT path FROM logs")] == [".zst"]
    assert build(dict(os.environ)).read == 0


def test_of_a_compressed_log_that_was_cut_the_beginning_is_read(codex: Path) -> None:
    log = a_log(codex)
    for number in range(300):
        log.say(f"{number} {os.urandom(4000).hex()}")
    data = zstd.compress(log.path.read_bytes())
    log.path.with_name(log.path.name + ".zst").write_bytes(data[: len(data) * 3 // 4])
    log.path.unlink()
    done = run()
    assert counted(done).get(logfile.CUT) == 1
    assert done.prompts == 1


def test_a_small_file_that_unpacks_without_end_is_given_up(codex: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(logfile, "_ALWAYS_FINE", 1 << 20)
    monkeypatch.setattr(logfile, "_MAX_GROWTH", 10)
    log = a_log(codex)
    data = zstd.compress(log.path.read_bytes() + b'{"type":"x"}\n' * 500_000)
    log.path.with_name(log.path.name + ".zst").write_bytes(data)
    log.path.unlink()
    assert [one.kind for one in run().skipped] == ["log not read: a compressed log that becomes far too large"]
    assert indexed("SELECT COUNT(*) FROM logs") == [(0,)]


def test_pipes_devices_loops_and_closed_folders_among_the_logs_are_passed_over(codex: Path) -> None:
    log = a_log(codex)
    os.mkfifo(log.path.with_name(f"rollout-x-{DOCUMENT_ID}.jsonl"))
    log.path.with_name("zero.jsonl").symlink_to("/dev/zero")
    (log.path.parent / "loop").symlink_to(codex / "sessions")
    log.path.with_name("gone.jsonl").symlink_to("nowhere.jsonl")
    closed = log.path.parent / "closed"
    closed.mkdir(mode=0)
    command = [sys.executable, "-m", "git_ai_trail", "ingest", "--json"]
    done = json.loads(subprocess.run(command, capture_output=True, check=True, timeout=120).stdout)
    assert (done["logs"], done["sessions"]) == (1, 1)
    assert [one.kind for one in run(paths=[str(log.path.with_name(f"rollout-x-{DOCUMENT_ID}.jsonl"))]).skipped] == [
        "not a regular file"
    ]
    assert indexed("SELECT COUNT(*) FROM logs") == [(1,)]


def test_a_log_that_vanishes_or_is_replaced_is_noticed(codex: Path) -> None:
    log, other = a_log(codex, 1), a_log(codex, 2)
    run()
    assert indexed("SELECT COUNT(*) FROM logs") == [(2,)]
    times = (log.path.stat().st_atime_ns, log.path.stat().st_mtime_ns)
    # Another file of the same size and time under the same name.
    data = log.path.read_bytes().replace(b"make fetch retry on timeouts", b"make fetch retry on failures")
    log.path.rename(log.path.with_suffix(".old"))
    log.path.write_bytes(data)
    os.utime(log.path, ns=times)
    other.path.unlink()
    done = run()
    assert (done.logs, done.prompts) == (1, 1)
    assert ("make fetch retry on failures",) in stored("SELECT text FROM prompts")
    assert indexed("SELECT COUNT(*) FROM logs") == [(1,)]


def test_a_log_rewritten_behind_its_beginning_is_indexed_anew(codex: Path) -> None:
    log = a_log(codex)
    for number in range(60):
        log.say(f"{number} " + "word " * 40)
    log.add_file("src/late.py", "first_version_of_this_line = 1\n")
    build(dict(os.environ))
    data = log.path.read_bytes().replace(b"first_version_of_this_line", b"other_version_of_this_line")
    log.path.write_bytes(data)
    more_of(log)
    rebuilt = indexed("SELECT digest FROM lines ORDER BY 1")
    os.unlink(places.index_path(os.environ))
    assert indexed("SELECT digest FROM lines ORDER BY 1") == rebuilt


def test_what_another_version_of_the_reader_has_read_is_read_again(
    codex: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = a_log(codex)
    run()
    build(dict(os.environ))
    assert (run().unchanged, build(dict(os.environ)).read) == (1, 0)
    monkeypatch.setattr(codex_format, "STATE_VERSION", 999)
    monkeypatch.setattr(memory, "STATE_VERSION", 999)
    monkeypatch.setitem(VERSIONS, "codex", 999)
    done = run()
    assert (done.unchanged, done.bytes_read) == (0, log.path.stat().st_size)
    assert build(dict(os.environ)).bytes_read == log.path.stat().st_size
    assert (run().unchanged, build(dict(os.environ)).read) == (1, 0)


@pytest.mark.parametrize(
    ("at", "doubt"), [(4_000_000_000.0, clock.FUTURE), (86_400.0, clock.ANCIENT), (None, clock.NO_TIMES)]
)
def test_times_that_cannot_be_right_are_named(codex: Path, at: float | None, doubt: str) -> None:
    log = a_log(codex) if at is None else CodexLog(codex, "/srv/project", at=at)
    if at is None:
        lines = [json.loads(line) for line in log.path.read_text().splitlines()]
        log.path.write_text("".join(json.dumps({**line, "timestamp": None}) + "\n" for line in lines))
    else:
        log.prompt("make fetch retry")
    (warning,) = ingest(dict(os.environ), UserConfig(), jobs=1).warnings
    assert warning.endswith(f": {doubt}")
    assert warning.startswith("~/.codex/")


def test_a_clock_that_was_set_back_is_named_and_a_right_one_is_not(codex: Path) -> None:
    log = a_log(codex)
    assert ingest(dict(os.environ), UserConfig(), jobs=1).warnings == ()
    log.at -= 3 * 86_400
    more_of(log)
    (warning,) = ingest(dict(os.environ), UserConfig(), jobs=1, rescrub=True).warnings
    assert warning.endswith(clock.BACKWARDS)
