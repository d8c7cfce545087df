"""What the index takes from logs on the commit path, where only the standard library is at hand."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from git_ai_trail.formats import BY_NAME
from git_ai_trail.index.access import Index, open_index
from git_ai_trail.index.scan import LogState, refresh
from git_ai_trail.pipeline.evidence import log_format
from tests.support.codex_log import CodexLog

CODEX = BY_NAME["codex"]
FORMAT = log_format(CODEX)


@pytest.fixture
def index(tmp_path: Path) -> Iterator[Index]:
    opened = open_index(str(tmp_path / "cache" / "index.db"), b"k" * 32)
    yield opened
    opened.close()


def look(index: Index, path: Path, limit: int | None = None) -> LogState | None:
    return refresh(index.target, index.keys, FORMAT, str(path), limit=limit)


def prompts(index: Index) -> int:
    return int(index.target.execute("SELECT COUNT(*) FROM prompts").fetchone()[0])


def a_document(folder: Path, prompts: int) -> Path:
    said = [{"type": "input_text", "text": "make it so"}]
    items = [
        {"type": "message", "role": "user", "content": said},
        {"type": "message", "role": "assistant", "content": said},
    ]
    thread = "0a0a0a0a-0000-4000-8000-000000000001"
    path = folder / f"rollout-2025-05-01-{thread}.json"
    session = {"timestamp": "2025-05-01T10:00:00.000Z", "id": thread, "instructions": ""}
    path.write_text(json.dumps({"session": session, "items": items * prompts}))
    return path


def test_a_document_is_read_whole_again_when_it_was_saved(index: Index, tmp_path: Path) -> None:
    path = a_document(tmp_path, 1)
    first = look(index, path)
    assert first is not None
    assert (first.bytes_read, prompts(index)) == (path.stat().st_size, 1)
    a_document(tmp_path, 3)
    second = look(index, path)
    assert second is not None
    assert (second.bytes_read, prompts(index)) == (path.stat().st_size, 3)


def test_a_document_that_is_larger_than_may_be_read_now_is_left_for_later(index: Index, tmp_path: Path) -> None:
    path = a_document(tmp_path, 3)
    assert look(index, path, limit=100) is None
    assert look(index, path) is not None


def test_a_compressed_log_is_left_to_the_cold_path_and_what_is_known_of_it_stays(index: Index, tmp_path: Path) -> None:
    log = CodexLog(tmp_path, "/srv/project")
    log.prompt("make it so")
    look(index, log.path)
    packed = str(log.path) + ".zst"
    index.target.execute("UPDATE logs SET path = ?", (packed,))
    Path(packed).write_bytes(b"\x28\xb5\x2f\xfd and so on")
    assert look(index, Path(packed)) is None
    assert prompts(index) == 1


def test_a_long_log_is_read_in_parts_that_give_what_one_reading_gives(index: Index, tmp_path: Path) -> None:
    log = CodexLog(tmp_path, "/srv/project")
    for number in range(30):
        log.prompt(f"prompt {number}")
        log.shell("git commit -m x", "[main abcdef1] x\n 1 file changed\n")
        log.add_file(f"src/m{number}.py", f"value_of_the_module = {number}\n")
    looks = 0
    while (state := look(index, log.path, limit=2000)) is not None and state.bytes_read:
        looks += 1
    assert looks > 10
    tables = (
        "SELECT turn, commitment FROM prompts",
        "SELECT oid, turn FROM commits",
        "SELECT digest FROM lines ORDER BY 1",
    )
    in_parts = [index.target.execute(table).fetchall() for table in tables]
    index.target.execute("DELETE FROM logs")
    look(index, log.path)
    assert [index.target.execute(table).fetchall() for table in tables] == in_parts
