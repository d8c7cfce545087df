"""The few things of this machine that tests may use although they have a home of their own: a cache, the package tools."""

from __future__ import annotations

import os
from pathlib import Path

# Taken when the module is imported, which is before any test gets its own home.
REAL_HOME = os.path.expanduser("~")
CACHE = Path(os.environ.get("GIT_AI_TRAIL_TEST_CACHE") or Path(REAL_HOME, ".cache", "git-ai-trail-tests"))

_SETTINGS = {name: os.environ[name] for name in ("XDG_CONFIG_HOME", "XDG_CACHE_HOME") if name in os.environ}


def package_env() -> dict[str, str]:
    """The environment for npm, pip and uv: they find their registries and caches through the real home."""
    defaults = {"XDG_CONFIG_HOME": f"{REAL_HOME}/.config", "XDG_CACHE_HOME": f"{REAL_HOME}/.cache"}
    return {**os.environ, "HOME": REAL_HOME, **defaults, **_SETTINGS}
