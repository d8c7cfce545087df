"""A prompt's text that is withheld is gone from notes, for every reader and after every merge, and the record stays true."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from git_ai_trail.attach import notes, tombstones
from git_ai_trail.attach.annex import AnnexSession, annex_line, parse_annex
from git_ai_trail.attach.record import tombstone_line
from git_ai_trail.config import RepositoryConfig
from git_ai_trail.pipeline import sharing
from git_ai_trail.pipeline.carry import carry, sources_of
from git_ai_trail.pipeline.history import told
from git_ai_trail.pipeline.show import show
from tests.manual.conftest import Run
from tests.pipeline.test_history import attach, git_of, record, text
from tests.redact.samples import token
from tests.support.repo import Repo

SECRET = "the words that a person wants gone"
OTHER = "a prompt that may stay"


def annex(digest: str, *, made_at: int = 10, texts: tuple[str, ...] = (SECRET, OTHER)) -> bytes:
    session = AnnexSession(id="s-1", prompts=list(enumerate(texts)))
    return annex_line(digest, [session], policy="redacted", ruleset="r", made_at=made_at)


@pytest.fixture
def noted(repo: Repo) -> Repo:
    """A commit with a record and an annex that holds two prompts' texts."""
    oid = repo.commit_file("a.py", text(1), "a")
    line, digest = record(repo, oid)
    attach(repo, oid, line)
    attach(repo, oid, annex(digest), ref=notes.ANNEX_REF)
    return repo


def objects(repo: Repo) -> bytes:
    """Every object of the repository, reachable or not."""
    command = ["git", "cat-file", "--batch", "--batch-all-objects", "--unordered"]
    return subprocess.run(command, cwd=repo.root, capture_output=True, check=True).stdout


def note(repo: Repo, rev: str = "HEAD") -> bytes:
    git = git_of(repo)
    return notes.read(git, git.resolve(rev) or "", notes.ANNEX_REF)


def shown(repo: Repo) -> str:
    (one,) = show(git_of(repo), "HEAD").sessions
    return one.prompts[0].text or ""


def test_the_text_is_withdrawn_and_the_record_still_holds(noted: Repo, run: Run) -> None:
    assert shown(noted) == SECRET
    done = run("redact", "withhold", "HEAD", "1", cwd=noted.root)
    assert "prompt 1 of session s-1: withheld" in done.stdout
    assert "1 commit" in done.stdout
    assert "see --purge" in done.stdout
    assert SECRET.encode() not in note(noted)
    assert OTHER.encode() in note(noted)
    found = show(git_of(noted), "HEAD")
    assert (found.status, found.problems) == ("unanchored", ())
    assert found.sessions[0].prompts[0].text is None
    assert "withheld already" in run("redact", "withhold", "HEAD", "1", cwd=noted.root).stdout


def test_nobody_brings_it_back(noted: Repo, run: Run) -> None:
    run("redact", "withhold", "HEAD", "1", cwd=noted.root)
    oid = noted.git("rev-parse", "HEAD")
    _, digest = record(noted, oid)
    attach(noted, oid, annex(digest, made_at=99), ref=notes.ANNEX_REF)
    assert SECRET.encode() not in note(noted)
    assert parse_annex(note(noted))[digest].sessions[0].prompts == ((1, OTHER),)


def test_a_tombstone_wins_whichever_side_is_united_with_which(noted: Repo) -> None:
    before = note(noted)
    oid = noted.git("rev-parse", "HEAD")
    _, digest = record(noted, oid)
    tombstone = tombstones.prompt_line(digest, "s-1", 0, "a" * 64)
    one = notes.united(before, [tombstone])
    other = notes.united(tombstone + b"\n", before.split(b"\n"))
    assert sorted(one.split(b"\n")) == sorted(other.split(b"\n"))
    assert SECRET.encode() not in one
    assert OTHER.encode() in one
    assert notes.united(one, other.split(b"\n")) == one
    whole = notes.united(before, [tombstone_line(digest)])
    assert whole == tombstone_line(digest) + b"\n"


def test_a_tombstone_on_another_commit_counts_for_show_and_for_a_range(noted: Repo) -> None:
    oid = noted.git("rev-parse", "HEAD")
    _, digest = record(noted, oid)
    git = git_of(noted)
    other = noted.commit_file("b.py", text(2), "b")
    attach(noted, other, tombstones.prompt_line(digest, "s-1", 0, "a" * 64), ref=notes.ANNEX_REF)
    assert SECRET.encode() in note(noted, oid)
    (one,) = show(git, oid).sessions
    assert one.prompts[0].text is None
    by_oid = {each.commit.oid: each for each in told(git, ["HEAD"])}
    assert by_oid[oid].annexes[digest].sessions[0].prompts == ((1, OTHER),)
    assert by_oid[oid].found.status == show(git, oid).status == "unanchored"
    # A whole record that is withheld on another commit is unknown here too.
    attach(noted, other, tombstone_line(digest))
    assert (
        show(git, oid).status == {each.commit.oid: each for each in told(git, ["HEAD"])}[oid].found.status == "unknown"
    )


