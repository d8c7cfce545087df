"""A merge has a record of what was written to resolve it: lines that stand in none of its parents, and no others."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.support.codex_log import CodexLog
from tests.support.hooked import agent_writes, codex, disclosed, hooked, owners, show, trailer
from tests.support.repo import Repo

__all__ = ["codex", "hooked"]

BASE = "def fetch(url):\n    return open_connection(url)\n"
OURS = "def fetch(url):\n    return open_connection(url, timeout_seconds=7)\n"
THEIRS = "def fetch(url):\n    return open_connection(url, retries_allowed=3)\n"
RESOLVED = (
    "def fetch(url):\n"
    "    chosen_limits = connection_limits_of(url)\n"
    "    return open_connection(url, timeout_seconds=7, retries_allowed=3, limits=chosen_limits)\n"
)
TOPIC = "def stored_under(key):\n    return opened_table().lookup_or_none(key)\n"


@pytest.fixture
def conflict(hooked: Repo, codex: Path) -> Repo:
    """A merge that stopped at a conflict between a person's lines; the branch also brings a session's file."""
    hooked.commit_file("fetch.py", BASE, "base of both")
    hooked.git("checkout", "-q", "-b", "topic")
    agent_writes(hooked, codex, "store.py", TOPIC)
    hooked.write("fetch.py", THEIRS)
    hooked.commit("Theirs")
    hooked.git("checkout", "-q", "main")
    hooked.commit_file("fetch.py", OURS, "ours")
    hooked.git("merge", "-q", "topic", exit=1)
    return hooked


def resolve(repo: Repo, codex: Path, text: str = RESOLVED) -> CodexLog:
    session = CodexLog(codex, repo.root)
    session.prompt("Resolve the conflict")
    session.add_file("fetch.py", text)
    repo.write("fetch.py", text)
    repo.git("add", "-A")
    return session


def told(repo: Repo, rev: str = "HEAD") -> tuple[str, list[str], dict[int, str]]:
    view = show(repo, rev)
    return view["status"], [one["path"] for one in view["files"]], owners(view, "fetch.py")


@pytest.mark.parametrize("how", ["-m", "editor", "--no-verify"])
def test_what_a_session_wrote_to_resolve_a_conflict_is_recorded(conflict: Repo, codex: Path, how: str) -> None:
    session = resolve(conflict, codex)
    words = {"-m": ["-m", "Merge topic"], "editor": [], "--no-verify": ["--no-verify"]}[how]
    done = conflict.run("git", "commit", "-q", *words, env={"GIT_EDITOR": "true"})
    assert len(conflict.git("rev-parse", "HEAD^@").split()) == 2
    status, paths, lines = told(conflict)
    # git runs neither message hook where an editor opens and nothing is to be verified.
    assert status == ("unanchored" if how == "--no-verify" else "exact")
    assert (paths, lines) == (["fetch.py"], {2: "generated", 3: "generated"}), (
        "the topic's file is not the merge's work"
    )
    view = show(conflict)
    assert [one["id"] for one in view["sessions"]] == [session.session_id]
    assert view["summary"] == {**view["summary"], "added": 2, "generated": 2}
    assert "2 of 2 added lines have evidence" in done.stderr
    assert bool(disclosed(conflict)) == (how != "--no-verify")
    conflict.run("git-ai-trail", "verify", "HEAD~2..HEAD")


def test_a_merge_that_only_joins_has_no_record(hooked: Repo, codex: Path) -> None:
    hooked.git("checkout", "-q", "-b", "topic")
    agent_writes(hooked, codex, "store.py", TOPIC)
    hooked.commit("Theirs")
    hooked.git("checkout", "-q", "main")
    hooked.commit_file("mine.py", "by_hand = True\n", "ours")
    hooked.git("merge", "-q", "--no-edit", "topic")
    assert (trailer(hooked), show(hooked)["status"], show(hooked)["sessions"]) == ("", "none", [])


def test_one_side_taken_as_it_is_is_nobodys_work(conflict: Repo, codex: Path) -> None:
    resolve(conflict, codex, THEIRS)
    conflict.git("commit", "-q", "-m", "Merge topic")
    assert (trailer(conflict), show(conflict)["status"]) == ("", "none")


def test_what_a_merge_adds_beside_the_conflict_counts_too(hooked: Repo, codex: Path) -> None:
    """`merge --no-commit`, and more is written before the commit."""
    hooked.git("checkout", "-q", "-b", "topic")
    hooked.commit_file("theirs.py", "by_another = True\n", "theirs")
    hooked.git("checkout", "-q", "main")
    hooked.commit_file("mine.py", "by_hand = True\n", "ours")
    hooked.git("merge", "-q", "--no-ff", "--no-commit", "topic")
    resolve(hooked, codex)
    hooked.git("commit", "-q", "--no-edit")
    status, paths, lines = told(hooked)
    assert (status, paths, set(lines)) == ("exact", ["fetch.py"], {1, 2, 3})


def test_every_command_tells_the_same_of_it(conflict: Repo, codex: Path) -> None:
    session = resolve(conflict, codex)
    conflict.git("commit", "-q", "-m", "Merge topic")
    log = json.loads(conflict.run("git-ai-trail", "log", "--json", "-n", "1").stdout)
    assert (log[0]["status"], log[0]["summary"]["generated"]) == ("exact", 2)
    blamed = json.loads(conflict.run("git-ai-trail", "blame", "--json", "fetch.py").stdout)
    found = {n: one["session"] for one in blamed["ranges"] for n in range(one["start"], one["end"] + 1)}
    assert found == {1: None, 2: session.session_id, 3: session.session_id}
    report = json.loads(conflict.run("git-ai-trail", "report", "HEAD^!", "--format", "json").stdout)
    assert report["totals"]["lines"]["generated"] == 2
    evidence = json.loads(conflict.run("git-ai-trail", "verify", "--evidence", "--json", "HEAD^!").stdout)
    assert {one["evidence"] for one in evidence["commits"]} == {"confirmed"}


def test_amended_and_rebased_it_keeps_its_record(conflict: Repo, codex: Path) -> None:
    resolve(conflict, codex)
    conflict.git("commit", "-q", "-m", "Merge topic")
    conflict.git("commit", "-q", "--amend", "-m", "Merge topic, in other words")
    assert told(conflict) == ("exact", ["fetch.py"], {2: "generated", 3: "generated"})
    conflict.git("checkout", "-q", "-b", "upstream", "HEAD~2")
    conflict.commit_file("other.txt", "something else\n")
    conflict.git("checkout", "-q", "main")
    conflict.git("config", "rerere.enabled", "true")
    conflict.git("rebase", "-q", "--rebase-merges", "upstream", exit=1)
    conflict.write("fetch.py", RESOLVED)
    conflict.git("add", "-A")
    conflict.git("rebase", "--continue", env={"GIT_EDITOR": "true"})
    assert len(conflict.git("rev-parse", "HEAD^@").split()) == 2
    assert told(conflict) == ("exact", ["fetch.py"], {2: "generated", 3: "generated"})


def test_backfill_finds_it_and_nothing_in_other_merges(conflict: Repo, codex: Path) -> None:
    resolve(conflict, codex)
    conflict.git("commit", "-q", "-m", "Merge topic", env={"GIT_AI_TRAIL": "0"})
    conflict.git("checkout", "-q", "-b", "again", "HEAD~1")
    conflict.commit_file("more.txt", "a line of a person\n", "more")
    conflict.git("merge", "-q", "--no-edit", "main", env={"GIT_AI_TRAIL": "0"})
    done = conflict.run("git-ai-trail", "backfill", "--all")
    assert "1 merges bring no lines of their own" in done.stdout + done.stderr
    assert show(conflict)["status"] == "none"
    status, paths, lines = told(conflict, "main")
    assert (status, paths, set(lines)) == ("unanchored", ["fetch.py"], {2, 3})


def test_a_message_that_repeats_the_merged_records_claims_nothing(hooked: Repo, codex: Path) -> None:
    """As a code host does where the request's description goes into the merge's message."""
    hooked.git("checkout", "-q", "-b", "topic")
    agent_writes(hooked, codex, "store.py", TOPIC)
    hooked.commit("Theirs")
    hooked.git("checkout", "-q", "main")
    hooked.commit_file("mine.py", "by_hand = True\n", "ours")
    said = hooked.git("log", "-1", "--format=%B", "topic")
    hooked.git("merge", "-q", "--no-ff", "-m", f"Merge request 7\n\n{said}", "topic", env={"GIT_AI_TRAIL": "0"})
    assert trailer(hooked) == trailer(hooked, "topic") != ""
    assert (show(hooked)["status"], show(hooked)["summary"]["added"]) == ("none", 0)
    hooked.run("git-ai-trail", "verify", "HEAD~1..HEAD")


def test_a_record_forged_onto_a_merge_is_called_so(conflict: Repo, codex: Path) -> None:
    """Copied from the topic's commit, whose lines the merge only joins."""
    conflict.write("fetch.py", RESOLVED)
    conflict.git("add", "-A")
    conflict.git("commit", "-q", "-m", "Merge topic", env={"GIT_AI_TRAIL": "0"})
    conflict.git("notes", "--ref=ai-log-trail", "copy", "topic", "HEAD")
    assert show(conflict)["status"] == "claim"
    conflict.run("git-ai-trail", "verify", "HEAD^!", exit=1)


def test_a_file_with_a_pathspecs_name_is_one_file(hooked: Repo, codex: Path) -> None:
    """Names that git would take for patterns, in a merge that touches more files than are compared."""
    names = [":(glob)**", "*.py", "a b.py"]
    for name in (*names, "other.py"):
        hooked.write(name, BASE)
    hooked.commit("base of both")
    hooked.git("checkout", "-q", "-b", "topic")
    for name in (*names, "other.py"):
        hooked.write(name, THEIRS)
    hooked.commit("Theirs")
    hooked.git("checkout", "-q", "main")
    for name in names:
        hooked.write(name, OURS)
    hooked.commit("ours")
    hooked.git("merge", "-q", "topic", exit=1)
    session = CodexLog(codex, hooked.root)
    session.prompt("Resolve the conflicts")
    for name in names:
        session.add_file(name, RESOLVED)
        hooked.write(name, RESOLVED)
    hooked.git("add", "-A")
    hooked.git("commit", "-q", "-m", "Merge topic")
    view = show(hooked)
    assert (view["status"], sorted(one["path"] for one in view["files"])) == ("exact", sorted(names))
    assert view["summary"]["generated"] == 6
