"""Whole runs: a script makes a history, the command makes a report in every form, and each is as expected, byte for byte.

`UPDATE=1` writes what is expected anew; the difference is then what there is to review.
"""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from tests.report.stage import environment, play

CASES = Path(__file__).parent / "cases"
LENGTH = 160
FORMS = {"md": "md", "html": "html", "json": "json", "csv": "csv", "txt": "txt"}


@pytest.fixture(scope="module", params=sorted(path.name for path in CASES.iterdir() if path.is_dir()))
def case(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path, Path]:
    """(case, repository, home) after the script has run."""
    folder = tmp_path_factory.mktemp(request.param)
    # A record commits to a prompt at its place in the log, and the log names the folder: its length must not vary.
    folder = folder / ("x" * max(1, LENGTH - 1 - len(str(folder))))
    home, repo = folder / "home", folder / "project"
    home.mkdir(parents=True)
    cleared = {name: os.environ.pop(name) for name in list(os.environ) if name.startswith(("GIT_", "XDG_", "CODEX_"))}
    try:
        os.environ.update(GIT_CONFIG_NOSYSTEM="1", TZ="UTC", LC_ALL="C.UTF-8", PYTHON=sys.executable)
        (home / ".gitconfig").write_text("[user]\n\tname = A. Person\n\temail = person@example.com\n")
        play(CASES / request.param / "history.sh", repo, home)
    finally:
        os.environ.update(cleared)
    return CASES / request.param, repo, home


@pytest.mark.parametrize("form", FORMS)
def test_the_report_is_as_expected(case: tuple[Path, Path, Path], form: str, monkeypatch: pytest.MonkeyPatch) -> None:
    folder, repo, home = case
    monkeypatch.delenv("XDG_CONFIG_HOME", raising=False)
    monkeypatch.delenv("XDG_DATA_HOME", raising=False)
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(home / ".gitconfig"))
    words = shlex.split((folder / "command").read_text())
    done = subprocess.run(
        ["git-ai-trail", "report", *words, "--format", form, "--no-store"],
        cwd=repo,
        env=environment(home),
        capture_output=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr.decode()
    expected = folder / f"expected.{FORMS[form]}"
    if os.environ.get("UPDATE"):
        expected.write_bytes(done.stdout)
    assert done.stdout.decode() == expected.read_bytes().decode()
