"""Files that are not what they should be, a clock that is wrong, a git that is not there or does not answer, old hooks beside new."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from git_ai_trail.attach import pending, record
from git_ai_trail.errors import GitError
from git_ai_trail.git import Git
from tests.endurance.world import ANOTHER, MODULE, World, integrity
from tests.support.codex_log import CodexLog
from tests.support.unprivileged import bound_by_modes


def spoil(path: Path, how: str) -> None:
    """Garbage instead of the file, or in the middle of it where rows and indexes are; with nothing left in the log beside it."""
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.close()
    whole = bytearray(path.read_bytes())
    if how == "no database":
        path.write_bytes(b"something else entirely " * 4000)
    else:
        for page in range(1, len(whole) // 4096):
            whole[page * 4096 : page * 4096 + 256] = b"\xa5" * 256
        path.write_bytes(whole)
    for beside in ("-wal", "-shm"):
        path.with_name(path.name + beside).unlink(missing_ok=True)


HOW = pytest.mark.parametrize("how", ["no database", "pages overwritten"])


@HOW
def test_a_damaged_index_is_built_anew_in_the_commit_that_meets_it(world: World, how: str) -> None:
    world.session_writes("first.py", ANOTHER)
    world.repo.git("commit", "-q", "-m", "First")
    spoil(world.index, how)
    world.session_writes("module.py", MODULE)
    said = world.repo.run("git", "commit", "-q", "-m", "Module").stderr
    assert "ai-trail: the index was damaged; it is built anew from the logs" in said
    assert "6 of 6 added lines have evidence" in said
    assert world.show()["status"] == "exact"
    assert integrity(world.index) == "ok"


@HOW
def test_a_damaged_index_is_built_anew_by_the_command_that_meets_it(world: World, how: str) -> None:
    world.session_writes("first.py", ANOTHER)
    world.repo.git("commit", "-q", "-m", "First")
    world.session_writes("module.py", MODULE)
    world.repo.git("commit", "-q", "-m", "Module", env={"GIT_AI_TRAIL": "0"})
    spoil(world.index, how)
    done = world.program("backfill")
    assert "index.db was damaged; it is built anew from the logs" in done.stderr
    assert "Module" in done.stdout
    assert integrity(world.index) == "ok"


@HOW
@pytest.mark.parametrize("jobs", ["1", "2"])
def test_a_damaged_database_is_put_aside_and_made_anew_from_the_logs(world: World, how: str, jobs: str) -> None:
    for number in range(3):
        world.session_writes(f"module{number}.py", MODULE.replace("value_", f"value_{number}_"))
    world.program("ingest")
    before = world.program("sessions", "--json").stdout
    damaged = world.trail.stat().st_ino
    spoil(world.trail, how)
    log = CodexLog(world.codex, world.repo.root)
    log.prompt("One more, so that there is something to write")
    done = world.program("ingest", "--jobs", jobs)
    assert "trail.db was damaged and lies at trail.db.damaged-" in done.stderr
    assert integrity(world.trail) == "ok"
    kept = [path for path in world.trail.parent.glob("*.damaged-*") if not path.name.endswith(("-wal", "-shm"))]
    assert [path.stat().st_ino for path in kept] == [damaged]
    after = world.program("sessions", "--json").stdout
    assert after.count('"id"') == before.count('"id"') + 1
    doctor = subprocess.run([*world.words, "doctor"], cwd=world.repo.root, capture_output=True, text=True)
    assert "1 damaged and put aside: trail.db.damaged-" in doctor.stdout


@HOW
def test_show_does_without_a_damaged_database(world: World, how: str) -> None:
    world.session_writes("module.py", MODULE)
    world.repo.git("commit", "-q", "-m", "Module")
    world.program("ingest")
    spoil(world.trail, how)
    done = world.program("show")
    assert "6 generated" in done.stdout
    assert "`git ai-trail ingest` makes a new one" in done.stderr


@HOW
def test_what_was_redacted_by_hand_is_redacted_in_the_new_database_as_well(world: World, how: str) -> None:
    session = world.session_writes("module.py", MODULE)
    session.prompt("The unmistakable customer is called Unmistakable Holdings")
    world.program("ingest")
    world.repo.run(*world.words, "redact", "add", "--reason", "a name", stdin="Unmistakable Holdings\n")
    assert "Unmistakable Holdings" not in world.program("session", session.session_id).stdout
    spoil(world.trail, how)
    world.program("ingest")
    again = world.program("session", session.session_id).stdout
    assert "The unmistakable customer" in again
    assert "Unmistakable Holdings" not in again
    for path in world.trail.parent.iterdir():
        assert path.name.startswith("trail.db.damaged-") or b"Unmistakable Holdings" not in path.read_bytes(), path


def test_without_git_a_command_says_so(world: World, tmp_path: Path) -> None:
    empty = tmp_path / "empty"
    empty.mkdir()
    done = world.repo.run(*world.words, "show", exit=1, env={"PATH": str(empty)})
    assert done.stderr.startswith("ai-trail: git is not on PATH\nhint: ")
    # Redaction asks git who the person is, and without redaction nothing is stored.
    world.session_writes("module.py", MODULE)
    done = world.repo.run(*world.words, "ingest", exit=1, env={"PATH": str(empty)})
    assert done.stderr.startswith("ai-trail: git is not on PATH\nhint: ")


def slow_git(world: World, tmp_path: Path, word: str) -> dict[str, str]:
    """Git's own programs in another folder, with a git that does not answer when it is asked for `word`."""
    core = Path(world.repo.git("--exec-path"))
    folder = tmp_path / "core"
    folder.mkdir()
    for program in core.iterdir():
        (folder / program.name).symlink_to(program)
    (folder / "git").unlink(missing_ok=True)
    script = f'#!/bin/sh\ncase " $* " in *" {word} "*) exec sleep 3600 ;; esac\nexec {shutil.which("git")} "$@"\n'
    (folder / "git").write_text(script)
    (folder / "git").chmod(0o755)
    return {"GIT_EXEC_PATH": str(folder), "GIT_AI_TRAIL_HOOK_SECONDS": "0.5"}


