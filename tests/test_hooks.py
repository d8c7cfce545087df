"""Commits through the installed native hooks, with logs as a Codex session leaves them."""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

from tests.support.codex_log import CodexLog
from tests.support.hooked import LINES, agent_writes, codex, disclosed, hooked, owners, show, trailer
from tests.support.repo import Repo

__all__ = ["codex", "hooked"]


def test_a_commit_with_an_agents_lines_gets_trailer_and_note(hooked: Repo, codex: Path) -> None:
    session = agent_writes(hooked, codex)
    hooked.git("add", "-A")
    done = hooked.run("git", "commit", "-m", "Retry")

    view = show(hooked)
    assert view["status"] == "exact"
    assert trailer(hooked) == f"1:{view['record']['digest']}"
    assert disclosed(hooked) == "Codex:gpt-5.5"
    assert [one["id"] for one in view["sessions"]] == [session.session_id]
    assert view["sessions"][0]["evidence"][0]["kind"] == "content"
    assert owners(view, "fetch.py") == dict.fromkeys(range(1, 5), "generated")
    assert "4 of 4 added lines have evidence" in done.stderr


def test_a_persons_commit_gets_neither(hooked: Repo, codex: Path) -> None:
    agent_writes(hooked, codex)
    hooked.write("fetch.py", "")
    hooked.write("mine.py", "something_entirely_different = 1\n")
    hooked.git("add", "-A")
    done = hooked.run("git", "commit", "-q", "-m", "By hand")

    assert (trailer(hooked), disclosed(hooked), show(hooked)["status"], done.stderr) == ("", "", "none", "")


def test_lines_of_agent_and_person_in_one_file_keep_their_owners(hooked: Repo, codex: Path) -> None:
    agent_writes(hooked, codex)
    hooked.write("fetch.py", "import something_by_hand\n\n" + LINES + "\n\nby_hand_as_well = fetch(1)\n")
    hooked.commit("Both")

    view = show(hooked)
    assert owners(view, "fetch.py") == dict.fromkeys(range(3, 7), "generated")
    counts = {"added": 9, "generated": 4, "edited": 0, "unattributed": 5, "deleted": 0}
    assert {name: view["summary"][name] for name in counts} == counts


def test_an_editor_commit_is_stamped_in_commit_msg(hooked: Repo, codex: Path, tmp_path: Path) -> None:
    agent_writes(hooked, codex)
    editor = tmp_path / "editor"
    editor.write_text('#!/bin/sh\nprintf "From an editor\\n\\nA body.\\n" > "$1"\n')
    editor.chmod(0o755)
    hooked.git("add", "-A")
    hooked.git("commit", "-q", env={"GIT_EDITOR": str(editor)})

    assert hooked.git("log", "-1", "--format=%s") == "From an editor"
    assert trailer(hooked).startswith("1:")
    assert show(hooked)["status"] == "exact"


def test_an_editor_left_empty_still_aborts_the_commit(hooked: Repo, codex: Path) -> None:
    agent_writes(hooked, codex)
    hooked.git("add", "-A")
    hooked.git("commit", "-q", exit=1, env={"GIT_EDITOR": "true"})


def test_a_template_left_as_it_is_still_aborts_the_commit(hooked: Repo, codex: Path, tmp_path: Path) -> None:
    agent_writes(hooked, codex)
    template = tmp_path / "template.txt"
    template.write_text("Subject\n\nWhy:\n")
    hooked.git("add", "-A")
    hooked.git("commit", "-q", "-t", str(template), exit=1, env={"GIT_EDITOR": "true"})
    hooked.git("-c", f"commit.template={template}", "commit", "-q", exit=1, env={"GIT_EDITOR": "true"})
    editor = tmp_path / "editor"
    editor.write_text('#!/bin/sh\nprintf "Filled in\\n" > "$1"\n')
    editor.chmod(0o755)
    hooked.git("commit", "-q", "-t", str(template), env={"GIT_EDITOR": str(editor)})
    assert show(hooked)["status"] == "exact"


