#!/usr/bin/env python3
"""The tool at work on a made-up sample: a repository, an agent's log, a commit through the hooks, and what is known of it.

    python bench/sample.py [--keep DIR]

Everything happens in a temporary folder with a home of its own; nothing of yours is read or changed. Exit code 1 if the
commit did not get its record.
"""

from __future__ import annotations

import argparse
import json
import os
import shlex
import subprocess
import sys
import tempfile
import uuid
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

SESSION = str(uuid.uuid4())
MODEL = "gpt-5.5"
PROMPT = "fetch() gives up on the first timeout. Make it try again, a little later each time, and add a test."

FETCH = '''\
"""Downloads."""

import urllib.request


def fetch(url):
    return urllib.request.urlopen(url, timeout=10).read()
'''
RETRYING = """\
def fetch(url, attempts=4):
    for attempt in range(attempts):
        try:
            return urllib.request.urlopen(url, timeout=10).read()
        except TimeoutError:
            if attempt + 1 == attempts:
                raise
            time.sleep(0.5 * 2**attempt)
"""
TEST = """\
from fetch import fetch


def test_fetch_tries_again_after_a_timeout(slow_server):
    assert fetch(slow_server.url) == b"late, but here"
    assert slow_server.requests == 3
"""
BY_HAND = """
# Ask the operators before raising this: their proxy counts connections.
"""


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--keep", metavar="DIR", help="work in this new folder and leave it")
    options = parser.parse_args()
    if options.keep:
        Path(options.keep).mkdir(parents=True)
        return play(Path(options.keep).resolve())
    with tempfile.TemporaryDirectory(prefix="ai-trail-sample-", ignore_cleanup_errors=True) as folder:
        return play(Path(folder).resolve())


def play(folder: Path) -> int:
    home, repo = folder / "home", folder / "repo"
    home.mkdir()
    repo.mkdir()
    env = environment(home)
    prepare(repo, env)
    show(repo, env, "git ai-trail init --native")
    run(repo, env, "git add -A")
    run(repo, env, "git commit -q -m 'Set up ai-trail'")
    agent_works(home, repo)
    with open(repo / "fetch.py", "a", encoding="utf-8") as file:
        file.write(BY_HAND)
    say("an agent has changed fetch.py and added a test; a person has added a comment and commits all of it")
    show(repo, env, "git add -A")
    show(repo, env, "git commit -m 'Retry fetches that time out'")
    show(repo, env, "git log -1 --format=%B")
    show(repo, env, "git ai-trail show")
    say("reading the log into the database adds prompts and tokens, on this machine only")
    show(repo, env, "git ai-trail ingest")
    show(repo, env, "git ai-trail show")
    return verdict(json.loads(run(repo, env, "git ai-trail show --json")))


def verdict(shown: Mapping[str, Any]) -> int:
    counts = shown["summary"]
    good = shown["status"] == "exact" and counts["generated"] > 0 and counts["unattributed"] > 0
    say("the record is exact" if good else f"this is not as it should be: {shown['status']}, {counts}")
    return 0 if good else 1


def environment(home: Path) -> dict[str, str]:
    """The caller's environment with another home, without git's and agents' variables, our program first on PATH."""
    foreign = ("GIT_", "CODEX_", "XDG_", "PRE_COMMIT")
    env = {name: value for name, value in os.environ.items() if not name.startswith(foreign)}
    env |= {"HOME": str(home), "PATH": f"{Path(sys.executable).parent}{os.pathsep}{env['PATH']}"}
    # The detached ingest after a commit would still be writing when the folder is taken away.
    ingest = {"GIT_CONFIG_COUNT": "1", "GIT_CONFIG_KEY_0": "ai-log-trail.ingest", "GIT_CONFIG_VALUE_0": "false"}
    return env | ingest | {"GIT_CONFIG_NOSYSTEM": "1"}


def prepare(repo: Path, env: Mapping[str, str]) -> None:
    run(repo, env, "git init -q -b main .")
    run(repo, env, "git config user.name 'A. Person'")
    run(repo, env, "git config user.email person@example.com")
    (repo / "fetch.py").write_text(FETCH)
    run(repo, env, "git add -A")
    run(repo, env, "git commit -q -m 'Download things'")