def test_the_same_prompt_goes_from_the_annexes_of_other_commits(noted: Repo, run: Run) -> None:
    other = noted.commit_file("b.py", text(2), "b")
    line, digest = record(noted, other)
    attach(noted, other, line)
    attach(noted, other, annex(digest), ref=notes.ANNEX_REF)
    done = json.loads(run("redact", "withhold", "HEAD~1", "1", "--json", cwd=noted.root).stdout)
    assert len(done["commits"]) == 2
    assert SECRET.encode() not in note(noted) + note(noted, "HEAD~1")
    assert OTHER.encode() in note(noted)


@pytest.mark.parametrize("withheld", [True, False])
def test_what_is_carried_to_another_commit_comes_without_it(noted: Repo, withheld: bool) -> None:
    old = noted.git("rev-parse", "HEAD")
    _, digest = record(noted, old)
    elsewhere = noted.commit_file("b.py", text(2), "b")
    if withheld:
        attach(noted, elsewhere, tombstones.prompt_line(digest, "s-1", 0, "a" * 64), ref=notes.ANNEX_REF)
    noted.git("reset", "-q", "--hard", old)
    noted.git("commit", "-q", "--amend", "-m", "the same in other words")
    git = git_of(noted)
    new = noted.git("rev-parse", "HEAD")
    policy = RepositoryConfig(publish="redacted")
    done = carry(git, git.common_dir(), new, sources_of(git, [old]), policy=policy, dry_run=False)
    assert done.annexes == 1
    assert (SECRET.encode() not in note(noted, new)) is withheld


def test_purging_takes_it_out_of_history_and_of_every_object_once_git_cleans_up(noted: Repo, run: Run) -> None:
    run("redact", "withhold", "HEAD", "1", cwd=noted.root)
    assert SECRET.encode() in objects(noted)
    done = run("redact", "withhold", "--purge", cwd=noted.root)
    assert "rotate" in done.stderr
    assert "gc --prune=now" in done.stderr
    assert noted.git("rev-list", "--count", notes.ANNEX_REF) == "1"
    noted.git("gc", "-q", "--prune=now")
    assert SECRET.encode() not in objects(noted)
    files = [path for path in (noted.root / ".git").rglob("*") if path.is_file()]
    assert not [path for path in files if SECRET.encode() in path.read_bytes()]
    assert OTHER.encode() in objects(noted)
    assert show(git_of(noted), "HEAD").status == "unanchored"


@pytest.fixture
def hub(noted: Repo, tmp_path: Path) -> Repo:
    noted.git("clone", "-q", "--bare", ".", str(tmp_path / "hub.git"))
    noted.git("remote", "add", "origin", str(tmp_path / "hub.git"))
    git = git_of(noted)
    sharing.push(git, git.common_dir(), "origin")
    return Repo(tmp_path / "hub.git")


def clone_of(hub: Repo, name: str) -> Repo:
    hub.git("clone", "-q", ".", f"../{name}")
    clone = Repo(hub.root.parent / name)
    git = git_of(clone)
    sharing.fetch(git, git.common_dir(), "origin")
    return clone


def test_a_tombstone_reaches_others_by_push_and_fetch(noted: Repo, hub: Repo, run: Run) -> None:
    reader = clone_of(hub, "reader")
    assert SECRET.encode() in note(reader)
    run("redact", "withhold", "HEAD", "1", cwd=noted.root)
    run("notes", "push", cwd=noted.root)
    run("notes", "fetch", cwd=reader.root)
    assert SECRET.encode() not in note(reader)
    # The reader's own, older view does not bring it back.
    run("notes", "push", cwd=reader.root)
    run("notes", "fetch", cwd=noted.root)
    assert SECRET.encode() not in note(noted)


def test_a_purged_history_is_pushed_with_lease_and_not_brought_back(noted: Repo, hub: Repo, run: Run) -> None:
    reader = clone_of(hub, "reader")
    done = run("redact", "withhold", "HEAD", "1", "--purge", "--push", cwd=noted.root)
    assert "origin: replaced by force, with lease" in done.stdout
    hub.git("gc", "-q", "--prune=now")
    assert SECRET.encode() not in objects(hub)
    # A clone with the old history adds a note, takes the new history over and pushes without the old one.
    other = reader.commit_file("c.py", text(3), "c")
    line, digest = record(reader, other)
    attach(reader, other, line)
    attach(reader, other, annex(digest, texts=(OTHER,)), ref=notes.ANNEX_REF)
    run("notes", "push", cwd=reader.root)
    hub.git("gc", "-q", "--prune=now")
    assert SECRET.encode() not in objects(hub)
    run("notes", "fetch", cwd=noted.root)
    assert digest.encode() in note(noted, other) or notes.find_by_digest(git_of(noted), digest)


