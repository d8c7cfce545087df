"""Lock files, generated and vendored ones beside an agent's work: counted, kept apart, and in no share."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from git_ai_trail.attach import notes
from git_ai_trail.attach.record import digest, note_line, parse_note
from git_ai_trail.config import parse_repository
from git_ai_trail.git import Git
from git_ai_trail.pipeline import evidence, worktree
from git_ai_trail.pipeline import verify as gate
from git_ai_trail.pipeline.backfill import backfill
from git_ai_trail.pipeline.show import show
from git_ai_trail.settings import Settings
from tests.support.codex_log import CodexLog
from tests.support.repo import Repo

PROGRAM = (sys.executable, "-m", "git_ai_trail")

LINES = "".join(f"value_{n} = compute_something({n})\n" for n in range(8))
LOCK = "".join(f'name = "package-{n}"\nversion = "1.{n}"\n' for n in range(100))
SNAPSHOT = "".join(f"rendered element number {n}\n" for n in range(20))
NOTHING_APART = {"files": 0, "added": 0, "generated": 0, "edited": 0}


@pytest.fixture
def committed(repo: Repo, home: Path, monkeypatch: pytest.MonkeyPatch) -> Repo:
    """An agent's file with two lines of a person, its snapshot, and a lock file, committed with our hooks in place."""
    monkeypatch.setenv("CODEX_HOME", str(home / ".codex"))
    repo.write(".gitattributes", "*.snap linguist-generated\n")
    repo.commit_file("README.md", "Title\n", "base")
    repo.git("config", "ai-log-trail.ingest", "false")
    repo.run(*PROGRAM, "init", "--native")
    repo.git("add", "-A")
    repo.git("commit", "-q", "--no-verify", "-m", "set up", env={"GIT_AI_TRAIL": "0"})
    session = CodexLog(home / ".codex", repo.root)
    session.prompt("Write it")
    for path, text in (("a.py", LINES), ("a.snap", SNAPSHOT)):
        session.add_file(path, text)
        repo.write(path, text)
    repo.write("a.py", LINES + "\nby_hand = 1\n")
    repo.write("uv.lock", LOCK)
    return repo


def commit(repo: Repo, *more: str) -> str:
    """What the hooks say."""
    repo.git("add", "-A")
    return repo.run("git", "commit", "-q", *more, "-m", "Work").stderr


def core(repo: Repo) -> dict:
    """The record that the message names, or the only one."""
    lines = parse_note(notes.read(Git(str(repo.root)), repo.git("rev-parse", "HEAD")))
    named = repo.git("log", "-1", "--format=%(trailers:key=AI-Trail,valueonly)").strip().removeprefix("1:")
    return next(line.core for line in lines if line.core is not None and line.digest in (named or line.digest))


def summary(repo: Repo) -> dict:
    return json.loads(repo.run(*PROGRAM, "show", "--json").stdout)["summary"]


def test_the_record_says_what_is_kept_apart(committed: Repo) -> None:
    said = commit(committed)
    apart = {"files": 2, "added": 220, "generated": 20, "edited": 0}
    counts = {"added": 230, "generated": 28, "edited": 0, "unattributed": 202, "deleted": 0, "apart": apart}
    assert core(committed)["counts"] == counts
    assert summary(committed) == counts
    assert "8 of 10 added lines have evidence (220 in lock or generated files apart)" in said


def test_people_see_the_share_of_what_people_write(committed: Repo) -> None:
    commit(committed)
    shown = committed.run(*PROGRAM, "show").stdout
    assert "8 generated · 0 edited · 2 unattributed" in shown
    assert "220 lines of generated, lock files kept apart, 20 of them with evidence" in shown
    logged = committed.run(*PROGRAM, "log", "-n", "1")
    assert "8/10" in logged.stdout
    assert "8 of 10 added lines were written by one" in logged.stderr
    assert "220 lines in lock, generated and vendored files kept apart" in logged.stderr
    stats = committed.run(*PROGRAM, "stats", "HEAD~1..HEAD").stdout
    assert "8 generated · 0 edited · 2 unattributed" in stats
    assert "220 lines in lock, generated and vendored files kept apart" in stats
    explained = committed.run(*PROGRAM, "explain").stdout
    assert "220 of these lines stand in lock, generated or vendored files" in explained


def test_a_report_names_them_once_and_counts_them_nowhere_else(committed: Repo) -> None:
    commit(committed)
    found = json.loads(committed.run(*PROGRAM, "report", "HEAD~1..HEAD", "--format", "json").stdout)
    lines = found["totals"]["lines"]
    assert lines == {"added": 10, "generated": 8, "edited": 0, "unattributed": 2, "deleted": 0}
    assert found["totals"]["apart"] == {"files": 2, "added": 220, "generated": 20, "edited": 0}
    assert [file["path"] for file in found["commits"][0]["files"]] == ["a.py"]
    text = committed.run(*PROGRAM, "report", "HEAD~1..HEAD").stdout
    assert "220 added lines of lock files, generated and vendored files are kept apart" in text


