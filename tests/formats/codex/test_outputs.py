"""Exit codes and texts out of every form that outputs have had."""

from __future__ import annotations

import json

import pytest

from git_ai_trail.formats.codex.outputs import read_item, read_reply
from git_ai_trail.formats.reply import Reply


def part(text: str) -> dict[str, str]:
    return {"type": "input_text", "text": text}


@pytest.mark.parametrize(
    ("output", "reply"),
    [
        (
            json.dumps({"output": "hi", "metadata": {"exit_code": 3, "duration_seconds": 0.1}}),
            Reply(3, "failed", "hi", ""),
        ),
        ("Exit code: 0\nWall time: 1 seconds\nOutput:\nhi\n", Reply(0, "completed", "hi\n", "")),
        ("Exit code: 2\nWall time: 1 seconds\nTotal output lines: 9\nOutput:\nhi", Reply(2, "failed", "hi", "")),
        ("Chunk ID: a1\nWall time: 0.1 seconds\nProcess exited with code 7\nOutput:\nx", Reply(7, "failed", "x", "")),
        (
            "Command: ls\nChunk ID: a1\nWall time: 0.1 seconds\nProcess exited with code 0\nOutput:\nx",
            Reply(0, "completed", "x", ""),
        ),
        (
            "Chunk ID: a1\nWall time: 1.0 seconds\nProcess running with session ID 42\nOutput:\nx",
            Reply(None, "running", "x", "42"),
        ),
        (
            "Wall time: 0.1 seconds\nOutput:\nExit code: 0\nWall time: 0.1 seconds\nOutput:\ndone",
            Reply(0, "completed", "done", ""),
        ),
        (
            "Exit code: 0\nWall time: 1 seconds\nOutput:\nProcess exited with code 9",
            Reply(0, "completed", "Process exited with code 9", ""),
        ),
        ("plain text\nExit code: 5", Reply(None, "unknown", "plain text\nExit code: 5", "")),
        ("apply_patch verification failed: no", Reply(None, "failed", "apply_patch verification failed: no", "")),
        (
            "failed in sandbox X with execution error, exit code: 1, stdout: ",
            Reply(1, "failed", "failed in sandbox X with execution error, exit code: 1, stdout: ", ""),
        ),
        ("patch rejected by user", Reply(None, "declined", "patch rejected by user", "")),
        ("aborted", Reply(None, "declined", "aborted", "")),
        ("Wall time: 3 seconds\naborted by user", Reply(None, "declined", "Wall time: 3 seconds\naborted by user", "")),
        (
            "command timed out after 10 milliseconds\nx",
            Reply(124, "failed", "command timed out after 10 milliseconds\nx", ""),
        ),
        ('{"agent_id":"x"}', Reply(None, "unknown", '{"agent_id":"x"}', "")),
        ("{broken", Reply(None, "unknown", "{broken", "")),
        ([part("a"), {"type": "input_image", "image_url": "data:"}, part("b")], Reply(None, "unknown", "a\nb", "")),
        (
            [part("Script completed\nWall time 0.1 seconds\nOutput:\n"), part('{"exit_code":4,"output":"x"}')],
            Reply(4, "failed", "x", "", (4,)),
        ),
        (
            [
                part("Script completed\nWall time 0.1 seconds\nOutput:\n"),
                part('{"exit_code":0,"output":"x"}'),
                part('{"exit_code":1,"output":"y"}'),
            ],
            Reply(None, "completed", "x\ny", "", (0, 1)),
        ),
        ([part("Script failed\nWall time 0.1 seconds\nOutput:\n"), part("no")], Reply(None, "failed", "no", "")),
        ([part("Script running with cell ID 9\nWall time 0.1 seconds\nOutput:\n")], Reply(None, "running", "", "9")),
        ({"content": "x", "success": True}, Reply(None, "unknown", "x", "")),
        (None, Reply(None, "unknown", "", "")),
        ([], Reply(None, "unknown", "", "")),
        ([None, 3], Reply(None, "unknown", "", "")),
    ],
)
def test_reply(output: object, reply: Reply) -> None:
    assert read_reply(output) == reply


def test_an_item_states_its_exit_code() -> None:
    assert read_item({"exit_code": 0, "aggregated_output": "x", "status": "completed"}) == Reply(
        0, "completed", "x", ""
    )
    assert read_item({"exit_code": 1, "stdout": "y", "status": "failed"}) == Reply(1, "failed", "y", "")
    assert read_item({"status": "declined"}).status == "declined"
    assert read_item({"status": "in_progress"}).status == "running"
    assert read_item({"exit_code": True}).exit_code is None
