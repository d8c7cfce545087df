"""How a report gives way where little room is left: measured as it will stand there, never at the cost of other text."""

from __future__ import annotations

import pytest

from git_ai_trail.errors import TrailError
from git_ai_trail.pipeline.action.publish import Drawn
from git_ai_trail.report.fit import size
from tests.report.make import a_commit, a_report, a_session

MOST = 20_000


def drawn(**more: str) -> Drawn:
    commits = [a_commit(number, a_session(number)) for number in range(1, 200)]
    fields = {"name": "v1.0.0", "tag": "v1.0.0", "templates": "", "full_url": "", **more}
    return Drawn(report=a_report(*commits), **fields)


@pytest.mark.parametrize("newline", ["\n", "\r\n"])
@pytest.mark.parametrize("taken", [0, 10_000, 15_000, 17_000, 19_000])
def test_it_fits_beside_whatever_stands_there(newline: str, taken: int) -> None:
    before = f"Theirs{newline}" * (taken // (6 + len(newline)) + 1)
    after = drawn().section(before, MOST)
    assert size(after) <= MOST
    assert after.startswith(before)
    assert drawn().section(after, MOST) == after


@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_as_much_is_kept_as_there_is_room_for(newline: str) -> None:
    """Line ends of two characters cost room that the report does not know of when it is drawn."""
    before = f"Theirs{newline}"
    whole = size(drawn().section(before, 10 * MOST))
    assert whole > MOST
    for short in (1, 20, 50, 100, 150):
        after = drawn().section(before, whole - short)
        assert size(after) <= whole - short
        assert "### " in after, "a report, not just a line"


def test_letters_of_several_bytes_are_measured_where_bytes_count() -> None:
    before = "ü" * 4_000 + "\n"

    def in_bytes(text: str) -> int:
        return len(text.encode())

    assert in_bytes(drawn().section(before, MOST, in_bytes)) <= MOST


def test_where_not_even_a_line_fits_nothing_is_changed() -> None:
    with pytest.raises(TrailError, match="no room left"):
        drawn().section("x" * (MOST - 10), MOST)


def test_a_link_that_is_none_is_left_out() -> None:
    assert "](" not in drawn(full_url="javascript:alert(1)").line()
    assert "](https://x.test/a%20b)" in drawn(full_url="https://x.test/a b").line()
