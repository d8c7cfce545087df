"""What people do between an agent's work and its commit, one by one, with our hooks in place: every line keeps its writer."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from tests.support.claude_log import ClaudeLog
from tests.support.codex_log import CodexLog
from tests.support.repo import Repo

PROGRAM = (sys.executable, "-m", "git_ai_trail")


def text(name: str, count: int = 6) -> str:
    return "".join(f"{name}_{n} = compute_{name}({n})\n" for n in range(count))


@pytest.fixture
def hooked(repo: Repo, home: Path, monkeypatch: pytest.MonkeyPatch) -> Repo:
    monkeypatch.setenv("CODEX_HOME", str(home / ".codex"))
    monkeypatch.setenv("CLAUDE_CONFIG_DIR", str(home / ".claude"))
    repo.commit_file("a.py", text("old", 20), "base")
    repo.git("config", "ai-log-trail.ingest", "false")
    repo.run(*PROGRAM, "init", "--native")
    repo.git("add", "-A")
    repo.git("commit", "-q", "--no-verify", "-m", "set up", env={"GIT_AI_TRAIL": "0"})
    return repo


def owned(repo: Repo, rev: str = "HEAD") -> dict[str, dict[int, str]]:
    """Session by line of each file, of a commit's record."""
    view = json.loads(repo.run(*PROGRAM, "show", "--json", rev).stdout)
    return {
        file["path"]: {n: r["session"] for r in file["ranges"] for n in range(r["start"], r["end"] + 1)}
        for file in view["files"]
    }


def added(repo: Repo, rev: str = "HEAD") -> int:
    return int(repo.git("show", "--numstat", "--format=", rev).split("\t")[0])


def insert(lines: list[str], at: int, new: str) -> str:
    """A hunk that puts lines behind the first `at`, as `git diff -U0` writes it."""
    rows = new.splitlines()
    return f"@@ -{at},0 +{at + 1},{len(rows)} @@\n" + "".join(f"+{row}\n" for row in rows)


def two_blocks(repo: Repo, session: CodexLog) -> None:
    """The session writes at the top of a file and at its end."""
    before = (repo.root / "a.py").read_text().splitlines()
    session.update_file("a.py", insert(before, 2, text("top")))
    session.update_file("a.py", insert(before, 26, text("end")))
    lines = [*before[:2], *text("top").splitlines(), *before[2:], *text("end").splitlines()]
    repo.write("a.py", "".join(f"{line}\n" for line in lines))


def test_what_is_staged_in_parts_is_the_sessions_in_both_commits(hooked: Repo, home: Path) -> None:
    session = CodexLog(home / ".codex", hooked.root)
    session.prompt("Both ends")
    two_blocks(hooked, session)
    patch = hooked.git("diff", "-U0")
    head, first, _ = patch.split("\n@@ ")
    hooked.git("apply", "--cached", "--unidiff-zero", "-", stdin=f"{head}\n@@ {first}\n")
    hooked.git("commit", "-q", "-m", "The top")
    assert owned(hooked) == {"a.py": dict.fromkeys(range(3, 9), session.session_id)}
    hooked.git("commit", "-q", "-a", "-m", "The end")
    assert owned(hooked) == {"a.py": dict.fromkeys(range(27, 33), session.session_id)}


def test_work_that_was_stashed_comes_back_as_the_sessions(hooked: Repo, home: Path) -> None:
    session = CodexLog(home / ".codex", hooked.root)
    session.prompt("Both ends")
    two_blocks(hooked, session)
    hooked.git("stash", "push", "-q", "-u")
    hooked.write("b.py", text("meanwhile"))
    hooked.git("add", "-A")
    hooked.git("commit", "-q", "-m", "By hand")
    assert owned(hooked) == {"b.py": {}}
    hooked.git("stash", "pop", "-q")
    hooked.git("commit", "-q", "-a", "-m", "What was put aside")
    assert sum(map(len, owned(hooked).values())) == added(hooked) == 12


