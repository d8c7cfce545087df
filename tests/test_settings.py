"""What holds for a commit, from environment, git configuration and the two files."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from git_ai_trail.git import Git
from git_ai_trail.settings import Settings, effective_publish, parse_git_config, read
from tests.support.repo import Repo

HEAVY = {"tomllib", "dataclasses", "pathlib", "inspect", "tempfile", "datetime", "logging", "git_ai_trail.config"}


def settings(repo: Repo, home: Path, **env: str) -> Settings:
    return read(
        Git(str(repo.root)),
        common_dir=str(repo.root / ".git"),
        toplevel=str(repo.root),
        config_dir=str(home / "config"),
        env=env,
    )


def person(home: Path, text: str) -> None:
    (home / "config").mkdir(exist_ok=True)
    (home / "config/config.toml").write_text(text)


def test_nothing_said_is_on_with_the_default_profile_and_nothing_published(repo: Repo, home: Path) -> None:
    assert settings(repo, home) == Settings(
        enabled=True, quiet=False, ingest=True, profile="default", weak_trailer=False, publish="none", log_roots=()
    )


@pytest.mark.parametrize("word", ["0", "false", "No", "OFF"])
def test_the_environment_switches_off(repo: Repo, home: Path, word: str) -> None:
    assert not settings(repo, home, GIT_AI_TRAIL=word).enabled


@pytest.mark.parametrize(("word", "enabled"), [("false", False), ("0", False), ("", False), ("yes", True)])
def test_git_config_switches_off(repo: Repo, home: Path, word: str, enabled: bool) -> None:
    repo.git("config", "ai-log-trail.enabled", word)

    assert settings(repo, home).enabled is enabled


def test_switched_off_reads_no_file(repo: Repo, home: Path) -> None:
    repo.git("config", "ai-log-trail.enabled", "false")
    repo.write(".git-ai-trail.toml", "broken")

    assert settings(repo, home) == Settings(enabled=False)


def test_a_key_without_a_value_is_true_and_the_last_one_wins() -> None:
    out = b"ai-log-trail.quiet\0ai-log-trail.ingest\nfalse\0ai-log-trail.ingest\ntrue\0core.editor\nvi\0"

    assert parse_git_config(out) == {"quiet": "true", "ingest": "true"}


def test_a_value_with_a_newline_forges_no_other_key(repo: Repo, home: Path) -> None:
    repo.git("config", "ai-log-trail.profile", "linux\nai-log-trail.enabled false")

    assert settings(repo, home).enabled


def test_the_repositorys_profile_goes_before_the_persons(repo: Repo, home: Path) -> None:
    repo.git("config", "ai-log-trail.profile", "llvm")
    assert settings(repo, home).profile == "llvm"

    repo.write(".git-ai-trail.toml", '[policy]\nprofile = "forbid"\n')
    assert settings(repo, home).profile == "forbid"


def test_weak_evidence_is_the_repositorys_to_allow_or_forbid(repo: Repo, home: Path) -> None:
    repo.git("config", "ai-log-trail.weakTrailer", "true")
    assert settings(repo, home).weak_trailer

    repo.write(".git-ai-trail.toml", "[policy]\nweak-trailer = false\n")
    assert not settings(repo, home).weak_trailer


@pytest.mark.parametrize(
    ("policy", "consent", "env", "effective"),
    [
        ("redacted", "redacted", "", "redacted"),
        ("redacted", "first-line", "", "first-line"),
        ("first-line", "redacted", "", "first-line"),
        ("redacted", "redacted", "none", "none"),
        ("redacted", "redacted", "everything", "none"),
        ("none", "redacted", "redacted", "none"),
    ],
)
def test_what_is_published_is_the_least_of_policy_consent_and_environment(
    repo: Repo, home: Path, policy: str, consent: str, env: str, effective: str
) -> None:
    repo.write(".git-ai-trail.toml", f'[policy]\npublish = "{policy}"\n')
    person(home, f'[consent]\npublish = "{consent}"\n')

    assert settings(repo, home, GIT_AI_TRAIL_PUBLISH=env).publish == effective


def test_without_consent_nothing_is_published(repo: Repo, home: Path) -> None:
    repo.write(".git-ai-trail.toml", '[policy]\npublish = "redacted"\n')

    assert settings(repo, home).publish == "none"


def test_a_person_can_consent_for_one_repository(repo: Repo, home: Path) -> None:
    repo.write(".git-ai-trail.toml", '[policy]\npublish = "redacted"\n')
    repo.git("config", "ai-log-trail.publish", "first-line")

    assert settings(repo, home).publish == "first-line"


def test_no_levels_at_all_publish_nothing() -> None:
    assert effective_publish() == "none"


def test_log_roots_come_from_the_person_alone(repo: Repo, home: Path) -> None:
    person(home, '[logs]\nroots = ["/srv/logs"]\n')
    assert settings(repo, home).log_roots == ("/srv/logs",)

    repo.write(".git-ai-trail.toml", '[logs]\nroots = ["/srv/theirs"]\n')
    found = settings(repo, home)
    assert found.log_roots == ("/srv/logs",)
    assert "logs.roots does not belong" in found.problems[0]


def test_a_policy_that_cannot_be_read_adds_no_line_and_says_so(repo: Repo, home: Path) -> None:
    repo.write(".git-ai-trail.toml", '[policy]\nprofile = "linux"\nprofil = 1\n')
    found = settings(repo, home)

    assert (found.enabled, found.profile, found.publish) == (True, "none", "none")
    assert len(found.problems) == 1
    assert ".git-ai-trail.toml:3: unknown key policy.profil" in found.problems[0]


def test_an_edited_file_is_read_anew(repo: Repo, home: Path) -> None:
    path = repo.write(".git-ai-trail.toml", '[policy]\nprofile = "linux"\n')
    state = path.stat()
    assert settings(repo, home).profile == "linux"

    path.write_text('[policy]\nprofile = "llvm" \n')
    os.utime(path, ns=(state.st_atime_ns, state.st_mtime_ns))

    assert path.stat().st_size == state.st_size
    assert settings(repo, home).profile == "llvm"


@pytest.mark.parametrize("content", ["", "[]", '{"version": 1}', '{"version": 1, "files": 3}', "[" * 100_000])
def test_a_broken_cache_is_made_again(repo: Repo, home: Path, content: str) -> None:
    repo.write(".git-ai-trail.toml", '[policy]\nprofile = "linux"\n')
    repo.write(".git/ai-log-trail/policy.json", content)

    assert settings(repo, home).profile == "linux"
    assert json.loads((repo.root / ".git/ai-log-trail/policy.json").read_text())["files"]


def test_a_cache_that_cannot_be_written_costs_nothing_but_time(repo: Repo, home: Path) -> None:
    repo.write(".git-ai-trail.toml", '[policy]\nprofile = "linux"\n')
    repo.write(".git/ai-log-trail", "a file where the folder should be")

    assert settings(repo, home).profile == "linux"
    assert settings(repo, home).problems == ()


def test_the_cache_stays_small_over_many_edits(repo: Repo, home: Path) -> None:
    for number in range(20):
        repo.write(".git-ai-trail.toml", f'# {number}\n[policy]\nprofile = "linux"\n')
        assert settings(repo, home).profile == "linux"

    assert len(json.loads((repo.root / ".git/ai-log-trail/policy.json").read_text())["files"]) <= 8


def test_a_commit_imports_no_toml_reader_while_the_files_stay_as_they_are(repo: Repo, home: Path) -> None:
    repo.write(".git-ai-trail.toml", '[policy]\nprofile = "linux"\n')
    code = (
        "import sys; sys.path.insert(0, sys.argv[1])\n"
        "from git_ai_trail.git import Git; from git_ai_trail.settings import read\n"
        "r = sys.argv[2]; s = read(Git(r), common_dir=r + '/.git', toplevel=r, config_dir=r + '/none', env={})\n"
        "print(s.profile, *sys.modules)"
    )
    src = str(Path(__file__).resolve().parents[1] / "src")
    loaded = [
        set(
            subprocess.run(
                [sys.executable, "-I", "-S", "-c", code, src, repo.root], capture_output=True, text=True, check=True
            ).stdout.split()
        )
        for _ in range(2)
    ]

    assert "linux" in loaded[0] & loaded[1]
    assert "tomllib" in loaded[0]
    assert not loaded[1] & HEAVY