@pytest.mark.parametrize("word", ["write-tree", "rev-parse", "cat-file", "log", "--get-regexp"])
def test_a_git_that_does_not_answer_is_given_up_and_the_commit_made(world: World, tmp_path: Path, word: str) -> None:
    world.session_writes("module.py", MODULE)
    before = world.head()
    env = slow_git(world, tmp_path, word)
    # Without the bound this waits for an hour, and the limit of the suite ends it.
    done = world.repo.run("git", "commit", "-q", "-m", "Module", env=env)
    assert world.head() != before
    assert set(done.stderr.splitlines()) <= {
        "ai-trail: not recorded in time, left for after the commit (or for `git ai-trail backfill`)",
    }
    assert done.stderr
    world.assert_whole()
    world.minutes_later()
    world.program("backfill")
    assert world.show()["summary"]["generated"] == 6
    assert world.show()["status"] == ("exact" if world.trailer() else "unanchored")


def test_what_was_given_up_is_made_after_the_commit(world: World, tmp_path: Path) -> None:
    world.repo.git("config", "ai-log-trail.ingest", "true")
    world.session_writes("module.py", MODULE)
    world.repo.git("commit", "-q", "-m", "Module", env=slow_git(world, tmp_path, "write-tree"))
    for _ in range(600):
        if world.repo.run("git", "notes", "--ref=ai-log-trail", "list", env={}).stdout:
            break
        time.sleep(0.1)
    assert world.show()["status"] == "unanchored"


def test_a_clock_that_was_set_back_costs_neither_commit_nor_record(world: World) -> None:
    """The log is of an hour that, by the clock, is still to come."""
    session = CodexLog(world.codex, world.repo.root, at=time.time() + 3600)
    session.prompt("Write module.py")
    session.add_file("module.py", MODULE)
    world.repo.write("module.py", MODULE)
    world.repo.git("add", "-A")
    world.repo.git("commit", "-q", "-m", "Module")
    world.session_writes("another.py", ANOTHER)
    world.repo.git("commit", "-q", "-m", "Another")
    assert world.show()["status"] == "exact"
    doctor = world.repo.run(*world.words, "ingest")
    assert "Traceback" not in doctor.stderr


def test_a_record_from_before_the_clock_was_set_back_is_still_attached(world: World) -> None:
    world.session_writes("module.py", MODULE)
    world.repo.git("commit", "-q", "-m", "Module", env={"GIT_AI_TRAIL_HOOK_SECONDS": "60"})
    line = world.repo.git("notes", "--ref=ai-log-trail", "show", "HEAD")
    core = record.parse_note(line.encode())[0]
    world.repo.git("update-ref", "-d", "refs/notes/ai-log-trail")
    tree = world.repo.git("rev-parse", "HEAD^{tree}")
    pending.write(str(world.repo.root / ".git"), core.digest, core.raw, tree, "", now=time.time() + 7200)
    assert world.show()["status"] == "exact"


def test_a_locked_index_does_not_hold_a_commit_up(world: World) -> None:
    world.session_writes("first.py", ANOTHER)
    world.repo.git("commit", "-q", "-m", "First")
    holder = hold(world.index)
    world.session_writes("module.py", MODULE)
    done = world.repo.run("git", "commit", "-q", "-m", "Module")
    holder.communicate()
    assert "6 of 6 added lines have evidence" in done.stderr
    assert world.show()["status"] == "exact"


