#!/usr/bin/env python3
"""How long `backfill` takes over commits that exist, from logs alone.

    python bench/backfill.py [--commits 10000] [--sessions 500] [--runs 1] [--keep DIR] [--json]

A repository is made in which most commits hold lines of a session, with a person's lines between them, and the sessions'
logs in Codex's form beside it; a tenth of the logs worked elsewhere. `git ai-trail backfill` is run as a whole process on a fresh
clone, with no index yet (it reads all logs first) and then once more where every commit has its record, in turn with the
yardstick, `git log -p -U0` over the same commits.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

PROGRAM = str(Path(sys.executable).with_name("git-ai-trail"))
START = 1_760_000_000
STEP = 600
FILES = 300


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--commits", type=int, default=10_000)
    parser.add_argument("--sessions", type=int, default=500)
    parser.add_argument("--runs", type=int, default=1)
    parser.add_argument("--keep", help="folder to keep everything in (and to use again)")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    folder = Path(options.keep or tempfile.mkdtemp(prefix="backfill-bench-"))
    folder.mkdir(parents=True, exist_ok=True)
    try:
        repo, home = folder / "repo", folder / "home"
        if not repo.exists():
            make(repo, home, options.commits, options.sessions)
        rows = measure(repo, home, folder, options.runs)
    finally:
        if not options.keep:
            shutil.rmtree(folder, ignore_errors=True)
    if options.json:
        print(json.dumps(rows))
        return
    git = subprocess.run(["git", "version"], capture_output=True, text=True).stdout.strip()
    print(f"{git}, Python {sys.version.split()[0]}, {os.cpu_count()} cores")
    print(f"{options.commits:,} commits, {options.sessions:,} sessions")
    print(f"{'':34}{'seconds':>9}{'memory':>10}  records")
    for name, row in rows.items():
        print(f"{name:<34}{row['seconds']:>9.2f}{row['memory_mb']:>7.0f} MB  {row['records'] or ''}")


def make(repo: Path, home: Path, commits: int, sessions: int) -> None:
    chance = random.Random(5)
    subprocess.run(["git", "init", "-q", "-b", "main", str(repo)], check=True)
    process = subprocess.Popen(["git", "fast-import", "--quiet"], cwd=repo, stdin=subprocess.PIPE)
    assert process.stdin is not None
    here = sessions - sessions // 10
    logs: dict[int, list[dict[str, Any]]] = {}
    for part in history(chance, commits, here, logs, str(repo)):
        process.stdin.write(part)
    process.stdin.close()
    if process.wait() != 0:
        sys.exit("git fast-import failed")
    subprocess.run(["git", "gc", "-q"], cwd=repo, check=True)
    subprocess.run(["git", "reset", "-q", "--hard"], cwd=repo, check=True)
    for number in range(sessions):
        mine = logs.get(number) or [edit_of(START + number * STEP, "src/other.py", line_texts(chance, 10**6 + number))]
        write_log(home, number, str(repo) if number < here else "/srv/elsewhere", mine)


def history(
    chance: random.Random, commits: int, sessions: int, logs: dict[int, list[dict[str, Any]]], root: str
) -> Iterator[bytes]:
    """Commits of one to three files; four of five hold lines that a session wrote some minutes before."""
    texts: dict[str, list[str]] = {}
    for number in range(1, commits + 1):
        at = START + number * STEP
        session = number * sessions // (commits + 1)
        changed = []
        for path in {
            f"src/part{chance.randrange(9)}/m{chance.randrange(FILES)}.py" for _ in range(chance.choice((1, 1, 2, 3)))
        }:
            rows = texts.setdefault(path, [])
            place = chance.randrange(len(rows) + 1)
            new = line_texts(chance, number)
            rows[place:place] = new
            del rows[400:]
            if chance.random() < 0.8:
                logs.setdefault(session, []).append(edit_of(at - 300, path, new))
            if chance.random() < 0.3:
                rows[chance.randrange(len(rows))] = f"# a person's remark {number} {chance.random()}"
            changed.append(path)
        message = f"Change number {number}\n"
        who = f"A. Person <person@example.com> {at} +0000"
        yield f"commit refs/heads/main\nmark :{number}\nauthor {who}\ncommitter {who}\n".encode()
        yield f"data {len(message)}\n{message}".encode()
        if number > 1:
            yield f"from :{number - 1}\n".encode()
        for path in changed:
            text = "".join(f"{row}\n" for row in texts[path]).encode()
            yield f"M 100644 inline {path}\ndata {len(text)}\n".encode() + text
        yield b"\n"


def line_texts(chance: random.Random, number: int) -> list[str]:
    words = ("value", "result", "client", "index", "cache", "retry", "token", "page")
    return [
        f"    {chance.choice(words)}_{number}_{n} = {chance.choice(words)}.{chance.choice(words)}({chance.randrange(10**6)})"
        for n in range(chance.randrange(3, 15))
    ]


def edit_of(at: int, path: str, lines: list[str]) -> dict[str, Any]:
    return {"at": at, "path": path, "lines": lines}


def write_log(home: Path, number: int, cwd: str, edits: list[dict[str, Any]]) -> None:
    session = str(uuid.UUID(int=random.Random(number).getrandbits(128)))
    began = edits[0]["at"] - 60
    day = datetime.fromtimestamp(began, UTC)
    path = home / ".codex" / "sessions" / f"{day:%Y/%m/%d}" / f"rollout-{day:%Y-%m-%dT%H-%M-%S}-{session}.jsonl"
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8") as file:

        def line(at: float, kind: str, payload: dict[str, Any]) -> None:
            stamp = datetime.fromtimestamp(at, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
            file.write(json.dumps({"timestamp": stamp, "type": kind, "payload": payload}) + "\n")

        meta = {"id": session, "timestamp": day.isoformat(), "cwd": cwd, "originator": "codex_exec", "source": "exec"}
        line(began, "session_meta", {**meta, "cli_version": "0.145.0", "model_provider": "openai"})
        line(began, "turn_context", {"turn_id": "t", "cwd": cwd, "model": "gpt-5.5", "approval_policy": "never"})
        line(began, "event_msg", {"type": "user_message", "message": f"work number {number}", "images": []})
        for call, edit in enumerate(edits):
            body = "".join(f"+{row}\n" for row in edit["lines"])
            patch = f"*** Begin Patch\n*** Update File: {edit['path']}\n@@\n{body}*** End Patch"
            item = {"type": "custom_tool_call", "name": "apply_patch", "call_id": f"c{call}", "input": patch}
            line(edit["at"], "response_item", item)
            said = f"Exit code: 0\nWall time: 0 seconds\nOutput:\nSuccess. Updated the following files:\nM {edit['path']}\n"
            line(
                edit["at"] + 1,
                "response_item",
                {"type": "custom_tool_call_output", "call_id": f"c{call}", "output": said},
            )


def measure(repo: Path, home: Path, folder: Path, runs: int) -> dict[str, dict[str, Any]]:
    found: dict[str, list[tuple[float, float, int]]] = {}
    for run in range(runs):
        work = folder / f"run{run}"
        shutil.rmtree(work, ignore_errors=True)
        shutil.copytree(home, work / "home")
        git = ["git", "log", "-p", "-U0"]
        fill = [PROGRAM, "backfill", "--json"]
        subprocess.run(["git", "update-ref", "-d", "refs/notes/ai-log-trail"], cwd=repo, check=True)
        for name, command in (
            ("git log -p -U0", git),
            ("backfill, nothing read yet", fill),
            ("backfill again, all recorded", fill),
        ):
            found.setdefault(name, []).append(timed(command, repo, work / "home"))
        shutil.rmtree(work, ignore_errors=True)
    return {
        name: {
            "seconds": statistics.median(one[0] for one in each),
            "memory_mb": max(one[1] for one in each),
            "records": each[0][2],
        }
        for name, each in found.items()
    }


def timed(command: list[str], repo: Path, home: Path) -> tuple[float, float, int]:
    """(seconds, peak memory in MB of the largest process, records written)."""
    env = {key: value for key, value in os.environ.items() if not key.startswith(("CODEX_", "XDG_", "PYTHON"))}
    env |= {"HOME": str(home), "GIT_CONFIG_NOSYSTEM": "1"}
    with tempfile.TemporaryFile() as out:
        began = time.perf_counter()
        process = subprocess.Popen(command, cwd=repo, env=env, stdout=out, stdin=subprocess.DEVNULL)
        _, status, usage = os.wait4(process.pid, 0)
        took = time.perf_counter() - began
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode != 0:
            sys.exit(f"{' '.join(command)} failed")
        out.seek(0)
        records = len(json.load(out)["found"]) if command[0] == PROGRAM else 0
        return took, usage.ru_maxrss / 1024, records


if __name__ == "__main__":
    main()
