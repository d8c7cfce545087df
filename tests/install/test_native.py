"""Hooks as files: beside others, and gone without a trace."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from git_ai_trail.errors import TrailError
from git_ai_trail.install import EVENTS, native, place, shim
from tests.install.conftest import Shims, journal_of
from tests.support.repo import Repo


def snapshot(folder: Path) -> dict[str, tuple[int, bytes | str]]:
    """Every entry below a folder: mode, and content or the link's target."""
    found: dict[str, tuple[int, bytes | str]] = {}
    for path in sorted(folder.rglob("*")):
        state = path.lstat()
        content = os.readlink(path) if path.is_symlink() else path.read_bytes() if path.is_file() else b""
        found[str(path.relative_to(folder))] = (state.st_mode, content)
    return found


def install(repo: Repo) -> None:
    log = journal_of(repo)
    native.install(place.find(str(repo.root)), log)
    log.save()


def remove(repo: Repo) -> list[str]:
    steps = native.remove(place.find(str(repo.root)), journal_of(repo))
    return [step.state for step in steps]


def put(repo: Repo, event: str, script: str, mode: int = 0o755) -> Path:
    path = repo.write(f".git/hooks/{event}", f"#!/bin/sh\n{script}\n")
    path.chmod(mode)
    return path


def test_hooks_land_where_git_looks_and_carry_their_id(repo: Repo) -> None:
    install(repo)

    for event in EVENTS:
        path = repo.root / ".git/hooks" / event
        assert os.access(path, os.X_OK)
        assert shim.version_of(str(path)) == shim.current_version() > 0


def test_installing_twice_changes_nothing(repo: Repo) -> None:
    put(repo, "commit-msg", "exit 0")
    install(repo)
    before = snapshot(repo.root / ".git")

    install(repo)

    assert snapshot(repo.root / ".git") == before


def test_removing_leaves_the_folder_byte_for_byte(repo: Repo) -> None:
    put(repo, "commit-msg", "echo mine")
    put(repo, "post-commit", "echo not run", mode=0o644)
    put(repo, "pre-push", "echo other")
    (repo.root / ".git/hooks/prepare-commit-msg").symlink_to("../../scripts/prepare")
    before = snapshot(repo.root / ".git")

    install(repo)
    assert remove(repo) == ["removed"] * 4

    (repo.root / ".git/ai-log-trail/installed.json").unlink()
    (repo.root / ".git/ai-log-trail").rmdir()
    assert snapshot(repo.root / ".git") == before


def test_a_hooks_folder_that_was_made_goes_again(repo: Repo) -> None:
    assert not (repo.root / ".git/hooks").exists()

    install(repo)
    assert (repo.root / ".git/hooks/commit-msg").exists()
    remove(repo)

    assert not (repo.root / ".git/hooks").exists()


def test_removing_needs_no_journal(repo: Repo) -> None:
    put(repo, "commit-msg", "echo mine")
    install(repo)
    (repo.root / ".git/ai-log-trail/installed.json").unlink()

    remove(repo)

    assert snapshot(repo.root / ".git/hooks").keys() == {"commit-msg"}
    assert (repo.root / ".git/hooks/commit-msg").read_text() == "#!/bin/sh\necho mine\n"


@pytest.mark.parametrize("event", ["prepare-commit-msg", "commit-msg"])
def test_an_existing_hook_that_refuses_still_refuses_and_ours_does_not_run(shims: Shims, event: str) -> None:
    prior = shims.repo.root / ".git/hooks" / f"{event}{native.PRIOR}"
    prior.write_text("#!/bin/sh\necho refused >&2\nexit 7\n")
    prior.chmod(0o755)

    said = shims.run("commit", "-q", "--allow-empty", "-m", "x", exit=1).stderr

    assert "refused" in said
    assert event not in shims.names()


def test_an_existing_hook_runs_first_with_the_same_arguments(shims: Shims) -> None:
    prior = shims.repo.root / ".git/hooks/prepare-commit-msg.before-ai-trail"
    prior.write_text('#!/bin/sh\necho "prior $@" >>"$FAKE_CALLS"\n')
    prior.chmod(0o755)

    shims.run("commit", "-q", "--allow-empty", "-m", "x")

    assert shims.calls()[:2] == [
        "prior .git/COMMIT_EDITMSG message",
        "prepare-commit-msg .git/COMMIT_EDITMSG message",
    ]


