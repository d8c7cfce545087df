"""Commands that write, killed at any change: what was there stays, and the same command once more does the rest."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from typing import NamedTuple

import pytest

from git_ai_trail.store import sqlite_schema
from tests.endurance.world import ANOTHER, MODULE, SECRET, World, every, one_of_each
from tests.support import faults

pytestmark = pytest.mark.usefixtures("injectable")


class Command(NamedTuple):
    """`prepare` makes what is there before; `state` is what has to be the same after a run that nothing disturbed."""

    name: str
    prepare: Callable[[World], None]
    words: tuple[str, ...]
    state: Callable[[World], object]


def _sessions(world: World) -> None:
    """Three sessions, one with a secret in its prompt; two commits that hold their lines and know nothing of it."""
    for name, text in (("module.py", MODULE), ("another.py", ANOTHER)):
        world.session_writes(name, text).prompt(f"and log in with {SECRET}")
        world.repo.git("commit", "-q", "-m", name, env={"GIT_AI_TRAIL": "0"})
    world.session_writes("third.py", MODULE.replace("value_", "measure_"))


def _read_once(world: World) -> None:
    _sessions(world)
    world.program("ingest")


def _read_once_and_grown(world: World) -> None:
    _sessions(world)
    log = world.session_writes("fourth.py", ANOTHER.replace("amount_", "quantity_"))
    world.program("ingest")
    log.prompt(f"and now with {SECRET}")
    log.add_file("fifth.py", MODULE.replace("value_", "length_"))


def _of_the_first_version(world: World) -> None:
    _sessions(world)
    world.trail.parent.mkdir(parents=True, exist_ok=True)
    connection = sqlite3.connect(world.trail, isolation_level=None)
    sqlite_schema.migrate(connection, to=1)
    for number in range(200):
        connection.execute(
            "INSERT INTO sessions (id, format, native_id) VALUES (?, 'codex', ?)", (number + 1, f"session-{number}")
        )
    connection.close()


def _two_clones(world: World) -> None:
    """A remote that has a note on one commit; here there is one on another, and another line on the first."""
    _sessions(world)
    remote = world.repo.root.parent / "repo" / "remote.git"
    world.repo.git("init", "-q", "--bare", str(remote))
    (world.repo.root / ".git" / "info").mkdir(exist_ok=True)
    (world.repo.root / ".git" / "info" / "exclude").write_text("remote.git\n")
    world.repo.git("remote", "add", "origin", str(remote))
    world.program("backfill")
    world.repo.git("push", "-q", "origin", "main")
    world.program("notes", "push")
    world.repo.git("notes", "--ref=ai-log-trail", "append", "-m", "here", "HEAD")
    oid = world.repo.git("rev-parse", "HEAD")
    blob = world.repo.run("git", f"--git-dir={remote}", "hash-object", "-w", "--stdin", stdin="there\n").stdout.strip()
    world.repo.git(f"--git-dir={remote}", "notes", "--ref=ai-log-trail", "add", "-f", "-C", blob, oid)


def _rows(world: World) -> object:
    assert SECRET.encode() not in b"".join(
        path.read_bytes() for path in world.trail.parent.rglob("*") if path.is_file()
    )
    connection = sqlite3.connect(world.trail)
    try:
        tables = ("sessions", "prompts", "function_calls", "changes", "redactions", "files")
        version = connection.execute("PRAGMA user_version").fetchone()
        return version, [connection.execute(f"SELECT COUNT(*) FROM {name}").fetchone() for name in tables]
    finally:
        connection.close()


def _indexed(world: World) -> object:
    connection = sqlite3.connect(world.index)
    try:
        tables = ("logs", "edits", "edit_paths", "lines", "prompts")
        return [connection.execute(f"SELECT COUNT(*) FROM {name}").fetchone() for name in tables]
    finally:
        connection.close()


def _records(world: World) -> object:
    return [world.show(rev)["status"] for rev in ("HEAD", "HEAD^")], _indexed(world)


def _shared(world: World) -> object:
    remote = world.repo.root / "remote.git"
    lists = [
        world.repo.git(*where, "ls-tree", "-r", "refs/notes/ai-log-trail") for where in ((), (f"--git-dir={remote}",))
    ]
    return lists, sorted(world.repo.git("notes", "--ref=ai-log-trail", "show", "HEAD").splitlines())


COMMANDS = (
    Command("ingest of new logs", _sessions, ("ingest", "--jobs", "1"), _rows),
    Command("ingest of what a log grew by", _read_once_and_grown, ("ingest", "--jobs", "1"), _rows),
    Command("ingest --rescrub", _read_once, ("ingest", "--rescrub", "--jobs", "1"), _rows),
    Command("migration", _of_the_first_version, ("sessions",), _rows),
    Command("backfill", _sessions, ("backfill",), _records),
    Command("notes push", _two_clones, ("notes", "push"), _shared),
)


def _run(world: World, command: Command, points: Callable[[list[faults.Event]], list[int]], fault: str) -> None:
    command.prepare(world)
    world.keep()
    words = [*world.words, *command.words]
    whole = faults.run(words, cwd=world.repo.root)
    assert whole.code == 0, whole.err
    assert len(whole.events) > 20, "the command was not watched"
    wanted = command.state(world)
    world.put_back()
    for at in points(whole.events):
        done = faults.run(words, cwd=world.repo.root, at=at, fault=fault)
        what = f"{fault} at {at}: {done.struck}\n{done.out}\n{done.err}"
        assert "Traceback" not in done.err, what
        # The remote's own git is none of ours, and nobody kills it elsewhere.
        for lock in (world.repo.root / "remote.git").rglob("*.lock"):
            lock.unlink()
        # A lock of git's on a ref of ours goes by itself, but not before it is surely nobody's any more.
        world.minutes_later()
        world.assert_whole()
        world.program(*command.words)
        assert command.state(world) == wanted, what
        world.assert_whole()
        world.assert_swept()
        world.put_back()


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command.name)
def test_the_next_run_does_what_a_killed_one_left(world: World, command: Command) -> None:
    _run(world, command, lambda events: one_of_each(events, 4), "kill")


@pytest.mark.proof
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("fault", ["kill", "torn"])
@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command.name)
def test_at_every_change_there_is(world: World, command: Command, fault: str) -> None:
    # Of the thousands of pages that SQLite writes one after the other, every seventh.
    _run(world, command, lambda events: every(events, fault, 7), fault)
