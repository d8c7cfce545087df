"""Builds what an agent keeps instead of logs, a database or a tree of files, from one text file."""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path
from typing import Any

from git_ai_trail.formats.protocol import Format
from git_ai_trail.formats.sources import open_made


def build(source: Path, folder: Path) -> Path:
    """SQL becomes the database `opencode.db` in `folder`, a JSON object of paths the files in its `storage`."""
    if source.suffix == ".sql":
        return database(folder / "opencode.db", source.read_text(encoding="utf-8"))
    files: dict[str, Any] = json.loads(source.read_text(encoding="utf-8"))
    for name, content in files.items():
        path = folder / "storage" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(content, indent=2), encoding="utf-8")
    return folder / "storage"


def database(path: Path, script: str) -> Path:
    """A database in WAL mode whose log was written back, as after the program has ended."""
    path.parent.mkdir(parents=True, exist_ok=True)
    conn = sqlite3.connect(path)
    conn.execute("PRAGMA journal_mode = WAL")
    conn.executescript(script)
    conn.close()
    return path


TABLES = """
CREATE TABLE session (id text PRIMARY KEY, parent_id text, directory text, title text, version text, time_created integer,
  time_updated integer);
CREATE TABLE message (id text PRIMARY KEY, session_id text, time_created integer, time_updated integer, data text);
CREATE TABLE part (id text PRIMARY KEY, message_id text, session_id text, time_created integer, time_updated integer, data text);
"""


class Keeper:
    """A database of OpenCode that is being written to, as the program does it: one row at a time, each in the write-ahead log."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self.path = path
        self.conn = sqlite3.connect(path, isolation_level=None)
        self.conn.execute("PRAGMA journal_mode = WAL")
        self.conn.executescript(TABLES)

    def session(self, name: str, folder: str, at: int, parent: str | None = None) -> None:
        self._put("session", name, parent, folder, "A session", "1.18.33", at, at)

    def message(self, session: str, name: str, at: int, **data: Any) -> None:
        data.setdefault("time", {"created": at})
        self._put("message", name, session, at, at, json.dumps(data))
        self.conn.execute("UPDATE session SET time_updated = ? WHERE id = ?", (at, session))

    def part(self, session: str, message: str, name: str, at: int, **data: Any) -> None:
        self._put("part", name, message, session, at, at, json.dumps(data))

    def tool(self, session: str, message: str, name: str, at: int, tool: str, given: Any, **state: Any) -> None:
        """A tool's part; it has ended unless `state` says that it is running."""
        times = {"start": at} if state.get("status") == "running" else {"start": at, "end": at + 10}
        state = {"status": "completed", "input": given, "output": "", "metadata": {}, "time": times, **state}
        self.part(session, message, name, at, type="tool", tool=tool, callID=f"call_{name}", state=state)

    def _put(self, table: str, *values: Any) -> None:
        marks = ", ".join("?" * len(values))
        self.conn.execute(f"INSERT OR REPLACE INTO {table} VALUES ({marks})", values)


def logs_of(fmt: Format, folder: Path) -> dict[str, bytes]:
    """The logs of all sessions in `folder`, by session."""
    found = {}
    for path in fmt.discover(str(folder)):
        made = open_made(path, (fmt,))
        assert made is not None
        with made as log:
            found[fmt.session_id_of(path)] = b"".join(line.raw + b"\n" for line in log.lines())
    return found