def test_what_is_purged_does_not_overwrite_what_came_meanwhile(noted: Repo, hub: Repo, run: Run) -> None:
    reader = clone_of(hub, "reader")
    other = reader.commit_file("c.py", text(3), "c")
    _, digest = record(reader, other)
    attach(reader, other, annex(digest, texts=(OTHER,)), ref=notes.ANNEX_REF)
    run("notes", "push", cwd=reader.root)
    run("redact", "withhold", "HEAD", "1", "--purge", "--push", cwd=noted.root)
    assert digest in hub.git("grep", "-h", "-e", digest, notes.ANNEX_REF)


@pytest.mark.parametrize("there_already", [False, True])
def test_what_a_purge_would_send_is_looked_at_as_a_push_is(
    noted: Repo, hub: Repo, run: Run, there_already: bool
) -> None:
    other = noted.commit_file("c.py", text(3), "c")
    line, digest = record(noted, other)
    attach(noted, other, line)
    attach(noted, other, annex(digest, texts=(f"use {token()}",)), ref=notes.ANNEX_REF)
    if there_already:
        noted.git("push", "-q", "origin", f"{notes.ANNEX_REF}:{notes.ANNEX_REF}")
    before = hub.git("rev-parse", notes.ANNEX_REF)
    done = run("redact", "withhold", "--purge", "--push", cwd=noted.root, code=0 if there_already else 1)
    assert token() not in done.stdout + done.stderr
    # What the remote has is taken out of by this, so it does not stand in the way.
    assert (hub.git("rev-parse", notes.ANNEX_REF) != before) is there_already
    assert ("rule github-token catches (the note on " in done.stderr) is not there_already
    hub.git("gc", "-q", "--prune=now")
    assert (token().encode() in objects(hub)) is there_already
    run("redact", "withhold", "HEAD", "1", "--purge", "--push", cwd=noted.root)
    hub.git("gc", "-q", "--prune=now")
    assert token().encode() not in objects(hub)


def test_a_remote_with_the_old_history_again_is_said(noted: Repo, hub: Repo, run: Run) -> None:
    run("redact", "withhold", "HEAD", "1", "--purge", cwd=noted.root)
    said = run("notes", "push", cwd=noted.root, code=1).stderr
    assert "before it was purged" in said
    assert "--purge --push" in said


@pytest.mark.parametrize(
    ("args", "code", "said"),
    [
        (("nothing", "1"), 1, "no commit 'nothing'"),
        (("HEAD", "7"), 1, "names no prompt 7"),
        (("HEAD",), 2, "or --all"),
        ((), 2, "name a commit and a prompt"),
        (("HEAD", "1", "--push"), 2, "goes with --purge"),
        (("HEAD", "1", "--session", "zzz"), 1, "no record that names a prompt"),
        (("--purge", "--push"), 1, "not the name of a remote"),
    ],
)
def test_wrong_input_gets_one_line(noted: Repo, run: Run, args: tuple[str, ...], code: int, said: str) -> None:
    done = run("redact", "withhold", *args, cwd=noted.root, code=code)
    assert said in done.stderr
    assert "Traceback" not in done.stderr


def test_outside_of_a_repository_it_says_so(tmp_path: Path, run: Run) -> None:
    assert "not inside a git worktree" in run("redact", "withhold", "HEAD", "1", cwd=tmp_path, code=1).stderr


def test_a_dry_run_changes_nothing(noted: Repo, run: Run) -> None:
    before = noted.git("rev-parse", notes.ANNEX_REF)
    assert "would be withheld" in run("redact", "withhold", "HEAD", "--all", "-n", cwd=noted.root).stdout
    assert noted.git("rev-parse", notes.ANNEX_REF) == before


@pytest.mark.parametrize(
    "line",
    [
        b'{"withheld":5}',
        b'{"withheld":"' + b"a" * 64 + b'","record":5,"session":"s","turn":0}',
        b'{"annex":"' + b"a" * 64 + b'","sessions":[5,{"prompts":5},{"prompts":[5]}]}',
        b'{"annex":"' + b"a" * 64 + b'","sessions":' + b"[" * 5000,
    ],
)
def test_odd_lines_are_read_without_complaint(line: bytes) -> None:
    gone = tombstones.Gone(frozenset(("b" * 64,)), frozenset((("a" * 64, "s", 0),)))
    tombstones.read(line)
    assert tombstones.stripped(line, gone) == line
