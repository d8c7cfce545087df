"""Which turns a rollback takes back, also after earlier rollbacks."""

from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st

from git_ai_trail.formats.codex.history import History


@given(st.lists(st.one_of(st.none(), st.integers(0, 6)), max_size=60))
def test_a_rollback_takes_the_last_turns_that_still_count(steps: list[int | None]) -> None:
    """None is a new turn, a number a rollback of so many."""
    history, live, turn = History(), [], -1
    for count in steps:
        if count is None:
            turn += 1
            live.append(turn)
            continue
        expected = [live.pop() for _ in range(min(count, len(live)))]
        assert history.roll_back(turn, count) == expected
        resumed = History()
        resumed.restore(json.loads(json.dumps(history.state())))
        assert resumed.state() == history.state()
        history = resumed


def test_an_undo_takes_snapshots_from_the_last_to_the_first() -> None:
    history = History()
    assert history.undo() is None
    for turn in (-1, 0, 0, 2):
        history.snapshot(turn)
    assert [history.undo(), history.undo(), history.undo()] == [2, 0, None]


def test_what_is_remembered_is_bounded() -> None:
    history = History()
    for turn in range(0, 4000, 2):
        history.snapshot(turn)
        history.roll_back(turn, 1)
    assert len(json.dumps(history.state())) < 8192
