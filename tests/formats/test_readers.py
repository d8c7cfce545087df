"""Each folder in <agent>/cases/ is a small log and what it says, for the readers that have no tests of their own for it.

`UPDATE=1` writes the expectations anew; the diff is the review.
"""

from __future__ import annotations

import json
import os
import random
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from git_ai_trail.facts import Event
from git_ai_trail.formats import BY_NAME
from git_ai_trail.formats.protocol import Reader
from tests.formats import fuzz, kept

HERE = Path(__file__).parent
AGENTS = sorted(set(BY_NAME) - {"codex"})
CASES = sorted(log for agent in AGENTS for log in (HERE / agent / "cases").glob("*/input.json*"))
ERAS = {agent: json.loads((HERE / "eras" / f"{agent}.json").read_text(encoding="utf-8")) for agent in AGENTS}
KEPT = [(agent, name) for agent in AGENTS for name in ERAS[agent].get("kept", ())]
each_case = pytest.mark.parametrize("log", CASES, ids=lambda log: f"{log.parents[2].name}-{log.parent.name}")


def agent_of(log: Path) -> str:
    return log.parents[2].name


def path_of(log: Path) -> str:
    """Where such a log would lie: some sessions are known by their place."""
    known = ERAS[agent_of(log)]
    if log.parent.name in known["paths"]:
        return str(known["paths"][log.parent.name])
    return str(known["document"] if log.suffix == ".json" else known["path"])


def read(log: Path, data: bytes, cuts: tuple[int, ...] = ()) -> tuple[list[Event], Reader]:
    return fuzz.read(BY_NAME[agent_of(log)], data, path_of(log), cuts)


def written(events: list[Event], reader: Reader, data: bytes) -> str:
    """JSON with one event a line, so that a changed expectation reads well."""
    rows = ",\n  ".join(json.dumps(_row(event, data), ensure_ascii=False) for event in events)
    rest = {
        "pending": [list(call) for call in reader.pending_commits()],
        "skipped": dict(sorted(reader.skipped.items())),
    }
    return '{"events": [\n  ' + rows + "\n],\n" + json.dumps(rest, ensure_ascii=False, indent=1)[2:] + "\n"


def _row(event: Event, data: bytes) -> dict[str, Any]:
    row: dict[str, Any] = {"line": data.count(b"\n", 0, event.offset) + 1, "turn": event.turn, "kind": event.kind}
    row["at"] = event.at
    if event.raw is None:
        row["derived"] = True
    values = event.data._asdict()
    if event.kind in ("call", "output"):
        values.pop("arguments", None)
        values.pop("text", None)
    row.update({key: value for key, value in values.items() if value not in ("", None, ()) or key == "exit_code"})
    return row


@pytest.mark.parametrize(("agent", "name"), KEPT)
def test_a_log_is_made_of_what_the_agent_keeps(agent: str, name: str, tmp_path: Path) -> None:
    kept.build(HERE / agent / "kept" / name, tmp_path)
    made = kept.logs_of(BY_NAME[agent], tmp_path)
    cases = {BY_NAME[agent].session_id_of(ERAS[agent]["paths"][case]): case for case in ERAS[agent]["kept"][name]}
    assert sorted(made) == sorted(cases)
    for session, case in cases.items():
        log = HERE / agent / "cases" / case / "input.jsonl"
        if os.environ.get("UPDATE"):
            log.write_bytes(made[session])
        assert made[session] == log.read_bytes()


@each_case
def test_a_log_says_what_is_expected(log: Path) -> None:
    data = log.read_bytes()
    found = written(*read(log, data), data)
    expected = log.parent / "expected.json"
    if os.environ.get("UPDATE"):
        expected.write_text(found, encoding="utf-8")
    assert json.loads(found) == json.loads(expected.read_text(encoding="utf-8"))


@each_case
def test_a_log_read_in_two_parts_says_the_same(log: Path) -> None:
    data = log.read_bytes()
    whole, reader = read(log, data)
    for cut in range(data.count(b"\n") + 2):
        events, resumed = read(log, data, (cut,))
        assert events == whole, f"cut before line {cut + 1}"
        assert resumed.pending_commits() == reader.pending_commits()
        assert resumed.skipped == reader.skipped


