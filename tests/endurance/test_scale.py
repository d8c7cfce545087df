"""100,000 commits and 50,000 notes: everything still works, and memory stays bounded."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from git_ai_trail.attach import notes
from git_ai_trail.git import Git
from tests.attach.build import a_core, a_diff, a_line
from tests.endurance.world import MODULE, PROGRAM, World

pytestmark = [pytest.mark.proof, pytest.mark.timeout(1800)]

COMMITS, NOTES = 100_000, 50_000
# Python with everything that a command imports takes some 100 MB; a list of all commits and their notes comes on top.
MOST_MEMORY = 1_200 * 1024 * 1024
HOOK_MEMORY = 200 * 1024 * 1024

_MEASURED = """
import resource, subprocess, sys
code = subprocess.run(sys.argv[2:]).returncode
open(sys.argv[1], "w").write(str(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss))
sys.exit(code)
"""


def history() -> Iterator[bytes]:
    """Commits of one line each; every second one has a note with a record, none of which is of its commit."""
    who = b"committer A. Person <person@example.com> %d +0000\n"
    for number in range(1, COMMITS + 1):
        text = b"line %d\n" % number
        yield b"commit refs/heads/main\nmark :%d\n" % number + who % (1_600_000_000 + number * 60)
        yield b"data 10\n%010d" % number + (b"\nfrom refs/heads/main^0\n" if number == 1 else b"\n")
        yield b"M 100644 inline d%02d/f%03d.txt\ndata %d\n" % (number % 40, number % 997, len(text)) + text
    yield b"commit refs/notes/ai-log-trail\n" + who % 1_700_000_000 + b"data 2\nx\n"
    for number in range(1, NOTES + 1):
        line = a_line(a_core([a_diff(f"src/file{number}.py")])) + b"\n"
        yield b"N inline :%d\ndata %d\n" % (number * 2, len(line)) + line
    yield b"done\n"


def measured(world: World, tmp_path: Path, *command: str) -> tuple[str, int]:
    """(stdout, the most memory that one of its processes held, in bytes)."""
    file = tmp_path / "peak"
    done = subprocess.run(
        [sys.executable, "-c", _MEASURED, str(file), *command], cwd=world.repo.root, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    print(command[-3:], int(file.read_text()) // 1024, "MB")
    return done.stdout + done.stderr, int(file.read_text()) * 1024


@pytest.fixture
def large(world: World) -> World:
    with subprocess.Popen(
        ["git", "fast-import", "--quiet", "--done", "--force"], cwd=world.repo.root, stdin=subprocess.PIPE
    ) as running:
        assert running.stdin is not None
        for part in history():
            running.stdin.write(part)
        running.stdin.close()
    assert running.returncode == 0
    world.repo.git("reset", "-q", "--hard", "main")
    assert world.repo.git("rev-list", "--count", "HEAD") >= str(COMMITS)
    return world


def test_a_hundred_thousand_commits_and_fifty_thousand_notes(large: World, tmp_path: Path) -> None:
    git = Git(str(large.repo.root))
    assert len(notes.annotated(git)) == NOTES

    # The hooks; the note is one of fifty thousand and one.
    large.session_writes("module.py", MODULE)
    said, peak = measured(large, tmp_path, "git", "commit", "-q", "-m", "Module")
    assert "6 of 6 added lines have evidence" in said
    assert peak < HOOK_MEMORY
    said, peak = measured(large, tmp_path, *PROGRAM, "show", "--json")
    assert json.loads(said)["status"] == "exact"
    assert peak < MOST_MEMORY
    assert len(notes.annotated(git)) == NOTES + 1

    said, peak = measured(large, tmp_path, *PROGRAM, "log", "-n", "100")
    assert peak < MOST_MEMORY
    assert "Module" in said

    # A second commit that no hook saw is found among all of them.
    large.session_writes("another.py", MODULE.replace("value_", "amount_"))
    large.repo.git("commit", "-q", "-m", "Another", env={"GIT_AI_TRAIL": "0"})
    said, peak = measured(large, tmp_path, *PROGRAM, "backfill", "--dry-run")
    assert "would get a record" in said
    assert "Another" in said
    assert peak < MOST_MEMORY


def test_fifty_thousand_notes_are_united_with_others(large: World, tmp_path: Path) -> None:
    """Two clones with all of them, and one more each."""
    remote = tmp_path / "remote.git"
    large.repo.git("clone", "-q", "--bare", str(large.repo.root), str(remote))
    large.repo.git(f"--git-dir={remote}", "fetch", "-q", str(large.repo.root), "refs/notes/*:refs/notes/*")
    large.repo.git("remote", "add", "origin", str(remote))
    first, second = large.repo.git("rev-list", "--max-count=3", "HEAD").split()[1:]
    large.repo.git(f"--git-dir={remote}", "notes", "--ref=ai-log-trail", "append", "-m", "there", first)
    large.repo.git("notes", "--ref=ai-log-trail", "append", "-m", "here", second)
    _, peak = measured(large, tmp_path, *PROGRAM, "notes", "push")
    assert peak < MOST_MEMORY
    for where in ((), (f"--git-dir={remote}",)):
        listed = large.repo.git(*where, "ls-tree", "-r", "--name-only", "refs/notes/ai-log-trail").splitlines()
        assert len(listed) in (NOTES, NOTES + 1)
        assert "there" in large.repo.git(*where, "notes", "--ref=ai-log-trail", "show", first)
        assert "here" in large.repo.git(*where, "notes", "--ref=ai-log-trail", "show", second)
