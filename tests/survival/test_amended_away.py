"""A person who amends all of a session's lines away has forged nothing, and has nothing to disclose."""

from __future__ import annotations

from pathlib import Path

from tests.support.hooked import agent_writes, codex, hooked, show, trailer
from tests.support.repo import Repo

__all__ = ["codex", "hooked"]


def test_what_is_amended_away_is_credited_to_nobody_and_not_called_forged(hooked: Repo, codex: Path) -> None:
    agent_writes(hooked, codex)
    hooked.commit("Agent's")
    hooked.write("fetch.py", "all_of_it_by_a_person_now = everything(1, 2, 3)\n")
    hooked.git("commit", "-q", "-a", "--amend", "--no-edit")
    view = show(hooked)
    assert (trailer(hooked), view["summary"]["generated"], view["files"][0]["ranges"]) == ("", 0, [])
    hooked.write(".git-ai-trail.toml", '[policy]\nrequire = ["trailer", "record", "disclosure"]\n')
    hooked.run("git-ai-trail", "verify", "HEAD^!")
    assert view["status"] != "claim"
