"""Reading a range at once says of each commit what reading it alone says, and finds records that stayed behind."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from git_ai_trail.attach import notes
from git_ai_trail.attach.record import build_core, digest, lines_digest, note_line, tombstone_line
from git_ai_trail.errors import TrailError
from git_ai_trail.facts import CommitMatch, EvidenceFact, FileMatch, Range, SessionMatch
from git_ai_trail.git import Git, base_of, empty_tree
from git_ai_trail.git_bulk import added_lines, diffs
from git_ai_trail.pipeline import history, show
from git_ai_trail.pipeline.history import told
from tests.support.repo import Repo


def git_of(repo: Repo) -> Git:
    return Git(str(repo.root))


def pairs(repo: Repo) -> list[tuple[str, str]]:
    listed = [line.split() for line in repo.git("rev-list", "--parents", "--all").splitlines()]
    return [(base_of(words[1:], words[0]), words[0]) for words in listed]


@pytest.fixture
def odd(repo: Repo, tmp_path: Path) -> Repo:
    """A history with every kind of change that a diff can show."""
    repo.commit_file("a.txt", "one\ntwo\nthree\n", "root")
    repo.commit("empty")
    repo.write("no-end", "no newline at the end")
    repo.write("crlf", "a\r\nb\r\n")
    repo.write('qu"ote\ttab', "x\n")
    (repo.root / os.fsdecode(b"latin-\xe9")).write_bytes(b"\xff\xfe\n")
    repo.commit("odd names")
    (repo.root / "bin").write_bytes(bytes(range(256)) * 40)
    repo.commit("binary")
    (repo.root / "a.txt").chmod(0o755)
    repo.commit("mode")
    (repo.root / "crlf").unlink()
    (repo.root / "crlf").symlink_to("a.txt")
    repo.commit("type change")
    repo.git("mv", "a.txt", "b.txt")
    repo.write("looks", "a" * 40 + "\0:100644\n" + "b" * 40 + "\n+x\n-y\ndiff --git a/x b/x\n")
    repo.commit("rename, and content like our own output")
    repo.git("switch", "-q", "-c", "side", "HEAD~2")
    repo.commit_file("side", "s\n", "side")
    repo.git("switch", "-q", "main")
    repo.git("merge", "-q", "--no-ff", "-m", "merge", "side")
    inner = Repo.init(tmp_path / "inner")
    inner.commit_file("x", "x\n", "inner")
    repo.git("submodule", "add", "-q", str(inner.root), "sub")
    repo.commit("submodule")
    repo.write("large", "".join(f"line {n} of a large file\n" for n in range(60_000)))
    repo.commit("large")
    repo.git("rm", "-q", "large")
    repo.commit("gone")
    return repo


def test_many_diffs_are_what_each_is_alone(odd: Repo) -> None:
    git = git_of(odd)
    found = dict(diffs(git, pairs(odd)))
    assert len(found) == len(pairs(odd))
    for base, tip in pairs(odd):
        assert found[tip] == git.diff(base, tip), tip


def test_counts_are_those_of_the_diffs(odd: Repo) -> None:
    git = git_of(odd)
    counts = added_lines(git, pairs(odd))
    for base, tip in pairs(odd):
        expected = [(one.path, len(one.added), len(one.removed)) for one in git.diff(base, tip)]
        assert counts[tip] == expected, tip


def test_a_diff_that_is_too_large_is_cut_as_alone(odd: Repo, monkeypatch: pytest.MonkeyPatch) -> None:
    for module in ("git_ai_trail.git", "git_ai_trail.git_bulk"):
        monkeypatch.setattr(f"{module}.MAX_DIFF_BYTES", 5_000)
    git = git_of(odd)
    found = dict(diffs(git, pairs(odd)))
    assert any(one.truncated for files in found.values() for one in files)
    for base, tip in pairs(odd):
        assert found[tip] == git.diff(base, tip), tip


def record(repo: Repo, oid: str, session: str = "s-1") -> tuple[bytes, str]:
    """(note line, digest) of a record that gives all added lines of a commit to one session."""
    git = git_of(repo)
    parent = git.resolve(f"{oid}^")
    content = git.diff(parent or empty_tree(oid), oid)
    files = tuple(
        FileMatch(
            one.path, len(one.added), (Range(1, len(one.added), session, "generated", 0, lines_digest(one.added)),)
        )
        for one in content
        if one.added
    )
    total = sum(len(one.added) for one in content)
    fact = EvidenceFact("content", total, total, 100, "it wrote them")
    match = SessionMatch(
        session, "codex", "1", ("m",), "authored", (fact,), (0,), (), ((0, "a" * 64),), None, None, None
    )
    core = build_core(CommitMatch((match,), files, total, total, 0, 0), content, tool="t/1")
    return note_line(core, {}), digest(core)


def attach(repo: Repo, oid: str, *lines: bytes, ref: str = notes.REF) -> None:
    git = git_of(repo)
    notes.add_lines(git, git.common_dir(), oid, lines, ref=ref)


def text(number: int) -> str:
    return "".join(f"def function_number_{number}_{n}(argument): return argument * {n}\n" for n in range(4))


@pytest.fixture
def mixed(repo: Repo) -> Repo:
    """A commit of each status, the newest last."""
    repo.commit_file("none.py", text(0), "none")
    exact = repo.commit_file("exact.py", text(1), "exact")
    line, sealed = record(repo, exact)
    repo.git("commit", "-q", "--amend", "-m", f"exact\n\nAI-Trail: 1:{sealed}")
    attach(repo, repo.git("rev-parse", "HEAD"), line)
    unanchored = repo.commit_file("unanchored.py", text(2), "unanchored")
    attach(repo, unanchored, record(repo, unanchored)[0])
    claim = repo.commit_file("claim.py", text(3), "claim")
    attach(repo, claim, record(repo, unanchored, "s-2")[0])
    repo.commit_file("unknown.py", text(4), f"unknown\n\nAI-Trail: 1:{'f' * 64}")
    carried = repo.commit_file("carried.py", text(5) + "and more\n", "before")
    line, sealed = record(repo, carried)
    repo.commit_file("other.py", "something else entirely\n", "between")
    repo.git("rm", "-q", "carried.py")
    repo.commit("away")
    repo.write("carried.py", text(5) + "and more\n")
    repo.write("beside.py", "beside it\n")
    repo.commit(f"carried\n\nAI-Trail: 1:{sealed}")
    attach(repo, carried, line)
    broken = repo.commit_file("broken.py", text(6), "broken")
    attach(repo, broken, record(repo, broken)[0].replace(b'"added":4', b'"added":5'), b"foreign text")
    return repo


def test_a_range_says_what_each_commit_says_alone(mixed: Repo) -> None:
    git = git_of(mixed)
    found = told(git, ["HEAD"])
    assert {one.found.status for one in found} == {"none", "exact", "unanchored", "claim", "unknown", "carried"}
    for one in found:
        alone = show.show(git, one.commit.oid)
        here = one.found
        assert (here.status, here.digest, here.trailer, here.lineage) == (
            alone.status,
            alone.digest,
            alone.trailer,
            alone.lineage,
        )
        assert (here.added, here.generated, here.edited) == (alone.added, alone.generated, alone.edited)
        assert [one for one in here.files if one.ranges] == [one for one in alone.files if one.ranges]


def test_two_processes_find_what_one_does(mixed: Repo, monkeypatch: pytest.MonkeyPatch) -> None:
    git = git_of(mixed)
    alone = told(git, ["HEAD"])
    monkeypatch.setattr(history, "_WORTH_SHARING", 1)
    assert told(git, ["HEAD"]) == alone
    without = told(git, ["HEAD"], cores=False)
    assert [(one.commit, one.found.status, one.found.files) for one in without] == [
        (one.commit, one.found.status, one.found.files) for one in alone
    ]
    assert all(one.found.core is None for one in without)


def test_a_rebased_commit_without_trailer_is_known_by_its_change(repo: Repo) -> None:
    repo.commit_file("base", "base\n", "base")
    repo.git("switch", "-q", "-c", "topic")
    old = repo.commit_file("new.py", text(1), "work")
    attach(repo, old, record(repo, old)[0])
    repo.git("switch", "-q", "main")
    repo.commit_file("other", "other\n", "other")
    repo.git("cherry-pick", "--allow-empty", "topic")
    repo.git("branch", "-q", "-D", "topic")
    found = told(git_of(repo), ["HEAD"])[0].found
    assert (found.status, found.generated) == ("unanchored", 4)


def test_a_squash_whose_message_names_two_records_has_both(repo: Repo) -> None:
    repo.commit_file("base", "base\n", "base")
    repo.git("switch", "-q", "-c", "topic")
    sealed = []
    for number, session in ((1, "s-1"), (2, "s-2")):
        oid = repo.commit_file(f"new{number}.py", text(number), f"work {number}")
        line, one = record(repo, oid, session)
        attach(repo, oid, line)
        sealed.append(one)
    repo.git("switch", "-q", "main")
    repo.git("merge", "-q", "--squash", "topic")
    repo.commit(f"Squashed (#1)\n\n* work 1\n\nAI-Trail: 1:{sealed[0]}\n\n* work 2\n\nAI-Trail: 1:{sealed[1]}")
    found = told(git_of(repo), ["HEAD"])[0].found
    assert (found.status, found.generated, {one["id"] for one in found.sessions}) == ("carried", 8, {"s-1", "s-2"})


def test_what_is_withheld_elsewhere_stays_withheld(repo: Repo) -> None:
    repo.commit_file("base", "base\n", "base")
    old = repo.commit_file("new.py", text(1), "work")
    line, sealed = record(repo, old)
    attach(repo, old, line, tombstone_line(sealed))
    repo.git("commit", "-q", "--amend", "-m", f"again\n\nAI-Trail: 1:{sealed}")
    assert told(git_of(repo), ["HEAD"])[0].found.status == "unknown"


def test_a_merge_without_a_record_has_no_lines_of_its_own(repo: Repo) -> None:
    repo.commit_file("base", "base\n", "base")
    repo.git("switch", "-q", "-c", "topic")
    repo.commit_file("new.py", text(1), "work")
    repo.git("switch", "-q", "main")
    repo.git("merge", "-q", "--no-ff", "-m", "merge", "topic")
    found = told(git_of(repo), ["HEAD"])[0]
    assert (len(found.commit.parents), found.found.added, found.found.files) == (2, 0, ())


def test_paths_choose_commits(mixed: Repo) -> None:
    assert [one.commit.subject for one in told(git_of(mixed), ["HEAD"], paths=["exact.py"])] == ["exact"]


@pytest.mark.parametrize("wrong", ["nope..HEAD", "--output=/tmp/x"])
def test_a_wrong_range_is_an_error(mixed: Repo, wrong: str) -> None:
    with pytest.raises(TrailError):
        told(git_of(mixed), [wrong])


def test_a_shallow_clone_does_not_pass_its_end_for_a_change(mixed: Repo, tmp_path: Path) -> None:
    mixed.git("clone", "-q", "--depth=2", f"file://{mixed.root}", str(tmp_path / "clone"))
    with pytest.raises(TrailError, match="shallow"):
        told(Git(str(tmp_path / "clone")), ["HEAD"])