def test_how_long_lines_last_is_asked_of_the_others_alone(committed: Repo) -> None:
    commit(committed)
    found = json.loads(committed.run(*PROGRAM, "stats", "HEAD~1..HEAD", "--kept", "--json").stdout)
    assert found["kept"]["by_class"]["generated"] == {"kept": 8, "of": 8}
    assert found["apart"] == {"files": 2, "added": 220, "generated": 20, "edited": 0}


def test_the_policys_list_is_kept_apart_too_and_its_share_is_one_of_the_rest(committed: Repo) -> None:
    committed.write(".git-ai-trail.toml", '[policy]\napart = ["a.py"]\n')
    commit(committed)
    assert core(committed)["counts"]["apart"] == {"files": 3, "added": 230, "generated": 28, "edited": 0}
    git = Git(str(committed.root))
    limited = parse_repository("[policy]\nshare-limit = 0.5\n")
    assert [one.failures[0].rule for one in gate.verify(git, ["HEAD^!"], limited).verdicts] == ["share-exceeded"]
    loose = parse_repository('[policy]\nshare-limit = 0.5\napart = ["a.py"]\n')
    assert not gate.verify(git, ["HEAD^!"], loose).failed


def test_lock_files_do_not_dilute_a_share(committed: Repo) -> None:
    commit(committed)
    done = gate.verify(Git(str(committed.root)), ["HEAD^!"], parse_repository("[policy]\nshare-limit = 0.5\n"))
    assert [one.failures[0].text for one in done.verdicts] == [
        "8 of 10 added lines have evidence, and the policy allows 0.5 of them"
    ]
    assert (done.added, done.generated, done.apart) == (10, 8, 220)


def test_an_amended_commit_keeps_them_apart_without_any_log(committed: Repo, home: Path) -> None:
    commit(committed)
    for log in (home / ".codex").rglob("*.jsonl"):
        log.unlink()
    committed.write("uv.lock", LOCK + "one more\n")
    commit(committed, "--amend")
    assert core(committed)["counts"]["apart"] == {"files": 2, "added": 221, "generated": 20, "edited": 0}


def test_a_record_from_before_reads_and_verifies_as_it_did(committed: Repo) -> None:
    commit(committed)
    git = Git(str(committed.root))
    oid = committed.git("rev-parse", "HEAD")
    old = core(committed)
    del old["counts"]["apart"]
    message = f"Work\n\nAI-Trail: 1:{digest(old)}"
    committed.git(
        "-c",
        "core.hooksPath=",
        "-c",
        "notes.rewriteRef=refs/notes/none",
        "commit",
        "-q",
        "--amend",
        "-m",
        message,
        env={"GIT_AI_TRAIL": "0"},
    )
    tip = committed.git("rev-parse", "HEAD")
    assert tip != oid
    committed.git("update-ref", "-d", notes.REF)
    notes.add_lines(git, git.common_dir(), tip, [note_line(old, {})])
    view = show(git, "HEAD")
    assert (view.status, view.problems) == ("exact", ())
    assert view.apart == (2, 220, 20, 0)


def test_a_commit_without_such_files_has_a_record_as_ever(committed: Repo) -> None:
    (committed.root / "uv.lock").unlink()
    (committed.root / "a.snap").unlink()
    commit(committed)
    assert set(core(committed)["counts"]) == {"added", "generated", "edited", "unattributed", "deleted"}
    assert summary(committed)["apart"] == NOTHING_APART


def test_what_is_too_much_to_be_matched_is_said(repo: Repo, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    env = {"HOME": str(home), "CODEX_HOME": str(home / ".codex")}
    session = CodexLog(home / ".codex", repo.root)
    for path, text in (("large.py", LINES * 5), ("small.py", LINES)):
        session.add_file(path, text)
        repo.write(path, text)
    repo.commit("Both")
    monkeypatch.setattr(evidence, "MAX_LINES", 20)
    backfill(worktree.open_worktree(str(repo.root)), Settings(), env, revisions=["HEAD"])
    assert core(repo)["counts"]["beyond"] == 40
    view = show(Git(str(repo.root)), "HEAD")
    assert (view.added, view.generated, view.unattributed) == (48, 8, 40)
    assert view.problems == ("40 added lines were too many to be matched; they count as unattributed",)


def test_binary_files_have_no_lines_and_stand_in_no_way(committed: Repo) -> None:
    (committed.root / "logo.png").write_bytes(bytes(range(256)) * 40)
    commit(committed)
    view = show(Git(str(committed.root)), "HEAD")
    assert view.status == "exact"
    assert [file.added for file in view.files if file.path == "logo.png"] == [0]
    assert view.generated == 28
