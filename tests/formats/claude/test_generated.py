"""Logs that real Claude Code of many versions left, with the repositories they worked in: every line's owner is known.

The script let the agent write everything but the first commit, so every added line after it is a session's.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from tests.conftest import SHARED
from tests.support.repo import Repo

GENERATED = SHARED / "corpus" / "generated-other"
NAMES = [folder.name for folder in sorted(GENERATED.glob("claude-code-*")) if (folder / "repo.bundle").exists()]
SECOND = "11111111-2222-4333-8444-555555555555"  # the session that let a sub-agent work
PROGRAM = (sys.executable, "-m", "git_ai_trail")

pytestmark = pytest.mark.skipif(not NAMES, reason="needs ../shared (logs that are not part of this repository)")


@pytest.fixture
def clone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> Repo:
    monkeypatch.setenv("CLAUDE_CONFIG_DIR", str(GENERATED / request.param / "claude_config"))
    here = Repo(tmp_path)
    here.git("clone", "-q", str(GENERATED / request.param / "repo.bundle"), "clone")
    return Repo(tmp_path / "clone")


@pytest.mark.parametrize("clone", NAMES or ["none"], indirect=True)
def test_every_line_of_a_generated_session_has_its_owner(clone: Repo) -> None:
    clone.run(*PROGRAM, "backfill", "--all")
    views = json.loads(clone.run(*PROGRAM, "log", "--json", "--all").stdout)
    subjects = {view["subject"]: view for view in views}
    first = subjects.pop("init")
    assert first["summary"]["generated"] == 0
    assert sorted(subjects) == ["Add hello", "From the sub-agent", "Second change"]
    for view in subjects.values():
        assert view["status"] == "unanchored"
        assert view["summary"]["generated"] == view["summary"]["added"], (view["subject"], view["files"])
        assert {one["agent"] for one in view["sessions"]} == {"Claude Code"}
        assert all(model.startswith("claude-") for one in view["sessions"] for model in one["models"] or [""])
    for subject in ("Add hello", "Second change"):
        assert len(subjects[subject]["sessions"]) == 1, "a fork's copies are no second author"
    # By `git add -A` the file that the fork had written came along.
    files = {file["path"]: file["ranges"] for file in subjects["From the sub-agent"]["files"]}
    owners = {path: {one["session"] for one in ranges} for path, ranges in files.items()}
    (writer,) = owners["sub.txt"]
    assert writer.endswith(SECOND)
    assert SECOND in {one["id"] for one in subjects["From the sub-agent"]["sessions"]}
    assert not owners["forked.txt"] & owners["sub.txt"]


@pytest.mark.parametrize("clone", NAMES or ["none"], indirect=True)
def test_what_is_ingested_is_counted_once(clone: Repo) -> None:
    clone.run(*PROGRAM, "ingest")
    sessions = json.loads(clone.run(*PROGRAM, "sessions", "--json").stdout)
    assert sum(one["prompts"] for one in sessions) == 4
    assert {one["agent"] for one in sessions} == {"claude"}
    writers = [one for one in sessions if one["edits"]]
    assert sum(one["edits"] for one in writers) in (10, 11)  # two edits were one in 1.0
    again = clone.run(*PROGRAM, "ingest", "--json")
    assert json.loads(again.stdout)["sessions"] == 0
