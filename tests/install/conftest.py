"""A stand-in for the interpreter that the shims start: it records how it was called and does nothing else."""

from __future__ import annotations

import os
import select
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from git_ai_trail.install import native, place
from git_ai_trail.install.journal import Journal, read
from tests.support.repo import Repo

_SCRIPT = """\
#!/bin/sh
case $1 in
-I) shift 5 ;;
-P) echo "$@" >>"$FAKE_CALLS"; echo started >"$FAKE_STARTED"; exec cat "$FAKE_GATE" ;;
esac
echo "$@" >>"$FAKE_CALLS"
case $1 in
prepare-commit-msg | commit-msg)
    dir=$(git rev-parse --git-dir)
    mkdir -p "$dir/ai-log-trail"
    [ -z "${FAKE_SETTLES-}" ] || printf '%s\ntree\n' "$GIT_AI_TRAIL_PARENT" >"$dir/ai-log-trail/settled" ;;
post-rewrite) sed 's/^/stdin: /' >>"$FAKE_CALLS" ;;
esac
exit "${FAKE_EXIT:-0}"
"""


class Shims:
    """The four shims in a repository, bound to the stand-in."""

    def __init__(self, repo: Repo, folder: Path, python: Path) -> None:
        self.repo = repo
        self.python = python
        self.record = folder / "calls"
        self.gate = folder / "gate"
        os.mkfifo(self.gate)
        os.mkfifo(folder / "started")
        self.started = os.open(folder / "started", os.O_RDONLY | os.O_NONBLOCK)
        self.groups: list[int] = []

    def calls(self) -> list[str]:
        """What was started so far, one line each; the ingest is called `ingest …`."""
        return self.record.read_text().splitlines() if self.record.exists() else []

    def names(self) -> list[str]:
        return [line.split()[0] for line in self.calls()]

    def run(self, *args: str, exit: int = 0, **env: str) -> subprocess.CompletedProcess[str]:
        """`git ARGS` in a process group of its own, waiting for its end and for that of its pipes."""
        process = subprocess.Popen(
            ["git", *args],
            cwd=self.repo.root,
            env={
                **os.environ,
                "FAKE_CALLS": str(self.record),
                "FAKE_GATE": str(self.gate),
                "FAKE_STARTED": str(self.gate.with_name("started")),
                **env,
            },
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        out, err = process.communicate(timeout=60)
        self.groups.append(process.pid)
        assert process.returncode == exit, err
        return subprocess.CompletedProcess(args, process.returncode, out, err)

    def ingest(self) -> str:
        """How the ingest was called, which waits at the gate until the test is over."""
        assert select.select([self.started], [], [], 60)[0], "no ingest was started"
        return next(line for line in self.calls() if line.startswith("-P"))

    def left_running(self) -> bool:
        """Whether the last command left a process behind."""
        try:
            os.killpg(self.groups[-1], 0)
        except ProcessLookupError:
            return False
        return True


@pytest.fixture
def shims(repo: Repo, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Shims]:
    python = tmp_path / "odd name's" / "python3"
    python.parent.mkdir()
    python.write_text(_SCRIPT)
    python.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(python))
    native.install(place.find(str(repo.root)), journal_of(repo))
    made = Shims(repo, tmp_path, python)
    yield made
    for group in made.groups:
        try:
            os.killpg(group, signal.SIGKILL)
        except ProcessLookupError:
            continue
    os.close(made.started)


def journal_of(repo: Repo) -> Journal:
    return read(place.find(str(repo.root)).state_dir)
