"""`doctor` as a person runs it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from git_ai_trail.cli import doctor
from git_ai_trail.pipeline import setup
from tests.support.repo import Repo


def run(*, exit: int) -> dict[str, dict[str, str]]:
    result = CliRunner().invoke(doctor.command, ["--json"], catch_exceptions=False)
    assert result.exit_code == exit, result.output
    return {check["name"]: check for check in json.loads(result.stdout)}


def test_a_repository_that_is_set_up_passes(repo: Repo, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    log = home / ".codex/sessions/2026/11/24/rollout-2026-11-24T10-00-00-019a55c1-0000-7000-8000-000000000001.jsonl"
    log.parent.mkdir(parents=True)
    log.write_text("")
    monkeypatch.chdir(repo.root)
    setup.init(str(repo.root), mode="native")

    checks = run(exit=0)

    assert checks["native hooks"]["state"] == "ok"
    assert checks["notes"]["state"] == "ok"
    assert "Codex: 1 in" in checks["logs"]["detail"]


def test_a_repository_that_is_not_set_up_fails(repo: Repo, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(repo.root)

    assert run(exit=1)["hooks"]["advice"] == "run 'git ai-trail init'"


def test_a_broken_policy_fails_with_its_place(repo: Repo, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(repo.root)
    setup.init(str(repo.root), mode="native")
    repo.write(".git-ai-trail.toml", "[policy]\nprofil = 1\n")

    check = run(exit=1)["policy"]

    assert ".git-ai-trail.toml:2: unknown key policy.profil" in check["detail"]
    assert check["advice"] == "did you mean policy.profile?"


def test_outside_a_repository_the_machine_is_still_checked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)

    checks = run(exit=0)

    assert checks["repository"]["state"] == "warn"
    assert checks["git"]["state"] == "ok"


def test_the_text_names_state_subject_and_advice(repo: Repo, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(repo.root)
    out = CliRunner().invoke(doctor.command, []).stdout

    assert "fail  hooks" in out
    assert "→ run 'git ai-trail init'" in out


def test_a_store_elsewhere_is_named_without_its_address(
    repo: Repo, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(repo.root)
    monkeypatch.setenv("GIT_AI_TRAIL_STORE", "postgresql://me:" + "hidden" + "@db.example/trail")

    assert run(exit=1)["database"]["detail"] == "postgresql, not looked at"


def test_a_broken_file_of_the_person_fails_with_its_place(
    repo: Repo, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(repo.root)
    config = home / ".config/git-ai-trail/config.toml"
    config.parent.mkdir(parents=True)
    config.write_text('[log]\nroots = ["/srv"]\n')

    check = run(exit=1)["logs"]

    assert "config.toml:2: unknown key log.roots" in check["detail"]
    assert check["advice"] == "did you mean logs.roots?"
