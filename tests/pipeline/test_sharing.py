"""Records between clones: what is pushed and fetched is united, and nothing is lost."""

from __future__ import annotations

import subprocess
import sys
import threading
from pathlib import Path

import pytest

from git_ai_trail.attach import notes
from git_ai_trail.attach.record import tombstone_line
from git_ai_trail.errors import TrailError
from git_ai_trail.pipeline.history import told
from git_ai_trail.pipeline.sharing import fetch, push
from tests.pipeline.test_history import attach, git_of, record, text
from tests.support.repo import Repo


@pytest.fixture
def two(repo: Repo, tmp_path: Path) -> tuple[Repo, Repo, Repo]:
    """A bare remote and two clones, each with a record on a commit of its own choice."""
    repo.commit_file("a.py", text(1), "a")
    repo.commit_file("b.py", text(2), "b")
    repo.git("clone", "-q", "--bare", ".", str(tmp_path / "remote.git"))
    clones = []
    for name in ("one", "two"):
        repo.git("clone", "-q", str(tmp_path / "remote.git"), str(tmp_path / name))
        clones.append(Repo(tmp_path / name))
    return Repo(tmp_path / "remote.git"), *clones


def test_diverged_clones_end_up_with_all_lines(two: tuple[Repo, Repo, Repo]) -> None:
    _, one, other = two
    oid = one.git("rev-parse", "HEAD")
    lines = record(one, oid, "s-1")[0], record(other, oid, "s-2")[0]
    attach(one, oid, lines[0])
    attach(other, oid, lines[1])
    push(git_of(one), git_of(one).common_dir(), "origin")
    push(git_of(other), git_of(other).common_dir(), "origin")
    fetch(git_of(one), git_of(one).common_dir(), "origin")
    for clone in (one, other):
        assert {line for line in notes.read(git_of(clone), oid).split(b"\n") if line} == set(lines)
    tip = [clone.git("rev-parse", notes.REF) for clone in (one, other)]
    assert tip[0] == tip[1]
    assert len(one.git("log", "-1", "--format=%P", notes.REF).split()) == 2


def test_a_remote_without_records_is_fine_and_a_missing_one_is_said(two: tuple[Repo, Repo, Repo]) -> None:
    _, one, _ = two
    assert not any(union.new for union in fetch(git_of(one), git_of(one).common_dir(), "origin").fetched.values())
    with pytest.raises(TrailError):
        fetch(git_of(one), git_of(one).common_dir(), "nowhere")
    for hostile in ("--upload-pack=x", "a b", "../x", ""):
        with pytest.raises(TrailError, match="name of a remote"):
            fetch(git_of(one), git_of(one).common_dir(), hostile)


def test_a_tombstone_wins_the_union(two: tuple[Repo, Repo, Repo]) -> None:
    _, one, other = two
    oid = one.git("rev-parse", "HEAD")
    line, sealed = record(one, oid)
    attach(one, oid, line)
    attach(other, oid, tombstone_line(sealed))
    push(git_of(one), git_of(one).common_dir(), "origin")
    push(git_of(other), git_of(other).common_dir(), "origin")
    assert told(git_of(other), ["-1", "HEAD"])[0].found.status == "unknown"
    assert line not in notes.read(git_of(other), oid)


def test_two_clones_that_push_at_once_lose_nothing(two: tuple[Repo, Repo, Repo]) -> None:
    remote, *clones = two
    oids = clones[0].git("rev-list", "HEAD").split()
    expected = set()
    for number, clone in enumerate(clones):
        for oid in oids:
            line = record(clone, oid, f"s-{number}")[0]
            attach(clone, oid, line)
            expected.add((oid, line))
    # Whole processes, because a clone is written to by one process at a time here, and by both to the remote.
    running = [
        subprocess.Popen([sys.executable, "-m", "git_ai_trail", "notes", "push"], cwd=clone.root) for clone in clones
    ]
    assert [one.wait() for one in running] == [0, 0]
    found = {(oid, line) for oid in oids for line in notes.read(git_of(remote), oid).split(b"\n") if line}
    assert found == expected


def test_twenty_writers_during_fetches_lose_nothing(two: tuple[Repo, Repo, Repo]) -> None:
    _, one, other = two
    oid = one.git("rev-parse", "HEAD")
    git = git_of(one)
    common = git.common_dir()
    problems: list[Exception] = []

    def tried(number: int) -> None:
        try:
            if number:
                notes.add_lines(git, common, oid, [b"ours %d" % number], lock_timeout=30)
                return
            for turn in range(5):
                attach(other, oid, b"theirs %d" % turn)
                push(git_of(other), git_of(other).common_dir(), "origin")
                fetch(git, common, "origin")
        except Exception as error:
            problems.append(error)

    threads = [threading.Thread(target=tried, args=(number,)) for number in range(21)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not problems
    expected = {b"ours %d" % n for n in range(1, 21)} | {b"theirs %d" % n for n in range(5)}
    assert {line for line in notes.read(git, oid).split(b"\n") if line} == expected
