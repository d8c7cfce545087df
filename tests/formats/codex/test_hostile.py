"""Logs that are wrong on purpose: nothing is raised, whatever a field holds."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

import pytest

from git_ai_trail.formats import codex
from tests.formats.codex.summary import PATH, lines_of, read, read_in_two

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


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.parent.name)
def test_wrong_values_raise_nothing_and_resume_alike(path: Path) -> None:
    records = [
        json.loads(line)
        for line, _ in lines_of(path.read_bytes())
        if line[:1] == b"{" and line[-1:] == b"}" and b"}{" not in line and b'{"timestamp"' not in line[1:]
    ]
    for seed in range(12):
        chance = random.Random(seed)
        data = b"\n".join(json.dumps(spoiled(record, chance)).encode() for record in records) + b"\n"
        whole, _ = read(data)
        events, _ = read_in_two(data, chance.randrange(len(records)) + 1)
        assert events == whole


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
    assert codex.open_offsets(state) == []
    assert codex.reader(PATH, state).pending_commits() == []


def test_kinds_that_are_skipped_stay_few_and_harmless() -> None:
    lines = b"".join(json.dumps({"type": f"kind {n} \n<b>", "payload": {}}).encode() + b"\n" for n in range(500))
    _, reader = read(lines)
    assert len(reader.skipped) <= 65
    assert sum(reader.skipped.values()) == 500
    assert not [kind for kind in reader.skipped if "<" in kind or "\n" in kind]


def test_calls_without_answer_do_not_pile_up() -> None:
    call = {"type": "response_item", "payload": {"type": "function_call", "name": "shell_command", "arguments": "{}"}}
    lines = [json.dumps({**call, "payload": {**call["payload"], "call_id": f"c{n}"}}).encode() for n in range(1000)]  # type: ignore[dict-item]
    _, reader = read(b"\n".join(lines))
    assert len(codex.open_offsets(reader.state())) <= 128


def test_text_inside_text_can_always_be_stored() -> None:
    lone = "\\ud800"
    call = {
        "type": "function_call",
        "name": "shell_command",
        "call_id": "c",
        "arguments": f'{{"command": "echo {lone} > f"}}',
    }
    output = {
        "type": "function_call_output",
        "call_id": "c",
        "output": f'{{"output": "{lone}", "metadata": {{"exit_code": 0}}}}',
    }
    lines = [json.dumps({"type": "response_item", "payload": payload}).encode() for payload in (call, output)]
    events, _ = read(b"\n".join(lines))
    assert [event.kind for event in events] == ["call", "output", "edit"]
    for event in events:
        json.dumps([event.data, event.raw], ensure_ascii=False).encode()


@pytest.mark.parametrize(
    "source",
    [
        "const a = /*" * 20_000 + "tools.apply_patch(a)",
        "tools.apply_patch(`" * 20_000,
        "tools.x(" + '"a" + ' * 20_000,
        "tools; const f=a=>" * 20_000,
        'tools; const a=["a","b","c","d"];' + "a.map(b=>" * 4000,
        "tools; " + "`${" * 50_000,
        "tools; " + "{" * 200_000,
    ],
)
def test_a_script_that_never_ends_is_given_up(source: str) -> None:
    payload = {"type": "custom_tool_call", "name": "exec", "input": source, "call_id": "c"}
    events, _ = read(json.dumps({"type": "response_item", "payload": payload}).encode())
    assert [event.kind for event in events] == ["call"]


def test_an_output_within_an_output_within_an_output_is_read_once() -> None:
    text = "Exit code: x\nOutput:\n" * 5000
    payload = {"type": "function_call_output", "call_id": "c", "output": text}
    events, _ = read(json.dumps({"type": "response_item", "payload": payload}).encode())
    assert [event.data.exit_code for event in events] == [None]
