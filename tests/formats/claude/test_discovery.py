"""Where logs are looked for, and what counts as one."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from git_ai_trail.formats import claude, codex, is_own

ID = "5e55104a-0000-4000-8000-00000000000a"
NAME = f"{ID}.jsonl"
AGENT = "agent-a1b2c3d4e5f6a7b8c.jsonl"


def touch(path: Path, text: str = "", *, age: float = 0.0) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    if age:
        os.utime(path, (time.time() - age,) * 2)
    return path


def test_roots_are_the_named_folders_or_both_usual_ones() -> None:
    assert claude.roots({}, "/home/dev") == ["/home/dev/.claude/projects", "/home/dev/.config/claude/projects"]
    moved = claude.roots({"XDG_CONFIG_HOME": "/xdg"}, "/home/dev")
    assert moved == ["/home/dev/.claude/projects", "/xdg/claude/projects"]
    assert claude.roots({"CLAUDE_CONFIG_DIR": "/a, /b,/a"}, "/home/dev") == ["/a/projects", "/b/projects"]


def test_sessions_and_sub_agents_are_found_and_side_files_are_not(tmp_path: Path) -> None:
    root = tmp_path / "projects"
    session = touch(root / "-home-dev-shop" / NAME)
    beside = touch(root / "-home-dev-shop" / "agent-a1b2c3d.jsonl")
    below = touch(root / "-home-dev-shop" / ID / "subagents" / AGENT)
    deeper = touch(root / "-home-dev-shop" / ID / "subagents" / "workflows" / "run-1" / AGENT)
    for name in ("journal.jsonl", "history.jsonl", f"{ID}.json", f".{NAME}", f"{NAME}.tmp", "agent-a1b2.meta.json"):
        touch(root / "-home-dev-shop" / name)
    touch(root / "-home-dev-shop" / ID / "tool-results" / NAME)
    assert sorted(claude.discover(str(root))) == sorted(map(str, (session, beside, below, deeper)))


def test_a_loop_of_links_ends_and_a_missing_folder_is_empty(tmp_path: Path) -> None:
    log = touch(tmp_path / "a" / NAME)
    (tmp_path / "a" / "up").symlink_to(tmp_path)
    (tmp_path / "a" / "agent-x.jsonl").symlink_to(tmp_path / "nowhere")
    assert list(claude.discover(str(tmp_path))) == [str(log)]
    assert list(claude.discover(str(tmp_path / "missing"))) == []


def test_recent_folders_are_those_that_something_was_put_into(tmp_path: Path) -> None:
    now = time.time()
    root = tmp_path / "projects"
    touch(root / "new" / NAME)
    touch(root / "new" / ID / "subagents" / AGENT)
    touch(root / "old" / NAME)
    for folder in (root / "old", root):
        os.utime(folder, (now - 3 * 86400,) * 2)
    found = claude.recent_dirs(str(root), now)
    assert found == [str(root / "new"), str(root / "new" / ID / "subagents")]
    assert claude.recent_dirs(str(tmp_path / "none"), now) == []


def test_the_name_of_a_log_names_the_session() -> None:
    assert claude.session_id_of(f"/x/{NAME}") == ID
    assert claude.session_id_of(f"/x/{NAME.upper().replace('JSONL', 'jsonl')}") == ID
    assert claude.session_id_of(f"/x/{ID}/subagents/{AGENT}") == f"a1b2c3d4e5f6a7b8c-{ID}"
    assert claude.session_id_of(f"/x/{ID}/subagents/workflows/run-1/{AGENT}") == f"a1b2c3d4e5f6a7b8c-{ID}"
    assert claude.session_id_of(f"/x/{AGENT}") == ""
    assert claude.session_id_of("/x/notes.jsonl") == ""


def test_the_environment_names_a_session_only_by_an_id() -> None:
    assert claude.thread_hint({"CLAUDE_CODE_SESSION_ID": ID.upper()}) == ID
    assert claude.thread_hint({"CLAUDE_CODE_SESSION_ID": "cse_../../etc"}) == ""
    assert claude.thread_hint({"CLAUDECODE": "1"}) == ""


@pytest.mark.parametrize(
    ("head", "ours", "theirs"),
    [
        ('{"type":"queue-operation","sessionId":"x"}\n', True, False),
        ('{"parentUuid":null,"type":"user"}\n', True, False),
        ('{"type":"summary","summary":"x","leafUuid":"y"}\n', True, False),
        ('{"timestamp":"2026-03-01T10:00:00Z","type":"session_meta","payload":{"id":"x"}}\n', False, True),
        ('{"id":"x","timestamp":"2025-08-01T10:00:00Z","instructions":null}\n', False, True),
        ('{"record_type":"state"}\n', False, True),
        ("", True, True),
        ("no JSON\n", True, True),
    ],
)
def test_where_names_agree_the_beginning_of_a_log_decides(tmp_path: Path, head: str, ours: bool, theirs: bool) -> None:
    log = touch(tmp_path / NAME, head)
    assert (is_own(claude, str(log)), is_own(codex, str(log))) == (ours, theirs)


def test_a_name_that_only_one_agent_gives_needs_no_look(tmp_path: Path) -> None:
    rollout = tmp_path / f"rollout-2026-03-01T10-00-00-{ID}.jsonl"
    assert is_own(codex, str(rollout))
    assert not is_own(claude, str(tmp_path / NAME)), "a log that cannot be opened is nobody's"
