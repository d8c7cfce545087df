"""Logs of Codex for the tests of ingesting, the ingest itself, and everything that it stored."""

from __future__ import annotations

import os
import sqlite3
from pathlib import Path
from typing import Any

from git_ai_trail import places
from git_ai_trail.config import UserConfig
from git_ai_trail.model import Outcome
from git_ai_trail.pipeline.ingest import ingest
from git_ai_trail.pipeline.user_store import open_user_store
from git_ai_trail.store.protocol import Store
from tests.support.codex_log import CodexLog

AT = 1_790_000_000.0


def run(**more: Any) -> Outcome:
    return ingest(dict(os.environ), UserConfig(), **{"jobs": 1, **more})


def opened() -> Store:
    return open_user_store(dict(os.environ), UserConfig())


def rows() -> dict[str, list[tuple[Any, ...]]]:
    """Everything stored but row numbers, file numbers and times of storing."""
    conn = sqlite3.connect(places.trail_path(os.environ))
    tables = [
        "prompts", "function_calls", "events", "changes", "commits", "token_messages",
        "turn_context_messages", "session_context", "agent_reasoning_messages", "redactions",
    ]  # fmt: skip
    found = {}
    for table in tables:
        names = [row[1] for row in conn.execute(f"PRAGMA table_info({table})")]
        kept = ", ".join(name for name in names if name not in ("id", "file_id", "session_id"))
        found[table] = sorted(conn.execute(f"SELECT {kept} FROM {table}").fetchall(), key=repr)
    conn.close()
    # A resumed reader knows the session's folder as it is kept, redacted; what it derives from it is not counted again.
    found["redactions"] = [row for row in found["redactions"] if not row[4].startswith("data.")]
    return found


def a_log(codex: Path, number: int = 1, cwd: str = "/srv/project") -> CodexLog:
    log = CodexLog(codex, cwd, at=AT + number * 100, session_id=f"019a0000-0000-7000-8000-{number:012d}")
    log.prompt("make fetch retry on timeouts")
    log.shell("cat fetch.py", "def fetch(): ...\n")
    log.add_file("src/fetch.py", "import time\n\ndef fetch_with_retry(url):\n    return url\n")
    log.tokens(100, 100)
    log.say("fetch retries now")
    return log


def more_of(log: CodexLog) -> None:
    log.prompt("now run the linter")
    log.shell("lint src", "trailing whitespace\n", exit=1)
    log.tokens(160, 60)
    log.say("one complaint left")
