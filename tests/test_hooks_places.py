"""Commits made of other commits, and in other places than one plain repository: worktrees, submodules, clones."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from tests.support.hooked import LINES, agent_writes, codex, hooked, owners, show, trailer
from tests.support.repo import Repo

__all__ = ["codex", "hooked"]


def test_amend_unites_the_old_record_with_new_lines(hooked: Repo, codex: Path) -> None:
    session = agent_writes(hooked, codex)
    hooked.commit("First")
    first = show(hooked)["record"]["digest"]
    session.add_file("more.py", LINES.replace("fetch", "gather"))
    hooked.write("more.py", LINES.replace("fetch", "gather"))
    hooked.git("add", "-A")
    hooked.git("commit", "-q", "--amend", "--no-edit")

    view = show(hooked)
    assert view["status"] == "exact"
    assert view["summary"]["generated"] == 8
    assert first in view["record"]["lineage"]
    assert hooked.git("log", "-1", "--format=%B").count("AI-Trail:") == 1
    assert hooked.git("log", "-1", "--format=%B").count("Assisted-by:") == 1


def test_amend_with_a_new_message_keeps_the_record(hooked: Repo, codex: Path) -> None:
    agent_writes(hooked, codex)
    hooked.commit("First")
    hooked.git("commit", "-q", "--amend", "-m", "Other words")
    assert (show(hooked)["status"], show(hooked)["summary"]["generated"]) == ("exact", 4)


def test_amend_without_the_log_keeps_what_the_old_record_proved(hooked: Repo, codex: Path, home: Path) -> None:
    session = agent_writes(hooked, codex)
    hooked.commit("First")
    session.path.unlink()
    for file in (home / ".cache" / "git-ai-trail").iterdir():
        file.unlink()
    hooked.write("fetch.py", LINES + "added_by_hand_later = 1\n")
    hooked.git("commit", "-q", "-a", "--amend", "--no-edit")

    view = show(hooked)
    assert view["status"] == "exact"
    assert (view["summary"]["generated"], view["summary"]["unattributed"]) == (4, 1)


@pytest.mark.parametrize("how", ["rebase", "cherry-pick", "revert", "merge", "squash"])
def test_commits_made_of_commits_are_not_stamped_anew(hooked: Repo, codex: Path, how: str) -> None:
    hooked.git("checkout", "-q", "-b", "side")
    agent_writes(hooked, codex)
    hooked.commit("Agent's")
    original = trailer(hooked)
    hooked.git("checkout", "-q", "main")
    hooked.commit_file("other.txt", "something else on the main line\n", "Other")
    # A session that is active now and wrote the very same lines must not be stamped on git's own commits.
    agent_writes(Repo(hooked.root), codex)
    (hooked.root / "fetch.py").unlink()

    if how == "rebase":
        hooked.git("checkout", "-q", "side")
        hooked.git("rebase", "-q", "main")
        assert trailer(hooked) == original
        assert show(hooked)["status"] == "exact"
    elif how == "cherry-pick":
        hooked.git("cherry-pick", "side")
        assert trailer(hooked) == original
        assert show(hooked)["status"] == "exact"
    elif how == "revert":
        hooked.git("checkout", "-q", "side")
        hooked.git("revert", "--no-edit", "HEAD")
        assert trailer(hooked) == ""
    elif how == "merge":
        hooked.git("merge", "-q", "--no-ff", "-m", "Merge side", "side")
        assert trailer(hooked) == ""
    else:
        hooked.git("merge", "-q", "--squash", "side")
        hooked.git("commit", "-q", "-m", "Squashed")
        assert trailer(hooked) == ""


def test_a_linked_worktree_has_its_own_commits(hooked: Repo, codex: Path, tmp_path: Path) -> None:
    hooked.git("worktree", "add", "-q", "-b", "tree", str(tmp_path / "tree"))
    tree = Repo(tmp_path / "tree")
    agent_writes(tree, codex)
    tree.commit("In a worktree")
    assert show(tree)["status"] == "exact"


def test_the_first_commit_of_a_repository(codex: Path, tmp_path: Path) -> None:
    repo = Repo.init(tmp_path / "new")
    repo.git("config", "ai-log-trail.ingest", "false")
    repo.run("git-ai-trail", "init", "--native")
    agent_writes(repo, codex)
    repo.commit("The first")
    view = show(repo)
    assert view["status"] == "exact"
    assert len(owners(view, "fetch.py")) == 4


def test_a_submodule_is_a_repository_of_its_own(hooked: Repo, codex: Path, tmp_path: Path) -> None:
    library = Repo.init(tmp_path / "library")
    library.commit_file("lib.txt", "library\n", "library")
    hooked.git("submodule", "add", "-q", str(library.root), "lib")
    hooked.git("commit", "-q", "-m", "with a library")
    inside = Repo(hooked.root / "lib")
    inside.git("config", "ai-log-trail.ingest", "false")
    inside.run("git-ai-trail", "init", "--native")
    agent_writes(inside, codex)
    inside.commit("In the submodule")
    assert show(inside)["status"] == "exact"
    hooked.commit("Move the submodule on")
    assert show(hooked)["status"] == "none"


def test_twenty_commits_at_once_in_worktrees_keep_twenty_notes(hooked: Repo, codex: Path, tmp_path: Path) -> None:
    trees = []
    for number in range(20):
        hooked.git("worktree", "add", "-q", "-b", f"w{number}", str(tmp_path / f"w{number}"))
        tree = Repo(tmp_path / f"w{number}")
        agent_writes(tree, codex, f"file_{number}.py", LINES.replace("fetch", f"fetch_{number}"))
        tree.git("add", "-A")
        trees.append(tree)
    running = [
        subprocess.Popen(["git", "commit", "-q", "-m", "parallel"], cwd=tree.root, stderr=subprocess.PIPE)
        for tree in trees
    ]
    said = [one.communicate()[1] for one in running]
    assert [one.returncode for one in running] == [0] * 20, said
    assert [show(tree)["status"] for tree in trees] == ["exact"] * 20


def test_a_clone_without_logs_shows_the_record_from_the_note_alone(
    hooked: Repo, codex: Path, home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    agent_writes(hooked, codex)
    hooked.commit("Agent's")
    mine = show(hooked)
    monkeypatch.setenv("HOME", str(tmp_path / "elsewhere"))
    for name in ("CODEX_HOME", "XDG_CACHE_HOME", "XDG_DATA_HOME"):
        monkeypatch.setenv(name, str(tmp_path / "elsewhere" / name))
    hooked.git("clone", "-q", str(hooked.root), str(tmp_path / "clone"))
    clone = Repo(tmp_path / "clone")
    assert show(clone)["status"] == "unknown"
    clone.git("fetch", "-q", "origin", "refs/notes/ai-log-trail:refs/notes/ai-log-trail")
    theirs = show(clone)
    assert (theirs["status"], theirs["files"], theirs["record"]) == ("exact", mine["files"], mine["record"])
