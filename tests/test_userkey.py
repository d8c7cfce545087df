"""The user's key: made once, kept private, never replaced."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from git_ai_trail import userkey
from git_ai_trail.errors import TrailError


def test_there_is_no_key_before_one_is_made(tmp_path: Path) -> None:
    assert userkey.load(str(tmp_path)) is None
    assert userkey.load(str(tmp_path / "absent")) is None


def test_a_key_is_made_once_and_read_again(tmp_path: Path) -> None:
    folder = str(tmp_path / "data" / "trail")
    key = userkey.load_or_create(folder)
    assert len(key) == userkey.SIZE
    assert userkey.load_or_create(folder) == userkey.load(folder) == key


def test_the_key_is_for_its_owner_alone(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    userkey.load_or_create(str(folder))
    assert stat.S_IMODE((folder / userkey.NAME).stat().st_mode) == 0o600
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert os.listdir(folder) == [userkey.NAME]


@pytest.mark.parametrize("content", [b"", b"short", b"x" * 33])
def test_a_damaged_key_is_an_error_and_stays(tmp_path: Path, content: bytes) -> None:
    (tmp_path / userkey.NAME).write_bytes(content)
    with pytest.raises(TrailError, match="damaged"):
        userkey.load_or_create(str(tmp_path))
    assert (tmp_path / userkey.NAME).read_bytes() == content


def test_processes_that_start_together_get_one_key(tmp_path: Path) -> None:
    code = "import sys; from git_ai_trail import userkey; print(userkey.load_or_create(sys.argv[1]).hex())"
    started = [
        subprocess.Popen([sys.executable, "-c", code, str(tmp_path / "d")], stdout=subprocess.PIPE, text=True)
        for _ in range(6)
    ]
    keys = {process.communicate()[0] for process in started}
    assert len(keys) == 1
    assert os.listdir(tmp_path / "d") == [userkey.NAME]


def test_where_links_are_refused_the_key_is_made_all_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError

    monkeypatch.setattr(os, "link", refuse)
    assert userkey.load_or_create(str(tmp_path)) == userkey.load(str(tmp_path))
    assert os.listdir(tmp_path) == [userkey.NAME]
