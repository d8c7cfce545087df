from __future__ import annotations

from git_ai_trail.facts import AddedLines, Candidate, KnownEdit, KnownSession
from git_ai_trail.match.lines import own_lines
from git_ai_trail.match.spent import Landing, doubt, without_landed
from tests.match.test_lines import added, edit, owners

BLOCK = ["alpha = one_thing()", "beta = another_thing()", "gamma = third_thing()"]
OTHER = [f"other_{n} = something_else({n})" for n in range(40)]


def candidate(*edits: KnownEdit) -> Candidate:
    log = edits[0].log
    session = KnownSession(log, "codex", "", f"s{log}", "", (), "", "", 0, "", None, None, ())
    return Candidate(session, "Codex", tuple(("a.py", one) for one in edits), "", -1, near=True)


def landing(lines: AddedLines, at: float, *, authored: float | None = None) -> Landing:
    # As the index does: a line proves something where nothing is known against it.
    return Landing(at if authored is None else authored, at, lines)


def left(edits: list[KnownEdit], *landings: Landing) -> list[KnownEdit]:
    """The edits after these commits, of sessions of their own."""
    doubtful = frozenset(digest for one in edits for digest in one.exact)
    less = without_landed("a.py", [candidate(one) for one in edits], landings, doubtful)
    return [less.get(one.edit, one) for one in edits]


def test_lines_that_new_edits_account_for_are_not_in_doubt() -> None:
    old, new = edit(1, BLOCK, at=10), edit(2, BLOCK, at=30)
    lines = added(BLOCK)
    assert doubt(lines, [old, new], (), 20) is None
    assert doubt(lines, [new], (), 20) is None
    assert doubt(lines, [old], (), 20) == (frozenset(lines.exact), 10)
    assert doubt(lines, [old, new], (), None) == (frozenset(lines.exact), 10)


def test_of_equal_lines_as_many_are_in_doubt_as_new_edits_did_not_write() -> None:
    old, new = edit(1, BLOCK, at=10), edit(2, BLOCK[:1], at=30)
    lines = added([BLOCK[0], OTHER[0], BLOCK[0]])
    found = doubt(lines, [old, new], (), 20)
    assert found is not None
    assert found.exact == {lines.exact[0]}
    assert doubt(added(BLOCK[:1]), [old, new], (), 20) is None


def test_what_stands_or_is_moved_has_not_come_back() -> None:
    old = edit(1, BLOCK, at=10)
    assert doubt(added(BLOCK), [old], {0, 1, 2}, 20) is None
    assert doubt(added(BLOCK, gone=[line.encode() for line in BLOCK]), [old], (), 20) is None


def test_an_edit_without_a_time_is_never_in_doubt() -> None:
    timeless = edit(1, BLOCK)._replace(at=None)
    assert doubt(added(BLOCK), [timeless], (), 20) is None
    assert left([timeless], landing(added(BLOCK), 20)) == [timeless]


def test_what_landed_is_gone_from_the_edit_and_the_rest_stays() -> None:
    (after,) = left([edit(1, BLOCK, OTHER[:3], at=10)], landing(added(BLOCK), 20))
    assert owners(added(BLOCK, OTHER[:3]), after) == [None] * 3 + [1] * 3


def test_each_landing_takes_its_lines_from_one_edit_the_latest() -> None:
    early, late = edit(1, BLOCK, at=10), edit(2, BLOCK, at=11)
    once = left([early, late], landing(added(BLOCK), 20))
    assert owners(added(BLOCK), *once) == [1, 1, 1]
    twice = left([early, late], landing(added(BLOCK), 20), landing(added(BLOCK), 30))
    assert owners(added(BLOCK), *twice) == [None] * 3


def test_an_edit_has_not_landed_before_it_was_made() -> None:
    assert left([edit(1, BLOCK, at=30)], landing(added(BLOCK), 20)) == [edit(1, BLOCK, at=30)]


def test_what_was_written_between_the_two_clocks_landed_where_nothing_older_accounts_for_it() -> None:
    amended = landing(added(BLOCK), 50, authored=20)
    early, late = edit(1, BLOCK, at=10), edit(2, BLOCK, at=40)
    assert owners(added(BLOCK), *left([early, late], amended)) == [2, 2, 2]
    assert owners(added(BLOCK), *left([late], amended)) == [None] * 3


def test_a_session_that_had_no_part_in_a_commit_loses_nothing_by_an_equal_line() -> None:
    waiting = edit(1, [*BLOCK, *OTHER[:3]], at=10)
    theirs = [f"theirs_{n} = quite_another({n})" for n in range(40)]
    assert left([waiting], landing(added([*theirs, BLOCK[0]]), 20)) == [waiting]


def test_a_commit_that_moves_lines_is_no_landing_of_them() -> None:
    moved = landing(added(BLOCK, gone=[line.encode() for line in BLOCK]), 30)
    early, late = edit(1, BLOCK, at=10), edit(2, BLOCK, at=11)
    assert owners(added(BLOCK), *left([early, late], landing(added(BLOCK), 20), moved)) == [1, 1, 1]


def test_a_passage_that_the_session_wrote_twice_has_landed_both_times() -> None:
    first, second = edit(1, BLOCK, at=10), edit(2, [*BLOCK, *OTHER[:2]], at=11)._replace(log=1)
    doubtful = frozenset(second.exact)
    less = without_landed("a.py", [candidate(first, second)], [landing(added([*BLOCK, *OTHER[:2]]), 20)], doubtful)
    assert [owner for owner in own_lines(added(BLOCK), list(less.values())) if owner] == []
