"""Where a record is looked for that a commit's own note does not have, and what is not taken for one."""

from __future__ import annotations

import json
import multiprocessing
from pathlib import Path

import pytest

from git_ai_trail.attach import notes
from git_ai_trail.attach.annex import AnnexSession, annex_line
from git_ai_trail.attach.record import build_core, digest, note_line, tombstone_line
from git_ai_trail.attach.status import STATUSES
from git_ai_trail.facts import EvidenceFact
from git_ai_trail.git import Git, empty_tree
from git_ai_trail.pipeline import history
from git_ai_trail.pipeline.history import Told, told
from git_ai_trail.pipeline.log import log
from git_ai_trail.pipeline.releases import release
from git_ai_trail.pipeline.show import as_json, show
from tests.attach.build import a_match, a_session
from tests.support.repo import Repo

CODE = "".join(f"def function_number_{number}(argument): return argument * {number}\n" for number in range(4))


def record(repo: Repo, oid: str) -> tuple[bytes, str]:
    """(note line, digest) of a record that gives every added line of a commit to one session."""
    git = Git(str(repo.root))
    diffs = git.diff(git.resolve(f"{oid}^") or empty_tree(oid), oid)
    made = EvidenceFact("committed-by-session", 0, 0, 0, "its log shows the commit")
    core = build_core(a_match(diffs, sessions=[a_session(evidence=(made,))]), diffs, tool="t/1")
    return note_line(core, {}), digest(core)


def attach(repo: Repo, oid: str, *lines: bytes, ref: str = notes.REF) -> None:
    git = Git(str(repo.root))
    notes.add_lines(git, git.common_dir(), oid, lines, ref=ref)


def newest(repo: Repo, *revisions: str) -> Told:
    return told(Git(str(repo.root)), revisions or ["HEAD"])[0]


@pytest.fixture
def stayed(repo: Repo) -> tuple[str, str]:
    """A commit and the digest of its record; HEAD is the same change again, with a trailer and without a note."""
    repo.commit_file("base", "base\n")
    old = repo.commit_file("new.py", CODE, "work")
    line, sealed = record(repo, old)
    attach(repo, old, line)
    repo.git("commit", "-q", "--amend", "-m", f"again\n\nAI-Trail: 1:{sealed}")
    return old, sealed


def test_a_record_is_found_on_another_commit(repo: Repo, stayed: tuple[str, str]) -> None:
    assert newest(repo).found.status == "exact"


def test_text_that_only_looks_like_the_record_does_not_hide_it(repo: Repo, stayed: tuple[str, str]) -> None:
    attach(repo, "HEAD", json.dumps({"note": 1, "digest": stayed[1]}, separators=(",", ":")).encode())
    assert newest(repo).found.status == "exact"


@pytest.mark.parametrize("ref", [notes.REF, notes.ANNEX_REF])
@pytest.mark.parametrize("where", ["HEAD", "old", "base"])
def test_a_record_is_withheld_wherever_that_is_said(repo: Repo, stayed: tuple[str, str], ref: str, where: str) -> None:
    old, sealed = stayed
    annex = annex_line(sealed, [AnnexSession(id="s")], policy="redacted", ruleset="8" * 64, made_at=1)
    attach(repo, old, annex, ref=notes.ANNEX_REF)
    oid = {"HEAD": repo.git("rev-parse", "HEAD"), "old": old, "base": repo.git("rev-parse", "HEAD^")}[where]
    attach(repo, oid, tombstone_line(sealed), ref=ref)
    found = newest(repo)
    assert (found.found.status, found.found.sessions, found.annexes) == ("unknown", (), {})
    assert sealed in found.found.withheld


@pytest.mark.parametrize("ref", [notes.REF, notes.ANNEX_REF])
def test_a_record_on_its_own_commit_is_withheld_too(repo: Repo, ref: str) -> None:
    base = repo.commit_file("base", "base\n")
    oid = repo.commit_file("new.py", CODE, "work")
    line, sealed = record(repo, oid)
    attach(repo, oid, line)
    attach(repo, base, tombstone_line(sealed), ref=ref)
    assert newest(repo).found.status == "unknown"


def test_a_withheld_record_is_not_found_by_its_change(repo: Repo) -> None:
    base = repo.commit_file("base", "base\n")
    old = repo.commit_file("new.py", CODE, "work")
    line, sealed = record(repo, old)
    attach(repo, old, line)
    repo.git("commit", "-q", "--amend", "-m", "again")
    assert newest(repo).found.status == "unanchored"
    attach(repo, base, tombstone_line(sealed), ref=notes.ANNEX_REF)
    assert newest(repo).found.sessions == ()


