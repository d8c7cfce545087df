"""Another engine can be asked about a finished text; what it finds, or does not look at, is not published."""

from __future__ import annotations

import json
import os
import shutil
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from filelock import FileLock

from git_ai_trail.errors import TrailError
from git_ai_trail.pipeline.second_opinion import PROGRAM, refuse_on_second_opinion
from tests.e2e.outside import CACHE, package_env
from tests.redact.samples import token

# Of the engine itself.
VERSION = "2.14.0"
SUMMARY = {"findings": 0, "blobs_scanned": 1}


@pytest.fixture
def bare(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A place for programs, the only one there is."""
    monkeypatch.setattr("sys.executable", str(tmp_path / "python"))
    monkeypatch.setenv("PATH", str(tmp_path))
    return tmp_path


def engine(folder: Path, *rows: object, code: int = 0) -> None:
    """Another engine's program, which says these rows."""
    path = folder / PROGRAM
    said = " ".join(f"'{json.dumps(row)}'" for row in rows)
    path.write_text(f"#!/bin/sh\nprintf '%s\\n' {said}\nexit {code}\n")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)


def test_without_the_engine_it_is_said_how_to_get_it(bare: Path) -> None:
    with pytest.raises(TrailError, match="not installed") as refused:
        refuse_on_second_opinion("text")
    assert "kingfisher-bin" in (refused.value.hint or "")
    assert not list(bare.iterdir())


def test_a_find_is_named_by_rule_and_line_and_never_shown(bare: Path) -> None:
    find = {"rule": {"id": "other.rule\x1b[1m"}, "finding": {"line": 7, "snippet": token()}}
    engine(bare, find, find, SUMMARY, code=200)
    with pytest.raises(TrailError, match=r"finds other.rule_1m \(line 7 and 1 more\)") as refused:
        refuse_on_second_opinion("text")
    assert token() not in str(refused.value)


def test_what_it_finds_nothing_in_passes(bare: Path) -> None:
    engine(bare, SUMMARY)
    refuse_on_second_opinion("text")


@pytest.mark.parametrize("rows", [(), ("odd",), ({"blobs_scanned": 0},), ([1],)])
def test_an_engine_that_did_not_look_lets_nothing_pass(bare: Path, rows: tuple[object, ...]) -> None:
    engine(bare, *rows, code=2)
    with pytest.raises(TrailError, match="ended with 2 before"):
        refuse_on_second_opinion("text")


def test_an_engine_that_cannot_be_started_lets_nothing_pass(bare: Path) -> None:
    (bare / PROGRAM).write_bytes(b"\0no program")
    (bare / PROGRAM).chmod(0o700)
    with pytest.raises(TrailError, match="gives no answer"):
        refuse_on_second_opinion("text")


@pytest.fixture
def kingfisher() -> Path:
    """The folder of the engine itself, fetched once through pip."""
    folder = CACHE / PROGRAM / VERSION
    folder.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(CACHE / f"{PROGRAM}-{VERSION}.lock"):
        if not folder.is_dir():
            partial = folder.with_name(f"{VERSION}.part")
            shutil.rmtree(partial, ignore_errors=True)
            words = [sys.executable, "-m", "pip", "install", "-q", "--no-deps", "--target", str(partial)]
            done = subprocess.run(
                [*words, f"kingfisher-bin=={VERSION}"], env=package_env(), capture_output=True, text=True
            )
            if done.returncode:
                pytest.skip(f"pip cannot fetch {PROGRAM}: {done.stderr.strip()[-200:]}")
            partial.rename(folder)
    return folder


@pytest.mark.proof
def test_the_engine_itself_finds_a_token(kingfisher: Path, bare: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (program,) = (path for path in kingfisher.glob(f"{PROGRAM}/**/{PROGRAM}") if path.is_file())
    monkeypatch.setenv("PATH", f"{program.parent}{os.pathsep}{os.environ['PATH']}")
    refuse_on_second_opinion("nothing to see\n")
    with pytest.raises(TrailError, match=r"\(line 2\)"):
        refuse_on_second_opinion(f"first\nkey {token()}\n")
