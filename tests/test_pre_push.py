"""The hook that checks what is pushed and pushes records along: only where somebody asked for it."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tests.pipeline.test_outgoing import annex
from tests.support.hooked import LINES, agent_writes, codex, forge, hooked, show
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


def test_what_a_person_is_told_once_reaches_them_through_the_hook(hooked: Repo, hub: Repo) -> None:
    opt_in(hooked)
    annex(hooked, f"Ask for {'k9Qz' + '7xR2' + 'bW4t'}")
    said = hooked.run("git", "push", "-q", "origin", "main").stderr.splitlines()
    assert [line[:31] for line in said] == ["first publication: 1 near miss "]
    hooked.git("commit", "-q", "--allow-empty", "-m", "more")
    assert hooked.run("git", "push", "-q", "origin", "main").stderr == ""


def test_a_slow_push_of_records_is_not_given_up(hooked: Repo, hub: Repo) -> None:
    opt_in(hooked)
    done = hooked.run("git", "push", "-q", "origin", "main", env={"GIT_AI_TRAIL_HOOK_SECONDS": "0.01"})
    assert (refs(hub), done.stderr) == (["refs/heads/main", NOTES], "")


def gate(repo: Repo) -> None:
    repo.git("config", "ai-log-trail.verify", "true")
    repo.run("git-ai-trail", "init", "--native")


@pytest.fixture
def forged(hooked: Repo, hub: Repo, codex: Path) -> Repo:
    """Of two commits the last has a record that the logs here contradict."""
    first = agent_writes(hooked, codex, "more.py", LINES.replace("fetch", "more"))
    hooked.commit("More")
    hooked.git("push", "-q", "origin", "main")
    agent_writes(hooked, codex, "store.py", LINES.replace("fetch", "store").replace("answer", "table"))
    hooked.commit("Another's")
    forge(hooked, first.session_id, "store.py")
    assert show(hooked)["status"] == "exact"
    gate(hooked)
    return hooked


def test_what_the_logs_contradict_is_said_when_it_is_pushed(forged: Repo, hub: Repo) -> None:
    done = forged.run("git", "push", "-q", "origin", "main")
    assert "the logs at hand do not hold 4 of the 4 lines" in done.stderr
    assert done.stderr.count("evidence contradicted") == 1, "what the remote has already is not looked at"
    assert hub.git("rev-parse", "main") == forged.git("rev-parse", "main")
    assert refs(hub) == ["refs/heads/main"], "records go along only where that was asked for"


def test_where_the_policy_asks_for_evidence_the_push_is_stopped(forged: Repo, hub: Repo) -> None:
    before = hub.git("rev-parse", "main")
    forged.write(".git-ai-trail.toml", '[policy]\nrequire = ["evidence"]\n')
    done = forged.run("git", "push", "-q", "origin", "main", exit=1)
    assert "evidence contradicted" in done.stderr
    assert "ai-trail: not all that is pushed holds" in done.stderr
    assert "git push --no-verify" in done.stderr
    assert hub.git("rev-parse", "main") == before
    forged.git("push", "-q", "--no-verify", "origin", "main")
    assert hub.git("rev-parse", "main") != before


def test_what_holds_is_pushed_without_a_word(hooked: Repo, hub: Repo) -> None:
    hooked.git("config", "ai-log-trail.push", "true")
    gate(hooked)
    done = hooked.run("git", "push", "-q", "origin", "main", "HEAD:refs/heads/topic")
    assert (refs(hub), done.stderr) == (["refs/heads/main", "refs/heads/topic", NOTES], "")
    hooked.git("push", "-q", "origin", ":topic")


def test_a_policy_that_cannot_be_read_stops_the_push(hooked: Repo, hub: Repo) -> None:
    gate(hooked)
    hooked.write(".git-ai-trail.toml", "[policy]\nrequire = 3\n")
    done = hooked.run("git", "push", "-q", "origin", "main", exit=1)
    assert "ai-trail: what is pushed could not be verified" in done.stderr
    assert refs(hub) == []


def test_a_hook_that_was_there_has_the_list_too(forged: Repo, hub: Repo) -> None:
    forged.run("git-ai-trail", "uninit")
    prior = forged.root / ".git" / "hooks" / "pre-push"
    prior.parent.mkdir(exist_ok=True)
    prior.write_text('#!/bin/sh\ncat > "$(git rev-parse --git-dir)/listed"\n')
    prior.chmod(0o755)
    gate(forged)
    done = forged.run("git", "push", "-q", "origin", "main")
    assert "evidence contradicted" in done.stderr
    assert "refs/heads/main" in (forged.root / ".git" / "listed").read_text()


def test_under_pre_commit_what_is_pushed_is_known_by_variables(forged: Repo, hub: Repo) -> None:
    forged.write(".git-ai-trail.toml", '[policy]\nrequire = ["evidence"]\n')
    words = (sys.executable, "-m", "git_ai_trail", "hook", "pre-push")
    last, first = forged.git("rev-parse", "HEAD"), forged.git("rev-parse", "HEAD~1")
    env = {"PRE_COMMIT_REMOTE_NAME": "origin", "PRE_COMMIT_FROM_REF": first, "PRE_COMMIT_TO_REF": last}
    assert "not all that is pushed holds" in forged.run(*words, env=env, exit=1).stderr
    assert forged.run(*words, env={**env, "PRE_COMMIT_TO_REF": first}).stderr == ""


def test_doctor_knows_that_it_is_wanted(hooked: Repo) -> None:
    hooked.run("git-ai-trail", "doctor")
    hooked.git("config", "ai-log-trail.verify", "true")
    assert "pre-push" in hooked.run("git-ai-trail", "doctor", exit=1).stdout
    hooked.run("git-ai-trail", "init", "--native")
    assert "5 in place" in hooked.run("git-ai-trail", "doctor").stdout


def test_a_program_of_ours_that_breaks_stops_only_a_push_that_is_checked(hooked: Repo, hub: Repo) -> None:
    opt_in(hooked)
    shim = hooked.root / ".git" / "hooks" / "pre-push"
    shim.write_text(shim.read_text().replace("import gc", "import nothing_of_the_kind"))
    hooked.git("push", "-q", "origin", "main")
    hooked.git("config", "ai-log-trail.verify", "true")
    hooked.git("push", "-q", "origin", "HEAD:refs/heads/topic", exit=1)
