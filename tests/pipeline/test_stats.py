"""Totals over a range, and how much of what was written still stands."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import Any

import pytest

from git_ai_trail.config import RepositoryConfig
from git_ai_trail.git import Git
from git_ai_trail.pipeline import report as reports
from git_ai_trail.pipeline import stats
from tests.support.recorded import attach
from tests.support.repo import Repo


def made(repo: Repo, *revisions: str, **more: Any) -> tuple[Git, reports.Report]:
    git = Git(str(repo.root))
    wanted = reports.wanted(revisions=revisions or ("HEAD",), mode="summary", **more)
    return git, reports.make(git, wanted, env=dict(os.environ), policy=RepositoryConfig())


@pytest.fixture
def lived(repo: Repo) -> Repo:
    """Two sessions' lines, some of which a person altered, moved, copied and removed."""
    repo.commit_file("sub/a.py", "one\ntwo\nthree\nfour\n", "begun")
    attach(repo, {"sub/a.py": [(1, 2, "s-1", "generated"), (3, 1, "s-1", "edited")]})
    repo.commit_file("gone.py", "away\n", "soon gone")
    attach(repo, {"gone.py": [(1, 1, "s-2", "generated")]})
    repo.git("mv", "sub/a.py", "sub/b ä.py")
    repo.commit("renamed")
    repo.write("sub/b ä.py", "one\nTWO\nthree\nfour\n")
    repo.git("rm", "-q", "gone.py")
    (repo.root / "bin").write_bytes(bytes(range(256)))
    repo.commit("by hand")
    return repo


def test_what_still_stands_is_counted_by_line(lived: Repo) -> None:
    git, report = made(lived)
    found = stats.kept(git, report)
    assert found.by_class == {"generated": (1, 3), "edited": (1, 1)}
    assert found.by_agent == {"Codex": (2, 4)}
    assert found.tip == lived.git("rev-parse", "HEAD")


def test_a_range_counts_its_own_lines_alone(lived: Repo) -> None:
    git, report = made(lived, "HEAD~3..HEAD")
    assert stats.kept(git, report).by_class == {"generated": (0, 1), "edited": (0, 0)}
    git, report = made(lived, "HEAD~3")
    assert stats.kept(git, report).by_class == {"generated": (2, 2), "edited": (1, 1)}


def test_a_line_that_was_removed_and_came_back_is_another_line(lived: Repo) -> None:
    lived.commit_file("gone.py", "away\n", "back again")
    git, report = made(lived)
    assert stats.kept(git, report).by_class["generated"] == (1, 3)


def test_from_a_folder_below_it_is_the_same(lived: Repo) -> None:
    _, report = made(lived)
    below = Git(str(lived.root / "sub"))
    assert stats.kept(below, report) == stats.kept(Git(str(lived.root)), report)


def test_figures_are_the_reports(lived: Repo) -> None:
    _, report = made(lived, authors=True)
    value = json.loads(json.dumps(stats.as_json(report, stats.by_author(report), None)))
    assert value["commits"] == {"all": 4, "merges": 0, "with_evidence": 2, "claims": 0, "unknown": 0}
    assert value["lines"]["added"] == 4 + 1 + 4 + 1
    assert (value["lines"]["generated"], value["lines"]["edited"]) == (3, 1)
    assert [(row["agent"], row["generated"], row["sessions"]) for row in value["agents"]] == [("Codex · m-1", 3, 2)]
    assert sum(row["added"] for row in value["areas"]) == value["lines"]["added"]
    assert sum(row["added"] for row in value["authors"]) == value["lines"]["added"]
    assert value["authors"][0]["with_evidence"] == 2
    assert "kept" not in value


def test_authors_are_named_only_if_asked_for(lived: Repo) -> None:
    assert stats.by_author(made(lived)[1]) == []


def run(repo: Repo, *args: str) -> str:
    program = [sys.executable, "-m", "git_ai_trail", "stats", *args]
    return subprocess.run(program, cwd=repo.root, capture_output=True, text=True, check=True).stdout


def test_the_command_prints_what_people_read(lived: Repo) -> None:
    text = run(lived, "--kept", "--authors")
    assert "2 of 4 commits with evidence" in text
    assert "3 generated · 1 edited · 6 unattributed" in text
    assert "1 of 3 generated and 1 of 1 edited lines still stand" in text
    assert "Codex · m-1" in text
    assert "sub/" in text
    assert "%" not in text
    value = json.loads(run(lived, "--kept", "--json"))
    assert value["kept"]["by_class"]["generated"] == {"kept": 1, "of": 3}


def test_nothing_to_sum_up_is_said_calmly(repo: Repo) -> None:
    repo.commit_file("a", "a\n", "by hand")
    text = run(repo, "--kept")
    assert "0 of 1 commit with evidence" in text
    assert "no lines with evidence still stand" in text or "no lines with evidence" in text
