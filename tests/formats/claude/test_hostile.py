"""Logs that are wrong on purpose: nothing is raised, whatever a field holds."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

import pytest

from git_ai_trail.formats import claude
from tests.formats.claude.summary import read

CASES = sorted((Path(__file__).parent / "cases").glob("*/input.jsonl"))


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
    read(b"\n".join(json.dumps(one).encode() for one in (record, answer)))


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
    events, _ = read(assistant(call) + b"\n" + json.dumps(answer).encode())
    (edit,) = [event.data for event in events if event.kind == "edit"]
    assert {line for run in edit.added for line in run} == {"\tnew"}
