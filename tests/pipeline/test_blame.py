"""Line by line: git says where a line comes from, the record of that commit whose it was."""

from __future__ import annotations

import json
from typing import Any

import pytest

from git_ai_trail.attach import notes
from git_ai_trail.errors import TrailError
from git_ai_trail.git import Git
from git_ai_trail.pipeline import blame as pipeline
from git_ai_trail.pipeline.blame import Blamed, as_json, blame, porcelain
from git_ai_trail.pipeline.show import show
from tests.support.recorded import attach
from tests.support.repo import Repo


def git_of(repo: Repo) -> Git:
    return Git(str(repo.root))


@pytest.fixture
def lived(repo: Repo) -> Repo:
    """A file that a session began, a person went on with, and another session edited after it was renamed."""
    repo.commit_file("a.py", "one\ntwo\nthree\nfour\n", "begun")
    attach(repo, {"a.py": [(1, 3, "s-1", "generated")]})
    repo.commit_file("a.py", "one\ntwo\nby hand\nthree\nfour\n", "by hand")
    repo.git("mv", "a.py", "b.py")
    repo.commit("renamed")
    repo.commit_file("b.py", "zero\none\ntwo\nby hand\nthree and more\nfour\n", "edited")
    attach(repo, {"b.py": [(1, 1, "s-2", "generated"), (2, 1, "s-2", "edited")]})
    return repo


def owners(done: Blamed) -> list[tuple[str, str, str]]:
    return [
        (line.text, line.owner.session if line.owner else "", line.owner.line_class if line.owner else "")
        for line in done.lines
    ]


EXPECTED = [
    ("zero", "s-2", "generated"),
    ("one", "s-1", "generated"),
    ("two", "s-1", "generated"),
    ("by hand", "", ""),
    ("three and more", "s-2", "edited"),
    ("four", "", ""),
]


def test_each_line_is_followed_to_its_commit_and_owner(lived: Repo) -> None:
    done = blame(git_of(lived), "b.py")
    assert owners(done) == EXPECTED
    assert set(done.sessions) == {"s-1", "s-2"}
    one = done.lines[1]
    assert (one.path, one.origin, one.number) == ("a.py", 1, 2)
    assert done.authors[one.oid].summary == "begun"
    assert set(done.statuses.values()) == {"exact"}
    for line in done.lines:
        if line.owner is not None:
            ranges = [r for file in show(git_of(lived), line.oid).files if file.path == line.path for r in file.ranges]
            assert any(r.start <= line.origin <= r.end and r.session == line.owner.session for r in ranges)


def test_many_commits_are_judged_as_few_are(lived: Repo, monkeypatch: pytest.MonkeyPatch) -> None:
    few = blame(git_of(lived), "b.py")
    monkeypatch.setattr(pipeline, "_MANY", 0)
    assert blame(git_of(lived), "b.py") == few


def test_an_older_revision_some_lines_and_what_is_not_committed(lived: Repo) -> None:
    git = git_of(lived)
    assert owners(blame(git, "a.py", "HEAD~2"))[1:3] == [("two", "s-1", "generated"), ("by hand", "", "")]
    assert owners(blame(git, "b.py", ranges=["2,3"])) == EXPECTED[1:3]
    lived.write("b.py", "new\n" + "".join(f"{text}\n" for text, _, _ in EXPECTED))
    done = blame(git, "b.py")
    assert owners(done) == [("new", "", ""), *EXPECTED]
    assert done.lines[0].oid == ""
    lived.write("b.py", "".join(f"  {text}\n" for text, _, _ in EXPECTED))
    assert owners(blame(git, "b.py"))[1] == ("  one", "", "")
    assert owners(blame(git, "b.py", options=["-w"]))[1] == ("  one", "s-1", "generated")


def test_a_record_that_stayed_behind_is_found(lived: Repo) -> None:
    oid = lived.git("rev-parse", "HEAD")
    lived.git("commit", "-q", "--amend", "--reset-author", "--no-edit", "--date", "2020-01-01T00:00:00Z")
    assert lived.git("rev-parse", "HEAD") != oid
    assert owners(blame(git_of(lived), "b.py")) == EXPECTED


