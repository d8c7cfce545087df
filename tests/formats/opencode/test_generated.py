"""Sessions that real OpenCode of several versions left, with the repositories they worked in: every line's owner is known."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from tests.conftest import SHARED
from tests.support.repo import Repo

GENERATED = SHARED / "corpus" / "generated-other"
PROGRAM = (sys.executable, "-m", "git_ai_trail")
# Genuine prompts of each version: 1.0.162 made no fork.
PROMPTS = {"1.0.162": 3, "1.2.4": 4, "1.18.33": 4}
NAMES = sorted(name for name in PROMPTS if (GENERATED / f"opencode-{name}" / "repo.bundle").exists())

pytestmark = pytest.mark.skipif(not NAMES, reason="needs ../shared (logs that are not part of this repository)")


@pytest.mark.parametrize("version", NAMES)
def test_the_lines_of_a_generated_session_have_their_owner(
    version: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = GENERATED / f"opencode-{version}"
    data = tmp_path / "data"
    data.mkdir()
    (data / "opencode").symlink_to(source / "data" / "opencode")
    (tmp_path / "config.toml").write_text("")
    here = Repo(tmp_path)
    here.git("clone", "-q", str(source / "repo.bundle"), "clone")
    clone = Repo(tmp_path / "clone")
    monkeypatch.setenv("XDG_DATA_HOME", str(data))
    clone.run(*PROGRAM, "backfill", "--all")
    views = json.loads(clone.run(*PROGRAM, "log", "--json", "--all").stdout)
    subjects = {view["subject"]: view for view in views}
    assert subjects.pop("init")["summary"]["generated"] == 0
    for view in subjects.values():
        assert {one["agent"] for one in view["sessions"]} == {"OpenCode"}
        assert all(model == "scripted-1" for one in view["sessions"] for model in one["models"])
        assert view["summary"]["added"] == view["summary"]["generated"], view["subject"]
    clone.run(*PROGRAM, "ingest")
    sessions = json.loads(clone.run(*PROGRAM, "sessions", "--json").stdout)
    assert {one["agent"] for one in sessions} == {"opencode"}
    assert sum(one["prompts"] for one in sessions) == PROMPTS[version]
    again = json.loads(clone.run(*PROGRAM, "ingest", "--json").stdout)
    assert (again["sessions"], again["unchanged"]) == (0, len(sessions))
