"""What is secret in a log stays there."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from git_ai_trail import places
from tests.pipeline.ingesting import AT, opened, run
from tests.support.codex_log import CodexLog


def secrets() -> Mapping[str, str]:
    """Made at run time: a scanner must find nothing in this file."""
    body = "".join("MIIEowIBAAKCAQEA7bq3" + "Zk9xQw2LmT8v" * 4 + "\n" for _ in range(6))
    return {
        "token": "".join(("gh", "p_", "a8Kd93Lm", "Qz71Xw5R", "tY20Vb6N", "cJ4hGs9P", "eU3f")),
        "key": "".join(("-----BEGIN RSA ", "PRIVATE KEY-----\n", body, "-----END RSA ", "PRIVATE KEY-----")),
        "email": "".join(("carla.canary", "@", "mail.corp-example.net")),
        "home": "".join(("/home/", "carlacanary", "/clients/acme")),
    }


def pieces(name: str, value: str) -> list[str]:
    """What must not be found: a token in any piece, of a key its body, of a home the name."""
    if name == "key":
        return ["Zk9xQw2LmT8vZk9x"]
    if name == "home":
        return ["carlacanary"]
    return [value, value[4:-4]]


@pytest.mark.parametrize("jobs", [1, 2])
def test_no_planted_secret_reaches_any_file_or_stream_of_ours(codex: Path, home: Path, jobs: int) -> None:
    planted = secrets()
    everything = "\n".join(planted.values())
    for number in (1, 2):
        log = CodexLog(codex, planted["home"], at=AT + number, url=f"https://x:{planted['token']}@example.com/r.git")
        log.line("turn_context", {"turn_id": "t1", "cwd": f"{planted['home']}/{planted['token']}", "model": "gpt-5.5"})
        log.prompt(f"use {everything}")
        log.line("event_msg", {"type": "agent_reasoning", "text": everything})
        log.shell(f"curl -H 'Authorization: Bearer {planted['token']}' {planted['email']}", everything)
        log.add_file("conf/.env", f"TOKEN={planted['token']}\n{planted['key']}\nMAIL={planted['email']}\n")
        log.shell("git commit -m x", f"[topic/{planted['token']} abcdef1] {planted['email']}\n")
        log.shell(f"cd {planted['home']} && make", None)
        log.line(planted["token"], {"type": planted["token"], "x": everything})
        with log.path.open("ab") as file:
            file.write(f'{{"broken {planted["token"]} '.encode() + b"\n")
    shown = []
    command = [sys.executable, "-m", "git_ai_trail"]
    for args in (
        ["ingest", "-v", "--jobs", str(jobs)],
        ["sessions", "--json"],
        ["session", log.session_id],
        ["sessions"],
    ):
        done = subprocess.run([*command, *args], capture_output=True, text=True, check=True)
        shown.append(done.stdout + done.stderr)
    # Again with the connection open, so that -wal and -shm are there to be looked at.
    store = opened()
    log.prompt(f"and again {everything}")
    run()
    folders = [
        Path(places.data_dir(os.environ)),
        Path(places.cache_dir(os.environ)),
        Path(places.state_dir(os.environ)),
    ]
    files = [file for folder in folders if folder.exists() for file in folder.rglob("*") if file.is_file()]
    assert {file.name for file in files} >= {"trail.db", "trail.db-wal", "trail.db-shm"}
    haystacks = [file.read_bytes() for file in files] + [text.encode() for text in shown]
    found = [
        (name, piece)
        for name, value in planted.items()
        for piece in pieces(name, value)
        for haystack in haystacks
        if piece.encode() in haystack or piece.replace("/", "\\/").encode() in haystack
    ]
    store.close()
    assert found == []
    assert "REDACTED" in shown[2]
