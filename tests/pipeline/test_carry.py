"""Records follow their lines over a squash or rebase that a code host made, and nothing else goes along."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from git_ai_trail.attach import notes
from git_ai_trail.attach.annex import AnnexSession, annex_line
from git_ai_trail.attach.record import parse_line, tombstone_line
from git_ai_trail.config import RepositoryConfig
from git_ai_trail.errors import TrailError
from git_ai_trail.pipeline.carry import Carried, Source, carry, pair, sources_of
from git_ai_trail.pipeline.history import told
from git_ai_trail.pipeline.sharing import fetch, push
from tests.pipeline.test_history import attach, git_of, record, text
from tests.redact.samples import token
from tests.support.repo import Repo

NONE = RepositoryConfig()


def topic(repo: Repo) -> tuple[list[str], list[str]]:
    """(commits, digests) of a branch with two recorded commits to one file; the second changes a line of the first."""
    repo.commit_file("base", "base\n", "base")
    repo.git("switch", "-q", "-c", "topic")
    first = repo.commit_file("new.py", text(1), "one")
    line, one = record(repo, first, "s-1")
    attach(repo, first, line)
    changed = text(1).replace("function_number_1_1(argument)", "renamed_in_the_second_commit(value)") + text(2)
    second = repo.commit_file("new.py", changed, "two")
    line, two = record(repo, second, "s-2")
    attach(repo, second, line)
    repo.git("switch", "-q", "main")
    return [first, second], [one, two]


def squash(repo: Repo, message: str = "Squashed (#1)") -> str:
    repo.git("merge", "-q", "--squash", "topic")
    return repo.commit(message)


def bring(
    repo: Repo, target: str, sources: list[Source], policy: RepositoryConfig = NONE, *, dry_run: bool = False
) -> Carried:
    git = git_of(repo)
    return carry(git, git.common_dir(), target, sources, policy=policy, dry_run=dry_run)


def test_a_squash_without_trailers_has_both_records_line_by_line(repo: Repo) -> None:
    oids, digests = topic(repo)
    target = squash(repo)
    done = bring(repo, target, sources_of(git_of(repo), oids))
    assert (list(done.records), done.lines, done.skipped) == (digests, 8, ())
    found = told(git_of(repo), ["HEAD"])[0].found
    assert (found.status, found.generated) == ("unanchored", 8)
    owners = {line: r.session for file in found.files for r in file.ranges for line in range(r.start, r.end + 1)}
    assert [owners[n] for n in range(1, 9)] == ["s-1", "s-2", "s-1", "s-1", "s-2", "s-2", "s-2", "s-2"]


def test_twice_changes_nothing_and_a_dry_run_writes_nothing(repo: Repo) -> None:
    oids, _ = topic(repo)
    target = squash(repo)
    git = git_of(repo)
    assert bring(repo, target, sources_of(git, oids), dry_run=True).records
    assert notes.read(git, target) == b""
    bring(repo, target, sources_of(git, oids))
    once = notes.read(git, target)
    bring(repo, target, sources_of(git, oids))
    assert notes.read(git, target) == once


def test_the_commits_need_not_be_here(repo: Repo) -> None:
    repo.commit_file("base", "base\n", "base")
    repo.git("switch", "-q", "-c", "topic")
    old = repo.commit_file("new.py", text(1), "work")
    line, sealed = record(repo, old)
    repo.commit_file("beside.py", "by somebody else\n", "beside")
    repo.git("switch", "-q", "main")
    done = bring(repo, squash(repo), [Source(oid="1" * 40, note=line)])
    assert (done.records, done.lines) == ((sealed,), 4)


def test_a_record_that_was_carried_before_is_carried_again(repo: Repo) -> None:
    oids, digests = topic(repo)
    target = squash(repo)
    bring(repo, target, sources_of(git_of(repo), oids))
    repo.git("switch", "-q", "-c", "again", "HEAD~1")
    repo.commit_file("beside", "beside\n", "beside")
    repo.git("cherry-pick", target)
    rewritten = repo.commit_file("more.py", "more\n", "x") and repo.git("rev-parse", "HEAD~1")
    done = bring(repo, rewritten, sources_of(git_of(repo), [target]))
    assert set(done.records) == set(digests)
    assert done.lines == 8


def test_nothing_is_credited_that_does_not_stand(repo: Repo) -> None:
    oids, digests = topic(repo)
    other = repo.commit_file("new.py", "}\n)\nsomething else entirely, by somebody\n", "other")
    done = bring(repo, other, sources_of(git_of(repo), oids))
    assert not done.records
    assert {digest for digest, _ in done.skipped} == set(digests)
    assert notes.read(git_of(repo), other) == b""


def test_no_line_is_credited_twice(repo: Repo) -> None:
    repo.commit_file("base", "base\n", "base")
    repo.git("switch", "-q", "-c", "topic")
    only = repo.commit_file("new.py", text(1), "work")
    twice = [record(repo, only, session)[0] for session in ("s-1", "s-2")]
    repo.git("switch", "-q", "main")
    target = squash(repo)
    done = bring(repo, target, [Source(oid=only, note=line) for line in twice])
    assert done.lines == 4
    found = told(git_of(repo), ["HEAD"])[0].found
    assert found.generated == 4


def test_only_what_is_understood_goes_along(repo: Repo) -> None:
    oids, _ = topic(repo)
    target = squash(repo)
    good = parse_line(sources_of(git_of(repo), oids)[1].note.strip())
    value = json.loads(good.raw)
    value["beside"] = f"free text with {token()}"
    broken = good.raw.replace(b'"added":6', b'"added":7')
    lines = [json.dumps(value).encode(), broken, b"foreign text", b"x" * 70_000]
    bring(repo, target, [Source(oid=oids[1], note=b"\n".join(lines))])
    note = notes.read(git_of(repo), target)
    assert b"beside" not in note
    assert token().encode() not in note
    assert b"foreign" not in note
    assert {parse_line(line).kind for line in note.split(b"\n") if line} == {"core", "derived"}


def test_what_is_withheld_is_not_carried_and_that_it_is_goes_along(repo: Repo) -> None:
    oids, digests = topic(repo)
    attach(repo, oids[0], tombstone_line(digests[0]))
    target = squash(repo)
    done = bring(repo, target, sources_of(git_of(repo), oids))
    assert list(done.records) == [digests[1]]
    assert (digests[0], "it was withheld") in done.skipped
    assert tombstone_line(digests[0]) in notes.read(git_of(repo), target)


def test_tombstones_are_bounded(repo: Repo) -> None:
    oids, _ = topic(repo)
    target = squash(repo)
    many = b"\n".join(tombstone_line(f"{number:064x}") for number in range(3000))
    bring(repo, target, [Source(oid=oids[0], note=many)])
    assert notes.read(git_of(repo), target).count(b"withheld") == 1000


@pytest.mark.parametrize(
    ("level", "shown"), [("none", []), ("first-line", ["ask it"]), ("redacted", ["ask it\nnicely"])]
)
def test_of_an_annex_goes_along_what_policy_and_second_look_allow(repo: Repo, level: str, shown: list[str]) -> None:
    oids, digests = topic(repo)
    prompts = [(0, "ask it\nnicely"), (7, "of another turn")]
    annex = annex_line(
        digests[1],
        [AnnexSession(id="s-2", prompts=prompts), AnnexSession(id="stranger", prompts=[(0, "not in the record")])],
        policy="redacted",
        ruleset="8" * 64,
        made_at=1,
    )
    leaking = annex_line(
        digests[0], [AnnexSession(id="s-1", prompts=[(0, f"use {token()}")])], policy="redacted", ruleset="", made_at=1
    )
    sources = [
        Source(oid=one.oid, note=one.note, annex=extra)
        for one, extra in zip(sources_of(git_of(repo), oids), (leaking, annex), strict=True)
    ]
    target = squash(repo)
    assert bring(repo, target, sources, RepositoryConfig(publish=level)).annexes == 2
    kept = notes.read(git_of(repo), target, notes.ANNEX_REF)
    values = [json.loads(line) for line in kept.split(b"\n") if line]
    texts = [p["text"] for value in values for one in value["sessions"] for p in one["prompts"]]
    assert texts == shown
    assert token().encode() not in kept
    assert {one["id"] for value in values for one in value["sessions"]} == {"s-1", "s-2"}


def test_a_merge_brings_no_lines_of_its_own(repo: Repo) -> None:
    oids, _ = topic(repo)
    repo.commit_file("other", "other\n", "other")
    repo.git("merge", "-q", "--no-ff", "-m", "merge", "topic")
    with pytest.raises(TrailError, match="is a merge"):
        bring(repo, "HEAD", sources_of(git_of(repo), oids))


def test_a_rebase_of_several_pairs_each_with_its_own(repo: Repo) -> None:
    repo.commit_file("base", "base\n", "base")
    repo.git("switch", "-q", "-c", "topic")
    olds = []
    for number in (1, 2):
        oid = repo.commit_file(f"n{number}.py", text(number), f"work {number}")
        attach(repo, oid, record(repo, oid, f"s-{number}")[0])
        olds.append(oid)
    repo.git("switch", "-q", "main")
    repo.commit_file("other", "other\n", "other")
    repo.git("-c", "core.hooksPath=/dev/null", "cherry-pick", *olds)
    targets = repo.git("rev-list", "--reverse", "HEAD~2..HEAD").split()
    pairs = pair(git_of(repo), targets, sources_of(git_of(repo), olds))
    assert [(target, [one.oid for one in some]) for target, some in pairs] == list(
        zip(targets, [[old] for old in olds], strict=True)
    )


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
