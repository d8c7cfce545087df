"""What the doctor says about hooks, notes, PATH, folders, settings and clock."""

from __future__ import annotations

import os
import sqlite3
import sys
import time
from pathlib import Path

import pytest

from git_ai_trail.git import Git
from git_ai_trail.install import carry_settings, config_hooks, doctor, native, place, snippet
from git_ai_trail.install.database_file import check_database
from git_ai_trail.install.hooks_check import check_hooks
from git_ai_trail.model import Check
from git_ai_trail.settings import Settings
from tests.install.conftest import journal_of
from tests.support.repo import Repo


def where(repo: Repo) -> place.Place:
    return place.find(str(repo.root))


def install(repo: Repo) -> None:
    native.install(where(repo), journal_of(repo))


def hooks(repo: Repo) -> tuple[set[str], str]:
    """(states, everything that is said) about the hooks."""
    return summary(check_hooks(where(repo)))


def summary(checks: list[Check]) -> tuple[set[str], str]:
    return {check.state for check in checks}, "\n".join(f"{c.name}: {c.detail} | {c.advice}" for c in checks)


def test_a_repository_that_was_never_set_up_fails(repo: Repo) -> None:
    states, said = hooks(repo)

    assert states == {"fail"}
    assert "run 'git ai-trail init'" in said


def test_hooks_in_place_are_fine(repo: Repo) -> None:
    install(repo)

    assert hooks(repo)[0] == {"ok"}


def test_a_hook_without_its_execute_bit_fails(repo: Repo) -> None:
    install(repo)
    (repo.root / ".git/hooks/post-commit").chmod(0o644)

    states, said = hooks(repo)
    assert states == {"fail"}
    assert "post-commit: not executable" in said


def test_a_hook_that_was_removed_fails(repo: Repo) -> None:
    install(repo)
    (repo.root / ".git/hooks/post-commit").unlink()

    states, said = hooks(repo)
    assert states == {"fail"}
    assert "post-commit: missing" in said


def test_a_hook_that_another_program_put_aside_fails_only_if_it_does_not_run(repo: Repo) -> None:
    install(repo)
    path = repo.root / ".git/hooks/commit-msg"
    path.rename(path.with_name("commit-msg.legacy"))
    path.write_text("#!/bin/sh\n# pre-commit\n")
    path.chmod(0o755)
    assert hooks(repo)[0] == {"ok"}

    path.with_name("commit-msg.legacy").rename(path.with_name("commit-msg.old"))
    assert "which does not run it" in hooks(repo)[1]


def test_hooks_that_git_does_not_look_at_fail(repo: Repo) -> None:
    install(repo)
    repo.git("config", "core.hooksPath", "/srv/hooks")

    states, said = hooks(repo)
    assert states == {"fail"}
    assert "git does not look into" in said


@pytest.mark.parametrize(("version", "word"), [("0", "older"), ("999", "newer")])
def test_hooks_of_another_version_are_named(repo: Repo, version: str, word: str) -> None:
    install(repo)
    path = repo.root / ".git/hooks/commit-msg"
    path.write_text(path.read_text().replace("ai-trail shim 1:", f"ai-trail shim {version}:"))

    states, said = hooks(repo)
    assert states == {"warn"}
    assert f"{word} version" in said


