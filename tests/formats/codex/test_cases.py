"""Each folder in cases/ is a small log and what it says. `UPDATE=1` writes the expectation anew; the diff is the review."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from tests.formats.codex.summary import lines_of, path_of, read, read_in_two, summary

INPUTS = sorted((Path(__file__).parent / "cases").glob("*/input.json*"))


def written(value: dict[str, object]) -> str:
    """JSON with one event a line, so that a changed expectation reads well."""
    events = value["events"]
    assert isinstance(events, list)
    rows = ",\n  ".join(json.dumps(row, ensure_ascii=False) for row in events)
    rest = {key: value[key] for key in ("pending", "skipped")}
    return '{"events": [\n  ' + rows + "\n],\n" + json.dumps(rest, ensure_ascii=False, indent=1)[2:] + "\n"


@pytest.mark.parametrize("log", INPUTS, ids=lambda log: log.parent.name)
def test_a_log_says_what_is_expected(log: Path) -> None:
    data = log.read_bytes()
    found = written(summary(*read(data, path_of(log)), data))
    expected = log.parent / "expected.json"
    if os.environ.get("UPDATE"):
        expected.write_text(found, encoding="utf-8")
    assert json.loads(found) == json.loads(expected.read_text(encoding="utf-8"))


@pytest.mark.parametrize("log", INPUTS, ids=lambda log: log.parent.name)
def test_a_log_read_in_two_parts_says_the_same(log: Path) -> None:
    data = log.read_bytes()
    path = path_of(log)
    whole, reader = read(data, path)
    for cut in range(len(lines_of(data, path)) + 1):
        events, resumed = read_in_two(data, cut, path)
        assert events == whole, f"cut before line {cut + 1}"
        assert resumed.pending_commits() == reader.pending_commits()
        assert resumed.skipped == reader.skipped


@pytest.mark.parametrize("log", INPUTS, ids=lambda log: log.parent.name)
def test_every_record_gives_one_event_with_its_raw_form(log: Path) -> None:
    data = log.read_bytes()
    events, _ = read(data, path_of(log))
    raw = [event for event in events if event.raw is not None]
    assert len({event.offset for event in raw}) == len(raw)
    for event in raw:
        assert json.loads(data[event.offset : event.offset + event.length]) == event.raw


def test_the_state_holds_no_text_of_the_log() -> None:
    marks = ("Add a cart", "return sum", "thinking", "Second on the line", "Slow hook")
    for log in INPUTS:
        data, path = log.read_bytes(), path_of(log)
        for cut in range(1, len(lines_of(data, path)) + 1):
            _, reader = read(b"\n".join(line for line, _ in lines_of(data, path)[:cut]), path)
            state = json.dumps(reader.state())
            assert not [mark for mark in marks if mark in state]