def test_a_locked_database_is_said_to_be_and_waited_for_no_longer_than_stated(world: World) -> None:
    world.session_writes("module.py", MODULE)
    world.program("ingest")
    world.session_writes("another.py", ANOTHER)
    holder = hold(world.trail)
    done = world.repo.run(*world.words, "ingest", "--jobs", "1", env={"GIT_AI_TRAIL_BUSY_SECONDS": "1"})
    assert "log not read: the database is busy" in done.stdout
    assert "Traceback" not in done.stderr
    # Who only looks does not wait.
    assert world.program("sessions").stdout
    holder.communicate()
    assert "busy" not in world.program("ingest").stderr


_HOLD = """
import sqlite3, sys
connection = sqlite3.connect(sys.argv[1], isolation_level=None)
connection.execute("BEGIN IMMEDIATE")
print("held", flush=True)
sys.stdin.read()
"""


def hold(path: Path) -> subprocess.Popen[bytes]:
    """Another process that has begun to write to a database and does not go on."""
    holder = subprocess.Popen(
        [sys.executable, "-c", _HOLD, str(path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )
    assert holder.stdout is not None
    assert holder.stdout.readline() == b"held\n"
    return holder


@pytest.mark.skipif(os.geteuid() == 0 and sys.platform != "linux", reason="root writes where nobody may")
def test_a_git_folder_that_may_not_be_written_is_named(world: World) -> None:
    world.session_writes("module.py", MODULE)
    world.repo.git("commit", "-q", "-m", "Module", env={"GIT_AI_TRAIL": "0"})
    folders = [world.repo.root / ".git", *(path for path in (world.repo.root / ".git").rglob("*") if path.is_dir())]
    for folder in folders:
        folder.chmod(0o500)
    try:
        done = world.repo.run(*bound_by_modes([*world.words, "backfill"]), exit=1)
        assert done.stderr.startswith("ai-trail: ")
        world.program("show")
    finally:
        for folder in folders:
            folder.chmod(0o700)


@pytest.mark.parametrize("old", ["prepare-commit-msg", "commit-msg", "post-commit"])
def test_a_shim_of_an_older_version_beside_new_ones_loses_nothing(world: World, old: str) -> None:
    """As one finds them where an update was cut short: this one starts Python whatever the others have done."""
    shim = world.repo.root / ".git" / "hooks" / old
    package = Path(__file__).resolve().parents[2] / "src"
    start = "import sys; sys.path.insert(0, sys.argv.pop(1)); from git_ai_trail.hooks import main; sys.exit(main(sys.argv[1:]))"
    shim.write_text(
        f"#!/bin/sh\n# ai-trail shim 0: {old}. Written by `git ai-trail init`.\n"
        f"'{sys.executable}' -I -S -c '{start}' '{package}' {old} \"$@\"\nexit 0\n"
    )
    for number in range(3):
        world.session_writes(f"module{number}.py", MODULE.replace("value_", f"value_{number}_"))
        done = world.repo.run("git", "commit", "-q", "-m", f"Module {number}")
        assert done.stderr.count("6 of 6 added lines have evidence") == 1
        assert world.show()["status"] == "exact"
        assert len(world.repo.git("notes", "--ref=ai-log-trail", "show", "HEAD").splitlines()) == 1
    world.assert_swept()


def test_both_ways_of_running_the_hooks_at_once_make_one_record(world: World) -> None:
    """Native hooks, and the same stage once more as a hook manager runs it."""
    hook = world.repo.root / ".git" / "hooks" / "post-commit.before-ai-trail"
    hook.write_text(f"#!/bin/sh\n'{sys.executable}' -m git_ai_trail hook post-commit\n")
    hook.chmod(0o755)
    prepare = world.repo.root / ".git" / "hooks" / "commit-msg.before-ai-trail"
    prepare.write_text(f"#!/bin/sh\n'{sys.executable}' -m git_ai_trail hook commit-msg \"$@\"\n")
    prepare.chmod(0o755)
    world.session_writes("module.py", MODULE)
    world.repo.git("commit", "-q", "-m", "Module")
    assert world.show()["status"] == "exact"
    assert len(world.repo.git("notes", "--ref=ai-log-trail", "show", "HEAD").splitlines()) == 1
    world.assert_swept()


@pytest.mark.parametrize(
    "ask",
    [
        lambda git: git.resolve("HEAD^"),
        lambda git: git.call("config", "--get", "core.editor"),
        lambda git: git.bounded("cat-file", "--batch", data=b"HEAD\n", limit=1000),
        lambda git: git.blobs(["HEAD:README.md"]),
    ],
    ids=["resolve", "call", "bounded", "blobs"],
)
def test_a_git_that_was_killed_has_not_said_that_there_is_nothing(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, ask: Callable[[Git], object]
) -> None:
    """Taken for a no, it made a commit's parent, its old record or its old lines vanish."""
    folder = tmp_path / "dying"
    folder.mkdir()
    (folder / "git").write_text("#!/bin/sh\nkill -9 $$\n")
    (folder / "git").chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")
    with pytest.raises(GitError, match="exit -9"):
        ask(Git(str(world.repo.root)))
