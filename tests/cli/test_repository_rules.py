"""What a person sees of the rules of repositories: in the summary of a run, in `rules`, `doctor` and `redact preview`."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.codex_log import CodexLog
from tests.support.patterns import compiled_patterns, patterns
from tests.support.repo import Repo

__all__ = ["compiled_patterns", "patterns"]

BIRD = "- {id: bird, type: literal, pattern: Blue Heron, replacement: (the bird)}\n"
FILE = ".git-ai-trail/redactions.yml"


@pytest.fixture
def log(home: Path, repo: Repo) -> CodexLog:
    repo.write(FILE, BIRD)
    log = CodexLog(home / ".codex", repo.root)
    log.prompt("Blue Heron, and Blue Heron")
    log.say("done")
    return log


def run(*args: str, cwd: Path, code: int = 0) -> subprocess.CompletedProcess[str]:
    program = [sys.executable, "-m", "git_ai_trail", *args]
    done = subprocess.run(program, cwd=cwd, capture_output=True, text=True, check=False)
    assert done.returncode == code, done
    return done


def test_the_summary_counts_the_rules_of_repositories_and_says_what_is_left(
    log: CodexLog, repo: Repo, tmp_path: Path
) -> None:
    said = run("ingest", "--jobs", "1", cwd=tmp_path).stdout.splitlines()
    assert any(line.split()[1:] == ["bird"] for line in said)
    assert not any("left" in line for line in said)
    repo.write(FILE, BIRD + "- {id: bird, pattern: x}\n")
    said = run("ingest", "--jobs", "1", cwd=tmp_path).stdout.splitlines()
    assert [line for line in said if "redactions.yml" in line] == [
        f"warning: {repo.root}/{FILE}:2: rule bird stands twice, first at {repo.root}/{FILE}:1; 1 log is left for later"
    ]
    done = json.loads(run("ingest", "--json", cwd=tmp_path).stdout)
    assert (done["left"], done["logs"], done["unchanged"]) == (1, 1, 0)


def test_what_is_listed_in_the_repository_is_what_its_sessions_are_redacted_under(
    log: CodexLog, repo: Repo, tmp_path: Path
) -> None:
    run("ingest", cwd=tmp_path)
    listed = run("rules", "list", cwd=repo.root)
    assert "bird" in listed.stdout
    digest = listed.stderr.rpartition("rule set ")[2].strip()
    synced = run("rules", "sync", "-n", cwd=tmp_path)
    assert f"{repo.root}: 1 rule of its own, rule set {digest}; 1 session\n" in synced.stdout
    assert "0 of 1 session to be redacted again" in synced.stderr
    repo.write(FILE, BIRD.replace("the bird", "a bird"))
    synced = run("rules", "sync", cwd=tmp_path)
    assert f"session {log.session_id[:12]} was redacted under {digest}" in synced.stdout
    assert "1 of 1 session to be redacted again; run `git ai-trail ingest --rescrub`" in synced.stderr
    assert "other rules than those in force" in run("doctor", cwd=tmp_path, code=0).stdout
    run("ingest", "--rescrub", cwd=tmp_path)
    synced = run("rules", "sync", "--json", cwd=tmp_path)
    found = json.loads(synced.stdout)
    assert (found["outdated"], found["repositories"][0]["sessions"]) == ([], 1)
    assert "all under the rules in force" in run("doctor", cwd=tmp_path).stdout
    (repo.root / FILE).unlink()
    assert "1 rule of its own, as they were last," in run("rules", "sync", cwd=tmp_path).stdout


def test_a_link_or_a_fifo_in_the_place_of_the_file_is_refused_by_all(log: CodexLog, repo: Repo, tmp_path: Path) -> None:
    run("ingest", cwd=tmp_path)
    (repo.root / FILE).unlink()
    os.mkfifo(repo.root / FILE)
    for args in (("list",), ("validate",)):
        assert "redactions.yml: not a regular file" in run("rules", *args, cwd=repo.root, code=2).stderr
    assert "not a regular file" in run("ingest", cwd=tmp_path).stdout
    assert "not a regular file" in run("doctor", cwd=tmp_path, code=1).stdout
    assert "not a regular file" in run("rules", "sync", cwd=tmp_path).stdout
    assert "not a regular file" in run("redact", "preview", "--force-raw", log.session_id, cwd=tmp_path, code=2).stderr


def test_the_preview_shows_what_the_rules_of_the_repository_change(log: CodexLog, repo: Repo, tmp_path: Path) -> None:
    run("ingest", cwd=tmp_path)
    shown = run("redact", "preview", "--force-raw", log.session_id, cwd=tmp_path).stdout
    assert "bird" in shown
    assert "(the bird), and (the bird)" in shown
