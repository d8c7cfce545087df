"""Guards that hold for every test: a home of its own, no user or system git configuration, fixed identity and zone."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from tests.support.repo import Repo

# How long an example takes says more about the machine's load than about the code. A run draws the same examples each time,
# so that a change is judged by what it changed; `make hunt` draws others, and keeps in .hypothesis what has failed.
settings.register_profile(
    "shared machine",
    deadline=None,
    derandomize=not os.environ.get("HUNT"),
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("shared machine")

SHARED = Path(__file__).resolve().parents[2] / "shared"

# What variables that lead to somebody's own settings and logs begin with.
LEADS_OUT = (
    "GIT_",
    "CODEX_",
    "CLAUDE",
    "PRE_COMMIT",
    "AI_LOG_TRAIL",
    "XDG_",
    "OPENCODE_",
    "COPILOT_",
    "GEMINI_",
    "VSCODE_",
)


@pytest.fixture(autouse=True)
def home(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A fresh home; everything that could lead out of it is cleared."""
    folder = tmp_path_factory.mktemp("home")
    for name in list(os.environ):
        if name.startswith(LEADS_OUT):
            monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(folder))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(folder / ".config"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(folder / ".cache"))
    monkeypatch.setenv("XDG_DATA_HOME", str(folder / ".local" / "share"))
    monkeypatch.setenv("XDG_STATE_HOME", str(folder / ".local" / "state"))
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(folder / ".gitconfig"))
    monkeypatch.setenv("GIT_TEMPLATE_DIR", "")
    monkeypatch.setenv("GIT_TERMINAL_PROMPT", "0")
    monkeypatch.setenv("TZ", "UTC")
    monkeypatch.setenv("LC_ALL", "C.UTF-8")
    monkeypatch.setenv("EDITOR", "false")
    (folder / ".gitconfig").write_text(
        "[user]\n\tname = A. Person\n\temail = person@example.com\n"
        '[init]\n\tdefaultBranch = main\n[protocol "file"]\n\tallow = always\n'
    )
    return folder


@pytest.fixture
def repo(tmp_path: Path) -> Repo:
    """An empty repository."""
    return Repo.init(tmp_path / "repo")


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder with logs that are not part of this project; tests that need it skip where it is absent."""
    if not SHARED.is_dir():
        pytest.skip("needs ../shared (logs that are not part of this repository)")
    return SHARED
