"""Which git process this hook belongs to, and how it was called. Hot path.

Our own shims say it; a hook manager does not, and then git is an ancestor some levels up.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping

_LEVELS = 8


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
