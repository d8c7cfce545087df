"""action.yml exactly as it stands: nothing is prepared, the package is built and installed from the action's checkout."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.action import runner
from tests.action.stage import Stage
from tests.e2e.outside import REAL_HOME


def pip_settings() -> dict[str, str]:
    """Where pip finds packages on this machine, without the rest of its home."""
    files = [Path(REAL_HOME, ".config", "pip", "pip.conf"), Path(REAL_HOME, ".pip", "pip.conf")]
    own = next((str(one) for one in files if one.is_file()), os.devnull)
    return {"PIP_CONFIG_FILE": os.environ.get("PIP_CONFIG_FILE", own), "PIP_CACHE_DIR": f"{REAL_HOME}/.cache/pip"}


@pytest.mark.proof
def test_it_installs_itself_and_reports(stage: Stage) -> None:
    release = stage.released()
    stage.env = {"AI_TRAIL_PYTHON": "", **pip_settings()}
    ran = stage.on_release(release)
    assert ran.code == 0, ran.log
    stage.section(release["body"])
    name, given = ran.used[0]
    assert name.startswith("actions/setup-python@")
    assert given["python-version"] == "3.12"
    assert list(stage.folder.glob("runner-*/ai-trail-venv/bin/python"))


def test_what_cannot_be_installed_fails_before_anything_else(stage: Stage) -> None:
    release = stage.released()
    stage.env = {"AI_TRAIL_PYTHON": "/nowhere/python"}
    ran = stage.on_release(release)
    assert ran.code != 0
    assert not stage.fake.requests
    assert [one for one, _ in ran.used if "upload" in one] == []


def test_the_scripts_are_strict_and_quote_everything() -> None:
    for script in sorted((runner.ROOT / "action").glob("*.sh")):
        text = script.read_text(encoding="utf-8")
        assert text.startswith("#!/usr/bin/env bash\n")
        assert "set -euo pipefail" in text
        assert os.access(script, os.X_OK)