@each_case
def test_every_record_gives_one_event_with_its_raw_form(log: Path) -> None:
    data = log.read_bytes()
    raw = [event for event in read(log, data)[0] if event.raw is not None]
    assert raw
    assert len({event.offset for event in raw}) == len(raw)
    for event in raw:
        assert json.loads(data[event.offset : event.offset + event.length]) == event.raw


@each_case
def test_the_state_holds_no_text_of_the_log(log: Path) -> None:
    marks = ("Add a cart", "return sum", "Thinking", "shelf", "Write the cart", "Tidy up", "slow hook")
    lines = log.read_bytes().split(b"\n")
    for cut in range(1, len(lines) + 1):
        state = json.dumps(read(log, b"\n".join(lines[:cut]))[1].state())
        assert not [mark for mark in marks if mark in state]


@each_case
def test_a_log_is_known_by_how_it_begins(log: Path) -> None:
    fmt = BY_NAME[agent_of(log)]
    assert fmt.is_log(os.path.basename(path_of(log)))
    head = log.read_bytes()[: 16 * 1024]
    assert [name for name, other in BY_NAME.items() if other.recognises(head)] == [fmt.NAME]


@each_case
def test_wrong_values_raise_nothing_and_resume_alike(log: Path) -> None:
    records = fuzz.records_of(log.read_bytes()) or [None]
    for seed in range(8):
        chance = random.Random(seed)
        spoiled = [_spoiled(record, chance) for record in records]
        data = b"\n".join(json.dumps(record).encode() for record in spoiled) + b"\n"
        fuzz.check(BY_NAME[agent_of(log)], data, path_of(log), (chance.randrange(len(records)) + 1,))


def _spoiled(value: Any, chance: random.Random) -> Any:
    """The value with one part in eight replaced by something that does not belong there."""
    if chance.random() < 0.125:
        return chance.choice(fuzz.ODD)
    if isinstance(value, dict):
        return {key: _spoiled(part, chance) for key, part in value.items()}
    if isinstance(value, list):
        return [_spoiled(part, chance) for part in value]
    return value


@pytest.mark.parametrize("agent", AGENTS)
@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(draw=st.data())
def test_a_log_that_is_almost_real(agent: str, draw: st.DataObject) -> None:
    samples = [fuzz.records_of(log.read_bytes()) for log in CASES if agent_of(log) == agent and log.suffix == ".jsonl"]
    if samples:
        data = draw.draw(fuzz.logs(samples))
        cuts = draw.draw(st.lists(st.integers(0, 60), max_size=3))
        fuzz.check(BY_NAME[agent], data, ERAS[agent]["path"], cuts)


@pytest.mark.parametrize("agent", AGENTS)
@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(draw=st.data())
def test_a_document_that_is_almost_real(agent: str, draw: st.DataObject) -> None:
    logs = [log.read_bytes() for log in CASES if agent_of(log) == agent and log.suffix == ".json"]
    if logs:
        data = draw.draw(st.sampled_from(logs))
        found = fuzz.records_of(data)
        if found and draw.draw(st.booleans()):
            data = json.dumps(draw.draw(fuzz.changed(found[0]))).encode()
        else:
            at = draw.draw(st.integers(0, len(data)))
            data = data[:at] + draw.draw(st.binary(max_size=6)) + data[at + draw.draw(st.integers(0, 40)) :]
        fuzz.check(BY_NAME[agent], data, ERAS[agent]["document"], ())


@pytest.mark.parametrize("agent", AGENTS)
@pytest.mark.parametrize("state", [{}, {"version": 0}, {"version": 99, "turn": "x"}])
def test_a_state_of_another_version_starts_afresh(agent: str, state: dict[str, Any]) -> None:
    fmt = BY_NAME[agent]
    assert fmt.open_offsets(state) == []
    assert fmt.reader(ERAS[agent]["path"], state).pending_commits() == []