def test_an_interpreter_that_is_gone_is_named(repo: Repo, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", "/nonexistent/it's gone/python3")
    install(repo)

    states, said = hooks(repo)
    assert states == {"warn"}
    assert "/nonexistent/it's gone/python3 is gone" in said


def test_two_ways_at_once_are_named(repo: Repo) -> None:
    install(repo)
    repo.write(".pre-commit-config.yaml", snippet.text("pre-commit", str(repo.root)))

    assert "set up more than once: native, pre-commit" in hooks(repo)[1]


def test_hooks_in_the_configuration_count_only_where_git_reads_them(repo: Repo) -> None:
    config_hooks.install(where(repo), journal_of(repo))
    young = Git(str(repo.root)).version() >= config_hooks.SINCE

    assert hooks(repo)[0] == ({"ok"} if young else {"fail"})


def test_pre_commit_configured_but_not_installed_fails_with_the_command(repo: Repo) -> None:
    repo.write(".pre-commit-config.yaml", snippet.text("pre-commit", str(repo.root)))
    states, said = hooks(repo)
    assert states == {"fail"}
    assert "pre-commit install -t prepare-commit-msg -t commit-msg -t post-commit -t post-rewrite" in said

    for event in ("prepare-commit-msg", "commit-msg", "post-commit", "post-rewrite"):
        repo.write(f".git/hooks/{event}", "#!/bin/sh\nexec pre-commit\n").chmod(0o755)
    assert hooks(repo)[0] == {"ok"}


def test_the_system_variants_count_and_a_missing_stage_is_named(repo: Repo) -> None:
    text = snippet.text("pre-commit", str(repo.root)).replace(
        "id: ai-trail-commit-msg", "id: ai-trail-commit-msg-system"
    )
    config = repo.write(".pre-commit-config.yaml", text)
    assert "ai-trail-commit-msg is not configured" not in hooks(repo)[1]

    config.write_text(text.replace("id: ai-trail-post-rewrite", "id: other"))
    assert "ai-trail-post-rewrite is not configured" in hooks(repo)[1]


@pytest.mark.parametrize("content", ["[", "- 1", "repos: 3", "repos: [{hooks: 1}, 2]", "a: !!python/object:x.y {}", ""])
def test_a_broken_pre_commit_file_is_no_crash(repo: Repo, content: str) -> None:
    repo.write(".pre-commit-config.yaml", content)

    assert hooks(repo)[0] == {"fail"}
    assert "ai-trail-commit-msg" in snippet.text("pre-commit", str(repo.root))


def test_lines_in_a_husky_folder_count(repo: Repo) -> None:
    repo.git("config", "core.hooksPath", ".husky/_")
    for event in ("prepare-commit-msg", "commit-msg", "post-commit"):
        repo.write(f".husky/{event}", f'git-ai-trail hook {event} "$@"\n')
    states, said = hooks(repo)
    assert states == {"fail"}
    assert "post-rewrite not called" in said

    repo.write(".husky/post-rewrite", 'git-ai-trail hook post-rewrite "$@"\n')
    assert hooks(repo)[0] == {"ok"}


def test_the_printed_lefthook_lines_count(repo: Repo) -> None:
    repo.write("lefthook.yml", snippet.text("lefthook", str(repo.root)))

    assert hooks(repo)[0] == {"ok"}


def test_notes_that_git_would_not_carry_are_named(repo: Repo) -> None:
    git = Git(str(repo.root))
    assert summary(doctor.check_carrying(git))[0] == {"warn"}

    carry_settings.install(git, journal_of(repo))
    assert summary(doctor.check_carrying(git))[0] == {"ok"}

    repo.git("config", "notes.rewriteMode", "ignore")
    assert "one is lost" in summary(doctor.check_carrying(git))[1]


def program(folder: Path, text: str) -> str:
    folder.mkdir()
    path = folder / "git-ai-trail"
    path.write_text(text)
    path.chmod(0o755)
    return str(folder)


def test_another_program_of_our_name_fails_only_where_it_comes_first(tmp_path: Path) -> None:
    ours = program(tmp_path / "ours", "#!/bin/sh\nexec python -m git_ai_trail\n")
    theirs = program(tmp_path / "theirs", "#!/bin/sh\necho hello\n")

    def state(*folders: str) -> str:
        return doctor.check_path({"PATH": os.pathsep.join(folders)}).state

    assert (state(ours), state(ours, theirs), state(theirs, ours), state()) == ("ok", "warn", "fail", "warn")


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    checks = doctor.check_folders([("a", str(tmp_path / "new/deep")), ("b", str(tmp_path / "file/below"))])

    assert [check.state for check in checks] == ["ok", "warn"]


def test_switched_off_and_broken_settings_are_said() -> None:
    off = Settings(enabled=False)

    assert summary(doctor.check_settings(Settings(), {}))[0] == {"ok"}
    assert "GIT_AI_TRAIL switches" in summary(doctor.check_settings(off, {"GIT_AI_TRAIL": "0"}))[1]
    assert "git config ai-log-trail.enabled true" in summary(doctor.check_settings(off, {}))[1]
    assert summary(doctor.check_settings(Settings(problems=("x",)), {}))[0] == {"fail"}


@pytest.mark.parametrize(
    ("zone", "state"), [("No/Where", "warn"), ("UTC", "ok"), ("", "ok"), (":/etc/localtime", "ok")]
)
def test_a_zone_that_is_taken_for_utc_in_silence_is_named(zone: str, state: str) -> None:
    assert [check.state for check in doctor.check_clock(None, {"TZ": zone}, 0.0)] == [state]


def test_a_commit_from_the_future_means_a_wrong_clock(repo: Repo) -> None:
    repo.commit("x", at="2026-11-24T12:00:00Z")
    git = Git(str(repo.root))
    then = 1795521600.0

    assert [c.state for c in doctor.check_clock(git, {}, then - 3600)] == ["ok", "warn"]
    assert [c.state for c in doctor.check_clock(git, {}, then - 10)] == ["ok"]


def test_git_itself_is_young_enough_here(repo: Repo) -> None:
    assert doctor.check_git(Git(str(repo.root))).state == "ok"


def test_a_damaged_database_fails_and_a_missing_one_is_only_named(tmp_path: Path) -> None:
    path = tmp_path / "odd ?#%.db"
    assert check_database("index", str(path), "run 'git ai-trail init'").state == "warn"

    with sqlite3.connect(path) as database:
        database.execute("CREATE TABLE a (b)")
        database.executemany("INSERT INTO a VALUES (?)", [("x" * 500,)] * 100)
    database.close()
    assert check_database("index", str(path), "run 'git ai-trail init'").state == "ok"

    data = bytearray(path.read_bytes())
    data[4096:12288] = b"\xff" * 8192
    path.write_bytes(data)
    assert check_database("index", str(path), "run 'git ai-trail init'").state == "fail"

    path.write_text("not a database at all")
    assert check_database("index", str(path), "run 'git ai-trail init'").state == "fail"


def test_looking_changes_nothing(repo: Repo) -> None:
    install(repo)
    before = {path: path.stat().st_mtime_ns for path in repo.root.rglob("*")}

    hooks(repo)
    doctor.check_clock(Git(str(repo.root)), {}, time.time())

    assert {path: path.stat().st_mtime_ns for path in repo.root.rglob("*")} == before
