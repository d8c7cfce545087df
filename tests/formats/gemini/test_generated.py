"""Logs that real Gemini CLI of many versions left, with the repositories they worked in: every line's owner is known."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from tests.conftest import SHARED
from tests.support.repo import Repo

GENERATED = SHARED / "corpus" / "generated-other"
PROGRAM = (sys.executable, "-m", "git_ai_trail")
# Lines of each version that no log shows. 0.4.1 wrote no calls; the sub-agents up to 0.36.0 left no logs, and until
# then half of what is edited is known by strings that begin within a line; 0.47.0 left one file damaged on disk.
UNKNOWN = {"0.28.2": 0, "0.36.0": 1, "0.47.0": 1, "0.61.0": 0}
NAMES = sorted(name for name in UNKNOWN if (GENERATED / f"gemini-cli-{name}" / "repo.bundle").exists())

pytestmark = pytest.mark.skipif(not NAMES, reason="needs ../shared (logs that are not part of this repository)")


@pytest.mark.parametrize("version", NAMES)
def test_the_lines_of_a_generated_session_have_their_owner(
    version: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = GENERATED / f"gemini-cli-{version}"
    home = tmp_path / "gemini"
    home.mkdir()
    (home / ".gemini").symlink_to(source / "gemini_home")
    monkeypatch.setenv("GEMINI_CLI_HOME", str(home))
    here = Repo(tmp_path)
    here.git("clone", "-q", str(source / "repo.bundle"), "clone")
    clone = Repo(tmp_path / "clone")
    clone.run(*PROGRAM, "backfill", "--all")
    views = json.loads(clone.run(*PROGRAM, "log", "--json", "--all").stdout)
    subjects = {view["subject"]: view for view in views}
    assert subjects.pop("init")["summary"]["generated"] == 0
    for view in subjects.values():
        assert {one["agent"] for one in view["sessions"]} <= {"Gemini CLI"}
        assert all(model == "gemini-2.5-pro" for one in view["sessions"] for model in one["models"])
    assert subjects["Add hello"]["sessions"]
    missing = sum(view["summary"]["added"] - view["summary"]["generated"] for view in subjects.values())
    assert missing == UNKNOWN[version], {name: view["summary"] for name, view in subjects.items()}
    clone.run(*PROGRAM, "ingest")
    sessions = json.loads(clone.run(*PROGRAM, "sessions", "--json").stdout)
    assert {one["agent"] for one in sessions} == {"gemini"}
    assert sum(one["prompts"] for one in sessions) == 3
    again = json.loads(clone.run(*PROGRAM, "ingest", "--json").stdout)
    assert again["sessions"] == 0