def test_an_existing_hook_runs_when_we_are_switched_off(shims: Shims) -> None:
    prior = shims.repo.root / ".git/hooks/commit-msg.before-ai-trail"
    prior.write_text("#!/bin/sh\nexit 7\n")
    prior.chmod(0o755)

    shims.run("commit", "-q", "--allow-empty", "-m", "x", exit=1, GIT_AI_TRAIL="0")


def test_the_list_of_rewritten_commits_reaches_both_hooks(shims: Shims) -> None:
    prior = shims.repo.root / ".git/hooks/post-rewrite.before-ai-trail"
    prior.write_text('#!/bin/sh\nsed "s/^/prior: /" >>"$FAKE_CALLS"\n')
    prior.chmod(0o755)
    shims.run("commit", "-q", "--allow-empty", "-m", "x", GIT_AI_TRAIL="0")
    shims.run("commit", "-q", "--amend", "--allow-empty", "-m", "y")

    lists = [line.partition(": ")[2] for line in shims.calls() if ": " in line]

    assert len(lists) == 2
    assert lists[0] == lists[1]
    assert len(lists[0].split()) == 2


def test_a_hook_that_git_ignores_is_not_run_by_us(shims: Shims) -> None:
    prior = shims.repo.root / ".git/hooks/commit-msg.before-ai-trail"
    prior.write_text("#!/bin/sh\nexit 7\n")
    prior.chmod(0o644)

    shims.run("commit", "-q", "--allow-empty", "-m", "x")


def test_pre_commit_installed_over_a_shim_makes_no_loop(shims: Shims) -> None:
    """pre-commit puts the shim aside and starts it, and refuses to be started once more from there."""
    prior = shims.repo.root / ".git/hooks/commit-msg.before-ai-trail"
    prior.write_text("#!/bin/sh\n# File generated by pre-commit\nexit 7\n")
    prior.chmod(0o755)

    shims.run("commit", "-q", "--allow-empty", "-m", "x", exit=1)
    shims.run("commit", "-q", "--allow-empty", "-m", "x", PRE_COMMIT_RUNNING_LEGACY="1")


def test_a_shim_put_aside_by_another_program_still_runs_the_hook_before_it(shims: Shims) -> None:
    folder = shims.repo.root / ".git/hooks"
    prior = folder / "commit-msg.before-ai-trail"
    prior.write_text('#!/bin/sh\necho prior >>"$FAKE_CALLS"\n')
    prior.chmod(0o755)
    (folder / "commit-msg").rename(folder / "commit-msg.legacy")
    put(shims.repo, "commit-msg", '"$0.legacy" "$@"')

    shims.run("commit", "-q", "--allow-empty", "-m", "x")

    assert shims.names() == ["prepare-commit-msg", "prior", "commit-msg", "post-commit"]


def test_both_names_taken_is_refused_before_anything_is_touched(repo: Repo) -> None:
    put(repo, "post-commit", "echo older")
    install(repo)
    put(repo, "post-commit", "echo newer")
    before = snapshot(repo.root / ".git")

    with pytest.raises(TrailError, match="post-commit: replaced by another program"):
        install(repo)

    assert snapshot(repo.root / ".git") == before


def test_a_hook_that_somebody_put_over_ours_stays_and_is_named(repo: Repo) -> None:
    put(repo, "post-commit", "echo older")
    install(repo)
    newer = put(repo, "post-commit", "echo newer")

    assert remove(repo).count("todo") == 1

    assert newer.read_text() == "#!/bin/sh\necho newer\n"
    assert (repo.root / ".git/hooks/post-commit.before-ai-trail").exists()


def test_an_install_killed_between_two_steps_is_finished_or_taken_back(repo: Repo) -> None:
    """Killed after the person's hook was put aside and before ours was written."""
    mine = put(repo, "commit-msg", "echo mine")
    before = snapshot(repo.root / ".git/hooks")
    mine.rename(mine.with_name("commit-msg.before-ai-trail"))

    remove(repo)
    assert snapshot(repo.root / ".git/hooks") == before

    mine.rename(mine.with_name("commit-msg.before-ai-trail"))
    install(repo)
    assert shim.version_of(str(mine)) is not None
    remove(repo)
    assert snapshot(repo.root / ".git/hooks") == before


def test_a_shim_of_an_older_version_is_renewed_and_no_prior_hook_is_made_of_it(repo: Repo) -> None:
    put(repo, "commit-msg", "# ai-trail shim 0: commit-msg.")

    install(repo)

    assert shim.version_of(str(repo.root / ".git/hooks/commit-msg")) == shim.current_version()
    assert not (repo.root / ".git/hooks/commit-msg.before-ai-trail").exists()
