"""Ranges are found again by their content alone, and never where that content proves nothing."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from git_ai_trail.attach.ranges import in_place, relocate, relocate_files, without
from git_ai_trail.attach.record import lines_digest
from tests.attach.build import CODE, a_diff, lines


def a_range(texts: tuple[bytes, ...], start: int, count: int, session: int = 0) -> dict[str, Any]:
    digest = lines_digest(texts[start - 1 : start - 1 + count])
    return {"start": start, "count": count, "session": session, "class": "generated", "turn": 0, "digest": digest}


def places(ranges: list[dict[str, Any]]) -> list[tuple[int, int]]:
    return [(one["start"], one["count"]) for one in ranges]


OLD = lines(*CODE)


def test_lines_that_moved_down_are_found() -> None:
    new = lines("import requests", "", "") + OLD
    assert places(relocate([a_range(OLD, 1, 3), a_range(OLD, 4, 4)], new)) == [(4, 3), (7, 4)]


def test_a_range_with_a_changed_line_is_not_found_and_its_neighbours_are() -> None:
    new = (*OLD[:3], b"        response = other.get(url)", *OLD[4:])
    ranges = [a_range(OLD, 1, 3), a_range(OLD, 4, 1), a_range(OLD, 5, 3)]
    assert places(relocate(ranges, new)) == [(1, 3), (5, 3)]


def test_ranges_that_changed_places_are_found() -> None:
    new = OLD[4:] + OLD[:4]
    assert places(relocate([a_range(OLD, 1, 4), a_range(OLD, 5, 3)], new)) == [(1, 3), (4, 4)]


def test_a_plain_line_alone_proves_nothing() -> None:
    old = lines("}", "", "return 0;")
    assert (
        relocate([a_range(old, 1, 1), a_range(old, 2, 1), a_range(old, 3, 1)], lines("}", "", "return 0;", "x")) == []
    )


def test_a_plain_line_moves_with_its_neighbour() -> None:
    old = (*OLD, b"}")
    new = (b"}", *OLD, b"}", b"}")
    assert places(relocate([a_range(old, 1, 7), a_range(old, 8, 1)], new)) == [(2, 7), (9, 1)]


def test_of_two_equal_places_the_nearest_is_taken_and_none_twice() -> None:
    new = OLD + lines("between these two copies") + OLD
    assert places(relocate([a_range(OLD, 1, 7)], new)) == [(1, 7)]
    both = [a_range(new, 1, 7), a_range(new, 9, 7)]
    assert places(relocate(both, new)) == [(1, 7), (9, 7)]
    assert places(relocate(both, OLD)) == [(1, 7)]


def test_a_digest_that_belongs_to_nothing_is_not_found() -> None:
    assert relocate([{**a_range(OLD, 1, 7), "digest": "0" * 32}], OLD) == []


def test_impossible_ranges_do_no_harm() -> None:
    far = {**a_range(OLD, 1, 7), "start": 2**31, "count": 2**31}
    assert relocate([far], OLD) == []
    assert in_place([far], OLD) == []
    assert in_place([a_range(OLD, 1, 7)], ()) == []


def test_a_search_that_would_take_too_long_is_given_up() -> None:
    long = tuple(b"line number %d of many lines" % n for n in range(30_000))
    missing = [{**a_range(long, 1, count), "digest": f"{count:032x}"} for count in range(1000, 1400)]
    assert relocate([*missing, a_range(long, 20, 5)], long[3:]) == [{**a_range(long, 20, 5), "start": 17}]


def test_in_place_keeps_only_what_stands_there_once() -> None:
    ranges = [a_range(OLD, 1, 3), a_range(OLD, 2, 3), {**a_range(OLD, 5, 1), "start": 6}, a_range(OLD, 4, 4)]
    assert places(in_place(ranges, OLD)) == [(1, 3), (4, 4)]


def test_files_are_found_under_their_own_path_first() -> None:
    file = {"path": "a.py", "added": 7, "ranges": [a_range(OLD, 1, 7)]}
    diffs = [a_diff("b.py"), a_diff("a.py")]
    assert [one["path"] for one in relocate_files([file], diffs)] == ["a.py"]


def test_a_renamed_file_is_found_in_a_file_that_the_record_does_not_name() -> None:
    files = [
        {"path": "old.py", "added": 7, "ranges": [a_range(OLD, 1, 7)]},
        {"path": "a.py", "added": 1, "ranges": []},
    ]
    found = relocate_files(files, [a_diff("a.py"), a_diff("new.py", ["# moved", *CODE])])
    assert [(one["path"], places(one["ranges"])) for one in found] == [("new.py", [(2, 7)])]


def test_what_is_owned_is_cut_out_and_the_rest_has_its_own_digest() -> None:
    parts = without(a_range(OLD, 2, 5), {2, 3}.__contains__, OLD)
    assert places(parts) == [(2, 1), (5, 2)]
    assert [part["digest"] for part in parts] == [lines_digest(OLD[1:2]), lines_digest(OLD[4:6])]
    assert without(a_range(OLD, 1, 2), {0, 1}.__contains__, OLD) == []


telling = st.text(st.sampled_from("abcdefgh"), min_size=12, max_size=14).map(str.encode)


@given(st.lists(telling, min_size=1, max_size=8, unique=True), st.lists(telling, max_size=4), st.data())
def test_whatever_is_added_around_them_telling_ranges_keep_their_lines(
    old: list[bytes], more: list[bytes], data: st.DataObject
) -> None:
    cut = data.draw(st.integers(0, len(old)))
    ranges = [a_range(tuple(old), 1, cut)] if cut else []
    ranges += [a_range(tuple(old), cut + 1, len(old) - cut)] if cut < len(old) else []
    new = [*more, *old[:cut], *more, *old[cut:], *more]
    for one in relocate(ranges, new):
        assert lines_digest(new[one["start"] - 1 : one["start"] - 1 + one["count"]]) == one["digest"]
    assert len(relocate(ranges, new)) == len(ranges)
