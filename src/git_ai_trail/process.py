"""Which git process this hook belongs to and how it was called, and how other programs are called from here. Hot path.

Our own shims say it; a hook manager does not, and then git is an ancestor some levels up.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping

_LEVELS = 8
# What git takes from the environment that belongs to a person and not to a repository.
_OF_THE_USER = (
    "GIT_ASKPASS",
    "GIT_CONFIG_GLOBAL",
    "GIT_CONFIG_NOSYSTEM",
    "GIT_CONFIG_SYSTEM",
    # Where the programs are that belong to the git that runs this: one that came with another program has its own.
    "GIT_EXEC_PATH",
    "GIT_SSH",
    "GIT_SSH_COMMAND",
)
_OURS = (sys.executable, "-P", "-m", "git_ai_trail")


def git_commit(env: Mapping[str, str]) -> str:
    """Pid of the `git commit` (or other git command) that runs this hook, as digits; empty if it cannot be found."""
    stated = env.get("GIT_AI_TRAIL_PARENT", "")
    if stated.isdigit():
        return stated
    pid = str(os.getppid())
    for _ in range(_LEVELS):
        words = arguments(pid)
        if words and os.path.basename(words[0]).removesuffix(".exe") in ("git", "git-commit"):
            return pid
        pid = _parent(pid)
        if pid in ("", "0", "1"):
            break
    return ""


def arguments(pid: str) -> list[str]:
    """How a process was called; empty where that cannot be known."""
    if not pid.isdigit():
        return []
    try:
        with open(f"/proc/{pid}/cmdline", "rb") as file:
            said = file.read(1 << 16)
        return [word.decode("utf-8", "replace") for word in said.split(b"\0")]
    except OSError:
        return _ps("args=", pid).split()


def _parent(pid: str) -> str:
    try:
        with open(f"/proc/{pid}/stat", "rb") as file:
            # The name in brackets may hold anything, spaces and brackets too.
            return file.read(4096).rpartition(b")")[2].split()[1].decode()
    except (OSError, IndexError):
        return _ps("ppid=", pid).strip()


def _ps(what: str, pid: str) -> str:
    if os.path.isdir("/proc/self"):
        return ""
    try:
        done = subprocess.run(["ps", "-o", what, "-p", pid], capture_output=True, check=False)
    except OSError:
        return ""
    return done.stdout.decode("utf-8", "replace")


def output_of(words: list[str], *, seconds: float) -> tuple[int, bytes] | None:
    """Exit code and output of another program; None where it cannot be started or does not come to an end in time."""
    try:
        done = subprocess.run(words, stdin=subprocess.DEVNULL, capture_output=True, check=False, timeout=seconds)
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.returncode, done.stdout


def start_ours(args: list[str], *, cwd: str, env: Mapping[str, str]) -> None:
    """Starts a command of ours on its own: nobody waits for it and nothing holds it."""
    subprocess.Popen(
        [*_OURS, *args],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        cwd=cwd,
        env=_bare(env),
        close_fds=True,
        start_new_session=True,
    )


def run_ours(
    args: list[str], *, cwd: str, env: Mapping[str, str], said: str, seconds: float
) -> tuple[int, str, str] | None:
    """Exit code, output and talk (stderr) of a command of ours that is too heavy for a hook; None where it does not end in time."""
    try:
        done = subprocess.run(
            [*_OURS, *args],
            input=said.encode(),
            capture_output=True,
            cwd=cwd,
            # Nobody sees a question that is asked here, and a push within a push must not begin again.
            env={**_bare(env), "GIT_TERMINAL_PROMPT": "0", "GIT_AI_TRAIL_PUSHING": "1"},
            check=False,
            timeout=seconds,
        )
    except subprocess.TimeoutExpired:
        return None
    return done.returncode, done.stdout.decode("utf-8", "replace"), done.stderr.decode("utf-8", "replace")


def _bare(env: Mapping[str, str]) -> dict[str, str]:
    """An environment for a command of ours: that of this repository's hook is none of its business, nor is the user's Python."""
    kept = {key: value for key, value in env.items() if key in _OF_THE_USER}
    bare = {key: value for key, value in env.items() if not key.startswith(("GIT_", "PYTHON"))} | kept
    return {**bare, "PYTHONPATH": ""} if "PYTHONPATH" in os.environ else bare
