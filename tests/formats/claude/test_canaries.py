"""Secrets planted in every field of a Claude Code log, followed through the whole thread as those of a Codex log are."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.claude_log import ClaudeLog, hunk
from tests.support.repo import Repo
from tests.test_canaries import canaries, needles, planted

PROGRAM = (sys.executable, "-m", "git_ai_trail")
SETTINGS = "first_harmless_line = 1\nsecond_harmless_line = 2\nTOKEN = '{}'\nthird_harmless_line = 3\n"


@pytest.fixture
def scene(repo: Repo, home: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Repo, ClaudeLog]:
    monkeypatch.setenv("PATH", f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}")
    repo.commit_file("README.md", "Title\n", "base")
    repo.git("config", "ai-log-trail.ingest", "false")
    repo.run("git-ai-trail", "init", "--native")
    secret, found = planted(), canaries()
    log = ClaudeLog(home / ".claude", repo.root)
    log.note("summary", summary=secret)
    log.note("last-prompt", lastPrompt=secret)
    log.note("never-heard-of", text=secret, **{secret: [secret]})
    log.prompt(secret, permissionMode=found["token"], gitBranch=found["token"], slug=found["password"])
    log.prompt(
        [{"type": "text", "text": secret}, {"type": "text", "text": f"<system-reminder>{secret}</system-reminder>"}]
    )
    log.line("attachment", attachment={"type": "queued_command", "commandMode": "prompt", "prompt": secret})
    log.line("attachment", attachment={"type": "session_context", "context": {"gitStatus": secret}})
    log.line("system", subtype="local_command", content=secret)
    log.answer({"type": "thinking", "thinking": secret, "signature": found["token"]}, effort=found["token"])
    log.say(secret, model=f"m-{found['token']}", message_id=found["openai"], requestId=found["token"])
    log.say("harmless", cwd=found["home"], attributionSkill=secret)
    log.shell(f"export KEY='{found['token']}'; cat <<'X'\n{secret}\nX", secret)
    log.shell(f"echo '{secret}' > /dev/null", secret, exit=1)
    log.call("TodoWrite", {"todos": [{"content": secret, "status": "completed"}]})
    log.call("mcp__server__tool", {secret: secret})
    log.result(f"toolu_{log.count:04}", [{"type": "text", "text": secret}], {"content": secret, secret: {"x": secret}})
    log.edit("README.md", secret, secret, [hunk([" Title", f"+{found['token']}"])], originalFile=secret)
    log.prompt(
        "<command-message>x</command-message>\n<command-name>/x</command-name>\n<command-args>"
        + secret
        + "</command-args>"
    )
    text = SETTINGS.format(found["token"])
    log.add_file("settings.py", text)
    # A secret that the person took out again before committing was still written by the agent.
    repo.write("settings.py", text.replace(found["token"], "from the environment"))
    agent = ClaudeLog(home / ".claude", repo.root, session_id=log.session_id, agent="a1b2c3d4e5f6a7b8c")
    agent.prompt(secret)
    agent.say(secret)
    return repo, log


def test_no_canary_survives_in_anything_written_or_printed(scene: tuple[Repo, ClaudeLog], home: Path) -> None:
    repo, log = scene
    repo.git("add", "-A")
    said = [repo.run("git", "commit", "-m", "Settings")]
    said.append(repo.run(*PROGRAM, "ingest", "-v"))
    said.append(repo.run(*PROGRAM, "ingest", "--after-commit", str(repo.root), "HEAD"))
    commands = (
        ["show"],
        ["show", "--json"],
        ["log", "--json"],
        ["explain", "--json"],
        ["sessions"],
        ["sessions", "--json"],
        ["session", log.session_id],
        ["session", log.session_id, "--json"],
        ["session", f"a1b2c3d4e5f6a7b8c-{log.session_id}"],
        ["backfill", "--all", "--json"],
        ["doctor", "--json"],
    )
    said.extend(repo.run(*PROGRAM, *command) for command in commands)
    # A line with a secret in it was changed by the person; whether it is alike enough, the user's own key decides.
    assert re.match("ai-trail: [34] of ", said[0].stderr)

    places = {"printed": "".join(one.stdout + one.stderr for one in said).encode()}
    for root in (home, repo.root):
        for path in root.rglob("*"):
            if path.is_file() and ".claude" not in path.parts and path != repo.root / "settings.py":
                places[str(path)] = path.read_bytes()
    objects = ["git", "cat-file", "--batch", "--batch-all-objects"]
    places["git objects"] = subprocess.run(objects, cwd=repo.root, capture_output=True, check=True).stdout
    leaks = [(place, needle) for place, content in places.items() for needle in needles() if needle in content]
    assert not leaks


def test_the_session_is_still_worth_reading(scene: tuple[Repo, ClaudeLog]) -> None:
    repo, log = scene
    repo.run(*PROGRAM, "ingest")
    said = repo.run(*PROGRAM, "session", log.session_id).stdout
    assert "use [REDACTED:" in said
    assert "notes.txt" in said
