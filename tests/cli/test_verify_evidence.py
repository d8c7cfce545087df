"""`verify --evidence`: records held against the logs of this machine."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from tests.support.codex_log import CodexLog
from tests.support.hooked import LINES, agent_writes, codex, forge, hooked, show
from tests.support.repo import Repo

__all__ = ["codex", "hooked"]

MORE = "def store(key, value):\n    with locked_table(key) as table:\n        table.insert_or_replace(value)\n"


def verify(repo: Repo, *args: str, exit: int = 0) -> dict:
    return json.loads(repo.run("git-ai-trail", "verify", "--json", "HEAD^!", *args, exit=exit).stdout)["commits"][0]


@pytest.fixture
def forged(hooked: Repo, codex: Path) -> Repo:
    """The last commit is one session's by the logs, and another's by its record: one that is here and never wrote that."""
    first = agent_writes(hooked, codex)
    hooked.commit("Agent's")
    agent_writes(hooked, codex, "store.py", MORE)
    hooked.commit("Another's")
    forge(hooked, first.session_id, "store.py")
    assert show(hooked)["status"] == "exact"
    return hooked


def test_what_the_logs_hold_is_confirmed(hooked: Repo, codex: Path) -> None:
    agent_writes(hooked, codex)
    hooked.commit("Agent's")
    found = verify(hooked, "--evidence")
    assert (found["evidence"], found["reasons"], found["result"]) == ("confirmed", [], "ok")
    assert verify(hooked)["evidence"] is None, "nobody looks at logs unasked"


def test_what_was_amended_and_rebased_is_confirmed(hooked: Repo, codex: Path) -> None:
    session = agent_writes(hooked, codex)
    hooked.commit("First")
    session.add_file("store.py", MORE)
    hooked.write("store.py", MORE)
    hooked.write("fetch.py", "by_a_person_before = everything_else()\n" + LINES)
    hooked.git("add", "-A")
    hooked.git("commit", "-q", "--amend", "-m", "Second")
    hooked.git("checkout", "-q", "-b", "upstream", "HEAD~1")
    hooked.commit_file("other.txt", "something else\n")
    hooked.git("checkout", "-q", "main")
    hooked.git("rebase", "-q", "upstream")
    assert verify(hooked, "--evidence")["evidence"] == "confirmed"


def test_a_record_that_the_logs_contradict_is_told_and_fails_where_the_policy_says_so(forged: Repo) -> None:
    found = verify(forged, "--evidence")
    assert (found["evidence"], found["result"], found["failed"]) == ("contradicted", "ok", [])
    assert "the logs at hand do not hold 3 of the 3 lines" in found["reasons"][0]

    forged.write(".git-ai-trail.toml", '[policy]\nrequire = ["evidence"]\n')
    found = verify(forged, exit=1)
    assert (found["result"], found["failed"]) == ("fail", ["evidence-contradicted"])
    done = forged.run("git-ai-trail", "verify", "HEAD^!", exit=1)
    assert "evidence contradicted" in done.stdout


def test_without_the_logs_nobody_knows_and_nothing_fails(forged: Repo, codex: Path, home: Path) -> None:
    shutil.rmtree(codex)
    forged.write(".git-ai-trail.toml", '[policy]\nrequire = ["evidence"]\n')
    found = verify(forged)
    assert (found["evidence"], found["result"], found["reasons"]) == ("unknown", "ok", [])


def test_one_log_that_is_gone_makes_the_whole_unknown(hooked: Repo, codex: Path) -> None:
    one = agent_writes(hooked, codex)
    agent_writes(hooked, codex, "store.py", MORE)
    hooked.commit("Both")
    one.path.unlink()
    assert verify(hooked, "--evidence")["evidence"] == "unknown"


def test_a_session_of_another_repository_proves_nothing_either_way(hooked: Repo, codex: Path, tmp_path: Path) -> None:
    agent_writes(hooked, codex)
    hooked.commit("Agent's")
    agent_writes(hooked, codex, "store.py", MORE)
    hooked.commit("Another's")
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    stranger = CodexLog(codex, elsewhere)
    stranger.prompt("Something else")
    stranger.add_file("other.py", "nothing_to_do_with_this = True\n")
    forge(hooked, stranger.session_id, "store.py")
    assert verify(hooked, "--evidence")["evidence"] == "unknown"