def test_no_verify_with_an_editor_leaves_an_unanchored_note(hooked: Repo, codex: Path, tmp_path: Path) -> None:
    agent_writes(hooked, codex)
    editor = tmp_path / "editor"
    editor.write_text('#!/bin/sh\nprintf "Quick\\n" > "$1"\n')
    editor.chmod(0o755)
    hooked.git("add", "-A")
    hooked.git("commit", "-q", "--no-verify", env={"GIT_EDITOR": str(editor)})

    assert trailer(hooked) == ""
    assert show(hooked)["status"] == "unanchored"


def test_commit_a_and_pathspec_commits_record_what_is_committed(hooked: Repo, codex: Path) -> None:
    agent_writes(hooked, codex, "one.py")
    agent_writes(hooked, codex, "two.py", LINES.replace("fetch", "store"))
    hooked.git("add", "-A")
    hooked.git("commit", "-q", "-m", "Only one", "one.py")
    assert [file["path"] for file in show(hooked)["files"]] == ["one.py"]
    assert show(hooked)["status"] == "exact"

    session = CodexLog(codex, hooked.root)
    session.prompt("Change two")
    session.update_file("two.py", "@@ -1,1 +1,2 @@\n def store(url):\n+    check_everything_first(url)\n")
    hooked.write("two.py", LINES.replace("fetch", "store").replace("):\n", "):\n    check_everything_first(url)\n", 1))
    hooked.git("commit", "-q", "-a", "-m", "Two")
    view = show(hooked)
    assert view["status"] == "exact"
    assert len(owners(view, "two.py")) == 5


def test_the_session_that_is_committing_is_known_by_its_running_call(hooked: Repo, codex: Path) -> None:
    session = CodexLog(codex, hooked.root, at=time.time())
    session.prompt("Commit what I wrote")
    session.shell("git add -A && git commit -m 'By request'", None)
    hooked.write("mine.py", "handmade = True\n")
    hooked.git("add", "-A")
    hooked.git("commit", "-q", "-m", "By request", env={"CODEX_THREAD_ID": session.session_id})

    view = show(hooked)
    assert [fact["kind"] for fact in view["sessions"][0]["evidence"]] == ["committed-by-session"]
    assert view["summary"]["unattributed"] == 1
    assert trailer(hooked)


def test_a_call_that_was_never_answered_long_ago_proves_nothing(hooked: Repo, codex: Path) -> None:
    session = CodexLog(codex, hooked.root, at=time.time() - 3600)
    session.prompt("Commit")
    session.shell("git commit -m never", None)
    hooked.write("mine.py", "handmade = True\n")
    hooked.commit("Mine")
    assert show(hooked)["status"] == "none"


def test_switched_off_leaves_no_trace(hooked: Repo, codex: Path) -> None:
    agent_writes(hooked, codex)
    hooked.git("add", "-A")
    hooked.git("commit", "-q", "-m", "Off", env={"GIT_AI_TRAIL": "0"})
    assert (trailer(hooked), show(hooked)["status"]) == ("", "none")

    agent_writes(hooked, codex, "more.py", LINES.replace("fetch", "more"))
    hooked.git("config", "ai-log-trail.enabled", "false")
    hooked.commit("Off as well")
    assert (trailer(hooked), show(hooked)["status"]) == ("", "none")


def test_a_read_only_home_still_gets_trailer_and_note(hooked: Repo, codex: Path, home: Path) -> None:
    agent_writes(hooked, codex)
    (home / ".cache").rename(home / ".cache-gone")
    (home / ".cache").write_text("a file, so that no folder can be made here")
    hooked.commit("Sandboxed")
    view = show(hooked)
    assert view["status"] == "exact"
    assert view["summary"]["generated"] == 4


def test_without_an_index_recent_logs_are_read(hooked: Repo, codex: Path, home: Path) -> None:
    agent_writes(hooked, codex)
    for file in (home / ".cache" / "git-ai-trail").iterdir():
        file.unlink()
    hooked.commit("No index yet")
    assert show(hooked)["status"] == "exact"