def test_an_empty_commit_is_not_every_other_empty_commit(repo: Repo) -> None:
    repo.commit_file("base", "base\n")
    old = repo.commit("nothing")
    attach(repo, old, record(repo, old)[0])
    repo.git("commit", "-q", "--amend", "--allow-empty", "-m", "somebody else's nothing")
    assert newest(repo).found.status == "none"


def test_a_record_of_a_commit_that_stands_keeps_to_it(repo: Repo) -> None:
    """A cherry-pick whose original is in the history as well: the original has the lines."""
    repo.commit_file("base", "base\n")
    repo.git("switch", "-q", "-c", "topic")
    old = repo.commit_file("new.py", CODE, "work")
    attach(repo, old, record(repo, old)[0])
    repo.git("switch", "-q", "main")
    repo.commit_file("other", "other\n")
    repo.git("cherry-pick", "topic")
    assert newest(repo, "main").found.status == "unanchored"
    both = told(Git(str(repo.root)), ["main", "topic"])
    assert [one.found.status for one in both if one.found.status != "none"] == ["unanchored"]
    assert newest(repo, "main", "topic", "^topic").found.status == "none"


def test_a_list_says_what_each_commit_says_alone(repo: Repo, stayed: tuple[str, str]) -> None:
    oid = repo.commit_file("more.py", CODE.upper(), "more")
    line, sealed = record(repo, oid)
    attach(repo, oid, line)
    other = repo.commit_file("claim.py", "nothing of it\n", "claim")
    attach(repo, other, line)
    repo.git("rm", "-q", "more.py")
    repo.commit("away")
    repo.write("more.py", CODE.upper())
    repo.write("beside.py", "beside it\n")
    repo.commit(f"carried\n\nAI-Trail: 1:{sealed}")
    repo.commit_file("plain", "plain\n")
    repo.commit_file("gone.py", CODE.title(), f"gone\n\nAI-Trail: 1:{'f' * 64}")
    git = Git(str(repo.root))
    listed = log(git, ["HEAD"])
    assert [as_json(one) for one in listed] == [as_json(show(git, one.commit.oid)) for one in listed]
    assert {one.status for one in listed} == set(STATUSES)


def test_a_list_takes_a_handful_of_processes(repo: Repo, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(40):
        oid = repo.commit_file("a.py", CODE + f"{number}\n", f"work {number}")
        attach(repo, oid, record(repo, oid)[0])
    trace = tmp_path / "trace"
    monkeypatch.setenv("GIT_TRACE2_EVENT", str(trace))
    assert len(log(Git(str(repo.root)), ["HEAD"])) == 40
    started = [one for one in map(json.loads, trace.read_text().splitlines()) if one["event"] == "start"]
    assert len(started) < 20


def test_a_release_whose_tag_looks_like_an_option_is_harmless(repo: Repo) -> None:
    oid = repo.commit_file("base", "base\n")
    repo.git("update-ref", "refs/tags/--output=stolen-1.0", oid)
    after = repo.commit_file("more", "more\n")
    repo.git("update-ref", "refs/tags/--output=stolen-1.1", after)
    git = Git(str(repo.root))
    found = release(git, "--output=stolen-1.1")
    assert (found.previous, found.base_oid) == ("--output=stolen-1.0", oid)
    assert [one.commit.oid for one in told(git, found.revisions)] == [after]
    assert not list(repo.root.glob("*stolen*"))


def test_a_shallow_clone_can_be_listed(repo: Repo, tmp_path: Path) -> None:
    for number in range(3):
        repo.commit_file("a.py", CODE + f"{number}\n", f"work {number}")
    repo.git("clone", "-q", "--depth=2", f"file://{repo.root}", str(tmp_path / "clone"))
    assert [one.commit.subject for one in log(Git(str(tmp_path / "clone")), ())] == ["work 2", "work 1"]


def test_a_judge_that_fails_leaves_no_process(repo: Repo, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(6):
        oid = repo.commit_file("a.py", CODE + f"{number}\n", f"work {number}")
        attach(repo, oid, record(repo, oid)[0])
    monkeypatch.setattr(history, "_WORTH_SHARING", 1)

    def stopped(done: int, total: int) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(history, "_EVERY", 1)
    with pytest.raises(KeyboardInterrupt):
        told(Git(str(repo.root)), ["HEAD"], progress=stopped)
    assert multiprocessing.active_children() == []
