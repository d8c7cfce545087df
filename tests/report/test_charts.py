"""The geometry of charts: nothing is lost, nothing stands outside the drawing."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from git_ai_trail.report import charts
from git_ai_trail.report.document import Table
from tests.report.make import a_commit, a_session


def commits(*days: str, evidence: bool = False) -> list[object]:
    sessions = (a_session(),) if evidence else ()
    return [
        a_commit(n, *sessions, committed_at=datetime.fromisoformat(day).replace(tzinfo=UTC))
        for n, day in enumerate(days)
    ]


@given(added=st.integers(0, 10**9), generated=st.integers(0, 10**9), edited=st.integers(0, 10**9))
def test_the_parts_of_a_bar_fill_it(added: int, generated: int, edited: int) -> None:
    bar = charts.bar({"added": added, "generated": generated, "edited": edited})
    whole = bar.generated + bar.edited + bar.rest
    assert whole == pytest.approx(100 if added or generated or edited else 0, abs=0.03)
    assert (bar.edited_at, bar.rest_at) == pytest.approx((bar.generated, bar.generated + bar.edited), abs=0.03)
    assert min(bar.generated, bar.edited, bar.rest) >= 0


def test_bars_of_a_table_share_a_scale() -> None:
    rows = ({"added": 100, "generated": 50}, {"added": 25, "edited": 25}, {"generated": 10, "edited": 10})
    drawn = [bar for _, bar in charts.bars(Table(columns=(), rows=rows))]
    assert [one.generated + one.edited + one.rest for one in drawn] == [100, 25, 20]


@pytest.mark.parametrize(
    ("first", "last", "unit", "number"),
    [
        ("2026-11-01", "2026-11-02", "day", 2),
        ("2026-11-01", "2026-12-10", "day", 40),
        ("2026-11-01", "2026-12-11", "week", 7),
        ("2026-01-01", "2026-12-31", "month", 12),
        ("2020-01-01", "2026-12-31", "quarter", 28),
        ("1990-01-01", "2026-12-31", "year", 37),
        ("1970-01-01", "2038-01-19", "2 years", 35),
        ("0001-01-01", "9999-12-31", "257 years", 39),
    ],
)
def test_the_unit_of_time_goes_with_its_extent(first: str, last: str, unit: str, number: int) -> None:
    found = charts.timeline(commits(first, last))  # type: ignore[arg-type]
    assert found is not None
    assert (found.unit, len(found.spans)) == (unit, number)
    assert found.ticks[0].label == found.spans[0].day


def test_a_week_begins_on_monday() -> None:
    found = charts.timeline(commits("2026-09-16", "2026-11-13"))  # type: ignore[arg-type]
    assert found is not None
    assert {date.fromisoformat(one.day).weekday() for one in found.spans} == {0}


@given(st.lists(st.tuples(st.dates(), st.booleans()), min_size=1, max_size=30))
def test_every_commit_stands_in_the_timeline_once(days: list[tuple[date, bool]]) -> None:
    found = charts.timeline(
        one
        for day, evidence in days
        for one in commits(day.isoformat(), evidence=evidence)  # type: ignore[misc]
    )
    if found is None:
        return
    assert sum(one.commits for one in found.spans) == len(days)
    assert sum(one.with_evidence for one in found.spans) == sum(evidence for _, evidence in days)
    assert 2 <= len(found.spans) <= 40
    assert max(one.commits for one in found.spans) == found.most
    for one in found.spans:
        assert 0 <= one.x <= one.x + one.width <= 100.01
        assert one.top + one.height == pytest.approx(100)
        assert one.evidence_top + one.evidence_height == pytest.approx(100)
        assert one.evidence_height <= one.height


@pytest.mark.parametrize("days", [(), ("2026-11-01",), ("2026-11-01", "2026-11-01")])
def test_without_a_course_there_is_no_timeline(days: tuple[str, ...]) -> None:
    assert charts.timeline(commits(*days)) is None  # type: ignore[arg-type]
