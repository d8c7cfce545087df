"""Whether a database file of ours can be opened and is whole; knows nothing of what is in it."""

from __future__ import annotations

import os
import sqlite3
from urllib.parse import quote

from git_ai_trail.model import Check


def check_database(name: str, path: str, missing: str) -> Check:
    """The state of the database at `path`; `missing` says what makes one where there is none."""
    if not os.path.exists(path):
        return Check(name=name, state="warn", detail=f"{path}: none yet", advice=missing)
    try:
        problem = _problem(path)
    except sqlite3.Error as error:
        problem = str(error)
    if problem:
        advice = f"move {path} away and run {missing.removeprefix('run ')}"
        return Check(name=name, state="fail", detail=f"{path}: {problem}", advice=advice)
    return Check(name=name, state="ok", detail=f"{path}, {os.path.getsize(path) / 1e6:.1f} MB")


def check_put_aside(path: str) -> list[Check]:
    """Damaged databases that were put aside beside the one at `path`: nothing needs them, and nobody but the person deletes them."""
    folder, name = os.path.split(path)
    try:
        found = sorted(one for one in os.listdir(folder) if one.startswith(f"{name}.damaged-"))
    except OSError:
        return []
    kept = [one for one in found if not one.endswith(("-wal", "-shm"))]
    if not kept:
        return []
    detail = f"{len(kept)} damaged and put aside: {', '.join(kept[:3])}{' …' if len(kept) > 3 else ''}"
    advice = "delete them once 'git ai-trail sessions' shows what you expect; labels on sessions are in them alone"
    return [Check(name="database", state="warn", detail=detail, advice=advice)]


def _problem(path: str) -> str:
    database = sqlite3.connect(f"file:{quote(path)}?mode=ro", uri=True, timeout=2)
    try:
        # One answer is enough: whole, or the first thing that is wrong.
        answer = database.execute("PRAGMA quick_check(1)").fetchone()
    finally:
        database.close()
    return "" if answer and answer[0] == "ok" else str(answer[0] if answer else "not readable")