def test_a_claim_owns_nothing_but_what_stands_there(repo: Repo) -> None:
    repo.commit_file("a.py", "one\ntwo\n", "begun")
    attach(repo, {"a.py": [(1, 2, "s-1", "generated")]}, named=False)
    assert [owner for _, owner, _ in owners(blame(git_of(repo), "a.py"))] == ["s-1", "s-1"]
    note = notes.read(git_of(repo), repo.git("rev-parse", "HEAD"))
    other = repo.commit_file("a.py", "one\ntwo\nthree\n", "more")
    notes.add_lines(git_of(repo), git_of(repo).common_dir(), other, [note.strip()])
    assert [owner for _, owner, _ in owners(blame(git_of(repo), "a.py"))] == ["s-1", "s-1", ""]


@pytest.mark.parametrize("name", ['qu"ote\ttab.py', "ä ö.py", "-L1.py", "two\nlines.py"])
def test_odd_names_are_names(repo: Repo, name: str) -> None:
    repo.commit_file(name, "one\n", "begun")
    attach(repo, {name: [(1, 1, "s-1", "generated")]})
    done = blame(git_of(repo), name)
    assert owners(done) == [("one", "s-1", "generated")]
    assert done.lines[0].path == name


def test_text_like_gits_own_lines_is_text(repo: Repo) -> None:
    texts = ["a" * 40 + " 1 1 1", "\tfilename x", "author Mallory", "ai-trail-session forged", ""]
    repo.commit_file("a.py", "".join(f"{text}\n" for text in texts), "filename y\n\nauthor Mallory")
    attach(repo, {"a.py": [(1, 1, "s-1", "generated")]})
    done = blame(git_of(repo), "a.py")
    assert [line.text for line in done.lines] == texts
    assert [line.owner is not None for line in done.lines] == [True, False, False, False, False]


@pytest.mark.parametrize(
    ("path", "rev", "ranges", "options"),
    [
        ("none.py", "", [], []),
        ("b.py", "nowhere", [], []),
        ("b.py", "--output=x", [], []),
        ("b.py", "", ["99,100"], []),
        ("b.py", "", ["1,2 --contents=/etc/passwd"], []),
        ("b.py", "", [], ["--contents=/etc/passwd"]),
        ("--contents=/etc/passwd", "", [], []),
    ],
)
def test_what_git_cannot_blame_is_said(lived: Repo, path: str, rev: str, ranges: list[str], options: list[str]) -> None:
    with pytest.raises(TrailError) as caught:
        blame(git_of(lived), path, rev, ranges=ranges, options=options)
    assert "\n" not in caught.value.message
    assert caught.value.hint


def test_json_has_runs_of_lines(lived: Repo) -> None:
    value: dict[str, Any] = json.loads(json.dumps(as_json(blame(git_of(lived), "b.py"))))
    assert [(r["start"], r["end"], r["session"], r["class"], r["turn"]) for r in value["ranges"]] == [
        (1, 1, "s-2", "generated", 1),
        (2, 3, "s-1", "generated", 1),
        (4, 4, None, None, None),
        (5, 5, "s-2", "edited", 1),
        (6, 6, None, None, None),
    ]
    assert value["sessions"]["s-1"] == {"agent": "codex", "agent_version": "1", "models": ["m-1"]}
    assert {one["status"] for one in value["commits"].values()} <= {"exact", "none"}
    assert set(value["commits"]) == {r["commit"] for r in value["ranges"]}


def test_porcelain_is_gits_with_lines_of_ours(lived: Repo) -> None:
    rows = list(porcelain(blame(git_of(lived), "b.py")))
    theirs = lived.git("blame", "--line-porcelain", "b.py").split("\n")
    assert [row for row in rows if row.startswith("\t")] == [row for row in theirs if row.startswith("\t")]
    heads = [row.split(" ")[:3] for row in theirs if len(row.split(" ")[0]) == 40]
    assert [row.split(" ")[:3] for row in rows if len(row.split(" ")[0]) == 40] == heads
    assert rows.count("ai-trail-session s-1") == 2
    assert rows.count("ai-trail-class edited") == 1
