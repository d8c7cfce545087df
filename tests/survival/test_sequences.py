"""What people do with commits, one by one and in sequences drawn at random, against a model that knows whose each line is."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, example, given, seed, settings
from hypothesis import strategies as st

from tests.e2e.installs import installer
from tests.survival.moves import MOVES
from tests.survival.world import Home, World

Sequence = list[tuple[str, int, int]]

_SEQUENCES = st.lists(
    st.tuples(st.sampled_from(sorted(MOVES)), st.integers(0, 7), st.integers(0, 7)), min_size=2, max_size=7
)
_HERE = settings(
    deadline=None,
    print_blob=True,
    suppress_health_check=list(HealthCheck),
    phases=(Phase.explicit, Phase.reuse, Phase.generate, Phase.shrink),
)
# Each move in the variants that a run without the slow proofs has time for.
_QUICK = [(name, 1) for name in sorted(MOVES)] + [
    ("interactive", 0),
    ("autosquash", 0),
    ("rebase", 0),
    ("merge", 2),
    ("merge", 4),
]
_ALL = [(name, b) for name in sorted(MOVES) for b in range(6)]


@pytest.fixture
def start(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Home:
    return Home(tmp_path / "start", installer("auto", monkeypatch))


def run(start: Home, sequence: Sequence) -> None:
    folder = start.folder.parent / "world"
    world = start.world(folder)
    try:
        for number, (name, a, b) in enumerate([("commit", 0, 0), ("commit", 1, 1), *sequence]):
            MOVES[name](world, a, b)
            problems = world.problems()
            assert not problems, _told(sequence[: number - 1], world, problems)
        problems = world.contradictions()
        assert not problems, _told(sequence, world, problems)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _told(sequence: Sequence, world: World, problems: list[str]) -> str:
    return "\n".join([f"after {sequence}:", *problems, "what was run:", *world.said[-25:]])


def _twice(name: str, b: int) -> Sequence:
    return [("commit", 2, 5), (name, b // 2, b), (name, b // 2 + 1, b)]


@pytest.mark.parametrize(("name", "b"), _QUICK)
def test_each_move_keeps_every_record(start: Home, name: str, b: int) -> None:
    run(start, _twice(name, b))


@pytest.mark.proof
@pytest.mark.parametrize(("name", "b"), [one for one in _ALL if one not in _QUICK])
def test_each_move_in_every_variant_keeps_every_record(start: Home, name: str, b: int) -> None:
    run(start, _twice(name, b))


@pytest.mark.proof
@pytest.mark.parametrize("manager", ["pre-commit", "prek", "pre-commit-only", "prek-only"])
@pytest.mark.parametrize("part", range(4))
def test_under_a_hook_manager_each_move_keeps_every_record(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, manager: str, part: int
) -> None:
    """With `-only`, nobody has told git to copy notes: what a rewrite made is found all the same."""
    start = Home(tmp_path / "start", installer(manager, monkeypatch))
    run(start, [("commit", 2, 5), *((name, part, 1) for name in sorted(MOVES)[part::4])])


@settings(_HERE, max_examples=3)
@example(sequence=[("on_a_host", 0, 1), ("revert", 0, 0), ("autosquash", 2, 2), ("cherry_pick", 0, 3)])
@given(sequence=_SEQUENCES)
def test_a_few_sequences_keep_every_record(start: Home, sequence: Sequence) -> None:
    run(start, sequence)


@pytest.mark.proof
@pytest.mark.timeout(1500)
@pytest.mark.parametrize("part", range(4))
def test_a_hundred_sequences_keep_every_record(start: Home, part: int) -> None:
    @settings(_HERE, max_examples=25)
    @given(sequence=_SEQUENCES)
    def keeps(sequence: Sequence) -> None:
        run(start, sequence)

    # Without a seed of its own each part would draw what the others draw.
    (keeps if os.environ.get("HUNT") else seed(part)(keeps))()
