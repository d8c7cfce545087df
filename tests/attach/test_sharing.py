"""Uniting two refs of records: nobody's line is lost, a tombstone wins, and what no reader would read is left out."""

from __future__ import annotations

from pathlib import Path

import pytest

from git_ai_trail.attach import notes, sharing
from git_ai_trail.attach.record import digest, tombstone_line
from git_ai_trail.attach.sharing import Union, unite
from git_ai_trail.attach.status import assess
from git_ai_trail.errors import GitError
from git_ai_trail.git import Git
from tests.attach.build import a_core, a_diff, a_line, a_message
from tests.support.repo import Repo

THEIRS = "refs/notes/remotes/origin/ai-log-trail"


def git_of(repo: Repo) -> Git:
    return Git(str(repo.root))


def add(repo: Repo, oid: str, *lines: bytes, ref: str = notes.REF) -> None:
    git = git_of(repo)
    notes.add_lines(git, git.common_dir(), oid, lines, ref)


def parents(repo: Repo) -> list[str]:
    return repo.git("rev-list", "--parents", "-n1", notes.REF).split()[1:]


def tip(repo: Repo, ref: str = notes.REF) -> str:
    return repo.git("rev-parse", ref)


def diverged(repo: Repo) -> tuple[str, str]:
    """Two commits; one line that both sides have, and some that only one has."""
    first, second = repo.commit("first"), repo.commit("second")
    add(repo, first, b"both")
    repo.git("update-ref", THEIRS, notes.REF)
    add(repo, first, b"ours")
    add(repo, first, b"theirs", ref=THEIRS)
    add(repo, second, b"theirs alone", ref=THEIRS)
    return first, second


def test_diverged_refs_are_united_with_both_as_parents(repo: Repo) -> None:
    first, second = diverged(repo)
    before = [tip(repo), tip(repo, THEIRS)]
    assert unite(git_of(repo), notes.REF, THEIRS) == Union(new=1, grown=1)
    assert notes.read(git_of(repo), first) == b"both\nours\ntheirs\n"
    assert notes.read(git_of(repo), second) == b"theirs alone\n"
    assert parents(repo) == before


def test_uniting_again_changes_nothing(repo: Repo) -> None:
    diverged(repo)
    unite(git_of(repo), notes.REF, THEIRS)
    before = tip(repo)
    assert unite(git_of(repo), notes.REF, THEIRS) == Union()
    assert tip(repo) == before


def test_who_has_nothing_of_their_own_gets_theirs_without_a_new_commit(repo: Repo) -> None:
    first = repo.commit("first")
    add(repo, first, b"x", ref=THEIRS)
    assert unite(git_of(repo), notes.REF, THEIRS) == Union(new=1)
    assert tip(repo) == tip(repo, THEIRS)
    add(repo, first, b"y", ref=THEIRS)
    assert unite(git_of(repo), notes.REF, THEIRS) == Union(grown=1)
    assert tip(repo) == tip(repo, THEIRS)


def test_nothing_to_unite_with_is_fine(repo: Repo) -> None:
    add(repo, repo.commit("first"), b"x")
    before = tip(repo)
    assert unite(git_of(repo), notes.REF, THEIRS) == Union()
    assert tip(repo) == before


@pytest.mark.parametrize("ours", [True, False])
def test_a_tombstone_wins(repo: Repo, ours: bool) -> None:
    diff = a_diff()
    core = a_core([diff])
    oid = repo.commit("first")
    sides = [(tombstone_line(digest(core)), notes.REF), (a_line(core), THEIRS)]
    for line, ref in sides if ours else [(sides[1][0], notes.REF), (sides[0][0], THEIRS)]:
        add(repo, oid, line, ref=ref)
    unite(git_of(repo), notes.REF, THEIRS)
    note = notes.read(git_of(repo), oid)
    found = assess(a_message(core), note, [diff])
    assert (found.status, found.withheld, found.generated) == ("unknown", (digest(core),), 0)


def test_a_note_that_readers_would_not_read_whole_is_left_out_and_counted(repo: Repo) -> None:
    oids = [repo.commit(str(number)) for number in range(4)]
    for oid, text in zip(oids, ["x" * (notes.MAX_NOTE + 1), "x\n" * 10_001, "a\nb\n" * 5_000, "fine"], strict=True):
        repo.write("../note", text)
        repo.git("notes", f"--ref={THEIRS}", "add", "-F", "../note", oid)
    assert unite(git_of(repo), notes.REF, THEIRS) == Union(new=2, left_out=2)
    assert {oid for oid, _, _ in notes.annotated(git_of(repo))} == set(oids[2:])


