"""Slow proofs: hooks and ingest killed at any moment, and spoiled logs through the whole thread."""

from __future__ import annotations

import json
import os
import random
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from tests.support.codex_log import CodexLog
from tests.support.repo import Repo

pytestmark = pytest.mark.proof

PROGRAM = (sys.executable, "-m", "git_ai_trail")


@pytest.fixture
def codex(home: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("CODEX_HOME", str(home / ".codex"))
    return home / ".codex"


def text(number: int) -> str:
    return "".join(f"value_{number}_{n} = compute_something({number}, {n})\n" for n in range(6))


def kill_hooks_in(folder: Path, after: float, stop: threading.Event, killed: list[str], *, every: bool) -> None:
    """Kills the first Python of ours that runs in `folder` some time after it appeared, or every one."""
    while not stop.is_set():
        for entry in Path("/proc").iterdir():
            try:
                if not entry.name.isdigit() or b"git_ai_trail.hooks" not in (entry / "cmdline").read_bytes():
                    continue
                if not (entry / "cwd").resolve().is_relative_to(folder):
                    continue
                stop.wait(after)
                os.kill(int(entry.name), signal.SIGKILL)
                killed.append(entry.name)
                if not every:
                    return
            except OSError:
                continue


@pytest.mark.skipif(not Path("/proc/self/cmdline").exists(), reason="needs /proc to find the hook's process")
def test_a_hook_killed_at_any_moment_costs_no_commit_and_the_next_is_whole(repo: Repo, codex: Path) -> None:
    repo.commit_file("README.md", "Title\n", "base")
    repo.git("config", "ai-log-trail.ingest", "false")
    repo.run(*PROGRAM, "init", "--native")
    session = CodexLog(codex, repo.root)
    session.prompt("Write modules")
    chance = random.Random(3)
    killed: list[str] = []
    for number in range(40):
        session.add_file(f"killed_{number}.py", text(number))
        repo.write(f"killed_{number}.py", text(number))
        repo.git("add", "-A")
        stop = threading.Event()
        arguments = (repo.root, chance.uniform(0, 0.06), stop, killed)
        # One killed hook is made up for by the next one of the same commit, all of them are not.
        killer = threading.Thread(target=kill_hooks_in, args=arguments, kwargs={"every": number % 2 == 0})
        killer.start()
        # A signal to the hook's Python is no failure of the shell around it.
        repo.run("git", "commit", "-q", "-m", f"killed {number}")
        stop.set()
        killer.join()

        after = number + 1000
        session.add_file(f"whole_{number}.py", text(after))
        repo.write(f"whole_{number}.py", text(after))
        repo.commit(f"whole {number}")
        view = json.loads(repo.run(*PROGRAM, "show", "--json").stdout)
        assert (view["status"], view["summary"]["generated"]) == ("exact", 6)
    assert len(killed) >= 5
    views = json.loads(repo.run(*PROGRAM, "log", "--json").stdout)
    assert any(view["status"] in ("none", "unanchored") for view in views if view["subject"].startswith("killed"))
    assert {view["status"] for view in views} <= {"exact", "unanchored", "unknown", "none"}
    repo.git("fsck", "--strict")

    # What a killed hook left out, the logs still tell.
    repo.run(*PROGRAM, "backfill", "--all")
    views = json.loads(repo.run(*PROGRAM, "log", "--json").stdout)
    lost = [view["subject"] for view in views if view["status"] == "none" and view["subject"].startswith("killed")]
    assert not lost


def rows(database: Path) -> dict[str, list[tuple]]:
    with sqlite3.connect(database) as connection:
        counted = ("sessions", "prompts", "function_calls", "agent_reasoning_messages", "changes")
        return {
            name: connection.execute(f"SELECT COUNT(*), COALESCE(SUM(LENGTH(raw_json)), 0) FROM {name}").fetchall()
            for name in counted
        }


def test_ingest_killed_at_any_moment_goes_on_where_it_stopped(home: Path, codex: Path) -> None:
    chance = random.Random(5)
    for number in range(30):
        session = CodexLog(codex, "/srv/project", at=time.time() - 4000 + number)
        for turn in range(40):
            session.prompt(f"Prompt {turn} of session {number}")
            session.add_file(f"f{turn}.py", text(turn))
            session.shell(f"echo {turn}", "some output\n" * 20)
    data = home / "undisturbed"
    subprocess.run([*PROGRAM, "ingest", "--limit", "1"], check=True, capture_output=True)
    began = time.monotonic()
    env = {**os.environ, "GIT_AI_TRAIL_DATA": str(data)}
    subprocess.run([*PROGRAM, "ingest"], env=env, check=True, capture_output=True)
    # How long a whole run takes here says when to kill one.
    whole = time.monotonic() - began
    killed = 0
    disturbed = {**os.environ, "GIT_AI_TRAIL_DATA": str(home / "disturbed")}
    for _ in range(25):
        run = subprocess.Popen(
            [*PROGRAM, "ingest"], env=disturbed, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        try:
            run.wait(chance.uniform(0.2, 0.9) * whole)
        except subprocess.TimeoutExpired:
            run.kill()
            run.wait()
            killed += 1
    assert killed
    subprocess.run([*PROGRAM, "ingest"], env=disturbed, check=True, capture_output=True)
    assert rows(home / "disturbed" / "trail.db") == rows(data / "trail.db")


def spoiled(lines: list[bytes], chance: random.Random) -> bytes:
    """A log with something wrong in it: cut, doubled, swapped, overwritten, with foreign bytes."""
    lines = list(lines)
    for _ in range(chance.randint(1, 6)):
        at = chance.randrange(len(lines))
        kind = chance.randrange(7)
        if kind == 0:
            lines[at] = lines[at][: chance.randrange(len(lines[at]) + 1)]
        elif kind == 1:
            lines.insert(at, lines[chance.randrange(len(lines))])
        elif kind == 2:
            lines[at] = bytes(chance.randrange(256) for _ in range(chance.randint(0, 200)))
        elif kind == 3:
            other = chance.randrange(len(lines))
            lines[at], lines[other] = lines[other], lines[at]
        elif kind == 4:
            lines[at] = lines[at].replace(b'"', b"", 1)
        elif kind == 5:
            lines[at] = lines[at].replace(b":", b":[[[", 1).replace(b"{", b'{"\\ud800":null,', 1)
        else:
            lines[at] = lines[at].replace(b"\n", b"") + lines[chance.randrange(len(lines))]
    return b"\n".join(lines)


def test_spoiled_logs_stop_neither_a_commit_nor_an_ingest(repo: Repo, home: Path, codex: Path) -> None:
    repo.commit_file("README.md", "Title\n", "base")
    repo.git("config", "ai-log-trail.ingest", "false")
    repo.run(*PROGRAM, "init", "--native")
    good = CodexLog(codex, repo.root)
    good.prompt("Write a module")
    good.add_file("good.py", text(1))
    good.shell("git commit -m x", "[main 1234567] x\n")
    good.tokens(100, 100)
    lines = good.path.read_bytes().splitlines()
    chance = random.Random(11)
    for number in range(300):
        bad = CodexLog(codex, repo.root, at=time.time() - 300 + number)
        bad.path.write_bytes(spoiled(lines, chance))
    repo.write("good.py", text(1))
    repo.git("add", "-A")
    done = repo.run("git", "commit", "-q", "-m", "With spoiled logs about")
    assert "not recorded" not in done.stderr
    said = repo.run(*PROGRAM, "ingest")
    assert "Traceback" not in said.stderr
    repo.run(*PROGRAM, "backfill", "--all")
    repo.run(*PROGRAM, "explain", "--json")
    assert json.loads(repo.run(*PROGRAM, "show", "--json").stdout)["summary"]["generated"] == 6
