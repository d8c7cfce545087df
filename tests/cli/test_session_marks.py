"""What became of a turn later stands with the turn."""

from __future__ import annotations

import json
from pathlib import Path

from tests.cli.test_sessions import AT, run
from tests.support.codex_log import CodexLog


def test_a_turn_that_was_rolled_back_is_shown_with_its_edits_and_says_so(home: Path) -> None:
    log = CodexLog(home / ".codex", "/srv/project", at=AT, session_id="019a0001-0000-7000-8000-000000000000")
    log.prompt("keep this")
    log.prompt("take this back")
    log.add_file("gone.py", "x = 1\n")
    log.line("event_msg", {"type": "thread_rolled_back", "num_turns": 1})
    log.prompt("go on")
    run("ingest")

    turns = json.loads(run("session", "019a0001", "--json").stdout)["turns"]
    marks = [[entry["name"] for entry in turn["entries"] if entry["kind"] == "mark"] for turn in turns]
    assert marks == [[], ["rolled back"], []]
    assert [len([entry for entry in turn["entries"] if entry["kind"] == "edit"]) for turn in turns] == [0, 1, 0]
    assert "  (rolled back)\n" in run("session", "019a0001").stdout
