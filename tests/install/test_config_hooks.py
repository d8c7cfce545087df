"""The entries that git 2.54 reads; what they say holds with any git, that git runs them is tested with `init`."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from git_ai_trail.git import Git
from git_ai_trail.install import EVENTS, config_hooks, native, place
from tests.install.conftest import Shims, journal_of
from tests.support.repo import Repo


def install(repo: Repo) -> list[str]:
    log = journal_of(repo)
    steps = config_hooks.install(place.find(str(repo.root)), log)
    log.save()
    return [step.state for step in steps]


def command(repo: Repo, event: str) -> str:
    return repo.git("config", f"hook.ai-trail-{event}.command")


def shell(repo: Repo, event: str, *args: str) -> subprocess.CompletedProcess[str]:
    """Runs the entry as git does: the command in a shell, with `"$@"` appended."""
    line = f'{command(repo, event)} "$@"'
    return subprocess.run(["sh", "-c", line, line, *args], cwd=repo.root, capture_output=True, text=True)


def test_every_event_has_an_entry_of_its_own(repo: Repo) -> None:
    assert install(repo) == ["done"] * 4

    for event in EVENTS:
        assert repo.git("config", f"hook.ai-trail-{event}.event") == event


def test_installing_twice_changes_nothing(repo: Repo) -> None:
    install(repo)
    before = (repo.root / ".git/config").read_bytes()

    assert install(repo) == ["kept"] * 4

    assert (repo.root / ".git/config").read_bytes() == before


def test_an_entry_that_was_altered_is_put_right(repo: Repo) -> None:
    install(repo)
    right = command(repo, "commit-msg")
    (repo.root / ".git/ai-log-trail/hooks/commit-msg").unlink()

    assert install(repo).count("done") == 1

    assert command(repo, "commit-msg") == right


def test_removing_leaves_the_configuration_byte_for_byte(repo: Repo) -> None:
    repo.git("config", "hook.mine.command", "true")
    before = (repo.root / ".git/config").read_bytes()
    install(repo)

    config_hooks.remove(place.find(str(repo.root)), journal_of(repo))

    assert (repo.root / ".git/config").read_bytes() == before
    assert not (repo.root / ".git/ai-log-trail/hooks").exists()


def test_the_script_gets_gits_arguments(repo: Repo) -> None:
    install(repo)
    script = repo.write(".git/ai-log-trail/hooks/commit-msg", '#!/bin/sh\necho "got $@"\n')
    script.chmod(0o755)

    assert shell(repo, "commit-msg", "a file", "b").stdout == "got a file b\n"


def test_the_script_is_gits_own_child(repo: Repo) -> None:
    """The shims compare the id of the process that called them; a shell in between would change it."""
    install(repo)
    script = repo.write(".git/ai-log-trail/hooks/commit-msg", "#!/bin/sh\necho $$\n")
    script.chmod(0o755)
    line = f'{command(repo, "commit-msg")} "$@"'

    with subprocess.Popen(["sh", "-c", line, line], cwd=repo.root, stdout=subprocess.PIPE, text=True) as started:
        assert started.communicate()[0].strip() == str(started.pid)


def test_a_missing_script_ends_well(repo: Repo) -> None:
    install(repo)
    (repo.root / ".git/ai-log-trail/hooks/commit-msg").unlink()

    done = shell(repo, "commit-msg")

    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_a_repository_that_was_moved_finds_its_script(repo: Repo, tmp_path: Path) -> None:
    install(repo)
    script = repo.write(".git/ai-log-trail/hooks/commit-msg", "#!/bin/sh\necho found\n")
    script.chmod(0o755)
    repo.root.rename(tmp_path / "it's moved")
    repo.root = tmp_path / "it's moved"

    assert shell(repo, "commit-msg").stdout == "found\n"


@pytest.mark.skipif(Git(".").version() < (2, 54), reason="git before 2.54 knows no hooks in its configuration")
def test_git_runs_them_once_each_and_they_know_their_git_process(shims: Shims) -> None:
    repo = shims.repo
    native.remove(where := place.find(str(repo.root)), journal_of(repo))
    config_hooks.install(where, journal_of(repo))
    repo.git("config", "ai-log-trail.ingest", "false")

    shims.run("commit", "-q", "--allow-empty", "-m", "x", FAKE_SETTLES="1")
    old = repo.git("rev-parse", "HEAD")
    assert shims.names() == ["prepare-commit-msg"]

    shims.run("commit", "-q", "--amend", "--allow-empty", "-m", "y", FAKE_SETTLES="1")
    assert shims.calls()[-1] == f"stdin: {old} {repo.git('rev-parse', 'HEAD')}"
