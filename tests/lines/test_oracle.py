"""Every line of every commit has the owner that wrote it, after whatever people and agents did: against an oracle that knows each
line by what it says."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.lines.moves import MOVES
from tests.lines.world import World, contradictions

# Writing and committing more often than the rest, or nothing comes together.
_NAMES = (*MOVES, *["agent_writes"] * 6, *["commits"] * 3, *["person_writes"] * 2)
_STEPS = st.lists(
    st.tuples(
        st.sampled_from(_NAMES),
        st.sampled_from(("here", "here", "beside")),
        st.integers(0, 7),
        st.integers(0, 7),
        st.integers(0, 7),
    ),
    min_size=3,
    max_size=14,
)
_HERE = settings(deadline=None, print_blob=True, suppress_health_check=list(HealthCheck))

Steps = list[tuple[str, str, int, int, int]]


def run(folder: Path, steps: Steps) -> None:
    try:
        home = folder / "home"
        world = World(folder / "work", home)
        for name, place, a, b, c in steps:
            MOVES[name](world, place, a, b, c)
        for name in ("here", "beside"):
            world.commit(world.places[name])
        env = {"HOME": str(home), "CODEX_HOME": str(home / ".codex"), "CLAUDE_CONFIG_DIR": str(home / ".claude")}
        wrong = contradictions(world, env)
        assert not wrong, "\n".join([f"after {steps}:", *wrong])
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@pytest.mark.parametrize("name", sorted(MOVES))
def test_each_move_between_an_agents_work_and_its_commit(tmp_path: Path, name: str) -> None:
    first: Steps = [("agent_writes", "here", 0, 0, 1), ("agent_writes", "here", 1, 1, 2)]
    for variant in range(3):
        run(tmp_path / f"fresh-{variant}", [*first, (name, "here", variant, variant, 2), (name, "here", 1, 0, 1)])
        run(
            tmp_path / f"later-{variant}",
            [
                *first,
                ("commits", "here", 0, 0, 0),
                (name, "here", variant, variant, 2),
                *first,
                (name, "here", 1, 0, 1),
            ],
        )


@pytest.mark.parametrize("variant", range(4))
def test_what_was_committed_and_taken_out_is_the_work_of_whoever_brings_it_back(tmp_path: Path, variant: int) -> None:
    wrote: Steps = [("agent_writes", "here", variant, 0, 1), ("commits", "here", 0, 0, 0)]
    gone: Steps = [("person_deletes", "here", variant, 0, 2), ("commits", "here", 0, 0, 0)]
    run(
        tmp_path / "world",
        [*wrote, *gone, ("person_puts_back", "here", 0, 0, 4), *wrote, *gone, ("person_puts_back", "here", 0, 0, 4)],
    )


@settings(_HERE, max_examples=20)
@given(steps=_STEPS)
def test_lines_have_the_owner_that_wrote_them(tmp_path_factory: pytest.TempPathFactory, steps: Steps) -> None:
    run(tmp_path_factory.mktemp("world"), steps)


@pytest.mark.proof
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("part", range(4))
@settings(_HERE, max_examples=75)
@given(steps=_STEPS)
def test_hundreds_of_sequences(tmp_path_factory: pytest.TempPathFactory, part: int, steps: Steps) -> None:
    run(tmp_path_factory.mktemp("world"), steps)
