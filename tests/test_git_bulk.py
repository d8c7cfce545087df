"""Many diffs from one process are the diffs of each commit alone, whatever names and lines a commit holds."""

from __future__ import annotations

import os
import random
import threading

import pytest

from git_ai_trail import git as git_module
from git_ai_trail import git_bulk
from git_ai_trail.git import Git, base_of, parse_diff
from tests.support.repo import Repo


@pytest.fixture
def hostile(repo: Repo) -> Repo:
    """A history whose names and lines look like what git prints between two commits."""
    first = repo.commit_file("a.py", "one\ntwo\nthree\n", "root")
    repo.commit_file("b.py", "b\n", "second")
    parent = repo.git("rev-parse", "HEAD")
    # Names before a patch are not quoted. `z` follows in git's order, so its entry stands right behind the name.
    for name in (f"a\n{first}", f"a\n{parent}", f"m\n{'0' * 40}", "n\ndiff --git a", "z"):
        repo.write(name, f"{parent}\0:\ndiff --git a/x b/x\n@@ -1 +1 @@\n")
    (repo.root / os.fsdecode(b"latin-\xe9.txt")).write_bytes(b"\xff\r\n")
    repo.commit("names like commits")
    os.unlink(repo.root / "a.py")
    os.symlink("b.py", repo.root / "a.py")
    repo.write("long", "".join(f"line {number}\n" for number in range(3000)))
    repo.commit("type change, and a long file")
    repo.git("update-index", "--add", "--cacheinfo", f"160000,{parent},sub")
    repo.git("commit", "-q", "-m", "submodule")
    repo.git("commit", "-q", "--allow-empty", "-m", "empty")
    return repo


def pairs(repo: Repo) -> list[tuple[str, str]]:
    found = [line.split() for line in repo.git("log", "--format=%H %P").split("\n")]
    return [(base_of(words[1:], words[0]), words[0]) for words in found]


@pytest.mark.parametrize("block", [1, 57, 1 << 20])
@pytest.mark.parametrize("most", [40, 700, 5000, 64 << 20])
def test_a_name_like_a_commit_does_not_cut_a_diff(
    hostile: Repo, block: int, most: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(git_bulk, "_BLOCK", block)
    for module in (git_module, git_bulk):
        monkeypatch.setattr(module, "MAX_DIFF_BYTES", most)
    git = Git(str(hostile.root))
    wanted = pairs(hostile)
    alone = [(tip, git.diff(base, tip)) for base, tip in wanted]
    assert list(git_bulk.diffs(git, wanted)) == alone


@pytest.mark.parametrize("most", [40, 180, 700, 5000])
def test_a_diff_that_is_cut_anywhere_has_as_many_places_as_lines(
    hostile: Repo, most: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(git_module, "MAX_DIFF_BYTES", most)
    files = [one for base, tip in pairs(hostile) for one in Git(str(hostile.root)).diff(base, tip)]
    assert any(one.truncated for one in files) or most == 40
    assert all(len(one.positions) == len(one.added) for one in files)


def test_a_name_like_a_commit_does_not_move_counts(hostile: Repo) -> None:
    git = Git(str(hostile.root))
    wanted = pairs(hostile)
    counted = git_bulk.added_lines(git, wanted)
    for tip, files in git_bulk.diffs(git, wanted):
        expected = sorted((one.path, len(one.added), len(one.removed)) for one in files)
        assert sorted(counted[tip]) == expected


def test_a_reader_that_stops_early_leaves_no_thread(hostile: Repo) -> None:
    before = threading.active_count()
    found = git_bulk.diffs(Git(str(hostile.root)), pairs(hostile))
    next(found)
    found.close()  # type: ignore[attr-defined]
    assert threading.active_count() == before


def lines_of(text: bytes) -> tuple[bytes, ...]:
    return tuple(text.split(b"\n")[:-1])


def test_the_quick_way_reads_what_the_plain_way_reads(hostile: Repo) -> None:
    chance = random.Random(7)
    words = ["", "a", "-b", "+c", "@@ -1 +1 @@", "\\ No newline", "d\r", "diff --git e", "-- f", "++ g"]
    for number in range(40):
        text = "".join(chance.choice(words) + "\n" for _ in range(chance.randrange(12)))
        hostile.write("t1", text + chance.choice(["", "", "", "no end"]))
        hostile.write("t2", "".join(chance.choice(words) + "\n" for _ in range(chance.randrange(12))) + f"{number}\n")
        hostile.commit(f"random {number}")
    git = Git(str(hostile.root))
    usual = 0
    for tip, body in git_bulk.raw_diffs(git, pairs(hostile)):
        plain, files = git_bulk.plain_files(body), parse_diff(body)
        if plain is None:
            continue
        usual += 1
        assert [
            (one.path, one.old_path, one.new_mode, lines_of(one.added), lines_of(one.removed)) for one in plain
        ] == [(one.path, one.old_path, one.new_mode, one.added, one.removed) for one in files], tip
        assert [tuple(n for first, count in one.hunks for n in range(first, first + count)) for one in plain] == [
            one.positions for one in files
        ], tip
    assert usual > 20


def test_a_git_for_many_commits_says_what_any_git_says(hostile: Repo) -> None:
    git = Git(str(hostile.root))
    wanted = pairs(hostile)
    bulk = git_bulk.Bulk(git, wanted)
    try:
        for base, tip in wanted:
            files = git.diff(base, tip)
            assert bulk.diff(base, tip) == files
            names = [oid for one in files for oid in (one.old_oid, one.new_oid, one.old_oid)]
            assert bulk.blobs(names) == git.blobs(names)
        assert bulk.diff(wanted[1][0], wanted[1][1]) == git.diff(wanted[1][0], wanted[1][1])
        assert bulk.blobs(["HEAD:b.py", "nothing"]) == git.blobs(["HEAD:b.py", "nothing"])
        assert bulk.blobs([wanted[0][1], "0" * 40]) == [None, None]
    finally:
        bulk.close()


def test_what_is_remembered_of_files_is_bounded(hostile: Repo, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(git_bulk, "_KNOWN_BYTES", 200)
    names = hostile.git("rev-list", "--objects", "--all", "--no-object-names").split()
    git = Git(str(hostile.root))
    bulk = git_bulk.Bulk(git, [])
    try:
        for _ in range(2):
            for name in names:
                assert bulk.blobs([name]) == git.blobs([name])
            assert sum(len(body or b"") for body in bulk._known.values()) <= 200
    finally:
        bulk.close()
