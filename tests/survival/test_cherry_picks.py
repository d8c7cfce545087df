"""A cherry-pick has its note at once: with the record as it is where the change is the same, else carried."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.hooked import LINES, agent_writes, codex, hooked, show
from tests.support.repo import Repo

__all__ = ["codex", "hooked"]
NOTES = "refs/notes/ai-log-trail"


def alone(repo: Repo) -> str:
    """The note on HEAD itself, so that nothing has to be looked for on other commits."""
    return repo.git("notes", f"--ref={NOTES}", "show", "HEAD")


@pytest.fixture
def picked_from(hooked: Repo, codex: Path, tmp_path: Path) -> Repo:
    """A branch `side` with a record that no message names, and main at the commit before it."""
    editor = tmp_path / "editor"
    editor.write_text('#!/bin/sh\necho Quick > "$1"\n')
    editor.chmod(0o755)
    hooked.git("checkout", "-q", "-b", "side")
    agent_writes(hooked, codex)
    hooked.git("add", "-A")
    hooked.git("commit", "-q", "--no-verify", env={"GIT_EDITOR": str(editor)})
    assert show(hooked)["status"] == "unanchored"
    hooked.git("checkout", "-q", "main")
    return hooked


def test_the_same_change_has_the_same_record(picked_from: Repo) -> None:
    picked_from.commit_file("other.txt", "before it\n")
    noted = picked_from.git("notes", f"--ref={NOTES}", "show", "side")
    picked_from.git("cherry-pick", "side")
    assert alone(picked_from) == noted
    assert (show(picked_from)["status"], show(picked_from)["summary"]["generated"]) == ("unanchored", 4)


def test_so_has_one_from_an_editor(picked_from: Repo) -> None:
    """git runs neither pre-commit nor commit-msg then, and has forgotten what it picked when it runs post-commit."""
    picked_from.commit_file("other.txt", "before it\n")
    noted = picked_from.git("notes", f"--ref={NOTES}", "show", "side")
    picked_from.git("cherry-pick", "-e", "side", env={"GIT_EDITOR": "true"})
    assert alone(picked_from) == noted


def test_a_revert_that_got_a_record_by_a_fixup_keeps_it(hooked: Repo, codex: Path) -> None:
    agent_writes(hooked, codex)
    hooked.commit("Agent's")
    hooked.git("revert", "--no-edit", "HEAD")
    agent_writes(hooked, codex, "other.py")
    hooked.git("add", "-A")
    hooked.git("commit", "-q", "--fixup=HEAD")
    hooked.git("rebase", "-q", "-i", "--autosquash", "HEAD~3", env={"GIT_SEQUENCE_EDITOR": "true"})
    assert show(hooked)["summary"]["generated"] == 4
    hooked.git("checkout", "-q", "-b", "release", "HEAD~1")
    hooked.git("cherry-pick", "-e", "main", env={"GIT_EDITOR": "true"})
    assert (show(hooked)["status"], show(hooked)["summary"]["generated"]) == ("unanchored", 4)


def test_a_change_that_became_another_is_carried(picked_from: Repo) -> None:
    picked_from.commit_file("fetch.py", "by_a_person_before_it = 1\n")
    picked_from.git("cherry-pick", "side", exit=1)
    picked_from.write(
        "fetch.py", "by_a_person_before_it = 1\n" + LINES.replace("range(5)", "range(number_of_attempts)")
    )
    picked_from.git("add", "-A")
    picked_from.git("cherry-pick", "--continue", env={"GIT_EDITOR": "true"})
    assert '"op":"cherry-pick"' in alone(picked_from)
    view = show(picked_from)
    assert (view["status"], view["summary"]["generated"]) == ("unanchored", 2)
    # The first line is too short to be told from another's once its neighbour is gone.
    assert [(r["start"], r["end"]) for r in view["files"][0]["ranges"]] == [(4, 5)]


def test_what_has_no_record_gets_none(picked_from: Repo) -> None:
    picked_from.git("checkout", "-q", "-b", "by-hand")
    picked_from.commit_file("mine.py", "by_hand = True\n")
    picked_from.git("checkout", "-q", "main")
    picked_from.commit_file("other.txt", "before it\n")
    picked_from.git("cherry-pick", "by-hand")
    assert show(picked_from)["status"] == "none"
