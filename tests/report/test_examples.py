"""The published example is what the present templates make of its facts, and its links and claims hold."""

from __future__ import annotations

from pathlib import Path

import pytest

from git_ai_trail.redact import publish_scan
from git_ai_trail.report import saved
from git_ai_trail.report.render import rendered

EXAMPLES = Path(__file__).resolve().parents[2] / "docs" / "examples"


@pytest.mark.parametrize("form", ["md", "html", "json", "csv", "txt"])
def test_an_example_is_current(form: str) -> None:
    report = saved.from_json((EXAMPLES / "report.json").read_bytes())
    text = (EXAMPLES / f"report.{form}").read_bytes().decode()
    assert rendered(report, form) == text, "make the examples again: python -m tests.e2e.example"
    assert not publish_scan(text)


def test_the_example_shows_what_a_report_can_show() -> None:
    report = saved.from_json((EXAMPLES / "report.json").read_bytes())
    assert {one.status for one in report.commits} >= {"exact", "carried", "unknown", "none"}
    assert {one.evidence for one in report.commits} >= {"committed-by-session", "content", ""}
    assert report.totals.lines.edited
    assert report.totals.sessions >= 4
    assert len(report.redactions.records) >= 3
    assert {section.id for section in report.sections} >= {"agents", "areas", "tokens", "commits", "prompts", "actions"}
    assert len({one.author for one in report.commits}) >= 3
