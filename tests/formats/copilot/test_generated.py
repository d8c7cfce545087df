"""Logs that real Copilot CLI of three versions left, with the repositories they worked in: every line's owner is known."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from git_ai_trail.formats import copilot
from tests.conftest import SHARED
from tests.formats import fuzz
from tests.support.repo import Repo

GENERATED = SHARED / "corpus" / "generated-other"
NAMES = [folder.name for folder in sorted(GENERATED.glob("copilot-*")) if (folder / "repo.bundle").exists()]
PROGRAM = (sys.executable, "-m", "git_ai_trail")

pytestmark = pytest.mark.skipif(not NAMES, reason="needs ../shared (logs that are not part of this repository)")


@pytest.mark.parametrize("name", NAMES)
def test_every_line_of_a_generated_session_has_its_owner(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COPILOT_HOME", str(GENERATED / name / "copilot_home"))
    here = Repo(tmp_path)
    here.git("clone", "-q", str(GENERATED / name / "repo.bundle"), "clone")
    clone = Repo(tmp_path / "clone")
    clone.run(*PROGRAM, "backfill", "--all")
    views = json.loads(clone.run(*PROGRAM, "log", "--json", "--all").stdout)
    subjects = {view["subject"]: view for view in views}
    assert subjects.pop("init")["summary"]["generated"] == 0
    assert sorted(subjects) == ["Add hello", "From the sub-agent", "Second change"]
    for view in subjects.values():
        assert view["summary"]["generated"] == view["summary"]["added"], (view["subject"], view["files"])
        assert {one["agent"] for one in view["sessions"]} == {"GitHub Copilot"}
    clone.run(*PROGRAM, "ingest")
    sessions = json.loads(clone.run(*PROGRAM, "sessions", "--json").stdout)
    assert {one["agent"] for one in sessions} == {"copilot"}
    assert sum(one["prompts"] for one in sessions) == 3


@pytest.mark.parametrize("name", NAMES)
def test_tokens_are_those_of_every_run(name: str) -> None:
    """The model answered 17 times in the first session, of which 9 in its second run, and 5 times in the other."""
    used = []
    for path in copilot.discover(str(GENERATED / name / "copilot_home" / "session-state")):
        events, reader = fuzz.read(copilot, Path(path).read_bytes(), path)
        used.append(sum(event.data.input for event in events if event.kind == "tokens"))
        assert not reader.skipped
    assert sorted(used) == [5000, 17000]
