"""Where logs are looked for, and what counts as one."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from git_ai_trail.formats import codex
from tests.support.unprivileged import bound_by_modes

ID = "01a205b3-4720-7a73-9a35-e6ffac6108b1"
OTHER = "01a205b1-ea7b-7f21-b373-97c4245131a5"
NAME = f"rollout-2026-11-22T23-59-24-{ID}.jsonl"


def touch(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch()
    return path


def test_roots_are_both_folders_of_every_home() -> None:
    assert codex.roots({}, "/home/dev") == ["/home/dev/.codex/sessions", "/home/dev/.codex/archived_sessions"]
    two = codex.roots({"CODEX_HOME": f"/a{os.pathsep}/b,/a"}, "/home/dev")
    assert two == ["/a/sessions", "/a/archived_sessions", "/b/sessions", "/b/archived_sessions"]


def test_logs_are_found_at_any_depth_in_order_and_side_files_are_not(tmp_path: Path) -> None:
    deep = touch(tmp_path / "sessions" / "2026" / "11" / "22" / NAME)
    flat = touch(tmp_path / "archived_sessions" / NAME)
    packed = touch(tmp_path / "sessions" / "2026" / "11" / "21" / (NAME + ".zst"))
    touch(deep.with_name(deep.name + ".zst"))
    for name in ("history.jsonl", "session_index.jsonl", f".{NAME}", f"{NAME}.paginated.tmp", "state_5.sqlite"):
        touch(tmp_path / name)
    touch(tmp_path / "thread-writer-locks" / NAME)
    assert list(codex.discover(str(tmp_path))) == [str(flat), str(packed), str(deep)]


def test_documents_of_the_first_codex_are_logs_and_other_json_files_are_not(tmp_path: Path) -> None:
    document = touch(tmp_path / "sessions" / f"rollout-2025-07-01-{ID}.json")
    for name in ("models_cache.json", "rollout-config.json", f"{ID}.json", f"rollout-2025-07-01-{ID}.json.bak"):
        touch(tmp_path / "sessions" / name)
    assert list(codex.discover(str(tmp_path))) == [str(document)]
    assert codex.is_document(str(document))
    assert not codex.is_document(NAME)
    assert codex.session_id_of(str(document)) == ID


def test_a_loop_of_links_ends_and_a_missing_folder_is_empty(tmp_path: Path) -> None:
    log = touch(tmp_path / "a" / NAME)
    (tmp_path / "a" / "up").symlink_to(tmp_path)
    (tmp_path / "a" / "dangling.jsonl").symlink_to(tmp_path / "nowhere")
    assert list(codex.discover(str(tmp_path))) == [str(log)]
    assert list(codex.discover(str(tmp_path / "missing"))) == []


@pytest.mark.skipif(os.geteuid() == 0 and sys.platform != "linux", reason="root reads every folder")
def test_an_unreadable_folder_is_passed_over(tmp_path: Path) -> None:
    log = touch(tmp_path / "b" / NAME)
    touch(tmp_path / "a" / NAME)
    (tmp_path / "a").chmod(0)
    program = "import sys; from git_ai_trail.formats import codex; print(*codex.discover(sys.argv[1]), sep='\\n')"
    words = bound_by_modes([sys.executable, "-c", program, str(tmp_path)])
    try:
        found = subprocess.run(words, capture_output=True, text=True, check=True).stdout
    finally:
        (tmp_path / "a").chmod(0o700)
    assert found == f"{log}\n"


def test_recent_folders_are_those_of_yesterday_to_tomorrow_and_flat_ones(tmp_path: Path) -> None:
    now = 1795391638.0
    days = [time.strftime("%Y/%m/%d", time.localtime(now + shift)) for shift in (-172800.0, -86400.0, 0.0)]
    for day in days:
        (tmp_path / "sessions" / day).mkdir(parents=True)
    found = codex.recent_dirs(str(tmp_path / "sessions"), now)
    assert found == [
        str(tmp_path / "sessions" / days[2]),
        str(tmp_path / "sessions" / days[1]),
        str(tmp_path / "sessions"),
    ]
    assert codex.recent_dirs(str(tmp_path / "none"), now) == []


def test_the_name_of_a_log_names_the_thread() -> None:
    assert codex.session_id_of(f"/x/{NAME}") == ID
    assert codex.session_id_of(f"/x/{NAME}.zst") == ID
    assert codex.session_id_of(f"/x/rollout-2026-11-22T23-57-55-{ID}_{OTHER}.jsonl") == ID
    assert codex.session_id_of("/x/notes.jsonl") == ""


def test_the_environment_names_a_thread_only_by_an_id() -> None:
    assert codex.thread_hint({"CODEX_THREAD_ID": ID.upper()}) == ID
    assert codex.thread_hint({"CODEX_THREAD_ID": "../../etc"}) == ""
    assert codex.thread_hint({}) == ""
