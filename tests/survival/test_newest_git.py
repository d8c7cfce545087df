"""What holds with the machine's git holds with the newest that can be had: other back ends, and hooks from the configuration."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.newest_git import newest_git, version

ROOT = Path(__file__).resolve().parents[2]
_COMMANDS = tuple(f"tests/cli/test_{name}.py" for name in ("init", "notes", "verify", "tampering", "doctor"))
_HOOKS = ("tests/install", "tests/test_hooks.py", "tests/test_hooks_places.py", "tests/test_pre_push.py")
_SEQUENCES = "tests/survival/test_sequences.py"


@pytest.mark.proof
@pytest.mark.timeout(1500)
@pytest.mark.parametrize(
    "what",
    [
        ("tests/survival", "-m", "not proof"),
        (*_COMMANDS, *_HOOKS, "-m", "not proof"),
        (_SEQUENCES, "-m", "proof", "-k", "hundred and 0"),
        (_SEQUENCES, "-m", "proof", "-k", "under_a_hook_manager and not only"),
    ],
    ids=["moves", "commands", "sequences", "managers"],
)
def test_the_same_holds_with_the_newest_git(what: tuple[str, ...]) -> None:
    folder = newest_git()
    if version(folder / "git") <= version():
        pytest.skip("this machine's git is the newest")
    words = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "no:xdist", *what]
    env = {**os.environ, "PATH": f"{folder}{os.pathsep}{os.environ['PATH']}"}
    done = subprocess.run(words, cwd=ROOT, env=env, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout[-6000:]
    assert " passed" in done.stdout
