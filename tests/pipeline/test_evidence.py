from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from git_ai_trail.pipeline import evidence, worktree
from git_ai_trail.pipeline.indexing import open_user_index, refresh_all
from git_ai_trail.pipeline.past import match_past, past_commits, whereabouts
from tests.support.codex_log import CodexLog
from tests.support.repo import Repo

PROGRAM = (sys.executable, "-m", "git_ai_trail")


def written(repo: Repo, env: dict[str, str]) -> dict[str, int]:
    """Lines with an owner in each file of HEAD."""
    tree = worktree.open_worktree(str(repo.root))
    index = open_user_index(env)
    try:
        refresh_all(index, env)
        commit = past_commits(tree.git, ["-1", "HEAD"])[0]
        found = match_past(tree.git, index, whereabouts(tree, index), commit)
    finally:
        index.close()
    return {file.path: sum(one.count for one in file.ranges) for file in found.match.files}


@pytest.fixture
def env(home: Path) -> dict[str, str]:
    return {"HOME": str(home), "CODEX_HOME": str(home / ".codex")}


def text(name: str, count: int) -> str:
    return "".join(f"{name}_{n} = compute_{name}({n})\n" for n in range(count))


def test_what_is_beyond_the_bound_is_counted_and_not_matched(
    repo: Repo, home: Path, env: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    session = CodexLog(home / ".codex", repo.root)
    for name, count in (("large", 30), ("small", 5)):
        session.add_file(f"{name}.py", text(name, count))
        repo.write(f"{name}.py", text(name, count))
    repo.commit("Both")
    assert written(repo, env) == {"large.py": 30, "small.py": 5}
    monkeypatch.setattr(evidence, "MAX_LINES", 10)
    assert written(repo, env) == {"large.py": 0, "small.py": 5}


def test_a_session_from_a_checkout_that_is_gone_is_known_by_its_base_commit(
    repo: Repo, home: Path, env: dict[str, str]
) -> None:
    base = repo.commit_file("README.md", "Title\n")
    there = CodexLog(home / ".codex", "/workspaces/container/project", git_oid=base)
    there.add_file("src/a.py", text("inside", 5))
    stranger = CodexLog(home / ".codex", "/workspaces/other/project", git_oid="0" * 40)
    stranger.add_file("src/b.py", text("outside", 5))
    repo.write("src/a.py", text("inside", 5))
    repo.write("src/b.py", text("outside", 5))
    repo.commit("Work")
    assert written(repo, env) == {"src/a.py": 5, "src/b.py": 0}


def snapshot(session: CodexLog, parent: str) -> None:
    """What Codex 0.58 to 0.77 notes at the beginning of a turn."""
    ghost = {"id": "f" * 40, "parent": parent, "preexisting_untracked_files": [], "preexisting_untracked_dirs": []}
    session.line("response_item", {"type": "ghost_snapshot", "ghost_commit": ghost})


def test_snapshots_of_the_worktree_say_where_a_checkout_belonged(repo: Repo, home: Path, env: dict[str, str]) -> None:
    base = repo.commit_file("README.md", "Title\n")
    for folder, parent, path in (("project", base, "src/a.py"), ("stranger", "0" * 40, "src/b.py")):
        session = CodexLog(home / ".codex", f"/workspaces/{folder}")
        session.prompt("Do it")
        snapshot(session, parent)
        session.add_file(path, text(folder, 5))
        repo.write(path, text(folder, 5))
    repo.commit("Work")
    assert written(repo, env) == {"src/a.py": 5, "src/b.py": 0}


def test_a_dev_containers_session_is_known_by_the_remote_of_its_checkout(
    repo: Repo, home: Path, env: dict[str, str]
) -> None:
    repo.commit_file("README.md", "Title\n")
    repo.git("remote", "add", "origin", "git@example.com:team/project.git")
    there = CodexLog(home / ".codex", "/workspaces/project", url="https://example.com/team/project")
    fork = CodexLog(home / ".codex", "/workspaces/fork", url="https://example.com/somebody/project")
    for session, path, name in ((there, "src/a.py", "inside"), (fork, "src/b.py", "elsewhere")):
        session.add_file(path, text(name, 5))
        repo.write(path, text(name, 5))
    repo.commit("Work")
    assert written(repo, env) == {"src/a.py": 5, "src/b.py": 0}


def test_work_in_a_fork_that_has_our_history_is_work_on_it(repo: Repo, home: Path, env: dict[str, str]) -> None:
    base = repo.commit_file("README.md", "Title\n")
    repo.git("remote", "add", "origin", "https://example.com/team/project.git")
    fork = CodexLog(
        home / ".codex", "/home/contributor/fork", git_oid=base, url="https://example.com/contributor/project"
    )
    fork.add_file("src/a.py", text("contributed", 5))
    repo.write("src/a.py", text("contributed", 5))
    repo.commit("Merged by hand")
    assert written(repo, env) == {"src/a.py": 5}


def test_the_same_change_in_another_repository_is_not_the_sessions(
    repo: Repo, home: Path, env: dict[str, str], tmp_path: Path
) -> None:
    other = Repo.init(tmp_path / "other")
    session = CodexLog(home / ".codex", repo.root)
    session.add_file("a.py", text("shared", 6))
    for one in (repo, other):
        one.commit_file("a.py", text("shared", 6))
    assert written(repo, env) == {"a.py": 6}
    assert written(other, env) == {"a.py": 0}


def test_a_file_that_was_renamed_before_its_commit_keeps_its_writer(
    repo: Repo, home: Path, env: dict[str, str]
) -> None:
    session = CodexLog(home / ".codex", repo.root)
    session.add_file("draft.py", text("value", 6))
    repo.write("final.py", text("value", 6) + "by_hand = remark()\n")
    repo.commit("Under its last name")
    assert written(repo, env) == {"final.py": 6}
    repo.git("mv", "final.py", "again.py")
    repo.commit("Renamed once more")
    assert written(repo, env) == {"again.py": 0, "final.py": 0}


def test_a_new_file_with_a_few_lines_of_another_repositorys_session_is_nobodys(
    repo: Repo, home: Path, env: dict[str, str], tmp_path: Path
) -> None:
    (tmp_path / "elsewhere").mkdir()
    session = CodexLog(home / ".codex", tmp_path / "elsewhere")
    session.add_file("draft.py", text("value", 6))
    repo.commit_file("copied.py", text("value", 6))
    assert written(repo, env) == {"copied.py": 0}


def test_a_person_who_commits_in_the_same_second_as_a_quiet_agent_is_no_agent(
    repo: Repo, home: Path, monkeypatch: pytest.MonkeyPatch, env: dict[str, str]
) -> None:
    monkeypatch.setenv("CODEX_HOME", env["CODEX_HOME"])
    repo.commit_file("README.md", "Title\n")
    at = "2026-03-01T10:00:00+00:00"
    session = CodexLog(home / ".codex", repo.root, at=1772359200.1)
    session.shell("git commit -q -m 'By the agent'", "")
    repo.commit_file("one.txt", "anything\n", "By the agent", at=at)
    repo.commit_file("two.txt", "anything else\n", "By a person", at=at)
    repo.run(*PROGRAM, "backfill")
    views = json.loads(repo.run(*PROGRAM, "log", "--json").stdout)
    assert [(view["subject"], bool(view["sessions"])) for view in views[:2]] == [
        ("By a person", False),
        ("By the agent", True),
    ]


def test_who_wrote_the_same_line_after_the_commit_does_not_make_it_common(
    repo: Repo, home: Path, env: dict[str, str]
) -> None:
    at = 1772359200.0
    session = CodexLog(home / ".codex", repo.root, at=at)
    session.add_file("a.py", text("same", 5))
    repo.write("a.py", text("same", 5))
    repo.run("git", "add", "-A")
    repo.commit_file("a.py", text("same", 5), "Work", at="2026-03-01T10:05:00+00:00")
    for number in range(1, 5):
        later = CodexLog(home / ".codex", f"/srv/other{number}", at=at + 86400 * number)
        later.add_file("a.py", text("same", 5))
    assert written(repo, env) == {"a.py": 5}
