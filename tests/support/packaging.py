"""For tests of what is built: package tools that must succeed, and folders that all test processes of a run share."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from filelock import FileLock

from tests.e2e.outside import package_env


def run(*command: str, cwd: Path | None = None, **variables: str) -> str:
    """What the command prints; it finds its registries and caches, and no package but those of its own Python."""
    env = {name: value for name, value in package_env().items() if not name.startswith(("PYTHONPATH", "VIRTUAL_ENV"))}
    done = subprocess.run(command, cwd=cwd, env={**env, **variables}, capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, f"{command}\n{done.stdout[-3000:]}\n{done.stderr[-3000:]}"
    return done.stdout


def made_once(factory: pytest.TempPathFactory, name: str, make: Callable[[Path], None]) -> Path:
    """A folder that `make` fills, once for all test processes of a run."""
    base = factory.getbasetemp()
    folder = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / name
    with FileLock(f"{folder}.lock"):
        if not folder.is_dir():
            partial = folder.with_suffix(".part")
            partial.mkdir()
            make(partial)
            partial.rename(folder)
    return folder
