"""Small logs that other readers test with: each is read, and what is in it is found."""

from __future__ import annotations

from typing import Any

import pytest

from git_ai_trail.facts import Event
from git_ai_trail.formats import vscode
from tests.conftest import SHARED
from tests.formats import fuzz

SAMPLES = sorted((SHARED / "corpus" / "fixtures-other").glob("vscode__*.jsonl"))

pytestmark = pytest.mark.skipif(not SAMPLES, reason="needs ../shared (logs that are not part of this repository)")


def read(name: str) -> tuple[list[Event], dict[str, int]]:
    (path,) = [sample for sample in SAMPLES if name in sample.name]
    events, reader = fuzz.read(vscode, path.read_bytes(), f"/logs/{path.name}")
    return events, dict(reader.skipped)


def of(events: list[Event], kind: str) -> list[Any]:
    return [event.data for event in events if event.kind == kind]


def test_the_last_state_of_a_log_of_changes_is_what_was_said() -> None:
    events, skipped = read("auto-agent")
    assert [prompt.text for prompt in of(events, "prompt")] == [
        "Fix the timeout race in src/execution/manager.ts",
        "Also add a regression test",
    ]
    assert [message.text for message in of(events, "message")] == [
        "Fixed the initialization race by awaiting the lock before start.",
        "Added a regression test in test/manager.test.ts and ran it.",
    ]
    assert [(one.model, one.input, one.output) for one in of(events, "tokens")] == [
        ("gpt-5.6-luna", 24000, 1700),
        ("gpt-5.6-luna", 30000, 900),
    ]
    assert not of(events, "edit"), "no text edit was recorded, and no call says that it made one"
    assert not skipped


def test_what_nobody_typed_is_no_prompt_and_what_is_unknown_is_counted() -> None:
    events, skipped = read("byok")
    assert [prompt.text for prompt in of(events, "prompt")] == ["Explain the retry policy"]
    assert [message.role for message in of(events, "message")] == ["injected", "assistant"]
    assert [context.model for context in of(events, "context")] == ["qwen3.5:35b"]
    assert skipped == {"unknown type part brandNewPartKind": 1}
