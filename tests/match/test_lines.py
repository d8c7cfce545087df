from __future__ import annotations

import random
from collections.abc import Sequence

from git_ai_trail.facts import SIGNIFICANT, AddedLines, FileDiff, KnownEdit
from git_ai_trail.index.keys import Keys, added_lines, weight
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
        sketch=tuple(KEYS.sketch(line) if weight(line) == SIGNIFICANT else 0 for line in lines),
    )


def added(*hunks: list[str], gone: Sequence[bytes] = ()) -> AddedLines:
    lines = [line.encode() for hunk in hunks for line in hunk]
    positions = []
    for number, hunk in enumerate(hunks):
        positions.extend(1000 * number + n + 1 for n in range(len(hunk)))
    diff = FileDiff(
        "a.py", "a.py", "M", "100644", "100644", "", "", tuple(lines), tuple(gone), tuple(positions), False, False
    )
    return added_lines(KEYS, diff, lambda line, digest: False)


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


def classes(lines: AddedLines, *edits: KnownEdit) -> list[tuple[int, bool] | None]:
    return [(owner.log, owner.exact) if owner else None for owner in own_lines(lines, edits)]


def test_quotes_and_commas_that_a_formatter_changed_leave_the_line_with_the_edit() -> None:
    wrote = edit(1, ["    names = ['alpha', 'beta']", "    total = price * amount"])
    lines = added(['    names = ["alpha", "beta",]', "    total = price * amount,"])
    assert classes(lines, wrote) == [(1, False), (1, False)]


def test_a_call_that_a_formatter_wrapped_belongs_to_the_edit_that_wrote_it_in_one_line() -> None:
    wrote = edit(1, ["    result = compute_total(price, amount, currency)"])
    lines = added(["    result = compute_total(", "        price,", "        amount,", "        currency,", "    )"])
    assert classes(lines, wrote) == [(1, False)] * 5


def test_a_word_that_was_changed_leaves_the_line_with_the_edit() -> None:
    wrote = edit(
        1, ["def total(order):", "    price = order.price * order.amount + shipping(order)", "    return price * 2"]
    )
    lines = added(
        ["def total(order):", "    price = order.price * order.count + shipping(order)", "    return price * 2"]
    )
    assert classes(lines, wrote) == [(1, True), (1, False), (1, True)]


def test_a_line_of_other_words_in_the_same_place_is_nobodys() -> None:
    wrote = edit(1, ["def total(order):", "    price = order.price * order.amount", "    return price * 2"])
    lines = added(["def total(order):", "    raise NotImplementedError('later')", "    return price * 2"])
    assert classes(lines, wrote) == [(1, True), None, (1, True)]


def test_changing_a_line_that_was_committed_before_is_not_the_old_sessions_work() -> None:
    old = "    price = order.price * order.amount + shipping(order)"
    lines = added(["    price = order.price * order.count + shipping(order)"], gone=[old.encode()])
    assert classes(lines, edit(1, [old])) == [None]
    assert classes(added(["  " + old]), edit(1, [old])) == [(1, False)]
    assert classes(added(["  " + old], gone=[old.encode()]), edit(1, [old])) == [None]


def test_of_equal_lines_each_goes_with_its_neighbours() -> None:
    first = edit(1, ["def one_thing():", "    return self.answer()"])
    second = edit(2, ["def another_thing():", "    return self.answer()"])
    lines = added(["def one_thing():", "    return self.answer()", "def another_thing():", "    return self.answer()"])
    assert owners(lines, first, second) == [1, 1, 2, 2]


def test_of_a_persons_line_and_the_sessions_equal_one_the_sessions_is_the_one_among_its_others() -> None:
    wrote = edit(1, ["client = make_a_client()", "response = client.get('/')"])
    persons = ["app = make_the_app()", "response = client.get('/')"]
    lines = added(persons, ["client = make_a_client()", "response = client.get('/')"])
    assert owners(lines, wrote) == [None, None, 1, 1]
    between = added(["client = make_a_client()", "response = client.get('/')", "check()", "response = client.get('/')"])
    assert owners(between, wrote) == [1, 1, None, None]


def test_the_time_for_equal_lines_does_not_grow_with_their_square() -> None:
    rows = ["value = compute_it()"] * 50_000
    lines, wrote = added(rows), edit(1, rows)
    assert owners(lines, wrote) == [1] * 50_000


def test_a_later_edit_of_one_line_does_not_take_equal_lines_from_the_middle_of_an_earlier_one() -> None:
    first = edit(1, ["def one():", "    return answer(1)", "def two():", "    return answr(1)", "def three():"])
    second = edit(2, ["    return answer(1)"])
    lines = added(["def one():", "    return answer(1)", "def two():", "    return answer(1)", "def three():"])
    assert owners(lines, first, second) == [1, 1, 1, 2, 1]