def agent_works(home: Path, repo: Path) -> None:
    """Does to the repository what the log says, and writes the log."""
    start = FETCH.index("def fetch")
    new = FETCH[:start].replace("import urllib", "import time\nimport urllib") + RETRYING
    (repo / "fetch.py").write_text(new)
    (repo / "test_fetch.py").write_text(TEST)
    began = datetime.now(UTC) - timedelta(minutes=3)
    folder = home / ".codex" / "sessions" / began.strftime("%Y/%m/%d")
    folder.mkdir(parents=True)
    path = folder / f"rollout-{began:%Y-%m-%dT%H-%M-%S}-{SESSION}.jsonl"
    with open(path, "w", encoding="utf-8") as file:
        for number, (kind, payload) in enumerate(log_lines(repo, began)):
            at = (began + timedelta(seconds=7 * number)).isoformat(timespec="milliseconds").replace("+00:00", "Z")
            file.write(json.dumps({"timestamp": at, "type": kind, "payload": payload}) + "\n")


def log_lines(repo: Path, began: datetime) -> Iterator[tuple[str, dict[str, Any]]]:
    """One prompt, one patch, an answer: as Codex writes it."""
    patch = patch_text()
    yield (
        "session_meta",
        {
            "id": SESSION,
            "timestamp": began.isoformat(),
            "cwd": str(repo),
            "originator": "codex_exec",
            "cli_version": "0.145.0",
            "source": "exec",
            "model_provider": "openai",
        },
    )
    yield "turn_context", {"turn_id": "1", "cwd": str(repo), "model": MODEL, "approval_policy": "never"}
    yield "event_msg", {"type": "user_message", "message": PROMPT, "images": []}
    call = {
        "type": "custom_tool_call",
        "status": "completed",
        "call_id": "call_1",
        "name": "apply_patch",
        "input": patch,
    }
    yield "response_item", call
    done = "Success. Updated the following files:\nA test_fetch.py\nM fetch.py\n"
    answer = f"Exit code: 0\nWall time: 0.1 seconds\nOutput:\n{done}"
    yield "response_item", {"type": "custom_tool_call_output", "call_id": "call_1", "output": answer}
    usage = {"input_tokens": 8400, "cached_input_tokens": 7000, "output_tokens": 420, "reasoning_output_tokens": 128}
    usage["total_tokens"] = usage["input_tokens"] + usage["output_tokens"]
    info = {"total_token_usage": usage, "last_token_usage": usage, "model_context_window": 272000}
    yield "event_msg", {"type": "token_count", "info": info}
    yield "event_msg", {"type": "agent_message", "message": "fetch() now tries four times; the test covers it."}


def patch_text() -> str:
    """The change as a patch in the form that Codex's own tool takes."""
    old = FETCH[FETCH.index("def fetch") :].splitlines()
    lines = ["*** Begin Patch", "*** Update File: fetch.py", "@@", "+import time", " import urllib.request", "@@"]
    lines += [f"-{line}" for line in old]
    lines += [f"+{line}" for line in RETRYING.splitlines()]
    lines += ["*** Add File: test_fetch.py", *(f"+{line}" for line in TEST.splitlines()), "*** End Patch"]
    return "\n".join(lines) + "\n"


def show(repo: Path, env: Mapping[str, str], command: str) -> None:
    """Runs a command as if typed, with its output to be seen."""
    print(f"\n$ {command}", flush=True)
    words = shlex.split(command)
    subprocess.run(words, cwd=repo, env=env, stdin=subprocess.DEVNULL, stderr=subprocess.STDOUT, check=True)


def run(repo: Path, env: Mapping[str, str], command: str) -> str:
    done = subprocess.run(shlex.split(command), cwd=repo, env=env, stdout=subprocess.PIPE, text=True, check=True)
    return done.stdout


def say(text: str) -> None:
    print(f"\n# {text}", flush=True)


if __name__ == "__main__":
    sys.exit(main())
