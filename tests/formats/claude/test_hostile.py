"""Logs that are wrong on purpose: nothing is raised, whatever a field holds."""

from __future__ import annotations

import json
import random
import time
from pathlib import Path
from typing import Any

import pytest

from git_ai_trail.formats import claude
from tests.formats.claude.summary import AGENT_PATH, PATH, lines_of, read, read_in_two

CASES = sorted((Path(__file__).parent / "cases").glob("*/input.jsonl"))
ODD: list[Any] = [
    None,
    True,
    -1,
    1e300,
    "",
    "x",
    "\0",
    "../..",
    [],
    [None],
    [[]],
    {},
    {"": None},
    {"text": 1},
    "\ud800",
    "2026-03-01T12:00:00.000Z",
    "<command-message>",
]


def spoiled(value: Any, chance: random.Random) -> Any:
    """The value with one part in eight replaced by something that does not belong there."""
    if chance.random() < 0.125:
        return chance.choice(ODD)
    if isinstance(value, dict):
        return {key: spoiled(part, chance) for key, part in value.items()}
    if isinstance(value, list):
        return [spoiled(part, chance) for part in value]
    return value


@pytest.mark.parametrize("place", [PATH, AGENT_PATH, "/logs/odd"])
@pytest.mark.parametrize("path", CASES, ids=lambda path: path.parent.name)
def test_wrong_values_raise_nothing_and_resume_alike(path: Path, place: str) -> None:
    records = []
    for line, _ in lines_of(path.read_bytes()):
        try:
            records.append(json.loads(line))
        except ValueError:
            continue
    for seed in range(12):
        chance = random.Random(seed)
        data = b"\n".join(json.dumps(spoiled(record, chance)).encode() for record in records) + b"\n"
        whole, reader = read(data, place)
        events, resumed = read_in_two(data, chance.randrange(len(records)) + 1, place)
        assert events == whole
        assert resumed.state() == reader.state()


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.parent.name)
def test_wrong_bytes_raise_nothing(path: Path) -> None:
    clean = path.read_bytes()
    for seed in range(12):
        chance = random.Random(seed)
        data = bytearray(clean)
        for _ in range(20):
            at = chance.randrange(len(data))
            data[at : at + chance.randrange(4)] = chance.randbytes(chance.randrange(4))
        read(bytes(data))


@pytest.mark.parametrize("state", [{}, {"version": 0}, {"version": 99, "turn": "x"}])
def test_a_state_of_another_version_starts_afresh(state: dict[str, Any]) -> None:
    assert claude.open_offsets(state) == []
    assert claude.reader(PATH, state).pending_commits() == []


def test_kinds_that_are_skipped_stay_few_and_harmless() -> None:
    lines = b"".join(json.dumps({"type": f"kind {n} \n<b>"}).encode() + b"\n" for n in range(500))
    _, reader = read(lines)
    assert len(reader.skipped) <= 65
    assert sum(reader.skipped.values()) == 500
    assert not [kind for kind in reader.skipped if "<" in kind or "\n" in kind]


def assistant(*blocks: dict[str, Any], number: int = 0) -> bytes:
    message = {"role": "assistant", "id": f"msg_{number}", "model": "m", "content": list(blocks), "usage": {}}
    record = {"parentUuid": None, "type": "assistant", "message": message, "uuid": f"u{number}"}
    return json.dumps(record).encode()


def test_what_is_kept_between_lines_stays_small() -> None:
    call = {"type": "tool_use", "name": "Bash", "input": {"command": "git commit"}}
    lines = [assistant({**call, "id": f"c{n}"}, number=n) for n in range(1000)]
    _, reader = read(b"\n".join(lines))
    assert len(claude.open_offsets(reader.state())) <= 128
    assert len(json.dumps(reader.state())) < 16_000


def test_text_can_always_be_stored() -> None:
    call = {"type": "tool_use", "id": "c", "name": "Write", "input": {"file_path": "/a/f", "content": "\ud800"}}
    events, _ = read(assistant(call, {"type": "text", "text": "\udfff"}))
    assert [event.kind for event in events if event.kind != "meta"] == ["call", "message", "context"]
    for event in events:
        json.dumps([event.data, event.raw], ensure_ascii=False).encode()


@pytest.mark.parametrize(
    "text",
    [
        "<command-message>" * 20_000,
        "<command-message>x</command-message><command-name>y</command-name><command-args>" + "<" * 200_000,
        "<task-notification>" + "<task-id>a</task-id>" * 20_000,
        "<system-reminder>" * 50_000,
        "Exit code " * 50_000,
    ],
)
def test_text_that_never_ends_is_given_up_at_once(text: str) -> None:
    record = {"type": "user", "message": {"role": "user", "content": text}, "uuid": "u"}
    block = {"type": "tool_result", "tool_use_id": "c", "content": text, "is_error": True}
    answer = {"type": "user", "message": {"role": "user", "content": [block]}, "toolUseResult": text}
    began = time.process_time()
    read(b"\n".join(json.dumps(one).encode() for one in (record, answer)))
    assert time.process_time() - began < 1.0


def test_a_patch_of_a_large_file_takes_no_longer_than_its_lines() -> None:
    whole = "\tline\n" * 200_000
    outcome = {
        "filePath": "/a/f",
        "oldString": "\tline",
        "newString": "\tnew",
        "originalFile": whole,
        "replaceAll": True,
        "structuredPatch": [{"newStart": 1, "lines": ["-  line", "+  new"] * 20_000}],
    }
    call = {"type": "tool_use", "id": "c", "name": "Edit", "input": {}}
    block = {"type": "tool_result", "tool_use_id": "c", "content": "updated"}
    answer = {"type": "user", "message": {"role": "user", "content": [block]}, "toolUseResult": outcome}
    began = time.process_time()
    events, _ = read(assistant(call) + b"\n" + json.dumps(answer).encode())
    assert time.process_time() - began < 3.0
    (edit,) = [event.data for event in events if event.kind == "edit"]
    assert {line for run in edit.added for line in run} == {"\tnew"}
