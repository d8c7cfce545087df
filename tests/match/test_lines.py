from __future__ import annotations

import random

from git_ai_trail.facts import AddedLines, KnownEdit
from git_ai_trail.index.keys import Keys, weight
from git_ai_trail.match.lines import own_lines

KEYS = Keys(b"k" * 32)


def edit(number: int, *runs: list[str], at: float | None = None, turn: int = 0) -> KnownEdit:
    lines = [line.encode() for run in runs for line in run]
    return KnownEdit(
        edit=number,
        log=number,
        at=float(number) if at is None else at,
        turn=turn,
        op="update",
        via="patch",
        known=True,
        removed=0,
        exact=tuple(KEYS.line(line) for line in lines),
        loose=tuple(KEYS.loose(line) for line in lines),
        runs=tuple(len(run) for run in runs),
        whole=True,
    )


def added(*hunks: list[str]) -> AddedLines:
    lines = [line.encode() for hunk in hunks for line in hunk]
    positions = []
    for number, hunk in enumerate(hunks):
        positions.extend(1000 * number + n + 1 for n in range(len(hunk)))
    return AddedLines(
        "a.py",
        tuple(KEYS.line(line) for line in lines),
        tuple(KEYS.loose(line) for line in lines),
        tuple(weight(line) for line in lines),
        tuple(positions),
        tuple(True for _ in lines),
    )


def owners(lines: AddedLines, *edits: KnownEdit) -> list[int | None]:
    return [owner.log if owner else None for owner in own_lines(lines, edits)]


FUNCTION = ["def greet(name):", "    if name:", "        return f'hello {name}'", "    }", "", "    return None"]


def test_a_block_written_whole_is_owned_whole_with_its_short_lines() -> None:
    assert owners(added(FUNCTION), edit(1, FUNCTION)) == [1] * 6


def test_short_lines_elsewhere_are_not_credited() -> None:
    lines = added(["x = compute_everything()", "}"], ["}"], ["else:"])
    assert owners(lines, edit(1, [*FUNCTION, "else:", "pass"])) == [None, None, None, None]


def test_the_latest_edit_owns_a_line_that_two_wrote() -> None:
    first, second = edit(1, ["value = first_attempt()"]), edit(2, ["value = first_attempt()"])
    assert owners(added(["value = first_attempt()"]), first, second) == [2]


def test_lines_of_earlier_edits_stay_with_them() -> None:
    first = edit(1, ["alpha = one_thing()", "beta = another_thing()", "gamma = third_thing()"])
    second = edit(2, ["beta = changed_thing()"])
    lines = added(["alpha = one_thing()", "beta = changed_thing()", "gamma = third_thing()"])
    assert owners(lines, first, second) == [1, 2, 1]


def test_reindented_lines_are_edited_not_generated() -> None:
    found = own_lines(added(["        total = price * amount"]), [edit(1, ["total = price * amount"])])
    assert [(o.log, o.exact) for o in found if o] == [(1, False)]


def test_an_exact_line_of_an_older_edit_beats_a_reindented_one_of_a_newer() -> None:
    found = own_lines(
        added(["total = price * amount"]),
        [edit(1, ["total = price * amount"]), edit(2, ["    total = price * amount"])],
    )
    assert [(o.log, o.exact) for o in found if o] == [(1, True)]


def test_a_hunk_of_short_lines_is_owned_when_the_edit_wrote_exactly_that_hunk() -> None:
    assert owners(added(["line a", "line b"]), edit(1, ["line a", "line b"])) == [1, 1]
    assert owners(added(["line a", "other"]), edit(1, ["line a", "line b"])) == [None, None]


def test_a_block_that_git_shows_shifted_by_a_blank_line_is_owned_whole() -> None:
    written = ["def second_function():", "    return 2 + 2 + 2", ""]
    assert owners(added(["", "def second_function():", "    return 2 + 2 + 2"]), edit(1, written)) == [1, 1, 1]


def test_a_line_is_credited_no_more_often_than_it_was_written() -> None:
    lines = added(["call_something(1)"], ["call_something(1)"], ["call_something(1)"])
    assert sorted(owners(lines, edit(1, ["call_something(1)"], ["call_something(1)"])), key=str) == [1, 1, None]


def test_a_final_carriage_return_makes_no_difference() -> None:
    assert owners(added(["value = something_long()\r"]), edit(1, ["value = something_long()"])) == [1]


def test_unique_lines_always_go_to_the_edit_that_wrote_them() -> None:
    """Each line is a unique token, so the right answer is known: identity is content."""
    chance = random.Random(7)
    for _ in range(200):
        edits, truth = [], {}
        for number in range(1, 6):
            runs = []
            for _ in range(chance.randint(1, 3)):
                run = [f"token_{chance.getrandbits(60):016x}" for _ in range(chance.randint(1, 5))]
                runs.append(run)
                truth.update(dict.fromkeys(run, number))
            edits.append(edit(number, *runs))
        people = [f"person_{chance.getrandbits(60):016x}" for _ in range(5)]
        everything = [*truth, *people]
        chance.shuffle(everything)
        cut = chance.randint(0, len(everything))
        lines = added(everything[:cut], everything[cut:])
        assert owners(lines, *edits) == [truth.get(line) for line in everything]