def test_two_agents_at_once_in_two_worktrees_have_each_their_own(hooked: Repo, home: Path, tmp_path: Path) -> None:
    hooked.git("worktree", "add", "-q", "-b", "side", str(tmp_path / "beside"))
    beside = Repo(tmp_path / "beside")
    here, there = CodexLog(home / ".codex", hooked.root), ClaudeLog(home / ".claude", beside.root)
    for session, place, name in ((here, hooked, "codex"), (there, beside, "claude")):
        session.prompt("Write it")
        session.add_file("new.py", text(name))
        place.write("new.py", text(name))
    for place in (hooked, beside):
        place.git("add", "-A")
        place.git("commit", "-q", "-m", "New")
    assert owned(hooked) == {"new.py": dict.fromkeys(range(1, 7), here.session_id)}
    assert owned(beside) == {"new.py": dict.fromkeys(range(1, 7), there.session_id)}


def test_one_commit_may_hold_what_two_sessions_wrote_to_one_file(hooked: Repo, home: Path) -> None:
    first, second = CodexLog(home / ".codex", hooked.root), ClaudeLog(home / ".claude", hooked.root)
    first.prompt("Begin")
    first.add_file("new.py", text("first"))
    second.prompt("Go on")
    rows = text("second").splitlines()
    hunk = {"oldStart": 6, "oldLines": 1, "newStart": 6, "newLines": 7}
    last = text("first").splitlines()[-1]
    second.edit("new.py", last, "\n".join([last, *rows]), [{**hunk, "lines": [f" {last}", *(f"+{r}" for r in rows)]}])
    hooked.write("new.py", text("first") + text("second"))
    hooked.git("add", "-A")
    hooked.git("commit", "-q", "-m", "Both")
    expected = {**dict.fromkeys(range(1, 7), first.session_id), **dict.fromkeys(range(7, 13), second.session_id)}
    assert owned(hooked) == {"new.py": expected}


def test_work_of_three_days_ago_is_still_the_sessions(hooked: Repo, home: Path) -> None:
    session = CodexLog(home / ".codex", hooked.root, at=CodexLog(home / "unused", "/").at - 3 * 86400)
    session.prompt("Long ago")
    session.add_file("new.py", text("kept"))
    hooked.write("new.py", text("kept"))
    hooked.run(*PROGRAM, "backfill")
    hooked.git("add", "-A")
    hooked.git("commit", "-q", "-m", "At last")
    assert owned(hooked) == {"new.py": dict.fromkeys(range(1, 7), session.session_id)}


def test_explain_says_of_every_session_why_it_was_not_chosen(hooked: Repo, home: Path) -> None:
    author, weak, idle, reader = (CodexLog(home / ".codex", hooked.root) for _ in range(4))
    for session in (author, weak, idle, reader):
        session.prompt("Work")
    author.add_file("new.py", text("value"))
    weak.add_file("new.py", "something_else = 1\n" * 3 + text("value", 1))
    author.add_file("new.py", text("value"))
    idle.add_file("other.py", text("unused"))
    reader.shell("cat new.py", text("value"))
    hooked.write("new.py", text("value"))
    hooked.git("add", "-A")
    hooked.git("commit", "-q", "-m", "New")
    found = json.loads(hooked.run(*PROGRAM, "explain", "--json").stdout)
    said = {one["id"]: (one["accepted"], one["evidence"][0]["kind"]) for one in found["sessions"]}
    assert said == {
        author.session_id: (True, "content"),
        weak.session_id: (False, "content-weak"),
        idle.session_id: (False, "time-path"),
        reader.session_id: (False, "consulted"),
    }
    by_id = {one["id"]: one["evidence"][0] for one in found["sessions"]}
    assert by_id[weak.session_id]["lines"] == 1
    printed = hooked.run(*PROGRAM, "explain").stdout
    for session in (author, weak, idle, reader):
        assert session.session_id in printed
    assert printed.count("failed") == 3


def test_a_second_run_with_fuller_logs_says_what_changed(
    repo: Repo, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CODEX_HOME", str(home / ".codex"))
    first = CodexLog(home / ".codex", repo.root)
    first.add_file("a.py", text("one"))
    repo.commit_file("a.py", text("one") + text("two"))
    repo.run(*PROGRAM, "backfill")
    second = CodexLog(home / ".codex", repo.root, at=first.at - 30)
    second.add_file("a.py", text("two"))
    again = repo.run(*PROGRAM, "backfill", "--upgrade")
    assert "was 6, now 12 of 12 added lines have evidence" in again.stdout
    assert "changed: 1 session more, 6 more generated" in again.stdout
    assert "1 records were replaced" in again.stderr
    assert "was" not in repo.run(*PROGRAM, "backfill", "--upgrade").stdout
