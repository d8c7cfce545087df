"""What the shell shims decide before any Python starts."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from git_ai_trail.install import EVENTS
from git_ai_trail.resources import hook_file
from tests.install.conftest import Shims

EDITOR = {"GIT_EDITOR": 'f() { echo typed > "$1"; }; f'}


def commit(shims: Shims, *args: str, **env: str) -> subprocess.CompletedProcess[str]:
    return shims.run("commit", "-q", "--allow-empty", *args, **env)


@pytest.mark.parametrize("event", EVENTS)
def test_a_shim_is_plain_posix_shell_and_executable(event: str) -> None:
    path = Path(hook_file(event))

    assert path.stat().st_mode & 0o111 == 0o111
    assert subprocess.run(["sh", "-n", path]).returncode == 0
    assert path.read_text().startswith("#!/bin/sh\n# ai-trail shim ")


def test_a_commit_with_m_starts_python_before_and_after_and_hands_the_message_file_over(shims: Shims) -> None:
    commit(shims, "-m", "x", FAKE_SETTLES="1")

    assert shims.calls()[0] == "prepare-commit-msg .git/COMMIT_EDITMSG message"
    assert shims.names()[:1] == ["prepare-commit-msg"]


def test_a_settled_commit_without_a_record_starts_no_python_after_it_but_the_ingest(shims: Shims) -> None:
    commit(shims, "-m", "x", FAKE_SETTLES="1")

    assert "commit-msg" not in shims.names()
    assert "post-commit" not in shims.names()
    assert shims.ingest()


def test_the_ingest_holds_no_pipe_of_the_commit_and_knows_its_repository(shims: Shims) -> None:
    """`run` returned although the ingest never ends, so nobody waits for it."""
    commit(shims, "-m", "x", FAKE_SETTLES="1")

    assert shims.ingest() == f"-P -m git_ai_trail ingest --after-commit {shims.repo.root} HEAD"
    assert shims.left_running()


def test_ingest_switched_off_starts_nothing_after_a_settled_commit(shims: Shims) -> None:
    shims.repo.git("config", "ai-log-trail.ingest", "off")
    commit(shims, "-m", "x", FAKE_SETTLES="1")

    assert not shims.left_running()
    assert shims.names() == ["prepare-commit-msg"]


def test_a_waiting_record_starts_python_after_the_commit(shims: Shims) -> None:
    shims.repo.write(".git/ai-log-trail/pending/abc", "{}")
    commit(shims, "-m", "x", FAKE_SETTLES="1")

    assert shims.names() == ["prepare-commit-msg", "post-commit"]


def test_an_editor_commit_is_left_to_commit_msg(shims: Shims) -> None:
    commit(shims, **EDITOR)

    assert shims.names() == ["commit-msg", "post-commit"]
    assert shims.calls()[0] == "commit-msg .git/COMMIT_EDITMSG"


def test_an_unsettled_commit_starts_every_hook(shims: Shims) -> None:
    commit(shims, "-m", "x")

    assert shims.names() == ["prepare-commit-msg", "commit-msg", "post-commit"]


def test_what_another_commit_settled_settles_nothing_here(shims: Shims) -> None:
    shims.repo.write(".git/ai-log-trail/settled", "1\ntree\n")
    commit(shims, **EDITOR)

    assert shims.names() == ["commit-msg", "post-commit"]


def test_no_verify_still_prepares_and_attaches(shims: Shims) -> None:
    commit(shims, "--no-verify", "-m", "x")

    assert shims.names() == ["prepare-commit-msg", "post-commit"]


@pytest.mark.parametrize("word", ["0", "false", "no", "off"])
def test_the_environment_switches_everything_off(shims: Shims, word: str) -> None:
    commit(shims, "-m", "x", GIT_AI_TRAIL=word)
    shims.run("commit", "-q", "--amend", "--allow-empty", "-m", "y", GIT_AI_TRAIL=word)

    assert shims.calls() == []
    assert not shims.left_running()


@pytest.mark.parametrize("word", ["false", "0", "off", "No"])
def test_git_config_switches_everything_off(shims: Shims, word: str) -> None:
    shims.repo.git("config", "ai-log-trail.enabled", word)
    commit(shims, "-m", "x")
    shims.run("commit", "-q", "--amend", "--allow-empty", "-m", "y")

    assert shims.calls() == []
    assert not shims.left_running()


def test_being_switched_off_asks_git_once_for_a_whole_commit(shims: Shims, tmp_path: Path) -> None:
    shims.repo.git("config", "ai-log-trail.enabled", "false")
    trace = tmp_path / "trace"
    commit(shims, "-m", "x", GIT_TRACE=str(trace))

    asked = [line for line in trace.read_text().splitlines() if "built-in: git config" in line]

    assert len(asked) == 1
    assert shims.calls() == []


def test_switched_off_and_on_again_the_next_commit_counts(shims: Shims) -> None:
    shims.repo.git("config", "ai-log-trail.enabled", "false")
    commit(shims, **EDITOR)
    shims.repo.git("config", "ai-log-trail.enabled", "true")
    commit(shims, **EDITOR)

    assert shims.names() == ["commit-msg", "post-commit"]


def test_a_broken_switch_costs_no_commit(shims: Shims) -> None:
    shims.repo.git("config", "ai-log-trail.enabled", "perhaps")

    assert "perhaps" not in commit(shims, "-m", "x").stderr
    assert shims.names()[0] == "prepare-commit-msg"


def test_a_failing_python_costs_no_commit(shims: Shims) -> None:
    commit(shims, "-m", "x", FAKE_EXIT="9")
    shims.run("commit", "-q", "--amend", "--allow-empty", "-m", "y", FAKE_EXIT="9")

    assert shims.repo.git("log", "-1", "--format=%s") == "y"


def test_a_missing_interpreter_costs_no_commit_and_is_said_once_for_each_hook(shims: Shims, tmp_path: Path) -> None:
    shims.python.unlink()
    only_git = tmp_path / "bin"
    only_git.mkdir()
    for name in ("git", "sh", "cat", "grep", "env"):
        (only_git / name).symlink_to(shutil.which(name) or name)

    said = commit(shims, "-m", "x", PATH=str(only_git)).stderr

    assert said.count("ai-trail: not recorded") == 3
    assert shims.repo.git("log", "--format=%s") == "x"


def test_a_missing_interpreter_is_replaced_by_the_program_on_path(shims: Shims, tmp_path: Path) -> None:
    folder = tmp_path / "bin"
    folder.mkdir()
    program = folder / "git-ai-trail"
    shutil.copy(shims.python, program)
    shims.python.unlink()

    commit(shims, "-m", "x", PATH=f"{folder}:/usr/bin:/bin")

    assert shims.calls()[0] == "hook prepare-commit-msg .git/COMMIT_EDITMSG message"
    assert [line.split()[1] for line in shims.calls()] == ["prepare-commit-msg", "commit-msg", "post-commit"]


def test_an_interpreter_that_cannot_start_costs_no_commit(shims: Shims) -> None:
    shims.python.write_text("#!/nonexistent/python\n")

    commit(shims, "-m", "x")

    assert shims.repo.git("log", "--format=%s") == "x"


def test_the_list_of_rewritten_commits_reaches_python(shims: Shims) -> None:
    commit(shims, "-m", "x", GIT_AI_TRAIL="0")
    old = shims.repo.git("rev-parse", "HEAD")
    shims.run("commit", "-q", "--amend", "--allow-empty", "-m", "y")

    assert shims.calls()[-2:] == ["post-rewrite amend", f"stdin: {old} {shims.repo.git('rev-parse', 'HEAD')}"]


def test_a_linked_worktree_has_its_own_settled_mark(shims: Shims, tmp_path: Path) -> None:
    commit(shims, "-m", "x", GIT_AI_TRAIL="0")
    shims.repo.git("worktree", "add", "-q", str(tmp_path / "linked"))
    shims.repo.root = tmp_path / "linked"
    shims.repo.git("config", "ai-log-trail.ingest", "false")

    commit(shims, "-m", "x", FAKE_SETTLES="1")

    assert shims.names() == ["prepare-commit-msg"]
    mark = Path(shims.repo.git("rev-parse", "--git-dir")) / "ai-log-trail" / "settled"
    assert mark.parts[-4] == "worktrees"
    assert mark.read_text() == ""


def test_a_submodule_is_found_though_git_is_a_file_there(shims: Shims, tmp_path: Path) -> None:
    inner = shims.repo.root
    commit(shims, "-m", "x", GIT_AI_TRAIL="0")
    shims.repo.root = tmp_path / "outer"
    shims.repo.root.mkdir()
    shims.repo.git("init", "-q", ".")
    shims.repo.git("submodule", "--quiet", "add", str(inner), "sub")
    hooks = shims.repo.root / ".git/modules/sub/hooks"
    shutil.copytree(inner / ".git/hooks", hooks, dirs_exist_ok=True)
    shims.repo.root = shims.repo.root / "sub"
    shims.repo.git("config", "ai-log-trail.ingest", "false")

    commit(shims, "-m", "y", FAKE_SETTLES="1")

    assert shims.names() == ["prepare-commit-msg"]
