"""A record waits for its commit, whole or not at all, and the shell can see that a commit is dealt with."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import pytest

from git_ai_trail.attach import pending
from git_ai_trail.attach.record import digest
from tests.attach.build import a_core, a_diff, a_line

CORE = a_core()
DIGEST = digest(CORE)
TREE = "2" * 40


def test_what_was_put_aside_comes_back_and_is_nobody_elses_to_read(tmp_path: Path) -> None:
    pending.write(str(tmp_path), DIGEST, a_line(CORE), TREE, "7 of 7 lines · Codex", now=100.0)
    kept = pending.read(str(tmp_path), DIGEST)
    assert kept == pending.Pending(DIGEST, a_line(CORE), TREE, "7 of 7 lines · Codex", 100.0)
    file = tmp_path / "ai-log-trail" / "pending" / DIGEST
    assert file.stat().st_mode & 0o777 == 0o600
    assert [one.name for one in file.parent.iterdir()] == [DIGEST]


def test_it_is_found_by_its_tree_the_newest_first(tmp_path: Path) -> None:
    other = a_core([a_diff("other.py")])
    for early, late in ((CORE, other), (other, CORE)):
        pending.write(str(tmp_path), digest(early), a_line(early), TREE, "old", now=100.0)
        pending.write(str(tmp_path), digest(late), a_line(late), TREE, "new", now=200.0)
        found = pending.for_tree(str(tmp_path), TREE)
        assert found is not None
        assert (found.summary, found.digest) == ("new", digest(late))
    assert pending.for_tree(str(tmp_path), "3" * 40) is None


def test_clear_removes_one_or_all(tmp_path: Path) -> None:
    other = a_core([a_diff("other.py")])
    for core in (CORE, other):
        pending.write(str(tmp_path), digest(core), a_line(core), TREE, "")
    pending.clear(str(tmp_path), DIGEST)
    assert [one.digest for one in pending.waiting(str(tmp_path))] == [digest(other)]
    pending.clear(str(tmp_path))
    assert pending.waiting(str(tmp_path)) == []


def test_two_days_later_it_is_gone_and_so_is_what_a_killed_writer_left(tmp_path: Path) -> None:
    other = a_core([a_diff("other.py")])
    pending.write(str(tmp_path), DIGEST, a_line(CORE), TREE, "")
    folder = tmp_path / "ai-log-trail" / "pending"
    unfinished = folder / f".{DIGEST}.1"
    unfinished.write_text("{")
    for file in folder.iterdir():
        os.utime(file, (1000, 1000))
    pending.write(str(tmp_path), digest(other), a_line(other), TREE, "")
    assert [file.name for file in folder.iterdir()] == [digest(other)]


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[]",
        b'{"line": 1}',
        b"\xff\xfe",
        b"[" * 100_000,
        json.dumps({"line": "{}", "tree": TREE, "created": 1, "summary": ""}).encode(),
        json.dumps({"line": a_line(a_core([a_diff("x")])).decode(), "tree": "", "created": 1, "summary": ""}).encode(),
    ],
)
def test_what_is_not_the_record_its_name_says_is_not_read(tmp_path: Path, body: bytes) -> None:
    folder = tmp_path / "ai-log-trail" / "pending"
    folder.mkdir(parents=True)
    (folder / DIGEST).write_bytes(body)
    assert pending.read(str(tmp_path), DIGEST) is None
    assert pending.for_tree(str(tmp_path), TREE) is None


def test_what_a_shell_needs_stands_beside_it_and_goes_with_it(tmp_path: Path) -> None:
    pending.write(str(tmp_path), DIGEST, a_line(CORE), TREE, "7 of 7", stream=b"commit\n")
    folder = tmp_path / "ai-log-trail" / "pending"
    assert (folder / f"{DIGEST}.stream").read_bytes() == b"commit\n"
    assert (folder / f"{DIGEST}.said").read_text() == "ai-trail: 7 of 7\n"
    assert [one.digest for one in pending.waiting(str(tmp_path))] == [DIGEST]
    pending.clear(str(tmp_path), DIGEST)
    assert list(folder.iterdir()) == []


def test_a_digest_cannot_be_a_path(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("x")
    assert pending.read(str(tmp_path), "../../secret") is None
    with pytest.raises(ValueError, match="digest"):
        pending.write(str(tmp_path), "../../out", b"{}", TREE, "")


def test_a_symbolic_link_is_not_followed(tmp_path: Path) -> None:
    pending.write(str(tmp_path), DIGEST, a_line(CORE), TREE, "")
    file = tmp_path / "ai-log-trail" / "pending" / DIGEST
    file.rename(tmp_path / "elsewhere")
    file.symlink_to(tmp_path / "elsewhere")
    assert pending.read(str(tmp_path), DIGEST) is None


def test_a_shell_reads_who_settled_the_commit_and_python_reads_all(tmp_path: Path) -> None:
    assert pending.settled(str(tmp_path)) == ("", "")
    pending.settle(str(tmp_path), "4711", TREE)
    assert pending.settled(str(tmp_path)) == ("4711", TREE)
    script = f'read -r settled <"{tmp_path}/ai-log-trail/settled"; printf %s "$settled"'
    assert subprocess.run(["sh", "-c", script], capture_output=True, text=True).stdout == "4711"


def test_a_shells_star_sees_finished_records_only(tmp_path: Path) -> None:
    pending.write(str(tmp_path), DIGEST, a_line(CORE), TREE, "")
    pending.clear(str(tmp_path))
    (tmp_path / "ai-log-trail" / "pending" / f".{DIGEST}.1").write_text("{")
    script = f'set -- "{tmp_path}"/ai-log-trail/pending/*; [ -e "$1" ] && echo some'
    assert subprocess.run(["sh", "-c", script], capture_output=True, text=True).stdout == ""
