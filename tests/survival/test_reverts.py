"""A revert has no record of its own, and says whose work it takes back."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.hooked import LINES, agent_writes, codex, hooked, show, trailer
from tests.support.repo import Repo

__all__ = ["codex", "hooked"]


def reverts(repo: Repo) -> tuple[str, list[str]]:
    view = show(repo)
    assert (trailer(repo), view["sessions"], view["summary"]["generated"]) == ("", [], 0)
    return view["status"], view["problems"]


@pytest.fixture
def digest(hooked: Repo, codex: Path) -> str:
    agent_writes(hooked, codex)
    hooked.commit("Agent's")
    return show(hooked)["record"]["digest"]


def test_a_revert_names_the_record_and_credits_nobody(hooked: Repo, digest: str) -> None:
    hooked.git("revert", "--no-edit", "HEAD")
    assert reverts(hooked) == ("none", [f"it reverts a commit that has the record 1:{digest[:10]}…"])
    hooked.run("git-ai-trail", "verify", "HEAD~2..HEAD")


def test_so_does_one_with_a_conflict(hooked: Repo, codex: Path, digest: str) -> None:
    hooked.write("fetch.py", LINES.replace("return answer", "return answer_of_a_person(answer)"))
    hooked.commit("By hand")
    hooked.git("revert", "--no-edit", "HEAD~1", exit=1)
    hooked.git("rm", "-q", "fetch.py")
    hooked.git("revert", "--continue", env={"GIT_EDITOR": "true"})
    assert reverts(hooked) == ("none", [f"it reverts a commit that has the record 1:{digest[:10]}…"])


def test_what_is_brought_back_is_not_stamped_anew(hooked: Repo, codex: Path, digest: str) -> None:
    """The lines stand in the log of a session; git since 2.43 calls it a reapplication."""
    hooked.git("revert", "--no-edit", "HEAD")
    hooked.git("revert", "--no-edit", "HEAD")
    assert reverts(hooked) == ("none", [])
    hooked.git("reset", "-q", "--hard", "HEAD~1")
    hooked.git("revert", "--no-commit", "HEAD")
    oid = hooked.git("rev-parse", "HEAD")
    hooked.git("commit", "-q", "-m", f'Reapply "Agent\'s"\n\nThis reverts commit {oid}.')
    assert reverts(hooked) == ("none", [])


def test_reverting_what_nobody_recorded_says_nothing(hooked: Repo) -> None:
    hooked.commit_file("mine.py", "by_hand = True\n")
    hooked.git("revert", "--no-edit", "HEAD")
    assert reverts(hooked) == ("none", [])


def test_a_rebase_keeps_what_a_revert_says(hooked: Repo, digest: str) -> None:
    hooked.git("revert", "--no-edit", "HEAD")
    hooked.git("checkout", "-q", "-b", "upstream", "HEAD~2")
    hooked.commit_file("other.txt", "something else\n")
    hooked.git("checkout", "-q", "main")
    hooked.git("rebase", "-q", "upstream")
    assert reverts(hooked) == ("none", [f"it reverts a commit that has the record 1:{digest[:10]}…"])
