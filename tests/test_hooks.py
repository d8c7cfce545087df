"""Commits through the installed native hooks, with logs as a Codex session leaves them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.support.codex_log import CodexLog
from tests.support.repo import Repo

LINES = "def fetch(url):\n    for attempt in range(5):\n        answer = open_connection(url)\n    return answer\n"


@pytest.fixture
def codex(home: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = home / ".codex"
    monkeypatch.setenv("CODEX_HOME", str(folder))
    monkeypatch.setenv("PATH", f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}")
    return folder


@pytest.fixture
def hooked(repo: Repo, codex: Path) -> Repo:
    """A repository with one commit and our native hooks; the database is not fed, so that nothing runs on after a test."""
    repo.commit_file("README.md", "Title\n", "base")
    repo.git("config", "ai-log-trail.ingest", "false")
    repo.run("git-ai-trail", "init", "--native")
    repo.git("add", "-A")
    repo.git("commit", "-q", "--no-verify", "-m", "set up", env={"GIT_AI_TRAIL": "0"})
    return repo


def show(repo: Repo, rev: str = "HEAD") -> dict:
    return json.loads(repo.run("git-ai-trail", "show", "--json", rev).stdout)


def trailer(repo: Repo, rev: str = "HEAD") -> str:
    return repo.git("log", "-1", "--format=%(trailers:key=AI-Trail,valueonly)", rev).strip()


def disclosed(repo: Repo, rev: str = "HEAD") -> str:
    return repo.git("log", "-1", "--format=%(trailers:key=Assisted-by,valueonly)", rev).strip()


def owners(view: dict, path: str) -> dict[int, str]:
    file = next(one for one in view["files"] if one["path"] == path)
    return {number: one["class"] for one in file["ranges"] for number in range(one["start"], one["end"] + 1)}


def agent_writes(repo: Repo, codex: Path, path: str = "fetch.py", text: str = LINES, **log: object) -> CodexLog:
    session = CodexLog(codex, repo.root, **log)  # type: ignore[arg-type]
    session.prompt("Write fetch with retries")
    session.add_file(path, text)
    repo.write(path, text)
    return session


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
