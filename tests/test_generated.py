"""Logs that real Codex binaries of many versions left, with the repositories they worked in: every line's owner is known.

The script let the agent write everything but the first commit, so every added line after it is the session's.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from tests.conftest import SHARED
from tests.support.repo import Repo

GENERATED = SHARED / "corpus" / "generated"
WRAPPED = [
    folder.name
    for folder in sorted(GENERATED.glob("*"))
    if (folder / "repo.bundle").exists() and folder.name not in ("0.8.0", "0.23.0", "0.29.0", "zst")
]


@pytest.mark.skipif(not WRAPPED, reason="needs ../shared (logs that are not part of this repository)")
@pytest.mark.parametrize("name", WRAPPED or ["none"])
def test_every_line_of_a_generated_session_has_its_owner(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CODEX_HOME", str(GENERATED / name / "codex_home"))
    here = Repo(tmp_path)
    here.git("clone", "-q", str(GENERATED / name / "repo.bundle"), "clone")
    repo = Repo(tmp_path / "clone")
    program = (sys.executable, "-m", "git_ai_trail")
    repo.run(*program, "backfill", "--all")
    views = json.loads(repo.run(*program, "log", "--json", "--all").stdout)

    first = repo.git("rev-list", "--max-parents=0", "--all").split()
    wrong = []
    for view in views:
        whole = view["summary"]["added"]
        expected = 0 if view["commit"] in first else whole
        if view["summary"]["generated"] != expected:
            wrong.append((view["subject"], view["summary"], view["files"]))
    assert not wrong
    assert all(view["status"] == "unanchored" for view in views if view["commit"] not in first)
