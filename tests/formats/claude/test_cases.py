"""Each folder in cases/ is a small log and what it says. `UPDATE=1` writes the expectation anew; the diff is the review."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from tests.formats.claude.summary import AGENT_PATH, BESIDE_PATH, PATH, lines_of, read, read_in_two, summary

# A sub-agent's log is known by its place.
PATHS = {"sub-agent-2.1.330": AGENT_PATH, "sub-agent-2.0.76": BESIDE_PATH}
CASES = sorted(path.parent for path in (Path(__file__).parent / "cases").glob("*/input.jsonl"))


def path_of(case: Path) -> str:
    return PATHS.get(case.name, PATH)


def written(value: dict[str, object]) -> str:
    """JSON with one event a line, so that a changed expectation reads well."""
    events = value["events"]
    assert isinstance(events, list)
    rows = ",\n  ".join(json.dumps(row, ensure_ascii=False) for row in events)
    rest = {key: value[key] for key in ("pending", "skipped")}
    return '{"events": [\n  ' + rows + "\n],\n" + json.dumps(rest, ensure_ascii=False, indent=1)[2:] + "\n"


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_log_says_what_is_expected(case: Path) -> None:
    data = (case / "input.jsonl").read_bytes()
    found = written(summary(*read(data, path_of(case)), data))
    expected = case / "expected.json"
    if os.environ.get("UPDATE"):
        expected.write_text(found, encoding="utf-8")
    assert json.loads(found) == json.loads(expected.read_text(encoding="utf-8"))


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_log_read_in_two_parts_says_the_same(case: Path) -> None:
    data = (case / "input.jsonl").read_bytes()
    whole, reader = read(data, path_of(case))
    for cut in range(len(lines_of(data)) + 1):
        events, resumed = read_in_two(data, cut, path_of(case))
        assert events == whole, f"cut before line {cut + 1}"
        assert resumed.pending_commits() == reader.pending_commits()
        assert resumed.skipped == reader.skipped


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_every_record_gives_one_event_with_its_raw_form(case: Path) -> None:
    data = (case / "input.jsonl").read_bytes()
    events, _ = read(data, path_of(case))
    raw = [event for event in events if event.raw is not None]
    assert len({event.offset for event in raw}) == len(raw)
    for event in raw:
        assert json.loads(data[event.offset : event.offset + event.length]) == event.raw


def test_the_state_holds_no_text_of_the_log() -> None:
    marks = ("Add a cart", "return sum", "Thinking", "shelf", "slow hook")
    for case in CASES:
        data = (case / "input.jsonl").read_bytes()
        for cut in range(1, len(lines_of(data))):
            _, reader = read(b"\n".join(line for line, _ in lines_of(data)[:cut]), path_of(case))
            state = json.dumps(reader.state())
            assert not [mark for mark in marks if mark in state]
