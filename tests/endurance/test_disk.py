"""The disk is full or read-only, from any change of a hook on: the commit is made, one line says so, the next is whole."""

from __future__ import annotations

import json

import pytest

from tests.endurance.commits import FIRST, LATER, WAYS, Way
from tests.endurance.test_commit_killed import events
from tests.endurance.world import ANOTHER, World, every, one_of_each
from tests.support import faults

pytestmark = pytest.mark.usefixtures("injectable")


def strike(world: World, way: Way, at: int, fault: str) -> None:
    before = world.head()
    done = faults.run(way.command, cwd=world.repo.root, of="hooks/", at=at, fault=fault, env=way.env(world))
    what = f"{fault} at {at}: {done.struck}\n{done.err}"
    assert (done.code, world.head() != before) == (0, True), what
    said = done.err.splitlines()
    # After an amend two hooks run, and may say the same.
    assert len(set(said)) <= 1, what
    assert all(line.startswith("ai-trail: ") for line in said), what
    assert "doctor" not in done.err, f"not told apart from a failure of ours: {what}"
    world.assert_whole()
    world.minutes_later()
    recorded = world.show()["status"] != "none"
    assert recorded or said, f"neither recorded nor said: {what}"

    # There is room again: the next commit is whole, and what this one lacks is made from the logs.
    world.session_writes("next.py", ANOTHER.replace("amount_", "quantity_"))
    world.repo.git("commit", "-q", "-m", "Next")
    assert world.show()["status"] == "exact", what
    world.program("backfill")
    # An amended commit whose hook could do nothing has the note that git itself copied.
    assert world.show("HEAD^")["status"] in ("exact", "carried", "unanchored"), what
    assert world.show("HEAD^")["summary"]["generated"] >= 6, what
    world.assert_swept()


@pytest.mark.parametrize(("way", "fault"), [(FIRST, "ENOSPC"), (LATER, "EROFS")])
def test_a_commit_is_made_and_told_in_a_line(world: World, way: Way, fault: str) -> None:
    for at in one_of_each(events(world, way), 3):
        strike(world, way, at, fault)
        world.put_back()


@pytest.mark.proof
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.name)
@pytest.mark.parametrize("fault", ["ENOSPC", "EDQUOT", "EROFS", "EACCES"])
def test_from_every_change_on(world: World, way: Way, fault: str) -> None:
    for at in every(events(world, way), fault):
        strike(world, way, at, fault)
        world.put_back()


@pytest.mark.parametrize("fault", ["ENOSPC", "EROFS"])
def test_a_home_that_takes_nothing_any_more_costs_no_record(world: World, fault: str) -> None:
    """The repository's disk has room: then the index alone is not kept."""
    found = [event for event in events(world, FIRST) if "/.cache/" in event.path]
    for at in one_of_each(found, 4):
        done = faults.run(FIRST.command, cwd=world.repo.root, of="hooks/", at=at, fault=fault, below="/.cache/")
        assert "6 of 6 added lines have evidence" in done.err, f"{at}: {done.struck}\n{done.err}"
        assert world.show()["status"] == "exact"
        world.put_back()


INGEST = ("ingest", "--jobs", "1")


@pytest.mark.parametrize(
    ("command", "fault"),
    [
        (INGEST, "ENOSPC"),
        (("backfill",), "EACCES"),
        (("sessions",), "EACCES"),
        pytest.param(INGEST, "EACCES", marks=pytest.mark.proof),
        pytest.param(("backfill",), "ENOSPC", marks=pytest.mark.proof),
    ],
)
def test_a_command_says_in_a_line_what_it_could_not_do(world: World, command: tuple[str, ...], fault: str) -> None:
    world.session_writes("module.py", ANOTHER)
    world.repo.git("commit", "-q", "-m", "Module", env={"GIT_AI_TRAIL": "0"})
    if command == ("sessions",):
        world.program(*INGEST)
    world.keep()
    whole = faults.run([*world.words, *command], cwd=world.repo.root)
    assert whole.code == 0, whole.err
    world.put_back()
    for at in one_of_each([event for event in whole.events if event.call != "execve"], 5):
        done = faults.run([*world.words, *command], cwd=world.repo.root, at=at, fault=fault)
        what = f"{at}: {done.struck} gave {done.code}\n{done.out}\n{done.err}"
        assert done.code in (0, 1), what
        assert "Traceback" not in done.err, what
        assert "our own failure" not in done.err, what
        if done.code:
            assert done.err.strip(), what
        world.assert_whole()
        again = world.program(*command)
        assert "Traceback" not in again.stderr
        if command == ("backfill",):
            assert world.show()["status"] == "unanchored", what
        if command == INGEST:
            assert len(json.loads(world.program("sessions", "--json").stdout)) == 1, what
        world.put_back()
