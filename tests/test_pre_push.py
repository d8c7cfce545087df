"""The hook that pushes records along: only where somebody asked for it, and never in the way of a push."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tests.support.hooked import LINES, agent_writes, codex, hooked
from tests.support.repo import Repo

__all__ = ["codex", "hooked"]
NOTES = "refs/notes/ai-log-trail"


@pytest.fixture
def hub(hooked: Repo, codex: Path, tmp_path: Path) -> Repo:
    """A remote of a repository with a record, in which pushing records along was asked for."""
    hooked.git("init", "-q", "--bare", str(tmp_path / "hub.git"))
    hooked.git("remote", "add", "origin", str(tmp_path / "hub.git"))
    agent_writes(hooked, codex)
    hooked.commit("Agent's")
    return Repo(tmp_path / "hub.git")


def opt_in(repo: Repo) -> None:
    repo.git("config", "ai-log-trail.push", "true")
    repo.run("git-ai-trail", "init", "--native")


def refs(repo: Repo) -> list[str]:
    return repo.git("for-each-ref", "--format=%(refname)").split()


def test_nobody_gets_it_unasked(hooked: Repo, hub: Repo) -> None:
    hooked.git("push", "-q", "origin", "main")
    assert refs(hub) == ["refs/heads/main"]
    assert not (hooked.root / ".git" / "hooks" / "pre-push").exists()


def test_records_go_along_with_the_push(hooked: Repo, hub: Repo, codex: Path) -> None:
    opt_in(hooked)
    hooked.git("push", "-q", "origin", "main")
    assert refs(hub) == ["refs/heads/main", NOTES]
    agent_writes(hooked, codex, "more.py", LINES.replace("fetch", "more"))
    hooked.commit("More")
    hooked.git("push", "-q", "origin", "main")
    assert hub.git("rev-parse", NOTES) == hooked.git("rev-parse", NOTES)


def test_taken_back_it_is_gone(hooked: Repo, hub: Repo) -> None:
    opt_in(hooked)
    hooked.git("config", "ai-log-trail.push", "false")
    hooked.git("push", "-q", "origin", "main")
    assert refs(hub) == ["refs/heads/main"]
    hooked.run("git-ai-trail", "uninit")
    assert not (hooked.root / ".git" / "hooks" / "pre-push").exists()


def test_a_remote_that_takes_no_records_does_not_stop_the_push(hooked: Repo, hub: Repo) -> None:
    refusing = hub.root / "hooks" / "update"
    refusing.parent.mkdir()
    refusing.write_text(f'#!/bin/sh\n[ "$1" != {NOTES} ] || exit 1\n')
    refusing.chmod(0o755)
    opt_in(hooked)
    done = hooked.run("git", "push", "-q", "origin", "main")
    assert refs(hub) == ["refs/heads/main"]
    assert "ai-trail: records were not pushed (see `git ai-trail notes push -h`)" in done.stderr


def test_a_hook_that_was_there_gets_its_list_first_and_can_refuse(hooked: Repo, hub: Repo) -> None:
    prior = hooked.root / ".git" / "hooks" / "pre-push"
    prior.write_text('#!/bin/sh\ncat >> "$GIT_DIR/listed"\n[ ! -e "$GIT_DIR/no" ]\n')
    prior.chmod(0o755)
    opt_in(hooked)
    hooked.git("push", "-q", "origin", "main", env={"GIT_DIR": str(hooked.root / ".git")})
    assert "refs/heads/main" in (hooked.root / ".git" / "listed").read_text()
    (hooked.root / ".git" / "no").write_text("")
    hooked.git("commit", "-q", "--allow-empty", "-m", "more")
    hooked.git("push", "-q", "origin", "main", exit=1, env={"GIT_DIR": str(hooked.root / ".git")})


def test_under_pre_commit_the_remote_is_known_by_its_variable(hooked: Repo, hub: Repo) -> None:
    hooked.run(sys.executable, "-m", "git_ai_trail", "hook", "pre-push", env={"PRE_COMMIT_REMOTE_NAME": "origin"})
    assert NOTES in refs(hub)
    hooked.run(sys.executable, "-m", "git_ai_trail", "hook", "pre-push", env={"PRE_COMMIT_REMOTE_NAME": "../hub.git"})
