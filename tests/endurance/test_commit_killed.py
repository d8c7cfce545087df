"""`git commit` with a hook, or what a hook started, killed at any change that it makes."""

from __future__ import annotations

import pytest

from tests.endurance.commits import AMENDED, FIRST, LATER, WAYS, Way
from tests.endurance.world import ANOTHER, World, every, one_of_each
from tests.support import faults

pytestmark = pytest.mark.usefixtures("injectable")


def strike(world: World, way: Way, at: int, fault: str) -> None:
    """Commits once with the fault, and once more without; nothing may be lost then and nothing lie about."""
    before = world.head()
    done = faults.run(way.command, cwd=world.repo.root, of="hooks/", at=at, fault=fault, env=way.env(world))
    what = f"{fault} at {at}: {done.struck}\n{done.err}"
    assert "Traceback" not in done.err, what
    if world.head() == before:
        # git itself calls a commit off whose message hook was killed, and of our hooks that is the shell alone.
        assert done.struck is not None, what
        assert done.struck.program.startswith("sh "), what
        assert done.code != 0, what
        world.repo.run(*way.command, env=way.env(world))
    else:
        assert done.code == 0, what
    world.assert_whole()
    world.minutes_later()
    # Without an editor the second message hook makes up for the first. With one there is no second: then the note stands alone.
    found = world.show()["status"]
    assert found == ("exact" if world.trailer() or not way.editor else "unanchored"), what

    world.session_writes("next.py", ANOTHER.replace("amount_", "quantity_"))
    said = world.repo.run("git", "commit", "-q", "-m", "Next").stderr
    assert "6 of 6 added lines have evidence" in said, f"{what}\n{said}"
    assert len(said.splitlines()) == 1, f"{what}\n{said}"
    assert [world.show(rev)["status"] for rev in ("HEAD", "HEAD^")] == ["exact", found], what
    world.assert_swept()
    world.assert_whole()


def events(world: World, way: Way) -> list[faults.Event]:
    """What an undisturbed commit does; the world is put back afterwards."""
    way.prepare(world)
    world.keep()
    done = faults.run(way.command, cwd=world.repo.root, of="hooks/", env=way.env(world))
    assert done.code == 0, done.err
    assert world.show()["status"] == "exact"
    assert len(done.events) > 60, "the hooks were not watched"
    world.put_back()
    return done.events


@pytest.mark.parametrize("way", [FIRST, AMENDED], ids=lambda way: way.name)
def test_a_commit_whose_hook_is_killed_is_made_and_its_record_is_found(world: World, way: Way) -> None:
    for at in one_of_each(events(world, way), 6):
        strike(world, way, at, "kill")
        world.put_back()


def test_a_write_that_is_torn_leaves_nothing_half_written(world: World) -> None:
    found = events(world, LATER)
    for at in [point for point in one_of_each(found, 40) if found[point - 1].call in faults.WRITES]:
        strike(world, LATER, at, "torn")
        world.put_back()


@pytest.mark.proof
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.name)
@pytest.mark.parametrize("fault", ["kill", "torn"])
def test_at_every_change_there_is(world: World, way: Way, fault: str) -> None:
    for at in every(events(world, way), fault):
        strike(world, way, at, fault)
        world.put_back()