def test_a_note_that_would_grow_beyond_what_is_read_stays_as_it_is(repo: Repo) -> None:
    oid = repo.commit("first")
    add(repo, oid, b"ours")
    repo.write("../note", "".join(f"{number}\n" for number in range(10_000)))
    repo.git("notes", f"--ref={THEIRS}", "add", "-F", "../note", oid)
    assert unite(git_of(repo), notes.REF, THEIRS) == Union(left_out=1)
    assert notes.read(git_of(repo), oid) == b"ours\n"


def test_more_notes_than_are_read_are_refused_whole(repo: Repo, monkeypatch: pytest.MonkeyPatch) -> None:
    diverged(repo)
    before = tip(repo)
    monkeypatch.setattr(sharing, "MAX_NOTES", 1)
    monkeypatch.setattr(sharing, "_ENTRY", 50)
    with pytest.raises(GitError, match="more than 1 notes"):
        unite(git_of(repo), notes.REF, THEIRS)
    assert tip(repo) == before


def test_what_is_no_note_is_passed_over(repo: Repo) -> None:
    oid = repo.commit_file("src/a.py", "x\n")
    repo.git("update-ref", THEIRS, oid)
    add(repo, oid, b"ours")
    assert unite(git_of(repo), notes.REF, THEIRS) == Union()
    assert [one for one, _, _ in notes.annotated(git_of(repo))] == [oid]
    assert repo.git("ls-tree", "-r", "--name-only", notes.REF).replace("/", "") == oid


def test_notes_in_folders_are_united_with_notes_without(repo: Repo) -> None:
    first, second = diverged(repo)
    blob = repo.git("hash-object", "-w", "--stdin", stdin="in folders\n")
    index = {"GIT_INDEX_FILE": str(repo.root / ".git" / "other")}
    for oid in (first, second):
        repo.git("update-index", "--add", "--cacheinfo", f"100644,{blob},{oid[:2]}/{oid[2:4]}/{oid[4:]}", env=index)
    tree = repo.git("write-tree", env=index)
    repo.git("update-ref", THEIRS, repo.git("commit-tree", "-m", "x", tree))
    assert unite(git_of(repo), notes.REF, THEIRS) == Union(new=1, grown=1)
    assert notes.read(git_of(repo), first) == b"both\nours\nin folders\n"
    assert notes.read(git_of(repo), second) == b"in folders\n"
    assert repo.git("notes", "--ref=ai-log-trail", "show", second) == "in folders"


class _Interrupted(Git):
    """Somebody else writes right before our ref would move."""

    def __init__(self, repo: Repo, oid: str) -> None:
        super().__init__(str(repo.root))
        self.repo, self.oid, self.times = repo, oid, 0

    def call(self, *args: str, **more: object) -> tuple[int, bytes]:
        if "update-ref" in args and self.times < 3:
            self.times += 1
            add(self.repo, self.oid, b"meanwhile %d" % self.times)
        return super().call(*args, **more)  # type: ignore[arg-type]


def test_a_writer_in_between_is_not_overwritten(repo: Repo) -> None:
    first, second = diverged(repo)
    unite(_Interrupted(repo, second), notes.REF, THEIRS)
    assert notes.read(git_of(repo), second) == b"meanwhile 1\nmeanwhile 2\nmeanwhile 3\ntheirs alone\n"
    assert notes.read(git_of(repo), first) == b"both\nours\ntheirs\n"


def test_no_hook_and_no_signature_of_the_user_takes_part(repo: Repo) -> None:
    diverged(repo)
    hook = repo.write(".git/hooks/reference-transaction", "#!/bin/sh\nexit 1\n")
    hook.chmod(0o755)
    repo.git("config", "commit.gpgSign", "true")
    repo.git("config", "gpg.program", "false")
    assert unite(git_of(repo), notes.REF, THEIRS).new == 1


def test_sha256_repositories_work(tmp_path: Path) -> None:
    root = tmp_path / "long"
    root.mkdir()
    repo = Repo(root)
    repo.git("init", "-q", "--object-format=sha256", ".")
    first, _ = diverged(repo)
    assert unite(git_of(repo), notes.REF, THEIRS) == Union(new=1, grown=1)
    assert notes.read(git_of(repo), first) == b"both\nours\ntheirs\n"
