"""A real shell says what random scripts wrote: no line may be claimed that was not written."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from git_ai_trail.formats.linediff import split_lines
from git_ai_trail.formats.shell.steps import Script, steps_of
from git_ai_trail.formats.shell.writes import FileWrite, file_writes
from tests.formats.shell.scripts import Maker, make_folder

pytestmark = pytest.mark.skipif(
    not shutil.which("bash") or not shutil.which("python3"), reason="needs bash and python3"
)


def run(script: str, folder: Path) -> subprocess.CompletedProcess[str]:
    make_folder(folder)
    env = {"PATH": os.environ["PATH"], "HOME": "/nowhere", "LC_ALL": "C.UTF-8"}
    return subprocess.run(
        ["bash", "-c", script],
        cwd=folder,
        env=env,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        stdin=subprocess.DEVNULL,
        timeout=60,
    )


def claims(script: str, folder: Path) -> tuple[int, list[str]]:
    """How many lines a script is said to have written, and those of them that it did not."""
    done = run(script, folder)
    writes = file_writes(steps_of(Script(script, str(folder))), done.stdout) if done.returncode == 0 else []
    wrong: list[str] = []
    known = 0
    for index, write in enumerate(writes):
        lines = [line for one in write.lines or () for line in one]
        known += len(lines)
        # What a program empties or replaces that the reader does not follow was there before.
        name = os.path.relpath(write.path, folder)
        if (
            _written_again(write, writes[index + 1 :])
            or f"truncate -s 0 {name}" in script
            or f" {name}; touch" in script
        ):
            continue
        there = split_lines(Path(write.path).read_text()) if Path(write.path).is_file() else []
        # A file that did not end with a line end goes on in its last line; nobody can see that from the script.
        goes_on = bool(lines) and write.op == "update" and any(line.endswith(lines[0]) for line in there)
        wrong += [f"{write.path}: {line!r}" for line in lines[goes_on:] if line not in there]
    return known, wrong


def _written_again(write: FileWrite, later: list[FileWrite]) -> bool:
    return any(write.path in (one.path, one.old_path) for one in later)


def check(first: int, count: int, tmp_path: Path) -> int:
    known = 0
    for seed in range(first, first + count):
        script = Maker(seed).script()
        lines, wrong = claims(script, tmp_path / str(seed))
        known += lines
        assert not wrong, f"seed {seed}\n{script}\n" + "\n".join(wrong)
    return known


@pytest.mark.parametrize("first", [0, 15])
def test_no_line_is_claimed_that_was_not_written(first: int, tmp_path: Path) -> None:
    assert check(first, 15, tmp_path) > 20, "the scripts write lines, and most of them are known"


@pytest.mark.proof
@pytest.mark.parametrize("first", [30, 1000, 2000, 4530])
def test_no_line_of_many_scripts_is_claimed_that_was_not_written(first: int, tmp_path: Path) -> None:
    assert check(first, 240, tmp_path) > 250