def test_a_failure_of_ours_costs_no_commit(hooked: Repo, codex: Path, home: Path) -> None:
    agent_writes(hooked, codex)
    (home / ".local" / "share" / "git-ai-trail" / "key").write_bytes(b"short")
    hooked.git("add", "-A")
    done = hooked.run("git", "commit", "-q", "-m", "All the same")
    assert hooked.git("log", "-1", "--format=%s") == "All the same"
    assert "ai-trail: not recorded" in done.stderr
    assert "Traceback" not in done.stderr


def test_hooks_load_nothing_heavy(hooked: Repo) -> None:
    code = (
        "import sys, json; sys.path.insert(0, sys.argv[1]); import git_ai_trail.hooks;"
        "print(json.dumps(sorted(sys.modules)))"
    )
    source = Path(__file__).resolve().parents[1] / "src"
    loaded = json.loads(hooked.run(sys.executable, "-I", "-S", "-c", code, str(source)).stdout)
    heavy = {"dataclasses", "inspect", "pathlib", "tempfile", "logging", "click", "yaml", "tomllib"}
    assert heavy.isdisjoint(loaded)


def test_a_hint_from_a_session_that_wrote_nothing_here_proves_nothing(hooked: Repo, codex: Path) -> None:
    """The variable leaks into everything that an agent starts, other agents among them."""
    session = CodexLog(codex, "/somewhere/else", at=time.time())
    session.prompt("Start another agent")
    session.shell("git commit -m elsewhere", None, workdir="/somewhere/else")
    hooked.write("mine.py", "handmade = True\n")
    hooked.git("add", "-A")
    hooked.git("commit", "-q", "-m", "Mine", env={"CODEX_THREAD_ID": session.session_id})
    assert show(hooked)["status"] == "none"


def test_the_database_is_fed_after_the_commit_and_the_record_gets_its_annex(
    hooked: Repo, codex: Path, home: Path
) -> None:
    """The run that a commit starts on its own, waited for here by calling it by hand, as the hook calls it."""
    session = agent_writes(hooked, codex)
    session.tokens(1000, 1000)
    hooked.commit("Agent's")
    hooked.run("git-ai-trail", "ingest", "--after-commit", str(hooked.root), "HEAD")

    view = show(hooked)
    assert view["sessions"][0]["prompts"][0]["text"] == "Write fetch with retries"
    assert view["sessions"][0]["tokens"]["input"] == 1000
    annex = hooked.git("notes", "--ref=ai-log-trail-prompts", "show", "HEAD")
    assert "Write fetch" not in annex
    assert json.loads(annex)["annex"] == view["record"]["digest"]


def test_a_commit_starts_one_ingest_that_nobody_waits_for(hooked: Repo, codex: Path, home: Path) -> None:
    hooked.git("config", "ai-log-trail.ingest", "true")
    agent_writes(hooked, codex)
    hooked.git("add", "-A")
    # A pipe that the ingest kept open would make this call wait for it.
    hooked.run("git", "commit", "-q", "-m", "Agent's")
    until = time.monotonic() + 60
    annexed = False
    while not annexed and time.monotonic() < until:
        annexed = hooked.run("sh", "-c", "git notes --ref=ai-log-trail-prompts list | wc -l").stdout.strip() == "1"
    assert annexed


def test_evidence_that_the_hooks_could_not_see_is_added_afterwards(hooked: Repo, codex: Path) -> None:
    session = CodexLog(codex, hooked.root)
    session.prompt("Write fetch")
    hooked.write("fetch.py", LINES)
    hooked.commit("Before the log says so")
    assert show(hooked)["status"] == "none"
    session.at = float(hooked.git("log", "-1", "--format=%ct")) - 1
    session.add_file("fetch.py", LINES)
    hooked.run("git-ai-trail", "ingest", "--after-commit", str(hooked.root), "HEAD")
    assert (show(hooked)["status"], trailer(hooked)) == ("unanchored", "")
