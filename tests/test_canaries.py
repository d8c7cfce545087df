"""Secrets planted in every field of a log, followed through the whole thread: index, commit, notes, ingest, show, errors.

What git itself committed is not ours: the repository's own files and the message that the person typed are left out.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.canaries import forms as in_every_form
from tests.support.codex_log import CodexLog
from tests.support.repo import Repo

LETTERS = "Q7xWm2Kd9RtZ4vBn8LpY3cHs6JfG1aTe5UoI0yXw"


def canaries() -> dict[str, str]:
    """Assembled here, so that no scanner takes this file for a leak."""
    return {
        "token": "gh" + "p_" + LETTERS[:36],
        "openai": "sk-" + "proj-" + LETTERS[::-1] + LETTERS[:20],
        "aws": "AKI" + "A" + "ZQ3DRSTU" + "VWXYZ27A",
        "key": "-----BEGIN "
        + "PRIVATE KEY-----\n"
        + "\n".join([(LETTERS + LETTERS)[:64]] * 3)
        + "\n-----END PRIVATE KEY-----",
        "password": "hunter2-" + LETTERS[5:20],
        "email": "someone.secret" + "@" + "private-company.io",
        "home": "/home/" + "verysecretname/work",
    }


def planted() -> str:
    found = canaries()
    return (
        f"use {found['token']} and {found['openai']} with {found['aws']}\n{found['key']}\n"
        f'password = "{found["password"]}"\nask {found["email"]} about {found["home"]}/notes.txt'
    )


def needles() -> list[bytes]:
    """Every form in which a canary could survive; of the key its body, of the home the name."""
    found = canaries()
    bare = [found[name] for name in ("token", "openai", "aws", "password", "email")]
    bare += [(LETTERS + LETTERS)[:64], "verysecretname"]
    return list(dict.fromkeys(form for text in bare for form in in_every_form(text)))


@pytest.fixture
def scene(repo: Repo, home: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Repo, CodexLog]:
    codex = home / ".codex"
    monkeypatch.setenv("CODEX_HOME", str(codex))
    monkeypatch.setenv("PATH", f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}")
    repo.commit_file("README.md", "Title\n", "base")
    repo.git("config", "ai-log-trail.ingest", "false")
    repo.run("git-ai-trail", "init", "--native")
    secret = planted()
    found = canaries()
    log = CodexLog(
        codex, repo.root, model=f"m-{found['token']}", url=f"https://bot:{found['password']}@example.org/a/b.git"
    )
    log.line("turn_context", {"turn_id": "t1", "cwd": found["home"], "model": "gpt-5.5"})
    log.line("turn_context", {"turn_id": "t2", "cwd": str(repo.root), "model": "gpt-5.5"})
    log.prompt(secret)
    log.say(secret)
    log.line("event_msg", {"type": "agent_reasoning", "text": secret})
    log.line("response_item", {"type": "reasoning", "summary": [{"type": "summary_text", "text": secret}]})
    log.shell(f"export KEY='{found['token']}'; cat <<'X'\n{secret}\nX", secret)
    plan = json.dumps({"explanation": secret, "plan": [{"step": secret, "status": "completed"}]})
    log.line("response_item", {"type": "function_call", "name": "update_plan", "call_id": "p1", "arguments": plan})
    log.output("p1", secret)
    log.line("event_msg", {"type": "error", "message": secret, "unheard_of": {secret: [secret]}})
    log.line("never_heard_of", {"text": secret})
    text = f"first_harmless_line = 1\nsecond_harmless_line = 2\nTOKEN = '{found['token']}'\nthird_harmless_line = 3\n"
    log.add_file("settings.py", text)
    # A secret that the person took out again before committing was still written by the agent.
    repo.write("settings.py", text.replace(found["token"], "from the environment"))
    log.tokens(100, 100)
    return repo, log


def test_no_canary_survives_in_anything_written_or_printed(
    scene: tuple[Repo, CodexLog], home: Path, tmp_path: Path
) -> None:
    repo, log = scene
    program = (sys.executable, "-m", "git_ai_trail")
    said = []
    repo.git("add", "-A")
    said.append(repo.run("git", "commit", "-m", "Settings"))
    said.append(repo.run(*program, "ingest", "-v"))
    said.append(repo.run(*program, "ingest", "--after-commit", str(repo.root), "HEAD"))
    commands = (
        ["show"],
        ["show", "--json"],
        ["log"],
        ["log", "--json"],
        ["explain"],
        ["explain", "--json"],
        ["sessions"],
        ["sessions", "--json"],
        ["session", log.session_id],
        ["session", log.session_id, "--json"],
        ["backfill", "--all", "--json"],
        ["doctor", "--json"],
    )
    said.extend(repo.run(*program, *command) for command in commands)
    # A line with a secret in it was changed by the person; whether it is alike enough, the user's own key decides.
    assert re.match("ai-trail: [34] of ", said[0].stderr)

    places = {"printed": "".join(one.stdout + one.stderr for one in said).encode()}
    for root in (home, repo.root):
        for path in root.rglob("*"):
            if path.is_file() and ".codex" not in path.parts and path != repo.root / "settings.py":
                places[str(path)] = path.read_bytes()
    everything = subprocess.run(
        ["git", "cat-file", "--batch", "--batch-all-objects"], cwd=repo.root, capture_output=True, check=True
    ).stdout
    places["git objects"] = everything
    leaks = [(place, needle) for place, content in places.items() for needle in needles() if needle in content]
    assert not leaks


def test_the_session_is_still_worth_reading(scene: tuple[Repo, CodexLog]) -> None:
    repo, log = scene
    program = (sys.executable, "-m", "git_ai_trail")
    repo.run(*program, "ingest")
    said = repo.run(*program, "session", log.session_id).stdout
    assert "use [REDACTED:" in said
    assert "notes.txt" in said
